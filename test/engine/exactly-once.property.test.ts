import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {type Backend, type FailureClass, failureClasses, type Outcome} from '../../source/domain/backend.ts';
import {createRandom} from '../../source/domain/clock.ts';
import {loadShapes} from '../../source/domain/run-config.ts';
import {createRun} from '../../source/engine/run.ts';
import {FakeClock} from '../helpers/fake-clock.ts';
import {ModelServer} from '../helpers/model-server.ts';
import {isSoak} from '../helpers/random-cases.ts';
import {cellOf, itemsOf, loadOf, quotaOf, specOf, targetOf, variantOf} from '../helpers/spec-fixture.ts';

/** Tests source/engine/attempts/attempt-settlement.ts: each reservation is settled once. */

const windowMs = 6000;
const charges = ['none', 'unknown'] as const;

/** A backend whose every attempt may be answered, fail in any way, reject, or never end. */
const unruly = (clock: FakeClock, seed: number, faultPart: number): Backend => {
	const random = createRandom(seed);
	const model = new ModelServer({
		clock,
		windowMs,
		requestsPerWindow: 50,
		tokensPerWindow: 5000,
		delayMs: () => 100 * random(),
		serviceMs: () => 2000 * random(),
		outputTokens: () => 90 * random(),
	});
	const pick = <Value>(values: readonly Value[]): Value =>
		values[Math.floor(random() * values.length)] as Value;
	const fail = async (failureClass: FailureClass): Promise<Outcome> => {
		await new Promise<void>((resolve) => {
			clock.after(1000 * random(), resolve);
		});
		return {
			kind: 'failed',
			failure: {
				class: failureClass,
				message: failureClass,
				advice: '',
				isRetryable: random() < 0.8,
				charge: pick(charges),
			},
		};
	};
	// The classes that end a run at once would end most of these before anything happens.
	const classes = failureClasses.filter((each) => !['throttled-day', 'credentials'].includes(each));
	return {
		countTokens: model.countTokens,
		close: model.close,
		async invoke(request, options) {
			const part = random();
			if (part < faultPart) {
				return fail(pick(classes));
			}
			if (part < faultPart * 1.1) {
				throw new Error('rejected');
			}
			return part < faultPart * 1.2 ? new Promise<Outcome>(() => {}) : model.invoke(request, options);
		},
	};
};

describe('every reservation is settled, given back or kept exactly once', () => {
	it('whatever the service does, and whenever the run is paused or stopped', async () => {
		await fc.assert(
			fc.asyncProperty(
				fc.record({
					seed: fc.integer(),
					faultPart: fc.constantFrom(0, 0.05, 0.3, 0.8),
					shape: fc.constantFrom(...loadShapes),
					itemsPerRequest: fc.constantFrom(1, 3),
					stopAtMs: fc.integer({min: 0, max: 20_000}),
					deadlineMs: fc.constantFrom(0, 500, 5000),
					epochStepMs: fc.constantFrom(0, 3_600_000, -3_600_000),
				}),
				async ({seed, faultPart, shape, itemsPerRequest, stopAtMs, deadlineMs, epochStepMs}) => {
					const clock = new FakeClock();
					const run = createRun(
						specOf({
							windowMs,
							seed,
							targets: [targetOf(quotaOf(50, 5000))],
							variants: [variantOf('a', {itemsPerRequest}), variantOf('b')],
							cells: [cellOf({lane: 'high'}), cellOf({variant: 1, lane: 'low'})],
							task: {task: 'x', content: undefined, items: itemsOf(9), checks: []},
							load: loadOf(shape, {requests: 60, ratePerMinute: 600}),
						}),
						{backend: unruly(clock, seed, faultPart), clock},
					);
					const ended = run.start();
					await clock.advance(stopAtMs / 2);
					run.pause();
					clock.stepEpoch(epochStepMs);
					await clock.advance(300);
					run.resume();
					await clock.advance(stopAtMs / 2);
					run.stop('key', deadlineMs);
					const stoppedAt = clock.now();
					await clock.settle(ended);
					expect(clock.now()).toBeLessThanOrEqual(stoppedAt + deadlineMs);
					const {buckets, variants, phase} = run.snapshot();
					expect(phase).toBe('ended');
					expect(buckets[0]).toMatchObject({inFlight: 0, tokens: {reserved: 0}, requests: {reserved: 0}});
					for (const {requests} of variants) {
						const throttles = Object.values(requests.throttled).reduce((sum, each) => sum + each, 0);
						const failures = Object.values(requests.failed).reduce((sum, each) => sum + each, 0);
						expect(requests.succeeded + throttles + failures).toBeLessThanOrEqual(requests.attempts);
						expect(requests.succeeded).toBeLessThanOrEqual(requests.sent);
					}
					// Whatever was kept leaves with its window, and late answers of the backend change nothing.
					await clock.advance(2 * windowMs);
					const left = run.snapshot().buckets[0];
					expect([left?.requests.used, left?.tokens.used]).toEqual([0, 0]);
					expect(clock.timers).toBe(0);
				},
			),
			{numRuns: isSoak ? 1000 : 40},
		);
	}, 60_000);
});
