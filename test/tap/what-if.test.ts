import * as fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import type {RecordedCall} from '../../source/domain/tap.ts';
import {whatIfLines} from '../../source/plain/tap.ts';
import {whatIf} from '../../source/tap/what-if.ts';
import {randomCases} from '../helpers/random-cases.ts';
import {recordedCall} from '../helpers/recording-fixture.ts';

const minuteMs = 60_000;
const pace = {share: 1, burst: undefined, holdMs: 25_000, lanes: []};
const quotaOf = (requestsPerMinute: number | undefined, tokensPerMinute?: number) => ({
	requestsPerMinute,
	tokensPerMinute,
	burndown: undefined,
});

/** What a service that counts a sliding minute refuses, by asking for each call what all before it still count for. */
const refusedOf = (calls: readonly RecordedCall[], requests: number, tokens: number): number => {
	const admitted: Array<{at: number; reserved: number; settled: number; first: number; end: number}> = [];
	let refused = 0;
	for (const call of calls) {
		const at = Date.parse(call.at);
		const inMinute = admitted.filter((other) => other.at > at - minuteMs).length;
		const used = admitted.reduce(
			(sum, other) =>
				sum + (other.end > at ? other.reserved : other.first > at - minuteMs ? other.settled : 0),
			0,
		);
		const reserved = call.inputTokens + (call.maxTokens ?? 0);
		if (inMinute + 1 > requests || used + reserved > tokens) {
			refused++;
		} else {
			admitted.push({
				at,
				reserved,
				settled: call.inputTokens + (call.outputTokens ?? 0),
				first: at + (call.timeToFirstTokenMs ?? 0),
				end: at + (call.totalMs ?? 0),
			});
		}
	}
	return refused;
};

const recordings = fc
	.array(
		fc.record({
			gapMs: fc.integer({min: 0, max: 4000}),
			inputTokens: fc.integer({min: 1, max: 3000}),
			maxTokens: fc.integer({min: 1, max: 2000}),
			outputPart: fc.double({min: 0, max: 1, noNaN: true}),
			firstMs: fc.integer({min: 0, max: 5000}),
			restMs: fc.integer({min: 0, max: 90_000}),
		}),
		{minLength: 1, maxLength: 80},
	)
	.map((gaps) => {
		let at = 0;
		return gaps.map(({gapMs, inputTokens, maxTokens, outputPart, firstMs, restMs}) => {
			at += gapMs;
			return recordedCall(at, {
				inputTokens,
				maxTokens,
				outputTokens: Math.floor(maxTokens * outputPart),
				timeToFirstTokenMs: firstMs,
				totalMs: firstMs + restMs,
			});
		});
	});

const quotas = fc.record({
	requests: fc.integer({min: 1, max: 30}),
	tokens: fc.integer({min: 2000, max: 60_000}),
	share: fc.constantFrom(0.5, 0.8, 1),
});

