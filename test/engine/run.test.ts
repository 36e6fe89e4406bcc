import {describe, expect, it} from 'vitest';
import type {Backend, Failure, FailureClass, Outcome} from '../../source/domain/backend.ts';
import type {RunSpec} from '../../source/domain/run-config.ts';
import type {Phase} from '../../source/domain/snapshot.ts';
import type {AnswerRecord, LostRecord} from '../../source/engine/attempts/request-records.ts';
import {createRun, type RunPorts} from '../../source/engine/run.ts';
import {FakeClock} from '../helpers/fake-clock.ts';
import {ModelServer, type ModelServerOptions, throttle} from '../helpers/model-server.ts';
import {cellOf, itemsOf, loadOf, quotaOf, specOf, targetOf, variantOf} from '../helpers/spec-fixture.ts';

const failureOf = (failureClass: FailureClass, overrides: Partial<Failure> = {}): Failure => ({
	class: failureClass,
	message: `it was ${failureClass}`,
	advice: 'none',
	isRetryable: false,
	charge: 'none',
	...overrides,
});

const setUp = (
	spec: Partial<RunSpec> = {},
	server: Partial<ModelServerOptions> = {},
	ports: Partial<RunPorts> = {},
) => {
	const clock = new FakeClock();
	const model = new ModelServer({clock, ...server});
	const run = createRun(specOf(spec), {backend: model, clock, ...ports});
	return {clock, model, run};
};

/** Fails each attempt with the next failure of the list, then never again. */
const faults = (...list: readonly Failure[]): (() => Failure | undefined) => {
	const rest = [...list];
	return () => rest.shift();
};

describe('phases', () => {
	it('goes from ready through running and draining to ended', async () => {
		const {clock, run} = setUp();
		const phases: Phase[] = [];
		run.onPhaseChange((phase) => phases.push(phase));
		expect(run.snapshot()).toMatchObject({phase: 'ready', startedAt: null, outcome: null, elapsedMs: 0});
		const ended = run.start();
		expect(run.snapshot().phase).toBe('running');
		await clock.settle(ended);
		expect(phases).toEqual(['running', 'draining', 'ended']);
		expect(run.snapshot()).toMatchObject({
			outcome: 'completed',
			stoppedBy: null,
			startedAt: '2026-01-01T00:00:00.000Z',
			progress: {done: 20, total: 20, inFlight: 0, remainingMs: null, waitingFor: null},
		});
	});

	it('says in its timeline when requests waited for room', async () => {
		const {clock, run} = setUp({
			targets: [targetOf(quotaOf(30, null))],
			load: loadOf('saturate', {requests: 40, concurrency: 50}),
		});
		await clock.settle(run.start());
		const {points} = run.snapshot().timeline;
		const held = points.filter((point) => point.held === 1).map(({second}) => second);
		// 30 requests fill the minute; the others wait until the first of them leave it.
		expect(held.length).toBeGreaterThan(50);
		expect(held.at(-1)).toBeLessThanOrEqual(61);
		expect(points.every((point) => point.held === 1 || !('held' in point))).toBe(true);
	});

	it('leaves no timer behind', async () => {
		const {clock, run} = setUp({load: loadOf('saturate', {requests: 5, durationMs: 60_000})});
		await clock.settle(run.start());
		run.stop('key', 1000);
		expect(clock.timers).toBe(0);
	});

	it('sends nothing while it is paused, and does not count the pause', async () => {
		const {clock, model, run} = setUp({load: loadOf('concurrency', {durationMs: 10_000, concurrency: 1})});
		const ended = run.start();
		await clock.advance(3050);
		run.pause();
		const sent = model.admitted.length;
		await clock.advance(60_000);
		expect(run.snapshot()).toMatchObject({phase: 'paused', progress: {waitingFor: 'paused'}});
		expect(model.admitted.length).toBe(sent);
		run.resume();
		await clock.settle(ended);
		// 3.05 s and 6.95 s of running time at 300 ms a request, however long the pause was.
		expect(model.admitted.length).toBe(11 + 24);
	});

	it('says a rate over whole windows only, pauses left out', async () => {
		const {clock, run} = setUp(
			{
				load: loadOf('concurrency', {durationMs: 200_000, concurrency: 1}),
				targets: [targetOf(quotaOf(null, null))],
			},
			{requestsPerWindow: 1e6, tokensPerWindow: 1e9},
		);
		const rateNow = () => run.snapshot().variants[0]?.rate.requestsPerMinute;
		const ended = run.start();
		await clock.advance(59_000);
		expect(rateNow()).toBeNull();
		run.pause();
		await clock.advance(120_000);
		expect(rateNow()).toBeNull();
		run.resume();
		await clock.advance(30_000);
		// 60 s of running at 300 ms a request, and not what came after the window.
		expect(Math.abs((rateNow() ?? 0) - 200)).toBeLessThanOrEqual(1);
		run.stop('key', 1000);
		await clock.settle(ended);
		expect(Math.abs((rateNow() ?? 0) - 200)).toBeLessThanOrEqual(1);
	});

	it('drains what is in flight when it is stopped', async () => {
		const {clock, run} = setUp({load: loadOf('concurrency', {concurrency: 4})}, {serviceMs: () => 5000});
		const ended = run.start();
		await clock.advance(1000);
		run.stop('key', 10_000);
		expect(run.snapshot()).toMatchObject({phase: 'draining', progress: {inFlight: 4}});
		await clock.settle(ended);
		expect(clock.now()).toBe(5000);
		expect(run.snapshot()).toMatchObject({outcome: 'stopped', stoppedBy: 'key'});
		expect(run.snapshot().variants[0]?.requests.succeeded).toBe(4);
	});

	it('cuts off at the deadline what does not answer', async () => {
		const never: Backend = {
			invoke: () => new Promise<Outcome>(() => {}),
			countTokens: async () => undefined,
			close() {},
		};
		const {clock, run} = setUp({load: loadOf('concurrency', {concurrency: 4})}, {}, {backend: never});
		const ended = run.start();
		await clock.advance(1000);
		run.stop('signal', 500);
		await clock.settle(ended);
		expect(clock.now()).toBe(1500);
		const {buckets, variants} = run.snapshot();
		expect(variants[0]?.requests).toMatchObject({sent: 4, attempts: 4, succeeded: 0});
		expect(buckets[0]?.inFlight).toBe(0);
		// Nobody knows whether the service counted them: they stay for their minute.
		expect(buckets[0]?.requests.used).toBe(4);
	});

	it('can be stopped before it starts', async () => {
		const {clock, model, run} = setUp();
		run.stop('key', 0);
		await clock.settle(run.start());
		expect(run.snapshot()).toMatchObject({phase: 'ended', startedAt: null, outcome: 'stopped'});
		expect(model.admitted).toEqual([]);
	});
});

