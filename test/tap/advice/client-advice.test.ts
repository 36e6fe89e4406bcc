/** Tests source/tap/advice/client-advice.ts and what feeds it. */
import {describe, expect, it} from 'vitest';
import {quotaOf, targetOf} from '../../helpers/spec-fixture.ts';
import {type Case, haiku, tapOf} from './traffic-lab.ts';

describe('max tokens', () => {
	it('of a client that asks for far too many: what its answers need, and what the quota then carries', async () => {
		const tap = tapOf();
		await tap.many(29, (index) => ({maxTokens: 8192, usage: {outputTokens: 100 + index}}));
		expect(tap.texts()).toEqual([]);
		await tap.many(11, (index) => ({maxTokens: 8192, usage: {outputTokens: 300 + index}}));
		expect(tap.texts()).toMatchInlineSnapshot(`
			[
			  "app: 40 answers needed at most 310 tokens, and 8,192 max tokens are set aside for each. With 360 the quota carries 351 of these requests per minute in place of 237; none of these answers would be cut off, and at most 12% of further ones (95%).",
			]
		`);
		// The longest answer has 310 tokens: never below it.
		expect(tap.snapshot().variants[0]?.maxTokensAdvice.value).toBeGreaterThanOrEqual(310);
	});

	it('of requests without any: the maximum of the model, marked as assumed', async () => {
		const tap = tapOf();
		await tap.many(40, () => ({}));
		expect(tap.texts()).toMatchInlineSnapshot(`
			[
			  "app: 40 answers needed at most 50 tokens, and its requests set no max tokens, so that 64,000 (assumed) are set aside for each. With 64 the quota carries 511 of these requests per minute in place of 55.8; none of these answers would be cut off, and at most 12% of further ones (95%).",
			]
		`);
	});

	it('is never below the longest answer, however many are shorter', async () => {
		const tap = tapOf();
		await tap.many(2000, (index) => ({
			maxTokens: 4096,
			serviceMs: 100,
			usage: {outputTokens: index === 7 ? 1500 : 40},
		}));
		expect(tap.snapshot().variants[0]?.maxTokensAdvice.value).toBe(1504);
	});

	it('of requests that differ in theirs: each kind by its own answers', async () => {
		const tap = tapOf();
		await tap.many(60, (index) =>
			index % 2 === 0
				? {maxTokens: 8192, usage: {outputTokens: 60}}
				: {maxTokens: 512, usage: {outputTokens: 500}},
		);
		expect(tap.texts()).toMatchInlineSnapshot(`
			[
			  "app: 30 answers needed at most 60 tokens, and 8,192 max tokens are set aside for each. With 72 the quota carries 579 of these requests per minute in place of 321; none of these answers would be cut off, and at most 12% of further ones (95%).",
			]
		`);
		expect(tap.snapshot().variants[0]?.maxTokensAdvice.value).toBeNull();
	});

	it.each([
		['requests are the limit', quotaOf(10, 1e9)],
		['no quota is known', quotaOf(null, null)],
	])('says nothing where %s', async (_, quota) => {
		const tap = tapOf(targetOf(quota, haiku));
		await tap.many(40, () => ({maxTokens: 8192}));
		expect(tap.texts()).toEqual([]);
	});

	it('says nothing where they fit already', async () => {
		const tap = tapOf();
		await tap.many(40, () => ({maxTokens: 64}));
		expect(tap.texts()).toEqual([]);
	});

	it('that are too few: how many answers were cut off, and no lower value', async () => {
		const tap = tapOf();
		await tap.many(40, (index) => ({
			maxTokens: 4096,
			usage: {outputTokens: index < 4 ? 4096 : 30},
			end: index < 4 ? 'truncated' : 'answered',
		}));
		expect(tap.texts()).toEqual([
			'app: 4 of 40 answers were cut off at their 4,096 max tokens; raise them, or ask for less.',
		]);
	});

	it('names the model where a client calls several', async () => {
		const tap = tapOf();
		await tap.many(40, () => ({maxTokens: 8192}));
		await tap.many(2, () => ({maxTokens: 8192, model: 'amazon.nova-lite-v1:0'}));
		expect(tap.texts()).toEqual([expect.stringMatching(/^app on anthropic\.claude-haiku-4-5/)]);
	});
});

describe('an advice', () => {
	it('stands for a second: it is made from whole distributions', async () => {
		const tap = tapOf();
		await tap.many(29, () => ({maxTokens: 8192}));
		expect(tap.texts()).toEqual([]);
		await tap.many(11, () => ({maxTokens: 8192, serviceMs: 50}));
		expect(tap.texts()).toEqual([]);
		await tap.many(1, () => ({maxTokens: 8192}));
		expect(tap.texts()).toHaveLength(1);
	});
});

