import {describe, expect, it} from 'vitest';
import {emptyModelIndex, identify} from '../../../source/bedrock/identify/identify.ts';
import {methodFor} from '../../../source/bedrock/mantle/dialect.ts';
import {resolveTargets} from '../../../source/bedrock/quotas/resolve-targets.ts';
import {mantleMethods, runtimeMethods} from '../../../source/domain/backend.ts';
import {allQuotas, hasData, whySkipped} from '../../conformance/quota-data.ts';
import {fakeSource, foundationModel, listed} from '../quotas/quotas-source.ts';

/** Tests source/bedrock/mantle/dialect.ts: which API a model speaks; and the quotas of the endpoint in resolve-targets. */

const target = (model: string, scope: 'mantle' | 'on-demand' = 'mantle') => ({model, scope}) as const;

describe('the method of a target', () => {
	it.each([
		['anthropic.claude-opus-5', 'messages'],
		['openai.gpt-5.5', 'responses'],
		['openai.gpt-6-astra', 'responses'],
		['openai.gpt-oss-120b', 'chat-completions'],
		['deepseek.v3.2', 'chat-completions'],
	])('%s speaks %s, streamed as the run is', (model, api) => {
		for (const method of runtimeMethods) {
			expect(methodFor(target(model), method)).toBe(method.endsWith('-stream') ? `${api}-stream` : api);
			expect(methodFor(target(model, 'on-demand'), method)).toBe(method);
		}
		for (const method of mantleMethods) {
			expect(methodFor(target(model), method)).toBe(method);
		}
	});

	it('is chosen by a prefix of the model, which is not sent', () => {
		expect(identify('mantle/openai.gpt-5.5', emptyModelIndex)).toMatchObject({
			model: 'openai.gpt-5.5',
			baseModel: 'openai.gpt-5.5',
			kind: 'base-model',
			scope: 'mantle',
		});
	});
});

const names = (model: string) =>
	['Input', 'Output'].map((side) => `[bedrock-mantle endpoint] ${side} tokens per minute for ${model}`);

const resolve = async (
	models: readonly string[],
	applied = [] as ReturnType<typeof listed>[],
	tpm?: number,
) => {
	const {source} = fakeSource({applied, models: [foundationModel('anthropic.claude-opus-5')]});
	const {targets, remarks} = await resolveTargets(models, {
		source,
		region: 'us-east-1',
		endpoint: null,
		tier: null,
		override: {requestsPerMinute: undefined, tokensPerMinute: tpm, burndown: undefined},
	});
	return {targets, remarks};
};

describe('quotas of the endpoint', () => {
	const [input = '', output = ''] = names('Claude Opus 5');
	const rows = [
		listed('Cross-region model inference tokens per minute for Anthropic Claude Opus 5', 111),
		listed('On-demand model inference tokens per minute for Anthropic Claude Opus 5', 222),
		listed(input, 20_000_000),
		listed(output, 2_000_000),
	];

	it('belong to calls there only, and others to calls of bedrock-runtime only', async () => {
		const {targets, remarks} = await resolve(
			['mantle/anthropic.claude-opus-5', 'anthropic.claude-opus-5'],
			rows,
		);
		const [there, here] = targets;
		expect(there).toMatchObject({
			scope: 'mantle',
			model: 'anthropic.claude-opus-5',
			burndown: {value: 1},
			quota: {
				requestsPerMinute: {state: 'none'},
				tokensPerMinute: {value: 20_000_000, state: 'known', name: input},
				outputTokensPerMinute: {value: 2_000_000, state: 'known', name: output},
				tokensPerDay: {state: 'none'},
			},
		});
		expect(here?.quota.tokensPerMinute).toMatchObject({value: 222});
		expect(here?.quota.outputTokensPerMinute).toBeUndefined();
		expect(remarks).toEqual([]);
	});

	it('that are not published are unknown and assumed, of either side', async () => {
		const {targets} = await resolve(['mantle/zai.glm-4.7-flash'], rows);
		expect(targets[0]?.quota).toMatchObject({
			requestsPerMinute: {state: 'none'},
			tokensPerMinute: {state: 'unknown', source: 'assumed'},
			outputTokensPerMinute: {state: 'unknown', source: 'assumed'},
		});
	});

	it('are of either side what --tpm says', async () => {
		const {targets} = await resolve(['mantle/anthropic.claude-opus-5'], rows, 5000);
		expect(targets[0]?.quota).toMatchObject({
			tokensPerMinute: {value: 5000, source: 'override'},
			outputTokensPerMinute: {value: 5000, source: 'override'},
		});
	});

	it.skipIf(!hasData)(`all published names find their model${whySkipped}`, async () => {
		const published = allQuotas.filter(({name}) => name.startsWith('[bedrock-mantle endpoint]'));
		expect(published).toHaveLength(24);
		const labels = new Set(published.map(({name}) => name.replace(/^.* for /, '')));
		const models = [...labels].map(
			(label) =>
				`mantle/${label.startsWith('Claude') ? 'anthropic' : 'openai'}.${label
					.toLowerCase()
					.replaceAll(' ', '-')
					.replace(/(claude-[a-z]+-\d)\.(\d)/, '$1-$2')}`,
		);
		const {targets} = await resolve(models, [...allQuotas]);
		for (const {model, quota} of targets) {
			expect(quota.tokensPerMinute.name, model).toMatch(/^\[bedrock-mantle endpoint\] Input/);
			expect(quota.outputTokensPerMinute?.name, model).toMatch(/^\[bedrock-mantle endpoint\] Output/);
		}
		const claimed = targets.flatMap(({quota}) => [
			quota.tokensPerMinute.code,
			quota.outputTokensPerMinute?.code,
		]);
		expect(new Set(claimed).size).toBe(24);
	});
});