describe('measure', () => {
	it('interleaves the variants in blocks, with the same item for all of a block', async () => {
		const sent: string[] = [];
		const {clock, run} = setUp(
			{
				variants: [variantOf('a', {instruction: 'a {{item}}'}), variantOf('b', {instruction: 'b {{item}}'})],
				cells: [cellOf({variant: 0}), cellOf({variant: 1})],
				task: {task: 'x', content: undefined, items: itemsOf(50), checks: []},
				load: loadOf('measure', {requests: 10, concurrency: 1}),
			},
			{
				inputTokens(request) {
					sent.push(request.messages[0]?.text ?? '');
					return 20;
				},
			},
		);
		await clock.settle(run.start());
		expect(sent).toHaveLength(20);
		const blocks = Array.from({length: 10}, (_unused, index) => sent.slice(2 * index, 2 * index + 2));
		for (const block of blocks) {
			expect(block.map((text) => text[0]).sort()).toEqual(['a', 'b']);
			expect(new Set(block.map((text) => text.slice(2))).size).toBe(1);
		}
		expect(new Set(sent.map((text) => text.slice(2))).size).toBe(10);
		expect(new Set(blocks.map((block) => block[0]?.[0])).size).toBe(2);
		expect(run.snapshot().variants.map(({rate}) => rate.requestsPerMinute)).toEqual([null, null]);
	});

	it('repeats itself with the same seed', async () => {
		const play = async (seed: number): Promise<readonly string[]> => {
			const sent: string[] = [];
			const {clock, run} = setUp(
				{
					seed,
					variants: ['a', 'b', 'c'].map((name) => variantOf(name)),
					cells: [0, 1, 2].map((variant) => cellOf({variant})),
				},
				{
					inputTokens(request) {
						sent.push(request.messages[0]?.text ?? '');
						return 20;
					},
				},
			);
			await clock.settle(run.start());
			return sent;
		};
		expect(await play(5)).toEqual(await play(5));
		expect(await play(5)).not.toEqual(await play(6));
	});

	it('does not count warm-up requests', async () => {
		const {clock, model, run} = setUp({load: loadOf('measure', {requests: 20, warmUpRequests: 3})});
		await clock.settle(run.start());
		const {variants, progress} = run.snapshot();
		expect(model.admitted).toHaveLength(23);
		expect(variants[0]?.requests).toMatchObject({sent: 20, attempts: 20, succeeded: 20});
		expect(progress).toMatchObject({done: 20, total: 20});
	});

	it('keeps to the concurrency', async () => {
		const {clock, model, run} = setUp({load: loadOf('measure', {requests: 50, concurrency: 7})});
		await clock.settle(run.start());
		expect(model.maxInFlight).toBe(7);
	});
});