describe('what if', () => {
	it('unpaced, counts what a service refuses, call by call', async () => {
		await fc.assert(
			fc.asyncProperty(recordings, quotas, async (calls, {requests, tokens}) => {
				const {all} = await whatIf(calls, quotaOf(requests, tokens), pace);
				expect(all.throttled.sliding).toBe(refusedOf(calls, requests, tokens));
			}),
			randomCases,
		);
	}, 60_000);

	it('paced, never exceeds its part of the quota in any minute, and loses nobody', async () => {
		await fc.assert(
			fc.asyncProperty(recordings, quotas, async (calls, {requests, tokens, share}) => {
				const {all, buckets} = await whatIf(calls, quotaOf(requests, tokens), {...pace, share});
				const [bucket] = buckets;
				expect(bucket?.peak.paced.requests).toBeLessThanOrEqual(Math.max(1, requests * share));
				expect(bucket?.peak.paced.tokens).toBeLessThanOrEqual(tokens * share);
				expect(all.requests).toBe(calls.length);
				expect(all.holdMs?.max ?? 0).toBeLessThanOrEqual(pace.holdMs);
			}),
			randomCases,
		);
	}, 60_000);

	it('names the smallest quota that holds nobody', async () => {
		await fc.assert(
			fc.asyncProperty(recordings, async (calls) => {
				const {buckets} = await whatIf(calls, quotaOf(1), pace);
				const smallest = buckets[0]?.smallest;
				const {requestsPerMinute, tokensPerMinute} = smallest ?? {};
				const again = await whatIf(
					calls,
					{...quotaOf(requestsPerMinute, tokensPerMinute)},
					{
						...pace,
						burst: 'full',
					},
				);
				expect(again.all).toMatchObject({held: 0, sentAway: 0, tooLarge: 0, throttled: {sliding: 0}});
			}),
			randomCases,
		);
	}, 60_000);

	it('tells sliding minutes from fixed ones', async () => {
		// The clock's minute ends 43 s after the start: two bursts about it are apart in fixed minutes only.
		const calls = [...Array(4).keys()].map((index) => recordedCall(index < 2 ? 41_000 : 44_000));
		const {all} = await whatIf(calls, quotaOf(2), pace);
		expect(all.throttled).toEqual({sliding: 2, fixed: 0});
	});

	it('keeps clients, models and their buckets apart, and the lanes as they were typed', async () => {
		const calls = [
			recordedCall(0, {client: 'a'}),
			recordedCall(1, {client: 'a'}),
			recordedCall(2, {client: 'b'}),
			recordedCall(3, {client: 'a', model: 'amazon.nova-lite-v1:0'}),
		];
		const {rows, buckets} = await whatIf(calls, quotaOf(1), {
			...pace,
			holdMs: 70_000,
			burst: 'full',
			lanes: [{lane: 'high', client: 'b'}],
		});
		expect(buckets.map(({models}) => models)).toEqual([
			['us.amazon.nova-lite-v1:0'],
			['amazon.nova-lite-v1:0'],
		]);
		expect(rows.map(({client, requests, held, sentAway}) => [client, requests, held, sentAway])).toEqual([
			['a', 2, 1, 1],
			['b', 1, 1, 0],
			['a', 1, 0, 0],
		]);
	});

	it('answers 400 to what alone is larger than the quota', async () => {
		const {all} = await whatIf([recordedCall(0, {inputTokens: 900})], quotaOf(undefined, 1000), pace);
		expect(all).toMatchObject({tooLarge: 1, held: 0, throttled: {sliding: 1, fixed: 1}});
	});

	it('counts a call without an answer with the means of its client and model, and says how many', async () => {
		const known = recordedCall(0, {outputTokens: 200, totalMs: 1000});
		const lost = recordedCall(1, {outputTokens: null, totalMs: null, timeToFirstTokenMs: null});
		const found = await whatIf([known, lost], quotaOf(undefined, 10_000), pace);
		expect(found.unanswered).toBe(1);
		expect(found.buckets[0]?.peak.unpaced).toEqual({requests: 2, tokens: 1600});
	});
});

it('knows the quota of the output on bedrock-mantle, as it came and paced', async () => {
	// Ten per second for a minute: 100 input and 500 output tokens each.
	const calls = Array.from({length: 60}, (_, index) =>
		recordedCall(index * 1000, {
			model: 'mantle/openai.gpt-5.5',
			method: 'responses',
			inputTokens: 100,
			cacheReadTokens: 0,
			cacheWriteTokens: 0,
			maxTokens: 600,
			outputTokens: 500,
			timeToFirstTokenMs: 200,
			totalMs: 1000,
		}),
	);
	const wide = await whatIf(calls, quotaOf(undefined, 1_000_000), pace);
	expect(wide.all.throttled).toEqual({sliding: 0, fixed: 0});
	expect(wide.buckets[0]?.peak.unpaced).toMatchObject({requests: 60, outputTokens: 30_000});
	const {smallest} = wide.buckets[0] ?? {};
	expect(smallest?.outputTokensPerMinute).toBeGreaterThanOrEqual(30_000);
	// The input has room for all, their output has not.
	const narrow = await whatIf(calls, quotaOf(undefined, 20_000), {...pace, holdMs: 600_000});
	const onRuntime = await whatIf(
		calls.map((call) => ({...call, model: 'openai.gpt-5.5', method: 'converse' as const})),
		{...quotaOf(undefined, 60_000), burndown: 1},
		pace,
	);
	expect(narrow.all.throttled.sliding).toBeGreaterThan(0);
	expect(narrow.all.held).toBeGreaterThan(0);
	expect(narrow.buckets[0]?.peak.paced.outputTokens).toBeLessThanOrEqual(20_000);
	expect(onRuntime.buckets[0]?.peak.unpaced).not.toHaveProperty('outputTokens');
	const lines = whatIfLines(
		narrow,
		{requestsPerMinute: null, tokensPerMinute: 20_000, share: 1, holdMs: 600_000},
		120,
	);
	expect(lines.join('\n')).toMatch(/30k output tokens \(150%\)/);
});
