import {constants} from 'node:os';

/** Signals that end the program in an orderly way, where the system has them. */
const endings = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR2', 'SIGALRM', 'SIGXCPU'] as const;

/** A closed terminal and a stopped service send any of these, often several. */
const equivalent: ReadonlySet<string> = new Set(['SIGHUP', 'SIGTERM']);

/** A repetition within these milliseconds is a forwarded signal (shells, process groups, supervisors), not a second request. */
const repetitionMs = 1000;

type SignalPorts = {
	readonly process: Pick<NodeJS.Process, 'on' | 'off'>;
	readonly now: () => number;
	/** Ends the program at once. */
	readonly exit: (exitCode: number) => void;
};

const isRepetition = (first: string, again: string): boolean =>
	first === again || (equivalent.has(first) && equivalent.has(again));

/**
 * Turns signals into an AbortSignal whose reason is the exit code (128 plus the signal's number). A second request ends the
 * program at once.
 * @returns The signal, a function that aborts it with another exit code, and one that removes the handlers.
 */
export function watchSignals({process, now, exit}: SignalPorts): {
	readonly signal: AbortSignal;
	readonly end: (exitCode: number) => void;
	readonly release: () => void;
} {
	const controller = new AbortController();
	let first: {readonly name: string; readonly at: number} | undefined;
	const handlers = endings.flatMap((name) => {
		const number = constants.signals[name];
		if (number === undefined) {
			return [];
		}
		const handler = (): void => {
			if (first === undefined) {
				first = {name, at: now()};
				controller.abort(128 + number);
			} else if (!isRepetition(first.name, name) || now() - first.at >= repetitionMs) {
				exit(128 + number);
			}
		};
		process.on(name, handler);
		return () => {
			process.off(name, handler);
		};
	});
	return {
		signal: controller.signal,
		end(exitCode) {
			controller.abort(exitCode);
		},
		release() {
			for (const release of handlers) {
				release();
			}
		},
	};
}

/** Exit code of an aborted signal. */
export function signalExitCode(signal: AbortSignal): number {
	return signal.reason as number;
}

/** A signal interrupted a command. */
export class Interrupted extends Error {
	readonly exitCode: number;

	constructor(signal: AbortSignal) {
		super('interrupted by a signal');
		this.exitCode = signalExitCode(signal);
	}
}

/**
 * Waits for some work, unless a signal comes first: then the work is abandoned.
 * @param graceMs Milliseconds that the work has to end by itself after the signal.
 * @throws Interrupted
 */
export async function untilSignal<Value>(
	signal: AbortSignal,
	work: Promise<Value>,
	graceMs = 0,
): Promise<Value> {
	const {promise: interrupted, reject} = Promise.withResolvers<never>();
	let timer: NodeJS.Timeout | undefined;
	const interrupt = (): void => {
		timer = setTimeout(() => reject(new Interrupted(signal)), graceMs);
	};
	if (signal.aborted) {
		interrupt();
	} else {
		signal.addEventListener('abort', interrupt);
	}
	try {
		return await Promise.race([work, interrupted]);
	} finally {
		clearTimeout(timer);
		signal.removeEventListener('abort', interrupt);
	}
}