describe('other load shapes', () => {
	it('serial sends one at a time', async () => {
		const {clock, model, run} = setUp({
			load: loadOf('serial', {requests: 6}),
			variants: [variantOf('a'), variantOf('b')],
			cells: [cellOf(), cellOf({variant: 1})],
		});
		await clock.settle(run.start());
		expect(model.maxInFlight).toBe(1);
		expect(clock.now()).toBe(1800);
		expect(run.snapshot().variants.map(({requests}) => requests.succeeded)).toEqual([3, 3]);
		expect(run.snapshot().gain?.over).toBe('serial');
	});

	it('rate keeps its constant rhythm', async () => {
		const {clock, model, run} = setUp({load: loadOf('rate', {ratePerMinute: 60, requests: 10})});
		await clock.settle(run.start());
		expect(model.admitted).toEqual([0, 1000, 2000, 3000, 4000, 5000, 6000, 7000, 8000, 9000]);
	});

	it('rate grows evenly in its ramp-up, and is full after it', async () => {
		const load = loadOf('rate', {ratePerMinute: 600, durationMs: 30_000, rampUpMs: 10_000});
		const {clock, model, run} = setUp(
			{load, targets: [targetOf(quotaOf(null, null))]},
			{requestsPerWindow: 1e9, tokensPerWindow: 1e9},
		);
		await clock.settle(run.start());
		const countIn = (from: number, to: number): number =>
			model.admitted.filter((at) => at >= from && at < to).length;
		// Ten a second at the end: a quarter of the ramp's fifty in its first half.
		expect(countIn(0, 5000)).toBeGreaterThanOrEqual(12);
		expect(countIn(0, 5000)).toBeLessThanOrEqual(14);
		expect(countIn(0, 10_000)).toBeGreaterThanOrEqual(49);
		expect(countIn(0, 10_000)).toBeLessThanOrEqual(51);
		expect(countIn(20_000, 30_000)).toBe(100);
		const {latencyMs} = run.snapshot().variants[0] ?? {};
		expect(latencyMs?.dispatchDelay.max).toBeLessThan(2);
	});

	it('concurrency grows evenly in its ramp-up', async () => {
		const load = loadOf('concurrency', {concurrency: 20, durationMs: 20_000, rampUpMs: 10_000});
		const {clock, model, run} = setUp(
			{load, targets: [targetOf(quotaOf(null, null))]},
			{requestsPerWindow: 1e9, tokensPerWindow: 1e9},
		);
		const ended = run.start();
		await clock.advance(100);
		expect(model.inFlight).toBe(1);
		await clock.advance(5000);
		expect(model.inFlight).toBeGreaterThanOrEqual(9);
		expect(model.inFlight).toBeLessThanOrEqual(11);
		await clock.advance(6000);
		expect(model.inFlight).toBe(20);
		await clock.settle(ended);
	});

	it('rate with random arrivals has their mean', async () => {
		const {clock, model, run} = setUp(
			{
				load: loadOf('rate', {ratePerMinute: 600, requests: 2000, arrival: 'poisson'}),
				targets: [targetOf(quotaOf(null, null))],
			},
			{requestsPerWindow: 1e9, tokensPerWindow: 1e9},
		);
		await clock.settle(run.start());
		const seconds = (model.admitted.at(-1) ?? 0) / 1000;
		expect(2000 / seconds).toBeGreaterThan(9.3);
		expect(2000 / seconds).toBeLessThan(10.7);
	});

	it('rate states the delay of requests that had to wait', async () => {
		const {clock, run} = setUp(
			{load: loadOf('rate', {ratePerMinute: 120, requests: 20}), targets: [targetOf(quotaOf(10, 1e6))]},
			{requestsPerWindow: 10},
		);
		await clock.settle(run.start());
		const {dispatchDelay, total, service} = run.snapshot().variants[0]?.latencyMs ?? {};
		// The eleventh was meant for 5 s and found room when the first had left the window.
		expect(dispatchDelay?.max).toBeGreaterThan(54_000);
		expect(total?.max).toBeCloseTo((dispatchDelay?.max ?? 0) + 300, 0);
		expect(service?.max).toBeCloseTo(300, 0);
	});

	it('saturate states a rate that the quota allows, although each window is sent in a burst', async () => {
		const {clock, run} = setUp({
			load: loadOf('saturate', {durationMs: 120_000}),
			targets: [targetOf(quotaOf(100, 1e6))],
		});
		await clock.settle(run.start());
		const {requests, rate} = run.snapshot().variants[0] ?? {};
		expect(requests?.succeeded).toBe(200);
		expect(rate?.usefulPerMinute).toBeCloseTo(100, 0);
	});

	it('rate says how many requests were due and never sent', async () => {
		const limits = {targets: [targetOf(quotaOf(10, 1e6))]};
		const slow = loadOf('rate', {ratePerMinute: 120, durationMs: 30_000});
		const {clock, run} = setUp({load: slow, ...limits}, {requestsPerWindow: 10});
		await clock.settle(run.start());
		// Sixty were due, ten found room.
		const {events, variants} = run.snapshot();
		expect(variants[0]?.requests.sent).toBe(10);
		expect(events.find(({kind}) => kind === 'unsent')?.text).toMatch(
			/^50 requests that were due were never sent/,
		);

		const fast = setUp({load: loadOf('rate', {ratePerMinute: 10, durationMs: 30_000}), ...limits});
		await fast.clock.settle(fast.run.start());
		expect(fast.run.snapshot().events.map(({kind}) => kind)).not.toContain('unsent');
	});

	it('saturate without any quota finds the concurrency that the service can use', async () => {
		const {clock, model, run} = setUp(
			{
				load: loadOf('saturate', {durationMs: 60_000, concurrency: 4}),
				targets: [targetOf(quotaOf(null, null))],
			},
			{
				requestsPerWindow: 1e9,
				tokensPerWindow: 1e9,
				windowMs: 1000,
				// A service that works on 20 requests at a time; more only wait.
				serviceMs: () => 200 * Math.max(1, (model.inFlight + 1) / 20),
			},
		);
		const ended = run.start();
		await clock.advance(50_000);
		const {inFlight} = run.snapshot().progress;
		await clock.settle(ended);
		expect(inFlight).toBeGreaterThanOrEqual(18);
		expect(inFlight).toBeLessThanOrEqual(46);
		const rate = run.snapshot().variants[0]?.rate.requestsPerMinute ?? 0;
		// 20 at a time in 200 ms are 6,000 a minute.
		expect(rate).toBeGreaterThan(0.85 * 6000);
	});

	it('balances the requests over the buckets by the room they have', async () => {
		const targets = [targetOf(quotaOf(30, 1e6), 'a'), targetOf(quotaOf(90, 1e6), 'b')];
		const {clock, run} = setUp(
			{
				targets,
				isBalanced: true,
				cells: [cellOf(), cellOf({target: 1})],
				load: loadOf('saturate', {requests: 120}),
			},
			{requestsPerWindow: 120},
		);
		await clock.settle(run.start());
		expect(clock.now()).toBeLessThan(2000);
		expect(run.snapshot().variants.map(({requests}) => requests.succeeded)).toEqual([30, 90]);
	});
});