describe('throttles', () => {
	const some = (index: number): Case =>
		index % 5 === 0 ? {maxTokens: 64, end: 'throttled'} : {maxTokens: 64, retries: index % 5 === 1 ? 1 : 0};

	it('how many, how many the SDK sent again, and what holds them', async () => {
		const tap = tapOf();
		await tap.many(50, some);
		expect(tap.texts()).toEqual([
			'app: 10 of 50 requests were throttled, and its SDK sent 10 again; with --pace they would be held until there is room.',
		]);
	});

	it('says nothing of --pace where it is on, or where no quota is known', async () => {
		const paced = tapOf();
		await paced.many(50, some);
		expect(paced.texts(true)).toEqual([]);
		const unknown = tapOf(targetOf(quotaOf(null, null), haiku));
		await unknown.many(50, some);
		expect(unknown.texts()).toEqual([]);
	});
});

describe('a timeout of the client', () => {
	const cut = (index: number, afterMs = 60_000): Case =>
		index % 4 === 0
			? {maxTokens: 64, end: 'aborted', serviceMs: afterMs + (index % 3) * 300}
			: {maxTokens: 64, serviceMs: 1000 + index * 300};

	it('cuts off what takes longer: how many, after how long, and how long answers of others take', async () => {
		const tap = tapOf();
		await tap.many(48, (index) => cut(index));
		expect(tap.texts()).toMatchInlineSnapshot(`
			[
			  "app: 12 requests were given up after 1m 00s each, beside 36 answers, none of which took longer: a timeout of the client. Raise it.",
			]
		`);
		await tap.many(3, () => ({client: 'other', maxTokens: 64, serviceMs: 102_000}));
		expect(tap.texts()).toEqual([expect.stringContaining('while those of others take up to 1m 42s')]);
	});

	it.each<[string, (index: number) => Case]>([
		[
			'it has answers that took longer',
			(index) => (index === 1 ? {maxTokens: 64, serviceMs: 70_000} : cut(index)),
		],
		['people give up after a second', (index) => cut(index, 1000)],
		[
			'they are given up at any time',
			(index) => ({...cut(index), serviceMs: index % 4 === 0 ? 5000 + index * 900 : 900}),
		],
	])('is not seen where %s', async (_, of) => {
		const tap = tapOf();
		await tap.many(60, of);
		expect(tap.texts()).toEqual([]);
	});
});

describe('a cache', () => {
	const system = 'You are a helpful assistant. '.repeat(400);

	it.each<[string, Case, readonly unknown[]]>([
		[
			'that is written and never read',
			{system, hasCachePoint: true, usage: {cacheWriteTokens: 3000}},
			[
				'app: 40 of 40 requests ask for caching: 120k tokens were written and none was read. What stands before the cache point differs from request to request, or they are too far apart.',
			],
		],
		[
			'that is not even written',
			{system: 'Short', hasCachePoint: true, usage: {inputTokens: 300}},
			[
				'app: 40 of 40 requests ask for caching, and nothing was written: what stands before the cache point is below the minimum of the model, or the model does not cache. They have 300 input tokens on average.',
			],
		],
		['that is read', {system, hasCachePoint: true, usage: {cacheReadTokens: 3000}}, []],
		[
			'that nobody asks for, with prompts too short for one',
			{system: 'Short', usage: {inputTokens: 300}},
			[],
		],
	])('%s', async (_, request, expected) => {
		const tap = tapOf();
		await tap.many(40, () => ({maxTokens: 64, ...request}));
		expect(tap.texts()).toEqual(expected);
	});

	it('that nobody asks for, where tools and system prompt repeat', async () => {
		const tap = tapOf();
		await tap.many(40, () => ({maxTokens: 64, system, usage: {inputTokens: 3000}}));
		expect(tap.texts()).toMatchInlineSnapshot(`
			[
			  "app: 39 of 40 requests begin with tools and a system prompt that were there before, about 3k tokens, and ask for no caching: read from the cache they would not be charged to the quota. The quota then carries up to 943 requests per minute in place of 31.7.",
			]
		`);
	});

	it('says nothing where each request has another system prompt, or they are ten minutes apart', async () => {
		const different = tapOf();
		await different.many(40, (index) => ({
			maxTokens: 64,
			system: `${index} ${system}`,
			usage: {inputTokens: 3000},
		}));
		expect(different.texts()).toEqual([]);
		const apart = tapOf();
		await apart.many(40, () => ({maxTokens: 64, system, serviceMs: 600_000, usage: {inputTokens: 3000}}));
		expect(apart.texts()).toEqual([]);
	});
});
