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

	const mantleWith = (answer: () => Promise<unknown>) => async () => ({
		async call({path}: {readonly path: string}) {
			expect(path).toBe('/v1/models');
			const bytes = Buffer.from(JSON.stringify(await answer()));
			return {
				headers: {},
				body: (async function* () {
					yield bytes;
				})(),
			};
		},
	});
	const options = {source: fakeSource(account).source, ...plainOptions};

	it('models of bedrock-mantle too, by the name that calls them there, with their status', async () => {
		const data = [
			{id: 'openai.gpt-5.5', object: 'model', status: 'available'},
			{id: 'anthropic.claude-opus-5', object: 'model', status: 'not_available'},
			{object: 'model'},
		];
		const {entries, remarks} = await listRunnableModels(
			options,
			mantleWith(async () => ({data})),
		);
		expect(remarks).toEqual([]);
		expect(
			entries
				.filter(({scope}) => scope === 'mantle')
				.map(({model, baseModel, lifecycle}) => [model, baseModel, lifecycle]),
		).toEqual([
			['mantle/anthropic.claude-opus-5', 'anthropic.claude-opus-5', 'not_available'],
			['mantle/openai.gpt-5.5', 'openai.gpt-5.5', 'available'],
		]);
	});

	it('the others, and why, where bedrock-mantle does not list its own', async () => {
		const refuse = async () => {
			throw Object.assign(new Error('no'), {name: 'access_denied', status: 403});
		};
		const {entries, remarks} = await listRunnableModels(options, mantleWith(refuse));
		expect(entries.length).toBeGreaterThan(3);
		expect(remarks).toEqual([expect.stringMatching(/^The models of bedrock-mantle can't be listed: /)]);
	});

	it('profiles alone, when models may not be listed', async () => {
		const denied = new SourceError('denied', 'no', undefined);
		const {entries, remarks} = await read({...account, failures: {listFoundationModels: denied}});
		expect(entries.map(({model}) => model)).toContain(`us.${lite}`);
		expect(entries[0]?.isStreaming).toBeNull();
		expect(remarks.join()).toContain('bedrock:ListFoundationModels');
	});
});