describe('guards', () => {
	it('stops at the greatest number of requests', async () => {
		const {clock, model, run} = setUp({maxRequests: 7});
		await clock.settle(run.start());
		expect(model.admitted).toHaveLength(7);
		expect(run.snapshot()).toMatchObject({outcome: 'stopped', stoppedBy: 'requests'});
	});

	it('never exceeds the greatest cost, not even by what is in flight', async () => {
		const price = {input: 0.001, output: 0.01, cacheRead: 0, cacheWrite: 0.001, source: 'test'};
		const {clock, run} = setUp({
			cells: [cellOf({price, maxTokens: 50})],
			load: loadOf('concurrency', {concurrency: 100}),
			maxCostUsd: 5,
		});
		await clock.settle(run.start());
		const {costUsd, stoppedBy} = run.snapshot();
		expect(stoppedBy).toBe('cost');
		// 20 x 0.001 + 16 x 0.01 a request; 0.52 at most were set aside for the next one.
		expect(costUsd).toBeLessThanOrEqual(5);
		expect(costUsd).toBeGreaterThan(5 - 0.52);
	});

	it('stops the run when the service says that the day is used up', async () => {
		const {clock, run} = setUp({}, {fault: faults(throttle('day'))});
		await clock.settle(run.start());
		const {stoppedBy, outcome, variants} = run.snapshot();
		expect({stoppedBy, outcome}).toEqual({stoppedBy: 'day', outcome: 'stopped'});
		expect(variants[0]?.requests.throttled.day).toBe(1);
		expect(variants[0]?.requests.sent).toBeLessThan(20);
	});

	it('says beside the whole rate what others leave of it', async () => {
		const {clock, run} = setUp(
			{targets: [targetOf(quotaOf(200, 1e6))], load: loadOf('measure', {requests: 30})},
			{requestsPerWindow: 1e6, tokensPerWindow: 1e9},
		);
		const ended = run.start();
		await clock.advance(1);
		expect(run.snapshot().variants[0]?.sustainable.afterOthers).toBeUndefined();
		run.setOthersUse(0, {requests: 50, tokens: 0});
		await clock.settle(ended);
		const {usefulPerMinute, afterOthers} = run.snapshot().variants[0]?.sustainable ?? {};
		expect(afterOthers?.othersShare).toBe(0.25);
		expect((afterOthers?.usefulPerMinute ?? 0) / (usefulPerMinute ?? 0)).toBeCloseTo(0.75, 6);
	});

	it('gives up only the target whose day is used up, and answers the rest on the other', async () => {
		const {clock, run} = setUp({
			targets: [targetOf(quotaOf(null, null, 500)), targetOf(quotaOf(null, null), 'other.model-v1:0')],
			cells: [cellOf(), cellOf({target: 1})],
			isBalanced: true,
			load: loadOf('concurrency', {concurrency: 2, requests: 60}),
		});
		await clock.settle(run.start());
		const {stoppedBy, outcome, buckets, variants, events} = run.snapshot();
		expect({stoppedBy, outcome}).toEqual({stoppedBy: null, outcome: 'completed'});
		expect(buckets[0]?.day.used).toBeLessThanOrEqual(500);
		expect(variants.reduce((sum, {requests}) => sum + requests.succeeded, 0)).toBe(60);
		expect(events.filter(({kind}) => kind === 'day')).toHaveLength(1);
	});

	it('gives up only the target whose day the service says is used up', async () => {
		let isFirst = true;
		const {clock, run} = setUp(
			{
				targets: [targetOf(quotaOf(null, null)), targetOf(quotaOf(null, null), 'other.model-v1:0')],
				cells: [cellOf(), cellOf({target: 1})],
				load: loadOf('measure', {requests: 20}),
			},
			{
				fault: () => {
					const isRefused = isFirst;
					isFirst = false;
					return isRefused ? throttle('day') : undefined;
				},
			},
		);
		await clock.settle(run.start());
		const {stoppedBy, variants} = run.snapshot();
		expect(stoppedBy).toBeNull();
		expect(variants.map(({requests}) => requests.succeeded).sort((a, b) => b - a)[0]).toBe(20);
		expect(variants.map(({requests}) => requests.throttled.day).sort()).toEqual([0, 1]);
	});

	it('stops before it uses more than the daily quota', async () => {
		const {clock, run} = setUp({
			targets: [targetOf(quotaOf(100, 100_000, 500))],
			load: loadOf('concurrency', {concurrency: 1}),
		});
		await clock.settle(run.start());
		expect(run.snapshot().stoppedBy).toBe('day');
		expect(run.snapshot().buckets[0]?.day.used).toBeLessThanOrEqual(500);
	});
});

