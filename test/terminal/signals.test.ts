import {EventEmitter} from 'node:events';
import {describe, expect, it} from 'vitest';
import {Interrupted, untilSignal, watchSignals} from '../../source/terminal/signals.ts';

const open = () => {
	const process = new EventEmitter();
	const exits: number[] = [];
	let now = 1000;
	const watched = watchSignals({
		process: process as unknown as NodeJS.Process,
		now: () => now,
		exit: (code) => exits.push(code),
	});
	return {
		...watched,
		exits,
		/** Signals, each with the milliseconds that pass before it. */
		send(...signals: ReadonlyArray<readonly [number, string]>) {
			for (const [afterMs, name] of signals) {
				now += afterMs;
				process.emit(name);
			}
		},
		listeners: () => process.eventNames().length,
	};
};

const kinds = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR2'] as const;
const pairs = kinds.flatMap((first) => kinds.map((again) => [first, again] as const));
const isWindow = (name: string): boolean => name === 'SIGHUP' || name === 'SIGTERM';

describe('signals', () => {
	it.each(pairs)('%s, then %s: within a second one wish or two, later always two', (first, again) => {
		const quick = open();
		quick.send([0, first], [30, again], [30, again]);
		expect(quick.signal.aborted).toBe(true);
		const isOneWish = first === again || (isWindow(first) && isWindow(again));
		expect(quick.exits.length).toBe(isOneWish ? 0 : 2);

		const slow = open();
		slow.send([0, first], [1100, again]);
		expect(slow.exits.length).toBe(1);
	});

	it('have the exit codes of the shell, that of the first wish while it is carried out', () => {
		const codes = kinds.map((name) => {
			const {signal, send} = open();
			send([0, name]);
			return signal.reason as number;
		});
		expect(codes).toEqual([130, 143, 129, 131, expect.toBeOneOf([140, 159])]);
		const {signal, exits, send} = open();
		send([0, 'SIGHUP'], [5, 'SIGTERM'], [2000, 'SIGINT']);
		expect([signal.reason, ...exits]).toEqual([129, 130]);
	});

	it('cut nothing short where the reader of stdout went away first, as a closed window has it', () => {
		const {signal, end, exits, send} = open();
		end(0);
		send([10, 'SIGHUP'], [30, 'SIGHUP']);
		expect([signal.reason, exits]).toEqual([0, []]);
	});

	it('are let go of', () => {
		const {release, listeners} = open();
		expect(listeners()).toBeGreaterThanOrEqual(5);
		release();
		expect(listeners()).toBe(0);
	});
});

describe('work until a signal', () => {
	it('is left where it stands when the signal comes, before or after its begin', async () => {
		const never = new Promise<never>(() => {});
		const controller = new AbortController();
		const waiting = untilSignal(controller.signal, never);
		controller.abort(143);
		await expect(waiting).rejects.toMatchObject({exitCode: 143});
		await expect(untilSignal(controller.signal, never)).rejects.toBeInstanceOf(Interrupted);
	});

	it('gives its result where it ends first, or within the grace it has', async () => {
		const controller = new AbortController();
		await expect(untilSignal(controller.signal, Promise.resolve(1))).resolves.toBe(1);
		controller.abort(130);
		await expect(untilSignal(controller.signal, Promise.resolve(2), 1000)).resolves.toBe(2);
	});
});
