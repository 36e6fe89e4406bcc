import {describe, expect, it} from 'vitest';
import {createRandom} from '../../../source/domain/random.ts';
import type {RunSpec} from '../../../source/domain/run-spec.ts';
import type {Snapshot} from '../../../source/domain/snapshot.ts';
import {createRun} from '../../../source/engine/run.ts';
import {FakeClock} from '../../helpers/fake-clock.ts';
import {ModelServer, type ModelServerOptions} from '../../helpers/model-server.ts';
import {cellOf, loadOf, quotaOf, specOf, targetOf, variantOf} from '../../helpers/spec-fixture.ts';

const price = {input: 1e-6, output: 5e-6, cacheRead: 0, cacheWrite: 0, source: 'test'};

/** Runs variants that differ by their answers only. */
const compare = async (
	outputs: Readonly<Record<string, (random: () => number) => number>>,
	spec: Partial<RunSpec> = {},
	server: Partial<ModelServerOptions> = {},
): Promise<Snapshot> => {
	const clock = new FakeClock();
	const random = createRandom(11);
	const names = Object.keys(outputs);
	const model = new ModelServer({
		clock,
		requestsPerWindow: 1e6,
		tokensPerWindow: 1e9,
		outputTokens: ({messages}) => Math.round(outputs[messages[0]?.text.split(':')[0] ?? '']?.(random) ?? 0),
		...server,
	});
	const run = createRun(
		specOf({
			targets: [targetOf(quotaOf(1e6, 1e6))],
			variants: names.map((name) => variantOf(name)),
			cells: names.map((_name, variant) => cellOf({variant, price, maxTokens: 1000})),
			load: loadOf('measure', {requests: 20}),
			...spec,
		}),
		{backend: model, clock},
	);
	await clock.settle(run.start());
	return run.snapshot();
};

