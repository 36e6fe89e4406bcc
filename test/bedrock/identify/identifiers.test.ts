import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {
	createModelIndex,
	emptyModelIndex,
	identify,
	routeOf,
} from '../../../source/bedrock/identify/identify.ts';
import {applicationProfile, foundationModel, modelArn, systemProfile} from '../quotas/quotas-source.ts';

/** Tests source/bedrock/identify/identify.ts: identifiers read by their form alone. */

const sonnet = 'anthropic.claude-sonnet-4-5-20250929-v1:0';

describe('without an index of models, by form', () => {
	it.each([
		[sonnet, 'base-model', sonnet, 'on-demand'],
		['amazon.nova-lite-v1:0', 'base-model', 'amazon.nova-lite-v1:0', 'on-demand'],
		['amazon.nova-lite-v1:0:300k', 'base-model', 'amazon.nova-lite-v1:0', 'on-demand'],
		['amazon.nova-premier-v1:0:mm', 'base-model', 'amazon.nova-premier-v1:0', 'on-demand'],
		['deepseek.v3.2', 'base-model', 'deepseek.v3.2', 'on-demand'],
		['zai.glm-4.7', 'base-model', 'zai.glm-4.7', 'on-demand'],
		['minimax.minimax-m2.1', 'base-model', 'minimax.minimax-m2.1', 'on-demand'],
		['openai.gpt-5.6-sol', 'base-model', 'openai.gpt-5.6-sol', 'on-demand'],
		['ai21.jamba-1-5-large-v1:0', 'base-model', 'ai21.jamba-1-5-large-v1:0', 'on-demand'],
		[`us.${sonnet}`, 'inference-profile', sonnet, 'cross-region'],
		[`us-gov.${sonnet}`, 'inference-profile', sonnet, 'cross-region'],
		[`apac.${sonnet}:200k`, 'inference-profile', sonnet, 'cross-region'],
		[`atlantis.${sonnet}`, 'inference-profile', sonnet, 'cross-region'],
		['us.deepseek.v3.2', 'inference-profile', 'deepseek.v3.2', 'cross-region'],
		['in.openai.gpt-5.6-luna', 'inference-profile', 'openai.gpt-5.6-luna', 'cross-region'],
		['jp.ai21.jamba-1-5-large-v1:0', 'inference-profile', 'ai21.jamba-1-5-large-v1:0', 'cross-region'],
		[`global.${sonnet}`, 'inference-profile', sonnet, 'global'],
		[modelArn('amazon.nova-lite-v1:0'), 'base-model', 'amazon.nova-lite-v1:0', 'on-demand'],
		[modelArn('amazon.nova-lite-v1:0', ''), 'base-model', 'amazon.nova-lite-v1:0', 'on-demand'],
		[systemProfile(`eu.${sonnet}`).arn, 'inference-profile', sonnet, 'cross-region'],
		[systemProfile(`global.${sonnet}`).arn, 'inference-profile', sonnet, 'global'],
		[`arn:aws-us-gov:bedrock:us-gov-west-1::foundation-model/${sonnet}`, 'base-model', sonnet, 'on-demand'],
	])('%s', (model, kind, baseModel, scope) => {
		expect(identify(model, emptyModelIndex)).toMatchObject({model, kind, baseModel, scope, isResolved: true});
	});

	it.each([
		['arn:aws:bedrock:us-east-1:123456789012:provisioned-model/abc', 'provisioned-model'],
		['arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc', 'application-profile'],
		['arn:aws:bedrock:us-east-1:123456789012:default-prompt-router/meta.llama:1', 'prompt-router'],
		['arn:aws:bedrock:us-east-1:123456789012:prompt-router/abc', 'prompt-router'],
		['arn:aws:bedrock:us-east-1:123456789012:custom-model-deployment/abc', 'custom-model'],
		['arn:aws:bedrock:us-east-1:123456789012:imported-model/abc', 'imported-model'],
		['arn:aws:bedrock:us-east-1:123456789012:prompt/ABC:1', 'other'],
		['arn:aws:sagemaker:us-east-1:123456789012:endpoint/abc', 'other'],
		['arn:aws:bedrock:us-east-1:123456789012:constructor/abc', 'other'],
		['arn:', 'other'],
	])('%s hides its foundation model', (model, kind) => {
		expect(identify(model, emptyModelIndex)).toMatchObject({kind, baseModel: model, isResolved: false});
	});
});

