import {describe, expect, it} from 'vitest';
import {createRandom} from '../../source/domain/clock.ts';
import {createRun} from '../../source/engine/run.ts';
import {FakeClock} from '../helpers/fake-clock.ts';
import {ModelServer, throttle} from '../helpers/model-server.ts';
import {loadOf, quotaOf, specOf, targetOf} from '../helpers/spec-fixture.ts';

/** Tests source/admission/bucket.ts: even pacing after a throttle. */

const minuteMs = 60_000;
const from = 1.5 * minuteMs;

/** Bursts of a window at once, beside a neighbour that takes half of the quota for a minute. */
const play = async (enforcement: 'sliding' | 'refill', seed: number) => {
	const clock = new FakeClock();
	const random = createRandom(seed);
	const server = new ModelServer({
		clock,
		enforcement,
		requestsPerWindow: 600,
		tokensPerWindow: 10_000_000,
		delayMs: () => 20,
		serviceMs: () => 200 + 200 * random(),
	});
	const run = createRun(
		specOf({
			seed,
			burst: 'full',
			targets: [targetOf(quotaOf(600, 10_000_000))],
			load: loadOf('saturate', {durationMs: 4 * minuteMs}),
		}),
		{backend: server, clock},
	);
	for (let at = from; at < from + minuteMs; at += 200) {
		clock.after(at, () => server.foreign(1, 100, true));
	}
	await clock.settle(run.start());
	const {events, startedAt, variants} = run.snapshot();
	const even = events.find(({kind}) => kind === 'even');
	return {
		firstThrottleAt: server.throttles[0]?.at ?? Number.NaN,
		evenAt: even === undefined ? Number.NaN : Date.parse(even.at) - Date.parse(startedAt ?? ''),
		throttled: server.throttles.length / (variants[0]?.requests.sent ?? 0),
		admitted: server.admitted,
	};
};

describe('throttles in a burst that the ledger had room for', () => {
	const cases = (['sliding', 'refill'] as const).flatMap((enforcement) =>
		[1, 2].map((seed) => ({enforcement, seed})),
	);

	it.each(cases)('make the run go evenly at once ($enforcement, seed $seed)', async ({enforcement, seed}) => {
		const {firstThrottleAt, evenAt, throttled, admitted} = await play(enforcement, seed);
		// The first is heard of one way later.
		expect(evenAt - firstThrottleAt).toBeGreaterThanOrEqual(0);
		expect(evenAt - firstThrottleAt).toBeLessThan(100);
		// What was under way in the burst is throttled with it: a few in a hundred, not the whole of a window.
		expect(throttled).toBeLessThan(0.03);
		// In its last minute it sends in every second, where bursts leave most of them empty.
		const seconds = new Set(admitted.filter((at) => at >= 3 * minuteMs).map((at) => Math.floor(at / 1000)));
		expect(seconds.size).toBeGreaterThan(50);
	});
});

describe('a service that refills at the full rate and holds little', () => {
	it('is used at the full rate after its first throttles: nobody else is there', async () => {
		const clock = new FakeClock();
		const capacity = 20;
		let level = {requests: capacity, at: 0};
		const server = new ModelServer({
			clock,
			requestsPerWindow: 10_000,
			tokensPerWindow: 10_000_000,
			delayMs: () => 20,
			fault() {
				const now = clock.now();
				const requests = Math.min(capacity, level.requests + (now - level.at) / 100);
				level = {requests: requests < 1 ? requests : requests - 1, at: now};
				return requests < 1 ? throttle('requests') : undefined;
			},
		});
		const run = createRun(
			specOf({
				burst: 'full',
				targets: [targetOf(quotaOf(600, 10_000_000))],
				load: loadOf('saturate', {durationMs: 2 * minuteMs}),
			}),
			{backend: server, clock},
		);
		await clock.settle(run.start());
		const {events} = run.snapshot();
		expect(events.filter(({kind}) => kind === 'even')).toHaveLength(1);
		expect(events.filter(({kind}) => kind === 'surprise')).toEqual([]);
		expect(server.admitted.filter((at) => at < minuteMs).length).toBeGreaterThan(0.9 * 600);
		expect(server.admitted.filter((at) => at >= minuteMs && at < 2 * minuteMs).length).toBeGreaterThan(
			0.95 * 600,
		);
	});
});
