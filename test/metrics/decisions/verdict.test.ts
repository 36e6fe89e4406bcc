import {describe, expect, it} from 'vitest';
import {createRandom} from '../../../source/domain/clock.ts';
import type {RunSpec} from '../../../source/domain/run-config.ts';
import type {Snapshot} from '../../../source/domain/snapshot.ts';
import {createRun} from '../../../source/engine/run.ts';
import {FakeClock} from '../../helpers/fake-clock.ts';
import {drawn, figuresOf} from '../../helpers/figures-fixture.ts';
import {ModelServer, type ModelServerOptions} from '../../helpers/model-server.ts';
import {cellOf, itemsOf, loadOf, quotaOf, specOf, targetOf, variantOf} from '../../helpers/spec-fixture.ts';

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

const mainOf = ({verdicts}: Snapshot) => verdicts[0];

describe('the verdict', () => {
	it('names the winner, by how much it beats the other at least, and the same in gain and states', () => {
		const {winners, gain, verdicts, states} = figuresOf({
			terse: drawn(20, (random) => 10 + 5 * random()),
			wordy: drawn(20, (random) => 100 + 50 * random()),
		});
		expect(winners).toEqual(['terse', 'terse', 'terse', null]);
		const [verdict] = verdicts;
		expect(verdict).toMatchObject({
			goal: 'throughput',
			basis: 'winner',
			recommended: 'terse',
			leaders: ['terse'],
			tieBrokenBy: null,
		});
		const atLeast = verdict?.beaten[0]?.atLeast ?? Number.NaN;
		expect(verdict?.text).toMatch(/^Use terse\. At least [\d.]+x of wordy\. It holds for this input\.$/);
		expect(gain).toMatchObject({over: 'worst', atLeast});
		expect(gain?.ratio ?? 0).toBeGreaterThan(atLeast);
		expect(states).toEqual(['leader', 'out']);
		expect(verdicts.map(({goal}) => goal)).toEqual(['throughput', 'efficiency', 'cost', 'latency']);
	});

	it('is undecided where the difference is noise, and says what more would do and cost', () => {
		const {winners, gain, verdicts} = figuresOf({
			one: drawn(20, (random) => 10 + 400 * random(), 1),
			other: drawn(20, (random) => (10 + 400 * random()) * 1.3, 2),
		});
		expect(winners[0]).toBeNull();
		expect(gain).toBeNull();
		expect(verdicts[0]).toMatchObject({basis: 'undecided', recommended: null});
		expect(verdicts[0]?.text).toMatch(
			/^Undecided between \w+ and \w+: about [\d,]+ more requests per variant would decide, about \$[\d.]+\.$/,
		);
	});

	it('is a tie where variants are practically equal, broken by the next goals', () => {
		const {verdicts, winners} = figuresOf(
			{one: drawn(20, () => 30), other: drawn(20, () => 29)},
			{goal: 'latency'},
		);
		const verdict = verdicts.find(({goal}) => goal === 'latency');
		expect(verdict).toMatchObject({basis: 'tie', leaders: expect.arrayContaining(['one', 'other'])});
		expect(verdict?.recommended).toBe('other');
		expect(verdict?.text).toMatch(/^Use other\. Ties with one \([\d.e-]+ ?% apart\), costs/);
		expect(winners).not.toContain('one');
	});

	it('is found in pairs where the noise is shared by a block', () => {
		// The same item costs both variants about the same, and items differ a lot: the pairs show it, the means do not.
		const items = drawn(20, (random) => 500 * random()).map(Number);
		const {winners, variants} = figuresOf({lean: items, fat: items.map((tokens) => tokens + 20)});
		expect(winners[1]).toBe('lean');
		const [lean, fat] = variants.map(({perRequest}) => perRequest.quotaTokens);
		expect(lean?.high ?? 0).toBeGreaterThan(fat?.low ?? 0);
	});

	it('is the faster one for latency', () => {
		const {winners} = figuresOf({
			slow: drawn(40, (random) => ({output: 20, totalMs: 900 + 100 * random()})),
			fast: drawn(40, (random) => ({output: 20, totalMs: 300 + 100 * random()})),
		});
		expect(winners[3]).toBe('fast');
	});

	it('is only, never a winner, where there is one variant', () => {
		const {winners, gain, verdicts} = figuresOf({alone: drawn(20, () => 20)});
		expect(winners[0]).toBeNull();
		expect(gain).toBeNull();
		expect(verdicts[0]).toMatchObject({
			basis: 'only',
			recommended: 'alone',
			text: 'Only alone was run.',
		});
	});

	it('is undecided after one request, whichever variant was asked', () => {
		const {verdicts, winners} = figuresOf({one: [], other: [200]});
		expect(verdicts[0]).toMatchObject({basis: 'undecided', recommended: null});
		expect(verdicts[0]?.text).toMatch(
			/^Undecided between other and one: 0 whole rounds of all variants are too few to decide, /,
		);
		expect(winners).toEqual([null, null, null, null]);
	});

	it('is none where nothing useful came, and says why', () => {
		const cut = drawn(20, () => ({output: 10, isTruncated: true}));
		const {verdicts} = figuresOf({one: cut, other: cut});
		expect(verdicts[0]).toMatchObject({basis: 'none', recommended: null, leaders: []});
		expect(verdicts[0]?.text).toBe('No useful answer: 40 cut off.');
	});

	it('is not decided for throughput when no quota is known, and still is for the others', () => {
		const {winners, variants, verdicts} = figuresOf(
			{terse: drawn(20, () => 10), wordy: drawn(20, () => 100)},
			{targets: [targetOf(quotaOf(null, null))]},
		);
		expect(winners.slice(0, 2)).toEqual([null, 'terse']);
		expect(verdicts[0]?.text).toContain('no quota is known');
		expect(variants[0]?.sustainable).toEqual({
			usefulPerMinute: null,
			low: null,
			high: null,
			limitedBy: 'none',
			ceilingPerMinute: null,
			usefulPerDay: null,
			countsFrom: 'unknown',
		});
	});

	it('leaves out who fails the gate, and waits for the proof of the leader', async () => {
		const judged = async (requests: number) => {
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
					load: loadOf('measure', {requests}),
					minQuality: 0.9,
					isEliminating: true,
				}),
				{backend, clock},
			);
			await clock.settle(run.start());
			return run.snapshot();
		};
		const early = await judged(20);
		expect(early.variants.map(({quality}) => quality.gate)).toEqual(['failed', 'unproven']);
		expect(mainOf(early)).toMatchObject({basis: 'undecided', recommended: null, leaders: ['good']});
		expect(mainOf(early)?.text).toMatch(
			/^Undecided: good leads, but its quality is not proven: 20 of 20 items passed, the minimum is 0\.9; about \d+ more items would prove it\. cheap fails the minimum quality/,
		);
		const late = await judged(100);
		expect(mainOf(late)).toMatchObject({basis: 'winner', recommended: 'good'});
		expect(late.variants.map(({quality}) => quality.gate)).toEqual(['failed', 'passed']);
		expect(late.variants[0]?.requests.sent).toBeLessThan(30);
		expect(late.variants[1]?.requests.sent).toBeLessThan(100);
		expect(late.advice.find(({kind}) => kind === 'quality')?.text).toContain('cheap fails');
	});
});

