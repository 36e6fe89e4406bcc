import {describe, expect, it} from 'vitest';
import {createRandom} from '../../source/domain/clock.ts';
import type {Burst, RunSpec} from '../../source/domain/run-config.ts';
import {createRun} from '../../source/engine/run.ts';
import {FakeClock} from '../helpers/fake-clock.ts';
import {enforcements, ModelServer} from '../helpers/model-server.ts';
import {cellOf, loadOf, quotaOf, specOf, targetOf, variantOf} from '../helpers/spec-fixture.ts';

/** Tests source/engine/run.ts: whole runs at the edge of a quota. */

const minuteMs = 60_000;
const bursts: readonly Burst[] = ['full', 'even'];

const countIn = (instants: readonly number[], from: number, to: number): number =>
	instants.filter((at) => at >= from && at < to).length;

describe('saturate, alone, reservation at most 1 % of the quota, answers up to 1 s', () => {
	const sizes = [
		{reserved: 200, settled: 0.3},
		{reserved: 100, settled: 0.9},
		{reserved: 100, settled: 0.15},
	];
	const cases = enforcements.flatMap((enforcement) => sizes.map((size) => ({enforcement, ...size})));

	it.each(cases)('uses 98 % of each minute ($enforcement, $settled of $reserved settle)', async (size) => {
		const clock = new FakeClock();
		const random = createRandom(7);
		const tokens = 100 * size.reserved;
		const input = size.reserved / 10;
		const maxTokens = size.reserved - input;
		const server = new ModelServer({
			clock,
			enforcement: size.enforcement,
			requestsPerWindow: 100_000,
			tokensPerWindow: tokens,
			delayMs: () => 10,
			inputTokens: () => input,
			outputTokens: () => Math.round(maxTokens * size.settled * (0.5 + random() / 2)),
			serviceMs: () => 100 + 900 * random(),
		});
		const run = createRun(
			specOf({
				targets: [targetOf(quotaOf(100_000, tokens))],
				cells: [cellOf({maxTokens, inputTokens: {value: input, isEstimated: false}})],
				load: loadOf('saturate', {durationMs: 3 * minuteMs}),
			}),
			{backend: server, clock},
		);
		await clock.settle(run.start());
		expect(server.throttles).toEqual([]);
		expect(server.settledIn(minuteMs, 2 * minuteMs) / tokens).toBeGreaterThan(0.98);
		expect(server.settledIn(2 * minuteMs, 3 * minuteMs) / tokens).toBeGreaterThan(0.98);
	});
});

describe('a neighbour that takes half of the bucket for a minute, even pacing', () => {
	const from = 1.5 * minuteMs;

	const play = async (take: (server: ModelServer, clock: FakeClock) => void) => {
		const clock = new FakeClock();
		const server = new ModelServer({
			clock,
			requestsPerWindow: 600,
			tokensPerWindow: 10_000_000,
			delayMs: () => 20,
		});
		const run = createRun(
			specOf({
				burst: 'even',
				targets: [targetOf(quotaOf(600, 10_000_000))],
				load: loadOf('saturate', {durationMs: 5 * minuteMs}),
			}),
			{backend: server, clock},
		);
		take(server, clock);
		await clock.settle(run.start());
		return {server, figures: run.snapshot().variants[0], events: run.snapshot().events};
	};

	it('evenly: what is left is used, with few throttles, and the full rate comes back', async () => {
		const {server, figures, events} = await play((neighbour, clock) => {
			for (let at = from; at < from + minuteMs; at += 200) {
				clock.after(at, () => neighbour.foreign(1, 100, true));
			}
		});
		const sent = figures?.requests.sent ?? 0;
		expect(countIn(server.admitted, from, from + minuteMs)).toBeGreaterThan(0.9 * 300);
		expect(server.throttles.length).toBeGreaterThan(0);
		expect(server.throttles.length / sent).toBeLessThan(0.02);
		const isGone = from + 2 * minuteMs;
		expect(countIn(server.admitted, isGone + 30_000, isGone + 60_000)).toBeGreaterThan(0.97 * 300);
		expect(events.map(({kind}) => kind)).toContain('surprise');
		expect(figures?.requests.succeeded).toBe(sent);
	});

	it('at once: the share shrinks within a second and grows back', async () => {
		const {server} = await play((neighbour, clock) => {
			clock.after(from, () => {
				for (let request = 0; request < 300; request++) {
					neighbour.foreign(1, 100, true);
				}
			});
		});
		// 600 of ours and 300 of theirs: nothing may be sent for half a minute.
		expect(countIn(server.admitted, from + 1000, from + 29_000)).toBe(0);
		expect(server.throttles.length).toBeLessThan(15);
		expect(countIn(server.admitted, from + 1.5 * minuteMs, from + 2 * minuteMs)).toBeGreaterThan(0.97 * 300);
	});
});