describe('failures', () => {
	it('refuses at once a request that is larger than its bucket', async () => {
		const {clock, model, run} = setUp({
			targets: [targetOf(quotaOf(100, 1000))],
			cells: [cellOf({maxTokens: 4096})],
		});
		await clock.settle(run.start());
		const {failures, outcome, stoppedBy} = run.snapshot();
		expect(clock.now()).toBe(0);
		expect(model.admitted).toEqual([]);
		expect({outcome, stoppedBy}).toEqual({outcome: 'failed', stoppedBy: 'fault'});
		expect(failures[0]?.message).toContain('4,116 quota tokens');
		expect(failures[0]?.advice).toContain('980');
	});

	it('says that a blocked quota allows nothing', async () => {
		const {clock, run} = setUp({targets: [targetOf(quotaOf(0, 0))]});
		await clock.settle(run.start());
		expect(run.snapshot()).toMatchObject({outcome: 'failed', stoppedBy: 'fault'});
		expect(run.snapshot().failures[0]?.message).toContain('no requests');
	});

	it('tries again, counts the attempts and hides none of them in the latency', async () => {
		const overloaded = failureOf('overloaded', {isRetryable: true, retryAfterMs: 2000});
		const {clock, run} = setUp(
			{load: loadOf('measure', {requests: 1})},
			{fault: faults(overloaded, overloaded)},
		);
		await clock.settle(run.start());
		const {requests, latencyMs} = run.snapshot().variants[0] ?? {};
		expect(requests).toMatchObject({sent: 1, attempts: 3, succeeded: 1, throttled: {overloaded: 2}});
		// From the first attempt on, whatever the shape of the load; the last attempt alone took 300 ms.
		expect(latencyMs?.total.max ?? 0).toBeGreaterThan(4300);
		expect(latencyMs?.service.max).toBeCloseTo(300, 0);
		expect(clock.now()).toBeGreaterThan(4300);
	});

	it('gives a request up when its budget is spent, and lists it', async () => {
		const {clock, run} = setUp(
			{load: loadOf('measure', {requests: 1})},
			{fault: () => failureOf('network', {isRetryable: true})},
		);
		await clock.settle(run.start());
		const {variants, failures, outcome} = run.snapshot();
		expect(variants[0]?.requests).toMatchObject({sent: 1, attempts: 6, succeeded: 0, failed: {network: 6}});
		expect(failures).toMatchObject([{class: 'network', count: 6}]);
		expect(outcome).toBe('completed');
	});

	it('gives up a target that refuses the model, and goes on with the others', async () => {
		const {clock, model, run} = setUp(
			{
				targets: [targetOf(quotaOf(100, 1e6), 'no'), targetOf(quotaOf(100, 1e6), 'yes')],
				cells: [cellOf(), cellOf({target: 1})],
				load: loadOf('measure', {requests: 20, concurrency: 1}),
			},
			{fault: ({model: id}) => (id === 'no' ? failureOf('access-denied') : undefined)},
		);
		await clock.settle(run.start());
		const {variants, outcome, events} = run.snapshot();
		expect(variants[0]?.requests.attempts).toBe(1);
		expect(variants[1]?.requests.succeeded).toBe(20);
		expect(model.admitted).toHaveLength(20);
		expect(outcome).toBe('completed');
		expect(events.some(({kind}) => kind === 'given-up')).toBe(true);
	});

	it('gives up an endpoint that never answers', async () => {
		const {clock, run} = setUp(
			{load: loadOf('concurrency', {durationMs: 600_000, concurrency: 2})},
			{fault: () => failureOf('network', {isRetryable: true})},
		);
		await clock.settle(run.start());
		expect(clock.now()).toBeLessThan(30_000);
		expect(run.snapshot()).toMatchObject({outcome: 'failed', stoppedBy: 'fault'});
	});

	it('stops when no target is left', async () => {
		const {clock, run} = setUp({}, {fault: () => failureOf('credentials')});
		await clock.settle(run.start());
		expect(run.snapshot()).toMatchObject({outcome: 'failed', stoppedBy: 'fault'});
		expect(run.snapshot().variants[0]?.requests.attempts).toBeLessThanOrEqual(10);
	});

	it('survives a backend that rejects', async () => {
		const rejecting: Backend = {
			invoke: async () => {
				throw new Error('broken');
			},
			countTokens: async () => undefined,
			close() {},
		};
		const {clock, run} = setUp({load: loadOf('measure', {requests: 2})}, {}, {backend: rejecting});
		await clock.settle(run.start());
		expect(run.snapshot().failures).toMatchObject([{class: 'network', message: 'broken'}]);
	});

	it('steps down when the service has no capacity, holds, and comes back', async () => {
		const inFlight: number[] = [];
		let isOverloaded = false;
		const {clock, model, run} = setUp(
			{
				load: loadOf('concurrency', {concurrency: 16, durationMs: 60_000}),
				targets: [targetOf(quotaOf(null, null))],
			},
			{
				requestsPerWindow: 1e9,
				tokensPerWindow: 1e9,
				serviceMs: () => 1000,
				fault: () => (isOverloaded ? failureOf('overloaded', {isRetryable: true}) : undefined),
			},
		);
		const ended = run.start();
		for (let second = 0; second < 60; second++) {
			clock.after(second * 1000 + 500, () => {
				isOverloaded = second === 4;
				inFlight[second] = run.snapshot().buckets[0]?.inFlight ?? 0;
			});
		}
		await clock.settle(ended);
		expect(inFlight[4]).toBe(16);
		expect(inFlight[10]).toBe(8);
		expect(inFlight[55]).toBe(16);
		expect(model.throttles).toEqual([]);
		expect(run.snapshot().events.filter(({kind}) => kind === 'overloaded')).toHaveLength(2);
	});
});

