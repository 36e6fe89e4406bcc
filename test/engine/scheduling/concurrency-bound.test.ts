import {describe, expect, it} from 'vitest';
import type {Load} from '../../../source/domain/run-config.ts';
import {createRun} from '../../../source/engine/run.ts';
import {FakeClock} from '../../helpers/fake-clock.ts';
import {ModelServer} from '../../helpers/model-server.ts';
import {loadOf, quotaOf, specOf, targetOf} from '../../helpers/spec-fixture.ts';

/** Tests source/metrics/decisions/sustainable.ts: the rate of a closed loop. */

const quota = 1200;
/** A request counts from its first byte, after 300 ms without a stream. */
const allowed = quota / (1 + 300 / 60_000);

const play = async (load: Load, requestsPerMinute: number | null = quota) => {
	const clock = new FakeClock();
	const server = new ModelServer({clock, requestsPerWindow: quota, tokensPerWindow: 10_000_000});
	const target = targetOf(quotaOf(requestsPerMinute, requestsPerMinute === null ? null : 10_000_000));
	const run = createRun(specOf({targets: [target], load}), {backend: server, clock});
	await clock.settle(run.start());
	const {variants, advice} = run.snapshot();
	return {figures: variants[0], limit: advice.find(({kind}) => kind === 'limit')};
};

const concurrency = (inFlight: number, minutes = 1): Load =>
	loadOf('concurrency', {concurrency: inFlight, durationMs: minutes * 60_000});

describe('what bounds the sustainable rate of a closed loop', () => {
	it("is the concurrency where it is below the quota, by Little's law", async () => {
		const {figures, limit} = await play(concurrency(2));
		// Two in flight at 300 ms each.
		expect(figures?.sustainable).toMatchObject({limitedBy: 'concurrency'});
		expect(figures?.sustainable.usefulPerMinute).toBeCloseTo(400, 0);
		expect(figures?.rate.usefulPerMinute ?? 0).toBeGreaterThan(0.98 * 400);
		expect(limit?.text).toContain('limited by 2 requests in flight');
		expect(limit?.text).toContain('with about 6 in flight the quota allows 1,194');
		expect(limit?.usefulPerMinute).toBeCloseTo(allowed, 0);
	});

	it('is what the advice promised once the advice is followed', async () => {
		const {figures} = await play(concurrency(6, 3));
		expect(figures?.sustainable).toMatchObject({
			limitedBy: 'requests',
			usefulPerMinute: expect.closeTo(allowed, 6),
		});
		expect(figures?.rate.usefulPerMinute ?? 0).toBeGreaterThan(0.9 * quota);
	});

	it.each(['measure', 'serial'] as const)('is never the concurrency in %s', async (shape) => {
		const {figures} = await play(loadOf(shape, {requests: 20, concurrency: 1}));
		expect(figures?.sustainable).toMatchObject({
			limitedBy: 'requests',
			usefulPerMinute: expect.closeTo(allowed, 6),
		});
	});

	it('stays unknown where no quota is known', async () => {
		const {figures} = await play(concurrency(2), null);
		expect(figures?.sustainable).toMatchObject({limitedBy: 'none', usefulPerMinute: null});
	});
});