describe('spellings', () => {
	it.each([
		[`  us.${sonnet}\n`, `us.${sonnet}`, 'cross-region'],
		[`us.${sonnet}/`, `us.${sonnet}`, 'cross-region'],
		[`${modelArn(sonnet)}//`, modelArn(sonnet), 'on-demand'],
	])('%j is sent as %s', (text, model, scope) => {
		expect(identify(text, emptyModelIndex)).toMatchObject({model, baseModel: sonnet, scope});
	});

	it('capitals are the same model, and are sent as they are', () => {
		const shouted = `GLOBAL.${sonnet.toUpperCase()}`;
		expect(identify(shouted, emptyModelIndex)).toMatchObject({
			model: shouted,
			baseModel: sonnet,
			scope: 'global',
		});
	});

	it('what another tool writes before an ID is no geography', () => {
		expect(identify(`bedrock/us.${sonnet}`, emptyModelIndex)).toMatchObject({
			kind: 'base-model',
			baseModel: `bedrock/us.${sonnet}`,
		});
	});
});

describe('with an index of models', () => {
	const modelIndex = createModelIndex(
		[foundationModel('cohere.command-text-v14'), foundationModel('odd-model'), foundationModel(sonnet)],
		[
			systemProfile(`us.${sonnet}`),
			{...systemProfile(`ca.${sonnet}`), modelArns: [modelArn(sonnet, 'ca-central-1')]},
			applicationProfile('copied', [modelArn(sonnet)]),
			applicationProfile('geo', [modelArn(sonnet), modelArn(sonnet, 'us-west-2')]),
			applicationProfile('wide', [modelArn(sonnet), modelArn(sonnet, '')]),
		],
	);

	it('a prefix is one when the remainder is a known model, whatever its form', () => {
		expect(identify('us.odd-model', modelIndex)).toMatchObject({
			kind: 'inference-profile',
			baseModel: 'odd-model',
			scope: 'cross-region',
		});
	});

	it('a context suffix goes together with a revision that the known ID does not have', () => {
		expect(identify('cohere.command-text-v14:7:4k', modelIndex).baseModel).toBe('cohere.command-text-v14');
	});

	it('the profiles of a model: geographic ones first, no application profiles', () => {
		const listed = createModelIndex(
			[],
			[systemProfile(`global.${sonnet}`), ...modelIndex.profiles, systemProfile('us.other.model')],
		);
		expect(listed.profilesOf(sonnet)).toEqual([`ca.${sonnet}`, `us.${sonnet}`, `global.${sonnet}`]);
		expect(listed.profilesOf('amazon.nova-lite-v1:0')).toEqual([]);
		expect(emptyModelIndex.profilesOf(sonnet)).toBeUndefined();
	});

	it('a geographic profile with one destination Region is still geographic', () => {
		expect(identify(`ca.${sonnet}`, modelIndex).scope).toBe('cross-region');
	});

	it.each([
		['copied', 'on-demand'],
		['geo', 'cross-region'],
		['wide', 'global'],
	])('application profile %s draws from the %s bucket', (id, scope) => {
		expect(identify(applicationProfile(id, []).arn, modelIndex)).toMatchObject({
			kind: 'application-profile',
			baseModel: sonnet,
			scope,
			isResolved: true,
		});
	});
});

it('a route without foundation models is none', () => {
	expect(routeOf(['nonsense', systemProfile(`us.${sonnet}`).arn])).toBeUndefined();
});

it('no text crashes it, and the base model is never empty for a text that is not', () => {
	const texts = fc.oneof(
		fc.string(),
		fc.stringMatching(/^[a-z0-9.:/-]{0,60}$/),
		fc.constantFrom('arn:aws:bedrock:::foundation-model/', 'us..', '.', ':0', '__proto__.constructor'),
	);
	fc.assert(
		fc.property(texts, (text) => {
			const identity = identify(text, emptyModelIndex);
			expect(text).toContain(identity.model);
			expect(['on-demand', 'cross-region', 'global']).toContain(identity.scope);
		}),
	);
});