describe('packed requests', () => {
	it('asks again, one by one, for the items whose answer is missing', async () => {
		const {clock, run} = setUp(
			{
				variants: [variantOf('packed', {itemsPerRequest: 4, instruction: '{{item}}'})],
				task: {task: 'x', content: undefined, items: itemsOf(8), checks: []},
				load: loadOf('measure', {requests: 2}),
			},
			{text: '{"1": "yes", "2": "no", "4": "yes"}'},
		);
		await clock.settle(run.start());
		const {items, requests} = run.snapshot().variants[0] ?? {};
		expect(requests).toMatchObject({sent: 4, succeeded: 4});
		expect(items).toEqual({sent: 10, useful: 8, checkFailed: 0, unparsed: 2});
		expect(run.snapshot().progress).toMatchObject({done: 2, total: 2});
	});
});

describe('answers', () => {
	it('are handed out as they come', async () => {
		const records: unknown[] = [];
		const {clock, run} = setUp(
			{load: loadOf('measure', {requests: 1})},
			{},
			{onAnswer: (record) => records.push(record)},
		);
		await clock.settle(run.start());
		expect(records).toMatchObject([
			{
				at: '2026-01-01T00:00:00.300Z',
				variant: 'plain',
				answer: 'fine',
				verdicts: [{item: null, kind: 'useful', checked: false}],
				quotaTokens: 36,
				attempts: 1,
				latencyMs: {service: 300},
			},
		]);
	});

	it('that were cut off are not useful', async () => {
		const {clock, run} = setUp({cells: [cellOf({maxTokens: 10})]});
		await clock.settle(run.start());
		const {requests, items, maxTokensAdvice} = run.snapshot().variants[0] ?? {};
		expect(requests).toMatchObject({succeeded: 20, truncated: 20});
		expect(items).toMatchObject({sent: 20, useful: 0});
		expect(maxTokensAdvice?.value).toBeNull();
	});
});

