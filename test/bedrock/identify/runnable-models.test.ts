import {describe, expect, it} from 'vitest';
import {listRunnableModels} from '../../../source/bedrock/identify/runnable-models.ts';
import {SourceError} from '../../../source/bedrock/quotas/quota-source.ts';
import {
	applicationProfile,
	type FakeAccount,
	fakeSource,
	foundationModel,
	listed,
	modelArn,
	plainOptions,
	systemProfile,
} from '../quotas/quotas-source.ts';

const lite = 'amazon.nova-lite-v1:0';
const sonnet = 'anthropic.claude-sonnet-4-6';
const account: FakeAccount = {
	applied: [listed('Cross-region model inference tokens per minute for Amazon Nova Lite', 5)],
	models: [
		foundationModel(sonnet, {inferenceTypes: ['INFERENCE_PROFILE'], modelName: 'Claude Sonnet 4.6'}),
		foundationModel(lite, {isStreaming: true, providerName: 'Amazon', modelName: 'Nova Lite'}),
		foundationModel(`${lite}:300k`, {inferenceTypes: ['PROVISIONED']}),
		foundationModel('amazon.nova-canvas-v1:0', {outputModalities: ['IMAGE']}),
		foundationModel('ai21.jamba-1-5-mini-v1:0', {isStreaming: false, lifecycle: 'LEGACY'}),
		// Some lists carry profiles among the models.
		foundationModel(`us.${lite}`),
	],
	profiles: [
		systemProfile(`us.${lite}`),
		systemProfile(`global.${sonnet}`),
		systemProfile('us.amazon.nova-canvas-v1:0'),
	],
	applicationProfiles: [applicationProfile('mine', [modelArn(lite), modelArn(lite, 'us-west-2')])],
};

const read = async (fake: FakeAccount) =>
	listRunnableModels({source: fakeSource(fake).source, ...plainOptions});

describe('what can be run in the Region', () => {
	it('text models that are offered on demand, and profiles of text models, each once', async () => {
		const {entries} = await read(account);
		expect(entries.map(({model, scope}) => [model, scope])).toEqual([
			['ai21.jamba-1-5-mini-v1:0', 'on-demand'],
			[lite, 'on-demand'],
			[applicationProfile('mine', []).arn, 'cross-region'],
			[`us.${lite}`, 'cross-region'],
			[`global.${sonnet}`, 'global'],
		]);
	});

	it('streaming, lifecycle and names come from the base model, quotas from the bucket', async () => {
		const {entries} = await read(account);
		expect(entries[0]).toMatchObject({isStreaming: false, lifecycle: 'LEGACY'});
		expect(entries[3]).toMatchObject({
			baseModel: lite,
			provider: 'Amazon',
			name: 'Nova Lite',
			isStreaming: true,
			quota: {tokensPerMinute: {value: 5}},
		});
	});

	it('profiles alone, when models may not be listed', async () => {
		const denied = new SourceError('denied', 'no', undefined);
		const {entries, remarks} = await read({...account, failures: {listFoundationModels: denied}});
		expect(entries.map(({model}) => model)).toContain(`us.${lite}`);
		expect(entries[0]?.isStreaming).toBeNull();
		expect(remarks.join()).toContain('bedrock:ListFoundationModels');
	});
});
