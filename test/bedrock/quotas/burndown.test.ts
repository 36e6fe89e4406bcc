import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {calibrateBurndown} from '../../../source/account/account-bucket.ts';
import {burndownOf, burndownSource} from '../../../source/bedrock/quotas/burndown.ts';

describe('burndown of a base model', () => {
	it.each([
		['anthropic.claude-opus-4-8', 15],
		['anthropic.claude-opus-5', 10],
		['anthropic.claude-opus-5-5', 10],
		['anthropic.claude-sonnet-5', 10],
		['anthropic.claude-fable-5-1', 10],
		['openai.gpt-5.6-sol', 10],
		['openai.gpt-5.6-terra', 10],
		['openai.gpt-5.6-luna', 10],
		['anthropic.claude-3-7-sonnet-20250219-v1:0', 5],
		['anthropic.claude-sonnet-4-20250514-v1:0', 5],
		['anthropic.claude-opus-4-1-20250805-v1:0', 5],
		['anthropic.claude-haiku-4-5-20251001-v1:0', 5],
		['anthropic.claude-opus-4-6-v1', 5],
		['anthropic.claude-opus-4-7', 5],
		['amazon.nova-lite-v1:0', 1],
		['meta.llama3-3-70b-instruct-v1:0', 1],
		['openai.gpt-oss-120b-1:0', 1],
		['deepseek.v3.2', 1],
	])('%s is documented as %i', (model, value) => {
		expect(burndownOf({baseModel: model, scope: 'on-demand'})).toEqual({value, source: burndownSource});
	});

	it.each([
		['anthropic.claude-3-haiku-20240307-v1:0', 5],
		['anthropic.claude-v2:1', 5],
		['anthropic.claude-instant-v1', 5],
		['anthropic.claude-sonnet-5-5', 10],
		['anthropic.claude-fable-5', 10],
		['anthropic.claude-haiku-5-5', 10],
		['anthropic.claude-opus-6', 10],
		['openai.gpt-6-astra', 10],
		['openai.gpt-5.6-cyber', 10],
		['xai.grok-4.6', 1],
		['no.such-model', 1],
		['anthropics.claude-typo', 1],
		['arn:aws:bedrock:us-east-1:123456789012:imported-model/abc', 1],
	])('%s is assumed as %i, because AWS names no value', (model, value) => {
		expect(burndownOf({baseModel: model, scope: 'on-demand'})).toEqual({value, source: 'assumed'});
	});

	it('the user’s own value wins', () => {
		expect(burndownOf({baseModel: 'anthropic.claude-opus-4-8', scope: 'on-demand'}, 2)).toEqual({
			value: 2,
			source: 'override',
		});
	});
});

describe('calibration', () => {
	const minute = (burndown: number, inputTokens: number, cacheWriteTokens: number, outputTokens: number) => ({
		quotaTokens: inputTokens + cacheWriteTokens + outputTokens * burndown,
		inputTokens,
		cacheWriteTokens,
		outputTokens,
	});

	it('finds the multiplier that the service used, whatever the mix', () => {
		const count = fc.integer({min: 1000, max: 100_000});
		fc.assert(
			fc.property(
				fc.constantFrom(1, 5, 10, 15),
				fc.array(fc.tuple(count, count, count), {minLength: 1}),
				(burndown, mixes) => {
					const calibrated = calibrateBurndown(mixes.map((mix) => minute(burndown, ...mix)));
					expect(calibrated).toMatchObject({value: burndown, minutes: mixes.length});
				},
			),
		);
	});

	it.each([
		['nothing', []],
		['too little output', [minute(5, 10_000, 0, 999)]],
		['a minute without output', [minute(5, 10_000, 0, 0)]],
		['numbers that contradict the formula', [{...minute(5, 10_000, 0, 5000), quotaTokens: 9000}]],
		['numbers that are none', [{...minute(5, 10_000, 0, 5000), quotaTokens: Number.NaN}]],
	])('tells nothing from %s', (_title, minutes) => {
		expect(calibrateBurndown(minutes)).toBeUndefined();
	});
});
