import {readFileSync} from 'node:fs';
import {describe, expect, it} from 'vitest';
import {foreignPriceRemark, priceData, priceOf} from '../../source/bedrock/prices.ts';
import {costOf} from '../../source/domain/accounting.ts';
import type {Scope} from '../../source/domain/target.ts';

const price = async (model: string, baseModel: string, scope: Scope, tier: string | null = null) =>
	priceOf({model, baseModel, scope, tier, region: 'us-east-1'});
const perMillion = (value: number | undefined) => Math.round((value ?? Number.NaN) * 1e6 * 1e4) / 1e4;

const sonnet = 'anthropic.claude-sonnet-4-5-20250929-v1:0';

describe('list prices in USD a million tokens', () => {
	it.each([
		[`us.${sonnet}`, sonnet, 'cross-region', 3.3, 16.5],
		[`global.${sonnet}`, sonnet, 'global', 3, 15],
		['arn:aws:bedrock:us-east-1:1:application-inference-profile/x', sonnet, 'global', 3, 15],
		['arn:aws:bedrock:us-east-1:1:application-inference-profile/x', sonnet, 'cross-region', 3.3, 16.5],
		[
			'arn:aws:bedrock:us-east-1:1:inference-profile/eu.amazon.nova-lite-v1:0',
			'amazon.nova-lite-v1:0',
			'cross-region',
			0.06,
			0.24,
		],
		['amazon.nova-lite-v1:0', 'amazon.nova-lite-v1:0', 'on-demand', 0.06, 0.24],
		['openai.gpt-oss-120b-1:0', 'openai.gpt-oss-120b-1:0', 'on-demand', 0.15, 0.6],
		['us.meta.llama3-3-70b-instruct-v1:0', 'meta.llama3-3-70b-instruct-v1:0', 'cross-region', 0.72, 0.72],
	] as const)('%s', async (model, baseModel, scope, input, output) => {
		const found = await price(model, baseModel, scope);
		expect([perMillion(found?.input), perMillion(found?.output)]).toEqual([input, output]);
		expect(found?.source).toContain(priceData.releasedOn);
	});

	it.each([
		['eu.amazon.nova-lite-v1:0', 'amazon.nova-lite-v1:0', 'cross-region', 'eu-central-1', true],
		['apac.amazon.nova-lite-v1:0', 'amazon.nova-lite-v1:0', 'cross-region', 'ap-northeast-1', true],
		['amazon.nova-lite-v1:0', 'amazon.nova-lite-v1:0', 'on-demand', 'us-west-2', true],
		['amazon.nova-lite-v1:0', 'amazon.nova-lite-v1:0', 'on-demand', 'us-east-1', false],
		[`eu.${sonnet}`, sonnet, 'cross-region', 'eu-central-1', false],
		[`global.${sonnet}`, sonnet, 'global', 'ap-northeast-1', false],
	] as const)(
		'%s of %s in %s %s: marked as the price of us-east-1: %s',
		async (model, baseModel, scope, region, isMarked) => {
			const target = {model, baseModel, scope, region, tier: null};
			const found = await priceOf(target);
			expect(found?.ofRegion).toBe(isMarked ? 'us-east-1' : undefined);
			expect(found?.source.includes('of us-east-1')).toBe(isMarked);
			expect(foreignPriceRemark(target, found) ?? '').toMatch(isMarked ? /price is that of us-east-1/ : /^$/);
		},
	);

	it('cached tokens have prices of their own', async () => {
		const found = await price(`us.${sonnet}`, sonnet, 'cross-region');
		expect([perMillion(found?.cacheRead), perMillion(found?.cacheWrite)]).toEqual([0.33, 4.125]);
	});
});

describe('unknown prices are null, never 0 and never those of a neighbour', () => {
	it.each([
		['anthropic.claude-sonnet-5-5', 'on-demand', 'the library knows Sonnet 5'],
		['anthropic.claude-sonnet-5-5', 'global', 'the library knows Sonnet 5'],
		['amazon.titan-embed-text-v2:0', 'on-demand', 'the library knows the first version'],
		['amazon.titan-embed-text-v1', 'on-demand', 'no price of output'],
		['anthropic.claude-3-5-haiku-20241022-v1:0', 'global', 'no such profile'],
		['amazon.nova-2-lite-v1:0', 'on-demand', 'not in the data'],
		['acme.tiger-1', 'on-demand', 'not in the data'],
		['arn:aws:bedrock:us-east-1:1:imported-model/anthropic.claude-opus-5', 'on-demand', 'hidden'],
	] as const)('%s %s: %s', async (baseModel, scope, _why) => {
		expect(await price(baseModel, baseModel, scope)).toBeNull();
	});

	it.each(['flex', 'priority', 'reserved'])('the tier %s has another price', async (tier) => {
		expect(await price(sonnet, sonnet, 'on-demand', tier)).toBeNull();
	});

	it('the default tier has the list price', async () => {
		expect(await price(sonnet, sonnet, 'on-demand', 'default')).not.toBeNull();
	});
});

it('a request costs each kind of token once', () => {
	const rates = {input: 1, output: 100, cacheRead: 10_000, cacheWrite: 1_000_000, source: ''};
	const usage = {inputTokens: 1, outputTokens: 2, cacheReadTokens: 3, cacheWriteTokens: 4};
	expect(costOf(usage, rates)).toBe(4_030_201);
});

it('the version that is named is the one that is installed', () => {
	const manifest = new URL('../../node_modules/@pydantic/genai-prices/package.json', import.meta.url);
	expect(JSON.parse(readFileSync(manifest, 'utf8'))).toMatchObject({version: priceData.version});
});
