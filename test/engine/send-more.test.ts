import {describe, expect, it} from 'vitest';
import type {RunSpec} from '../../source/domain/run-config.ts';
import type {MoreRequests} from '../../source/domain/snapshot.ts';
import {createRun, type Run, type RunPorts} from '../../source/engine/run.ts';
import {FakeClock} from '../helpers/fake-clock.ts';
import {ModelServer, type ModelServerOptions} from '../helpers/model-server.ts';
import {cellOf, itemsOf, loadOf, quotaOf, specOf, targetOf, variantOf} from '../helpers/spec-fixture.ts';

/** `a`: requests that are added to a run which has ended (`source/engine/run.ts`, `source/metrics/decisions/verdict.ts`). */

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

const offered = (run: Run): MoreRequests & {kind: 'offered'} => {
	const {more} = run.snapshot();
	if (more?.kind !== 'offered') {
		throw new Error(`nothing offered: ${more?.reason}`);
	}
	return more;
};

const two = {
	variants: [variantOf('one'), variantOf('two')],
	cells: [cellOf(), cellOf({variant: 1})],
	load: loadOf('measure', {requests: 5}),
};

describe('requests added to an ended run', () => {
	it('are sent to each variant and keep what was measured', async () => {
		const {clock, model, run} = setUp(two);
		await clock.settle(run.start());
		expect(run.snapshot()).toMatchObject({phase: 'ended', progress: {done: 10}});
		const more = offered(run);
		expect(more).toMatchObject({perVariant: 20, requests: 40, variants: ['one', 'two']});
		await clock.advance(30_000);
		const before = run.snapshot();

		const ended = run.sendMore();
		expect(run.snapshot()).toMatchObject({phase: 'running', endedAt: null, progress: {done: 10, total: 50}});
		await clock.settle(ended);
		const after = run.snapshot();
		expect(after).toMatchObject({
			phase: 'ended',
			outcome: 'completed',
			startedAt: before.startedAt,
			progress: {done: 50, total: 50},
			spec: {load: {requests: 25}},
		});
		expect(model.admitted).toHaveLength(50);
		expect(after.variants.map(({requests}) => requests.succeeded)).toEqual([25, 25]);
		expect(after.events.map(({kind}) => kind)).toContain('continued');
	});

	it('do not count the time in between', async () => {
		const loop = {load: loadOf('concurrency', {requests: 100, concurrency: 1})};
		const {clock, run} = setUp(loop, {});
		await clock.settle(run.start());
		const before = run.snapshot();
		const perRequestMs = before.elapsedMs / before.progress.done;
		await clock.advance(3_600_000);
		expect(offered(run).durationMs).toBeCloseTo(perRequestMs * 20, 0);
		await clock.settle(run.sendMore());
		expect(run.snapshot().progress.done).toBe(120);
		expect(offered(run).durationMs).toBeCloseTo(perRequestMs * 20, 0);
	});

	it('can be added again and again, and leave no timer behind', async () => {
		const {clock, run} = setUp(two);
		await clock.settle(run.start());
		for (let round = 1; round <= 3; round++) {
			await clock.settle(run.sendMore());
			expect(run.snapshot().progress.done).toBe(10 + round * 40);
		}
		expect(clock.timers).toBe(0);
	});

	it('can be stopped, and added to again', async () => {
		const {clock, run} = setUp(two);
		await clock.settle(run.start());
		const ended = run.sendMore();
		await clock.advance(10);
		run.stop('key', 1000);
		await clock.settle(ended);
		expect(run.snapshot()).toMatchObject({outcome: 'stopped', stoppedBy: 'key'});
		const {done} = run.snapshot().progress;
		await clock.settle(run.sendMore());
		expect(run.snapshot()).toMatchObject({
			outcome: 'completed',
			stoppedBy: null,
			progress: {done: done + 40},
		});
	});

	it('stay within the quota of the minute that the first part used', async () => {
		const {clock, model, run} = setUp(
			{
				...two,
				targets: [targetOf(quotaOf(20, null))],
				load: loadOf('measure', {requests: 10}),
			},
			{requestsPerWindow: 20},
		);
		await clock.settle(run.start());
		await clock.settle(run.sendMore());
		expect(model.throttles).toEqual([]);
		expect(run.snapshot().progress.done).toBe(60);
	});

	it('stop at the cost that was typed, over both parts together', async () => {
		const {clock, run} = setUp({...two, maxRequests: 14});
		await clock.settle(run.start());
		await clock.settle(run.sendMore());
		expect(run.snapshot()).toMatchObject({stoppedBy: 'requests', progress: {done: 14}});
		expect(run.snapshot().more).toMatchObject({kind: 'refused', reason: /max-requests/});
		await expect(run.sendMore()).rejects.toThrow(/max-requests/);
	});

	it.each([
		['a load with a rate', {load: loadOf('rate', {requests: 4, ratePerMinute: 60})}, /rate/],
		['a load that ends by time', {load: loadOf('saturate', {durationMs: 2000})}, /time/],
	])('are refused for %s, with the reason', async (_, spec, reason) => {
		const {clock, run} = setUp(spec);
		await clock.settle(run.start());
		expect(run.snapshot().more).toEqual({kind: 'refused', reason: expect.stringMatching(reason)});
	});

	it('are not offered before the end', () => {
		const {run} = setUp(two);
		void run.start();
		expect(run.snapshot().more).toBeUndefined();
	});

	it('go over the items where the first part ended', async () => {
		const {clock, model, run} = setUp({
			...two,
			task: {...specOf().task, items: itemsOf(30)},
			load: loadOf('measure', {requests: 10}),
		});
		await clock.settle(run.start());
		await clock.settle(run.sendMore());
		expect(run.snapshot().progress.done).toBe(60);
		expect(model.admitted).toHaveLength(60);
	});
});
