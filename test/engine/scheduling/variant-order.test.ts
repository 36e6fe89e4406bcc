import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import type {Lane} from '../../../source/domain/bucket-usage.ts';
import type {RunSpec} from '../../../source/domain/run-config.ts';
import {createRun} from '../../../source/engine/run.ts';
import {itemWalk, Ladder, type LadderVariant} from '../../../source/engine/scheduling/variant-order.ts';
import {FakeClock} from '../../helpers/fake-clock.ts';
import {ModelServer} from '../../helpers/model-server.ts';
import {cellOf, itemsOf, loadOf, quotaOf, specOf, targetOf, variantOf} from '../../helpers/spec-fixture.ts';

describe('a walk over the items in blocks', () => {
	it('gives each variant the same items in every block, each once a pass, however they pack', () => {
		fc.assert(
			fc.property(
				fc.integer({min: 1, max: 60}),
				fc.array(fc.integer({min: 1, max: 6}), {minLength: 1, maxLength: 4}),
				fc.integer({min: 0, max: 3}),
				(items, packed, pass) => {
					const walk = itemWalk(items, packed);
					if (walk === undefined) {
						return;
					}
					for (const each of packed) {
						const asked: number[] = [];
						for (let block = 0; block < walk.blocks; block++) {
							const position = pass * walk.blocks + block;
							expect(walk.itemAt(position)).toEqual({index: block, pass, ofPass: walk.blocks});
							const ranges = walk.rangesAt(position, each);
							expect(ranges.every(({count}) => count >= 1 && count <= each)).toBe(true);
							const own = ranges.flatMap(({from, count}) =>
								Array.from({length: count}, (_, offset) => from + offset),
							);
							asked.push(...own);
							// The same block of another variant holds the same items.
							expect(walk.rangesAt(position, 1).map(({from}) => from)).toEqual(own);
						}
						expect(asked).toEqual(Array.from({length: items}, (_, index) => index));
					}
				},
			),
		);
	});

	it('is none without items, and where variants pack too differently', () => {
		expect(itemWalk(0, [1])).toBeUndefined();
		expect(itemWalk(600, [7, 11, 13])).toBeUndefined();
		expect(itemWalk(600, [4, 3])?.blocks).toBe(50);
	});

	it('carries all items in a block where these are fewer than the least common number', () => {
		const walk = itemWalk(5, [4, 3]);
		expect(walk?.blocks).toBe(1);
		expect(walk?.rangesAt(0, 4).map(({count}) => count)).toEqual([4, 1]);
		expect(walk?.rangesAt(0, 3).map(({count}) => count)).toEqual([3, 2]);
	});
});

describe('a measurement', () => {
	const asked = async (itemsFrom: number | undefined, requests: number) => {
		const clock = new FakeClock();
		const server = new ModelServer({clock, requestsPerWindow: 1e6, tokensPerWindow: 1e9});
		const seen: string[] = [];
		const backend = {
			invoke: async (...[request, options]: Parameters<typeof server.invoke>) => {
				seen.push(request.messages[0]?.text ?? '');
				return server.invoke(request, options);
			},
			countTokens: server.countTokens,
			close: server.close,
		};
		const run = createRun(
			specOf({
				task: {task: 'x', content: undefined, items: itemsOf(10), checks: []},
				variants: [variantOf('a', {instruction: 'a {{item}}'}), variantOf('b', {instruction: 'b {{item}}'})],
				cells: [cellOf(), cellOf({variant: 1})],
				targets: [targetOf(quotaOf(1e6, 1e9))],
				load: loadOf('measure', {requests, concurrency: 1}),
				itemsFrom,
			}),
			{backend, clock},
		);
		await clock.settle(run.start());
		const of = (name: string) => seen.filter((text) => text.startsWith(name)).map((text) => text.slice(2));
		return {a: of('a'), b: of('b')};
	};

	it('asks both variants of the same items in the same order', async () => {
		const {a, b} = await asked(undefined, 6);
		expect(a).toHaveLength(6);
		expect(new Set(a).size).toBe(6);
		expect(a).toEqual(b);
	});

	it('begins behind the items that were asked before, and comes to them last', async () => {
		const first = await asked(undefined, 6);
		const second = await asked(6, 10);
		expect(second.a.slice(0, 4).some((item) => first.a.includes(item))).toBe(false);
		expect(second.a.slice(4)).toEqual(first.a);
	});
});

const rungOf = (
	cell: number,
	tokensPerRequest: number,
	more: Partial<LadderVariant> = {},
): LadderVariant => ({
	cell,
	tokensPerRequest,
	sent: 0,
	items: {count: 0, useful: 0},
	checked: {count: 0, passed: 0},
	...more,
});

const rungs: readonly LadderVariant[] = [100, 400, 200, 50].map((tokens, cell) => rungOf(cell, tokens));

const chosen = (ladder: Ladder, fills: readonly number[], from = rungs): ReadonlyArray<number | undefined> =>
	fills.map((fill) => ladder.choose(from, fill));

