/** Tests the room for output of source/admission/room.ts, alone and in a bucket. */
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {Bucket} from '../../source/admission/bucket.ts';
import {TokenEstimator} from '../../source/admission/token-estimator.ts';
import {bucketQuota, joinAppliedAndDefault} from '../../source/bedrock/quotas/bucket-quota.ts';
import {parseQuotaName} from '../../source/bedrock/quotas/quota-name.ts';
import {FakeClock} from '../helpers/fake-clock.ts';
import {randomCases} from '../helpers/random-cases.ts';

const windowMs = 60_000;

const answerOf = (outputTokens: number) => ({
	inputTokens: 0,
	outputTokens,
	cacheReadTokens: 0,
	cacheWriteTokens: 0,
	reasoningTokens: undefined,
	isEstimated: false,
});

const quotaOf = (input: number, output: number) => {
	const rows = [
		{
			code: 'L-1',
			name: '[bedrock-mantle endpoint] Input tokens per minute for GPT-5.5',
			value: input,
			adjustable: true,
		},
		{
			code: 'L-2',
			name: '[bedrock-mantle endpoint] Output tokens per minute for GPT-5.5',
			value: output,
			adjustable: true,
		},
	];
	return bucketQuota(
		joinAppliedAndDefault(rows, []).flatMap((quota) => {
			const named = parseQuotaName(quota.name);
			return named === undefined ? [] : [{quota, named}];
		}),
		'mantle',
	);
};

/** What a request does: max tokens, output, time to its end, pause before the next is tried. */
const answer = fc.record({
	maxTokens: fc.integer({min: 1, max: 4000}),
	part: fc.double({min: 0, max: 1, noNaN: true}),
	totalMs: fc.integer({min: 100, max: 20_000}),
	end: fc.constantFrom('settled', 'settled', 'settled', 'kept', 'given back'),
});

describe('the output quota of a bucket', () => {
	it('is read from its name, apart from that of the input', () => {
		const {requestsPerMinute, tokensPerMinute, outputTokensPerMinute, tokensPerDay} = quotaOf(20_000, 2000);
		expect(tokensPerMinute).toMatchObject({value: 20_000, state: 'known', code: 'L-1'});
		expect(outputTokensPerMinute).toMatchObject({value: 2000, state: 'known', code: 'L-2'});
		expect([requestsPerMinute.state, tokensPerDay.state]).toEqual(['none', 'none']);
	});

	it('is never exceeded in any minute, and is used: what leaves makes room', () => {
		fc.assert(
			fc.property(fc.array(answer, {minLength: 5, maxLength: 60}), (answers) => {
				const clock = new FakeClock();
				const limit = 5000;
				const bucket = new Bucket({clock, quota: quotaOf(1e9, limit), windowMs, share: 1, burst: 'full'});
				// Output counts when it is generated at the latest at its end.
				const produced: Array<{readonly at: number; readonly tokens: number}> = [];
				const most = (): number => {
					const from = clock.now() - windowMs;
					return produced.filter(({at}) => at > from).reduce((sum, {tokens}) => sum + tokens, 0);
				};
				let sent = 0;
				for (const {maxTokens, part, totalMs, end} of answers) {
					const output = Math.floor(maxTokens * part);
					const cost = {reserved: 10, setAside: 10, max: 10, likelyMax: 10, output: maxTokens};
					let admission = bucket.admit(cost, 'normal');
					for (let tries = 0; admission.kind === 'wait' && tries < 1000; tries++) {
						clock.skip(Math.max(1, admission.delayMs ?? 250));
						admission = bucket.admit(cost, 'normal');
					}
					if (admission.kind !== 'admitted') {
						throw new Error(`never admitted: ${admission.kind}`);
					}
					const {reservation} = admission;
					sent++;
					clock.after(totalMs, () => {
						if (end === 'given back') {
							bucket.giveBack(reservation);
							return;
						}
						produced.push({at: clock.now(), tokens: end === 'kept' ? maxTokens : output});
						expect(most()).toBeLessThanOrEqual(limit);
						if (end === 'kept') {
							bucket.keep(reservation);
						} else {
							bucket.settle(reservation, 10, answerOf(output));
						}
					});
				}
				clock.skip(3 * windowMs);
				expect(sent).toBe(answers.length);
				expect(bucket.output.use(clock.now())).toBe(0);
				expect(bucket.output.heldTokens).toBe(0);
			}),
			randomCases,
		);
	});

	it('waits for exactly what leaves', () => {
		const clock = new FakeClock();
		const bucket = new Bucket({clock, quota: quotaOf(1e9, 1000), windowMs, share: 0.5, burst: 'full'});
		const cost = {reserved: 1, setAside: 1, max: 1, likelyMax: 1, output: 400};
		const first = bucket.admit(cost, 'normal');
		expect(first.kind).toBe('admitted');
		expect(bucket.admit(cost, 'normal')).toMatchObject({kind: 'wait', delayMs: undefined, reason: 'tokens'});
		if (first.kind === 'admitted') {
			bucket.settle(first.reservation, 1, answerOf(300));
		}
		const wait = bucket.admit(cost, 'normal');
		expect(wait).toMatchObject({kind: 'wait', reason: 'tokens'});
		clock.skip((wait.kind === 'wait' ? (wait.delayMs ?? 0) : 0) - 26);
		expect(bucket.admit(cost, 'normal').kind).toBe('wait');
		clock.skip(26);
		expect(bucket.admit(cost, 'normal').kind).toBe('admitted');
	});

	it('is divided among the programs that share the bucket', () => {
		const clock = new FakeClock();
		const bucket = new Bucket({clock, quota: quotaOf(1e9, 1000), windowMs, share: 1, burst: 'full'});
		const cost = {reserved: 1, setAside: 1, max: 1, likelyMax: 1, output: 300};
		bucket.standing.neighbours = {count: 1, pendingTokens: 0};
		expect(bucket.admit(cost, 'normal').kind).toBe('admitted');
		expect(bucket.admit(cost, 'normal').kind).toBe('wait');
		bucket.standing.neighbours = {count: 0, pendingTokens: 0};
		expect(bucket.admit(cost, 'normal').kind).toBe('admitted');
	});

	it('an answer that may be longer than all of it waits for all of it', () => {
		const clock = new FakeClock();
		const bucket = new Bucket({clock, quota: quotaOf(1e9, 100), windowMs, share: 1, burst: 'full'});
		const cost = {reserved: 1, setAside: 1, max: 1, likelyMax: 1, output: 400};
		expect(bucket.admit(cost, 'normal').kind).toBe('admitted');
		expect(bucket.admit({...cost, output: 1}, 'normal').kind).toBe('wait');
	});

	it('expects of an answer the smaller of max tokens and p99', () => {
		const estimator = new TokenEstimator({value: 10, isEstimated: false, length: 40});
		for (let index = 0; index < 1000; index++) {
			estimator.learn(40, {
				inputTokens: 10,
				outputTokens: 50,
				cacheReadTokens: 0,
				cacheWriteTokens: 0,
				reasoningTokens: undefined,
				isEstimated: false,
			});
		}
		expect(estimator.cost(10, 4000, 1).output).toBeLessThan(60);
		expect(estimator.cost(10, 20, 1).output).toBe(20);
	});
});