describe('chat in the high lane beside bulk work in the low one', () => {
	const play = async (burst: Burst, lanes: Pick<RunSpec, 'cells' | 'variants'>) => {
		const clock = new FakeClock();
		const random = createRandom(3);
		const server = new ModelServer({
			clock,
			requestsPerWindow: 600,
			tokensPerWindow: 10_000_000,
			delayMs: () => 20,
			serviceMs: () => 300 + random() * 400,
		});
		const run = createRun(
			specOf({
				...lanes,
				burst,
				targets: [targetOf(quotaOf(600, 10_000_000))],
				load: loadOf('saturate', {durationMs: 5 * minuteMs, arrival: 'poisson'}),
			}),
			{backend: server, clock},
		);
		await clock.settle(run.start());
		return {server, variants: run.snapshot().variants};
	};

	const chat = cellOf({variant: 0, lane: 'high', ratePerMinute: 18});
	const bulk = cellOf({variant: 1, lane: 'low'});

	it.each(bursts)('keeps its latency while the bucket is full (%s)', async (burst) => {
		const variants = [variantOf('chat'), variantOf('bulk')];
		const beside = await play(burst, {variants, cells: [chat, bulk]});
		const [high, low] = beside.variants;
		expect(high?.requests.sent).toBeGreaterThan(60);
		expect(high?.latencyMs.dispatchDelay.p90 ?? Number.NaN).toBeLessThan(10);
		const alone = await play(burst, {variants, cells: [chat]});
		const unloaded = alone.variants[0]?.latencyMs.total.p90 ?? Number.NaN;
		expect(high?.latencyMs.total.p90 ?? Number.NaN).toBeLessThan(1.1 * unloaded);
		for (let minute = 1; minute < 5; minute++) {
			const used = countIn(beside.server.admitted, minute * minuteMs, (minute + 1) * minuteMs);
			expect(used / 600).toBeGreaterThan(0.95);
		}
		expect(low?.requests.succeeded).toBeGreaterThan(2500);
		expect(beside.server.throttles).toEqual([]);
	});
});

describe('a server stall in an open loop', () => {
	it('shows in the latency from the intended start', async () => {
		const clock = new FakeClock();
		const server = new ModelServer({
			clock,
			requestsPerWindow: 1_000_000,
			tokensPerWindow: 1_000_000_000,
			serviceMs: () => 3,
		});
		const run = createRun(
			specOf({
				targets: [targetOf(quotaOf(1_000_000, 1_000_000_000))],
				load: loadOf('rate', {ratePerMinute: 3000, durationMs: 10_000}),
			}),
			{backend: server, clock},
		);
		clock.after(3000, () => server.stallUntil(5000));
		await clock.settle(run.start());
		const total = run.snapshot().variants[0]?.latencyMs.total;
		const truth = server.log.map(({arrivedAt, endedAt}) => endedAt - arrivedAt).sort((a, b) => a - b);
		expect(total?.count).toBe(500);
		for (const [name, part] of [
			['p50', 0.5],
			['p90', 0.9],
			['p99', 0.99],
		] as const) {
			const expected = truth[Math.ceil(part * truth.length) - 1] ?? Number.NaN;
			const tolerance = Math.max(4, 0.05 * expected);
			expect(Math.abs((total?.[name] ?? Number.NaN) - expected)).toBeLessThan(tolerance);
		}
		expect(total?.max).toBeGreaterThan(1900);
	});
});