describe('requests without an answer', () => {
	const lostIn = async (
		spec: Partial<RunSpec>,
		fault: () => Failure | undefined,
		act: (run: ReturnType<typeof setUp>['run'], clock: FakeClock) => Promise<void> = async () => {},
	) => {
		const lost: LostRecord[] = [];
		const {clock, run} = setUp(spec, {fault}, {onLost: (record) => lost.push(record)});
		const ended = run.start();
		await act(run, clock);
		await clock.settle(ended);
		const [summary] = run.snapshot().events.filter(({kind}) => kind === 'lost');
		return {lost, summary, requests: run.snapshot().variants[0]?.requests};
	};

	it('are listed once each, with their items, attempts and reason, and counted in one line', async () => {
		const task = {task: 'Say fine.', content: undefined, items: itemsOf(5), checks: []};
		const timeout = failureOf('timeout', {isRetryable: true});
		const list = faults(failureOf('validation'), ...Array.from({length: 3}, () => timeout));
		const {lost, summary, requests} = await lostIn({task, load: loadOf('serial', {requests: 5})}, list);
		expect(lost.map(({reason}) => reason)).toContain('validation');
		expect(lost).toHaveLength((requests?.sent ?? 0) - (requests?.succeeded ?? 0));
		expect(lost[0]).toMatchObject({variant: 'plain', target: 0, model: 'test.model-v1:0', attempts: 1});
		expect(lost[0]?.items).toHaveLength(1);
		expect(summary?.text).toMatch(/^\d+ requests? got no answer: .*validation 1/);
		expect(summary?.text).toContain(
			`First items without one: plain ${lost.flatMap(({items}) => items).join(', ')}.`,
		);
	});

	it('are those that the end of the run cut off, too', async () => {
		const list = (): Failure => failureOf('model-error', {isRetryable: true});
		const {lost, summary} = await lostIn(
			{load: loadOf('concurrency', {concurrency: 3})},
			list,
			async (run, clock) => {
				await clock.advance(200);
				run.stop('key', 0);
			},
		);
		expect(lost.length).toBeGreaterThan(0);
		expect(lost.every(({reason}) => reason === 'stopped')).toBe(true);
		expect(summary?.text).toContain(`stopped ${lost.length}`);
	});

	it('are none where every request is answered', async () => {
		expect(await lostIn({}, () => undefined)).toMatchObject({lost: [], summary: undefined});
	});
});