describe('Ladder', () => {
	const all = new Set<Lane>(['high', 'normal', 'low']);

	it('takes cheaper variants as the bucket fills', () => {
		const ladder = new Ladder('low', all, null);
		expect(chosen(ladder, [0, 0.69, 0.7, 0.85, 0.95, 1])).toEqual([1, 1, 2, 0, 3, 3]);
	});

	it('goes back as it empties, with some hysteresis', () => {
		const ladder = new Ladder('low', all, null);
		expect(chosen(ladder, [0.95, 0.91, 0.89, 0.81, 0.79, 0.66, 0.64])).toEqual([3, 3, 0, 0, 2, 2, 1]);
	});

	it('steps down in the low lane first and in the high one last', () => {
		const at = (lane: Lane, fill: number): number | undefined =>
			new Ladder(lane, all, null).choose(rungs, fill);
		expect([at('low', 0.7), at('normal', 0.7), at('high', 0.7)]).toEqual([2, 1, 1]);
		expect([at('low', 0.85), at('normal', 0.85), at('high', 0.85)]).toEqual([0, 2, 1]);
		expect([at('low', 0.95), at('normal', 0.95), at('high', 0.95)]).toEqual([3, 0, 2]);
		expect(new Ladder('high', new Set<Lane>(['high']), null).choose(rungs, 0.7)).toBe(2);
	});

	it('never takes a variant below the minimum quality', () => {
		const bad = rungs.map((rung) => ({
			...rung,
			checked: {count: 20, passed: rung.cell === 3 ? 10 : 19},
		}));
		expect(new Ladder('low', all, 0.9).choose(bad, 1)).toBe(0);
		const allBad = rungs.map((rung) => ({...rung, checked: {count: 20, passed: 1}}));
		expect(new Ladder('low', all, 0.9).choose(allBad, 1)).toBe(1);
	});

	it('keeps a variant that is not proven to be below the gate', () => {
		const unlucky = rungs.map((rung) => ({...rung, checked: {count: 20, passed: 17}}));
		expect(new Ladder('low', all, 0.9).choose(unlucky, 1)).toBe(3);
	});

	it('takes no bad variant for a dear one, nor steps down to it', () => {
		const good = rungOf(0, 300, {items: {count: 40, useful: 38}});
		const bad = rungOf(1, 250, {items: {count: 40, useful: 8}, sent: 40});
		const ladder = new Ladder('low', all, null);
		expect(chosen(ladder, [0, 1], [good, bad])).toEqual([0, 0]);
		const fair = rungOf(1, 250, {items: {count: 40, useful: 38}, sent: 40});
		expect(chosen(ladder, [0, 1], [good, fair])).toEqual([0, 1]);
	});

	it('tries now and then who is off it, so that it may come back', () => {
		const good = rungOf(0, 300, {items: {count: 40, useful: 38}, sent: 1000});
		const bad = (sent: number) => rungOf(1, 250, {items: {count: 10, useful: 0}, sent});
		const ladder = new Ladder('low', all, null);
		expect(ladder.choose([good, bad(10)], 0)).toBe(1);
		expect(ladder.choose([good, bad(30)], 0)).toBe(0);
	});

	it('has nothing to choose without rungs', () => {
		expect(new Ladder('low', all, null).choose([], 1)).toBeUndefined();
	});
});

describe('an adaptive run', () => {
	const play = async (overrides: Partial<RunSpec>) => {
		const clock = new FakeClock();
		const server = new ModelServer({
			clock,
			requestsPerWindow: 100_000,
			tokensPerWindow: 20_000,
			outputTokens: ({messages}) => (messages[0]?.text.startsWith('long') ? 150 : 10),
		});
		const run = createRun(
			specOf({
				targets: [targetOf(quotaOf(100_000, 20_000))],
				variants: [variantOf('short'), variantOf('long')],
				cells: [cellOf({maxTokens: 200}), cellOf({variant: 1, maxTokens: 200})],
				load: loadOf('rate', {ratePerMinute: 300, durationMs: 180_000}),
				policy: 'adaptive',
				...overrides,
			}),
			{backend: server, clock},
		);
		await clock.settle(run.start());
		return {run, server};
	};

	it('gets more requests through than the dearer variant alone, and tells of each switch', async () => {
		const {run, server} = await play({});
		const {variants, events} = run.snapshot();
		const [short, long] = variants;
		expect(server.throttles).toEqual([]);
		// 20,000 a minute carry 117 long ones; 300 a minute were asked for.
		expect((short?.requests.succeeded ?? 0) + (long?.requests.succeeded ?? 0)).toBe(900);
		expect(long?.requests.succeeded).toBeGreaterThan(100);
		expect(short?.requests.succeeded).toBeGreaterThan(100);
		expect(long?.latencyMs.dispatchDelay.max).toBeLessThan(5000);
		const switches = events.filter(({kind}) => kind === 'adaptive').map(({text}) => text);
		expect(switches.some((text) => /lane normal: long -> short, the bucket is (7|8|9)\d%/.test(text))).toBe(
			true,
		);
	});

	it('steps down in a lane before what is kept back for a higher one stops it', async () => {
		const {run} = await play({
			cells: [
				cellOf({maxTokens: 200, lane: 'high', ratePerMinute: 60}),
				cellOf({maxTokens: 200, lane: 'low'}),
				cellOf({variant: 1, maxTokens: 200, lane: 'low'}),
			],
			load: loadOf('concurrency', {concurrency: 2, durationMs: 60_000}),
		});
		const {variants, events} = run.snapshot();
		const [, short, long] = variants;
		// Measured against the whole bucket it stepped down too late: 130 short ones.
		expect(long?.requests.succeeded).toBeGreaterThan(20);
		expect(short?.requests.succeeded).toBeGreaterThan(170);
		expect(events.some(({text}) => /lane low: long -> short/.test(text))).toBe(true);
	});

	it('compares all variants in a measurement', async () => {
		const {run} = await play({load: loadOf('measure', {requests: 10})});
		expect(run.snapshot().variants.map(({requests}) => requests.succeeded)).toEqual([10, 10]);
	});
});