describe('the winner', () => {
	it('is named when the difference is clear', async () => {
		const {best, gain, advice, variants} = await compare({
			terse: (random) => 10 + 5 * random(),
			wordy: (random) => 100 + 50 * random(),
		});
		expect(best).toEqual([
			{target: 0, throughput: 'terse', efficiency: 'terse', cost: 'terse', latency: null},
		]);
		const [terse, wordy] = variants.map(({sustainable}) => sustainable.usefulPerMinute ?? Number.NaN);
		expect(gain).toEqual({over: 'worst', ratio: (terse ?? 0) / (wordy ?? 0)});
		expect(advice.map(({kind}) => kind)).not.toContain('no-clear-winner');
	});

	it('is not named when the difference is noise, and the advice says how many requests would tell', async () => {
		const noisy = (random: () => number): number => 10 + 400 * random();
		const {best, gain, advice} = await compare({one: noisy, other: (random) => noisy(random) * 1.02});
		expect(best[0]?.throughput).toBeNull();
		expect(gain).toBeNull();
		const line = advice.find(({kind}) => kind === 'no-clear-winner');
		expect(line?.text).toMatch(/no clear winner for throughput; \w+ leads, about [\d,]+ more requests/);
	});

	it('is not named when variants are equal', async () => {
		const {best, advice} = await compare({one: () => 30, other: () => 30});
		expect(best[0]?.throughput).toBeNull();
		expect(advice.find(({kind}) => kind === 'no-clear-winner')?.text).toContain(
			'more requests would not tell',
		);
	});

	it('is found in pairs where the noise is shared by a block', async () => {
		// The same item costs both variants about the same, and items differ a lot: the pairs tell, the means do not.
		let lastOfBlock = 0;
		let isFirst = true;
		const both = (extra: number) => (random: () => number) => {
			lastOfBlock = isFirst ? 500 * random() : lastOfBlock;
			isFirst = !isFirst;
			return lastOfBlock + extra;
		};
		const {best, variants} = await compare(
			{lean: both(0), fat: both(20)},
			{load: loadOf('measure', {requests: 20, concurrency: 1})},
		);
		expect(best[0]?.efficiency).toBe('lean');
		const [lean, fat] = variants.map(({perRequest}) => perRequest.quotaTokens);
		expect(lean?.high ?? 0).toBeGreaterThan(fat?.low ?? 0);
	});

	it('must meet the minimum quality', async () => {
		const clock = new FakeClock();
		const model = new ModelServer({clock, requestsPerWindow: 1e6, tokensPerWindow: 1e9});
		const backend = {
			...model,
			invoke: async (...[request, options]: Parameters<typeof model.invoke>) => {
				const outcome = await model.invoke(request, options);
				const isCheap = request.messages[0]?.text.startsWith('cheap');
				return outcome.kind === 'answered' ? {...outcome, text: isCheap ? 'wrong' : 'fine'} : outcome;
			},
			countTokens: model.countTokens,
			close: model.close,
		};
		const run = createRun(
			specOf({
				targets: [targetOf(quotaOf(1e6, 1e6))],
				task: {task: 'x', content: undefined, items: [], checks: [{equals: 'fine'}]},
				variants: [variantOf('cheap'), variantOf('good')],
				cells: [cellOf(), cellOf({variant: 1})],
				minQuality: 0.9,
			}),
			{backend, clock},
		);
		await clock.settle(run.start());
		const {best, advice, variants} = run.snapshot();
		expect(variants.map(({quality}) => quality.score)).toEqual([0, 1]);
		expect(best[0]?.throughput).toBe('good');
		expect(advice.find(({kind}) => kind === 'quality')?.text).toContain('0 of 20 checks passed');
	});

	it('is the faster one for latency', async () => {
		const {best} = await compare(
			{slow: () => 20, fast: () => 20},
			{load: loadOf('measure', {requests: 40})},
			{serviceMs: ({messages}) => (messages[0]?.text.startsWith('slow') ? 900 : 300)},
		);
		expect(best[0]?.latency).toBe('fast');
	});

	it('is the only one there is', async () => {
		const {best, gain} = await compare({alone: () => 20});
		expect(best[0]?.throughput).toBe('alone');
		expect(gain).toBeNull();
	});

	it('is not named for throughput when no quota is known', async () => {
		const {best, variants} = await compare(
			{terse: () => 10, wordy: () => 100},
			{targets: [targetOf(quotaOf(null, null))]},
		);
		expect(best[0]).toMatchObject({throughput: null, efficiency: 'terse'});
		expect(variants[0]?.sustainable).toEqual({
			usefulPerMinute: null,
			low: null,
			high: null,
			limitedBy: 'none',
		});
	});
});

describe('the sustainable rate', () => {
	it.each([
		['requests', quotaOf(60, 1e6), 60],
		['tokens', quotaOf(1000, 3000), 3000 / 30],
		['day', quotaOf(1000, 1e6, 1440 * 300), 300 / 30],
	] as const)('is limited by %s', async (limitedBy, quota, expected) => {
		const {variants} = await compare(
			{one: () => 10},
			{
				targets: [targetOf(quota)],
				cells: [cellOf({maxTokens: 100})],
				load: loadOf('measure', {requests: 12}),
			},
		);
		expect(variants[0]?.sustainable.limitedBy).toBe(limitedBy);
		expect(variants[0]?.sustainable.usefulPerMinute).toBeCloseTo(expected, 6);
	});

	it('has an interval that holds the truth in about 95 of 100 runs', async () => {
		let held = 0;
		const runs = 100;
		for (let seed = 0; seed < runs; seed++) {
			const random = createRandom(seed);
			const {variants} = await compare(
				{one: () => 0},
				{targets: [targetOf(quotaOf(1e6, 100_000))], cells: [cellOf({maxTokens: 400})]},
				// Mean 20 + 100 quota tokens: 100,000 a minute carry 833.3 requests.
				{outputTokens: () => 50 + 100 * random()},
			);
			const {low, high} = variants[0]?.sustainable ?? {};
			held += (low ?? 0) <= 100_000 / 120 && (high ?? 0) >= 100_000 / 120 ? 1 : 0;
		}
		expect(held).toBeGreaterThanOrEqual(88);
		expect(held).toBeLessThanOrEqual(100);
	});
});