describe('elimination in a measurement', () => {
	const far = {
		terse: (random: () => number) => 10 + 5 * random(),
		wordy: (random: () => number) => 100 + 50 * random(),
	};

	it('ends the run when it is decided, long before the most that may be sent', async () => {
		const {variants, outcome} = await compare(far, {
			isEliminating: true,
			load: loadOf('measure', {requests: 100, concurrency: 4}),
		});
		expect(outcome).toBe('completed');
		expect(variants[0]?.requests.sent).toBeLessThan(20);
	});

	it('asks each item once of whoever is left, and the others no more', async () => {
		const {variants} = await compare(far, {
			isEliminating: true,
			task: {task: 'x', content: undefined, items: itemsOf(40), checks: []},
			load: loadOf('measure', {requests: 100, concurrency: 2}),
		});
		expect(variants[0]?.requests.sent).toBe(40);
		expect(variants[1]?.requests.sent).toBeLessThan(20);
	});

	it('spends all requests where it may not end early', async () => {
		const {variants} = await compare(far, {load: loadOf('measure', {requests: 30})});
		expect(variants.map(({requests}) => requests.sent)).toEqual([30, 30]);
	});

	it('brings back who is out when another goal decides', async () => {
		const clock = new FakeClock();
		// The terse one is far slower: it wins by tokens and loses by time.
		const model = new ModelServer({
			clock,
			requestsPerWindow: 1e6,
			tokensPerWindow: 1e9,
			outputTokens: ({messages}) => (messages[0]?.text.startsWith('terse') ? 10 : 200),
			serviceMs: ({messages}) => (messages[0]?.text.startsWith('terse') ? 3000 : 300),
		});
		const run = createRun(
			specOf({
				goal: 'efficiency',
				targets: [targetOf(quotaOf(1e6, 1e6))],
				variants: [variantOf('terse'), variantOf('wordy')],
				cells: [cellOf({price, maxTokens: 1000}), cellOf({variant: 1, price, maxTokens: 1000})],
				task: {task: 'x', content: undefined, items: itemsOf(60), checks: []},
				load: loadOf('measure', {requests: 60, concurrency: 2}),
				isEliminating: true,
			}),
			{backend: model, clock},
		);
		const ended = run.start();
		await clock.advance(40_000);
		const before = run.snapshot();
		expect(before.variants.map(({state}) => state)).toEqual(['leader', 'out']);
		run.setGoal('latency');
		const [terse, wordy] = run.snapshot().variants.map(({state}) => state);
		expect([terse, wordy]).toEqual(['out', 'leader']);
		await clock.settle(ended);
		const after = run.snapshot();
		expect(after.spec.goal).toBe('latency');
		expect(mainOf(after)).toMatchObject({goal: 'latency', basis: 'winner', recommended: 'wordy'});
		expect(after.variants[1]?.requests.sent ?? 0).toBeGreaterThan(before.variants[1]?.requests.sent ?? 60);
	});

	it('never sends more than was allowed of each variant, however they pack', async () => {
		const names = ['single', 'packed'];
		const {variants} = await compare(
			{single: () => 20, packed: () => 60},
			{
				variants: names.map((name, index) => variantOf(name, {itemsPerRequest: index === 0 ? 1 : 4})),
				task: {task: 'x', content: undefined, items: itemsOf(30), checks: []},
				load: loadOf('measure', {requests: 10}),
			},
		);
		const [single, packed] = variants.map(({requests}) => requests.sent);
		expect(single).toBe(10);
		expect(packed).toBeGreaterThanOrEqual(3);
	});
});