describe('the end of the duration', () => {
	it('gives retries a moment, and then gives them up', async () => {
		const {clock, run} = setUp(
			{load: loadOf('concurrency', {concurrency: 4, durationMs: 2000})},
			{fault: () => failureOf('throttled-requests', {isRetryable: true, retryAfterMs: 30_000})},
		);
		await clock.settle(run.start());
		expect(clock.now()).toBe(7000);
		const {events, outcome, variants} = run.snapshot();
		expect(outcome).toBe('completed');
		expect(events.map(({text}) => text)).toContain('4 requests that were to be tried again were given up.');
		expect(variants[0]?.requests).toMatchObject({sent: 4, succeeded: 0});
		expect(clock.timers).toBe(0);
	});

	it('waits for a retry that comes soon, and for answers that come within 10 s', async () => {
		const {clock, run} = setUp(
			{load: loadOf('concurrency', {concurrency: 1, durationMs: 2000})},
			{
				fault: faults(failureOf('overloaded', {isRetryable: true, retryAfterMs: 1000})),
				serviceMs: () => 9000,
			},
		);
		await clock.settle(run.start());
		expect(run.snapshot().variants[0]?.requests).toMatchObject({sent: 1, succeeded: 1, attempts: 2});
		expect(clock.now()).toBeGreaterThan(10_000);
	});

	it('gives up answers that take longer, and says so', async () => {
		const lost: LostRecord[] = [];
		const {clock, run} = setUp(
			{load: loadOf('concurrency', {concurrency: 3, durationMs: 2000})},
			{serviceMs: () => 60_000},
			{onLost: (record) => lost.push(record)},
		);
		const ended = run.start();
		await clock.advance(5000);
		expect(run.snapshot().progress).toMatchObject({inFlight: 3, quietMs: 5000, remainingMs: 7000});
		await clock.settle(ended);
		expect(clock.now()).toBe(12_000);
		expect(lost.map(({reason}) => reason)).toEqual(['stopped', 'stopped', 'stopped']);
		expect(run.snapshot().events.map(({text}) => text)).toContain(
			'3 requests in flight got no answer before the run had to end, and may still be billed.',
		);
	});
});

describe('cells that are asked for some items only', () => {
	it.each([1, 2])('send those once each, and no others (%i a request)', async (itemsPerRequest) => {
		const task = {task: 'Say fine.', content: undefined, items: itemsOf(6), checks: []};
		const asked = [[0, 1, 2, 3, 4], [5], []];
		const records: AnswerRecord[] = [];
		const {clock, run} = setUp(
			{
				task,
				variants: asked.map((_items, index) => variantOf(`v${index}`, {itemsPerRequest})),
				cells: asked.map((onlyItems, variant) => cellOf({variant, onlyItems})),
				load: loadOf('measure', {requests: Math.ceil(5 / itemsPerRequest)}),
			},
			{text: '{"1": "fine", "2": "fine"}'},
			{onAnswer: (record) => records.push(record)},
		);
		await clock.settle(run.start());
		const sent = asked.map((_items, index) =>
			records
				.filter(({variant}) => variant === `v${index}`)
				.flatMap(({items}) => items)
				.toSorted(),
		);
		expect(sent).toEqual(asked);
		const total = asked.reduce((sum, items) => sum + Math.ceil(items.length / itemsPerRequest), 0);
		expect(run.snapshot().progress).toMatchObject({done: total, total});
	});
});
