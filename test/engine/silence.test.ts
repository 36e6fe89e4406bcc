import {describe, expect, it} from 'vitest';
import {type Backend, type InvokeOptions, methods, type Outcome} from '../../source/domain/backend.ts';
import type {RunSpec} from '../../source/domain/run-config.ts';
import {createRun} from '../../source/engine/run.ts';
import {progressLine} from '../../source/plain/run.ts';
import {FakeClock} from '../helpers/fake-clock.ts';
import {cellOf, loadOf, quotaOf, specOf, targetOf} from '../helpers/spec-fixture.ts';

/** Tests source/engine/attempts/attempts.ts: silence ends an attempt. */

const minuteMs = 60_000;

/** A service that takes requests and says what `say` has it say, but never ends an answer, aborted or not. */
const start = (
	overrides: Partial<RunSpec>,
	say: (options: InvokeOptions, clock: FakeClock) => void = () => {},
) => {
	const clock = new FakeClock();
	const signals: AbortSignal[] = [];
	const backend: Backend = {
		countTokens: async () => 20,
		close() {},
		async invoke(_request, options) {
			signals.push(options.signal);
			say(options, clock);
			return new Promise<Outcome>(() => {});
		},
	};
	const run = createRun(
		specOf({
			targets: [targetOf(quotaOf(1000, 1_000_000))],
			load: loadOf('serial', {requests: 1}),
			...overrides,
		}),
		{backend, clock},
	);
	return {clock, run, signals, ended: run.start()};
};

const failuresOf = ({run}: ReturnType<typeof start>) =>
	run.snapshot().failures.map(({class: failureClass, message, count}) => [failureClass, message, count]);

describe('silence ends an attempt', () => {
	it.each(methods)('%s: before the first sign of an answer', async (method) => {
		const begun = start({method});
		const limitMs = (method.endsWith('stream') ? 5 : 60) * minuteMs;
		await begun.clock.advance(limitMs - 1);
		expect(begun.signals.map(({aborted}) => aborted)).toEqual([false]);
		await begun.clock.advance(1);
		expect(begun.signals[0]?.aborted).toBe(true);
		await begun.clock.settle(begun.ended);
		expect(begun.clock.now()).toBeLessThan(2 * limitMs + 1000);
		expect(failuresOf(begun)).toEqual([
			['timeout', `Nothing came for ${limitMs / minuteMs} min: the attempt was given up.`, 2],
		]);
		expect(begun.clock.timers).toBe(0);
	});

	it('between two pieces of one', async () => {
		const begun = start({}, ({onPiece}, clock) => {
			for (const at of [1, 2, 3.5, 5]) {
				clock.after(at * minuteMs, () => onPiece?.(() => ({inputTokens: 7, characters: 400})));
			}
		});
		await begun.clock.advance(7 * minuteMs - 1);
		expect(begun.signals).toHaveLength(1);
		await begun.clock.advance(2 * minuteMs);
		expect(failuresOf(begun)).toEqual([
			['timeout', 'Nothing came for 2 min in the middle of an answer: the attempt was given up.', 1],
		]);
		// What came is what it cost, as far as that is known.
		expect(begun.run.snapshot().variants[0]?.attemptsBroken).toMatchObject({count: 1, quotaTokens: 107});
		await begun.clock.settle(begun.ended);
	});

	it.each(methods)('%s: after what was typed', async (method) => {
		const begun = start({method, timeoutMs: 1500});
		await begun.clock.settle(begun.ended);
		expect(begun.clock.now()).toBeLessThan(3200);
		expect(failuresOf(begun)).toEqual([['timeout', 'Nothing came for 1 s: the attempt was given up.', 2]]);
	});

	it('ends a run that nobody answers', async () => {
		const begun = start({cells: [cellOf(), cellOf()], load: loadOf('measure', {requests: 20})});
		await begun.clock.settle(begun.ended);
		expect(begun.run.snapshot()).toMatchObject({outcome: 'failed', stoppedBy: 'fault'});
		expect(begun.clock.now()).toBeLessThan(21 * minuteMs);
	});
});

describe('a service that asks to wait', () => {
	const asking = (retryAfterMs: number, load: RunSpec['load']) => {
		const clock = new FakeClock();
		const sentAt: number[] = [];
		const backend: Backend = {
			countTokens: async () => 20,
			close() {},
			async invoke() {
				sentAt.push(clock.now());
				const failure = {class: 'throttled-requests', message: 'x', advice: '', charge: 'none'} as const;
				return {kind: 'failed', failure: {...failure, isRetryable: true, retryAfterMs}};
			},
		};
		const run = createRun(specOf({load}), {backend, clock});
		const ended = run.start();
		return {clock, run, sentAt, ended};
	};
	const noted = (run: ReturnType<typeof createRun>): readonly string[] =>
		run.snapshot().events.flatMap(({kind, text}) => (kind === 'retry-after' ? [text] : []));

	it.each([
		['5 min', 99_999_000, '27 h 46 min'],
		['5 min', 301_000, '5 min'],
		['5 min', Number.MAX_SAFE_INTEGER, '2,501,999,792 h 59 min'],
	])('is waited for %s at most, and the log says so (%d)', async (waited, retryAfterMs, asked) => {
		const {clock, run, sentAt, ended} = asking(retryAfterMs, loadOf('serial', {requests: 1}));
		await clock.advance(300_000);
		expect(sentAt).toHaveLength(1);
		expect(noted(run)).toEqual([
			`plain on test.model-v1:0: the service asks to wait ${asked} (Retry-After); it is tried again in ${waited}.`,
		]);
		await clock.advance(20_000);
		expect(sentAt.length).toBeGreaterThan(1);
		run.stop('key', 0);
		await clock.settle(ended);
	});

	it('is waited for no longer than the run has left', async () => {
		const load = loadOf('concurrency', {concurrency: 1, durationMs: 4000});
		const {clock, run, sentAt, ended} = asking(60_000, load);
		await clock.settle(ended);
		expect(sentAt.length).toBeGreaterThan(1);
		expect(clock.now()).toBeLessThanOrEqual(9000);
		expect(noted(run)).toHaveLength(1);
	});

	it('is obeyed without a word where it asks for less', async () => {
		const {clock, run, sentAt, ended} = asking(200_000, loadOf('serial', {requests: 1}));
		await clock.advance(199_999);
		expect(sentAt).toHaveLength(1);
		expect(noted(run)).toEqual([]);
		run.stop('key', 0);
		await clock.settle(ended);
	});
});

describe('silence is seen', () => {
	const line = ({run}: ReturnType<typeof start>): string =>
		progressLine(run.snapshot(), {width: 200, ascii: false});

	it('in the line of progress, from 10 s on, until something comes', async () => {
		const begun = start({load: loadOf('serial', {requests: 2})}, ({onPiece}, clock) => {
			clock.after(50_000, () => onPiece?.(() => ({inputTokens: 7, characters: 4})));
		});
		await begun.clock.advance(9000);
		expect(line(begun)).not.toContain('nothing came');
		await begun.clock.advance(31_000);
		expect(line(begun)).toContain('running, nothing came for 40 s');
		await begun.clock.advance(11_000);
		expect(line(begun)).not.toContain('nothing came');
		begun.run.stop('key', 100_000);
		await begun.clock.advance(20_000);
		expect(line(begun)).toContain('stopping · 1 request still in flight, nothing came for 21 s');
		await begun.clock.settle(begun.ended);
	});
});