describe('the sustainable rate', () => {
	it.each([
		['requests', quotaOf(60, 1e6)],
		['tokens', quotaOf(1000, 3000)],
	] as const)('is limited by %s', (limitedBy, quota) => {
		const {variants} = figuresOf(
			{one: drawn(12, () => 10)},
			{targets: [targetOf(quota)], cells: [cellOf({maxTokens: 100})]},
		);
		expect(variants[0]?.sustainable.limitedBy).toBe(limitedBy);
		const [variant] = variants;
		const setAside = variant?.perRequest.reservedTokens.mean ?? Number.NaN;
		const serviceMs = variant?.latencyMs.service.mean ?? Number.NaN;
		const firstMs = variant?.latencyMs.timeToFirstToken.mean ?? Number.NaN;
		const promised = {
			requests: 60 / (1 + firstMs / 60_000),
			tokens: (3000 - setAside / 2) / (30 + (setAside * serviceMs - 30 * (serviceMs - firstMs)) / 60_000),
		}[limitedBy];
		expect(variant?.sustainable.usefulPerMinute).toBeCloseTo(promised, 6);
	});

	it('has the number that a day allows beside it, which bounds no minute', () => {
		const measured = (tokensPerDay: number | null, perMinute: number | null = 60) => {
			const {variants, advice} = figuresOf(
				{one: drawn(12, () => 10)},
				{
					targets: [targetOf(quotaOf(perMinute, perMinute === null ? null : 1e6, tokensPerDay))],
					cells: [cellOf({maxTokens: 100})],
				},
			);
			return {...variants[0]?.sustainable, advice: advice.map(({text}) => text).join('\n')};
		};
		const free = measured(null);
		const bound = measured(300 * 30);
		expect(bound).toMatchObject({limitedBy: 'requests', usefulPerDay: 300});
		expect([bound.usefulPerMinute, free.usefulPerDay]).toEqual([free.usefulPerMinute, null]);
		expect(bound.advice).toMatch(
			/allows 300 useful items per day: it is used up after 5[\d.]* minutes at that rate/,
		);
		expect(measured(30 * 1e6).advice).not.toContain('per day');
		expect(measured(300 * 30, null)).toMatchObject({usefulPerMinute: null, usefulPerDay: 300});
	});

	it('has an interval that holds the truth in about 95 of 100 runs', () => {
		let held = 0;
		const runs = 100;
		for (let seed = 0; seed < runs; seed++) {
			const {variants} = figuresOf(
				{one: drawn(20, (random) => 50 + 100 * random(), seed)},
				{targets: [targetOf(quotaOf(1e6, 100_000))], cells: [cellOf({maxTokens: 400})]},
			);
			const {low, high} = variants[0]?.sustainable ?? {};
			const setAside = variants[0]?.perRequest.reservedTokens.mean ?? 0;
			const serviceMs = variants[0]?.latencyMs.service.mean ?? 0;
			const firstMs = variants[0]?.latencyMs.timeToFirstToken.mean ?? 0;
			// Mean 20 + 100 quota tokens from the first byte on, and what is set aside while a request is under way.
			const truth =
				(100_000 - setAside / 2) / (120 + (setAside * serviceMs - 120 * (serviceMs - firstMs)) / 60_000);
			held += (low ?? 0) <= truth && (high ?? 0) >= truth ? 1 : 0;
		}
		expect(held).toBeGreaterThanOrEqual(88);
		expect(held).toBeLessThanOrEqual(100);
	});
});
