import {Worker} from 'node:worker_threads';
import {type Clock, systemClock} from '../domain/clock.ts';
import type {Connection} from '../domain/run-config.ts';
import {faultOf, reasonOf} from '../domain/user-error.ts';
import {cleanText} from '../text/width.ts';
import type {EngineReport, EngineRequest, Ping, Pong, TapReport, TapRequest} from './messages.ts';
import {workerEnvironment, workerUrl} from './worker-start.ts';

/** Milliseconds between two pings of the thread. */
const beatMs = 1000;
/** The thread counts as dead after this many pings without an answer. */
const maxMissed = 10;
/** Milliseconds that a stop may exceed its deadline, so that the last answers reach the disk. */
const stopGraceMs = 3000;
/** The same for a thread that has been silent since the stop was requested, with a ping after each of these times... */
const silentGraceMs = 250;
/** ...and so many of them: a thread that is only busy, or gets no processor, answers one. */
const maxSilences = 6;

/** Watches a thread, so that nothing waits for it without a limit. */
type EngineWatch = {
	/** The thread sent a message. */
	readonly heard: () => void;
	/** The thread was asked to end its run within `deadlineMs`. */
	readonly stopping: (deadlineMs: number) => void;
	/** Its run is over. */
	readonly stopped: () => void;
	readonly close: () => void;
};

/**
 * Counts missed pings instead of seconds: after a suspension, timers fire before the waiting messages, and one missed ping is
 * harmless.
 * @param beat Pings the thread.
 * @param onDead Called once, with the reason.
 */
export function watchEngine(clock: Clock, beat: () => void, onDead: (reason: string) => void): EngineWatch {
	let hasStarted = false;
	let missed = 0;
	/** No message since the stop was requested. */
	let isSilent = false;
	let isOver = false;
	let cancelBeat = (): void => {};
	let cancelStop: ReadonlyArray<() => void> = [];

	const stopped = (): void => {
		for (const cancel of cancelStop) {
			cancel();
		}
		cancelStop = [];
	};

	const close = (): void => {
		isOver = true;
		cancelBeat();
		stopped();
	};

	const die = (reason: string): void => {
		if (!isOver) {
			close();
			onDead(reason);
		}
	};

	const next = (): void => {
		cancelBeat = clock.after(beatMs, () => {
			// A thread that is still loading has sent no message yet.
			missed += hasStarted ? 1 : 0;
			if (missed > maxMissed) {
				die(`it did not answer for ${(maxMissed * beatMs) / 1000} s`);
				return;
			}
			beat();
			next();
		});
	};
	next();

	return {
		heard() {
			hasStarted = true;
			isSilent = false;
			missed = 0;
		},
		stopping(deadlineMs) {
			stopped();
			isSilent = true;
			beat();
			let cancelSilence = (): void => {};
			const listen = (delayMs: number, silences: number): void => {
				cancelSilence = clock.after(delayMs, () => {
					if (!isSilent) {
						return;
					}
					if (silences === maxSilences) {
						die('it did not answer when it was asked to stop');
						return;
					}
					beat();
					listen(silentGraceMs, silences + 1);
				});
			};
			listen(deadlineMs + silentGraceMs, 1);
			cancelStop = [
				() => cancelSilence(),
				clock.after(deadlineMs + stopGraceMs, () => die('it did not stop when it was asked to')),
			];
		},
		stopped,
		close,
	};
}

/** The main thread's side of a thread that works for it. */
type ThreadHandle<Request, Report> = {
	readonly send: (request: Request) => void;
	/** @returns A function that ends the subscription. */
	readonly onReport: (listener: (report: Report) => void) => () => void;
	/** Closes connections and ends the thread; it is terminated after `deadlineMs`. */
	readonly close: (deadlineMs: number) => Promise<void>;
};

export type EngineHandle = ThreadHandle<EngineRequest, EngineReport>;
export type TapHandle = ThreadHandle<TapRequest, TapReport>;

/** Starts an engine: in its own thread, or in this one for a test. */
export type StartEngine = () => EngineHandle;

/** What is reported of a thread rather than by it. */
type OfItself = Extract<EngineReport, {type: 'failed' | 'log'}>;

/** Output of the thread would tear the screen: it becomes log lines. */
const forwardPrints = (worker: Worker, publish: (report: OfItself) => void): void => {
	for (const stream of [worker.stdout, worker.stderr]) {
		stream.setEncoding('utf8');
		stream.on('data', (text: string) => {
			publish({type: 'log', text: text.trimEnd()});
		});
	}
};

const crash = (reason: string): OfItself => ({
	type: 'failed',
	fault: {
		message: cleanText(`The engine stopped: ${reason}.`),
		hint: 'What was measured so far is kept. Please report this with the log (--log-file FILE).',
		exitCode: 1,
	},
});

/** Milliseconds to wait for a terminated thread, which a system call may hold. */
const terminateMs = 1000;

/**
 * Starts a thread. A crash or a thread that no longer answers arrives as a `failed` report; nothing is thrown.
 */
function startThread<
	Request extends {readonly type: string; readonly deadlineMs?: number},
	Report extends {readonly type: string},
>(entry: URL, clock: Clock): ThreadHandle<Request, Report | OfItself> {
	const worker = new Worker(entry, {env: workerEnvironment(), stdout: true, stderr: true});
	const listeners = new Set<(report: Report | OfItself) => void>();
	let isOver = false;
	const publish = (report: Report | OfItself): void => {
		for (const listener of [...listeners]) {
			listener(report);
		}
	};
	const die = (reason: string): void => {
		watch.close();
		if (!isOver) {
			isOver = true;
			publish(crash(reason));
		}
	};
	const watch = watchEngine(
		clock,
		() => worker.postMessage({type: 'ping'} satisfies Ping),
		(reason) => {
			void worker.terminate();
			die(reason);
		},
	);
	forwardPrints(worker, publish);
	worker.on('message', (report: Report | Pong) => {
		watch.heard();
		if (report.type === 'pong') {
			return;
		}
		if (report.type === 'ended' || report.type === 'failed') {
			watch.stopped();
		}
		publish(report as Report);
	});
	worker.on('error', (error) => die(reasonOf(error)));
	const exited = new Promise<void>((resolve) => {
		worker.on('exit', (code) => {
			if (code !== 0) {
				die(`its thread ended with code ${code}`);
			}
			watch.close();
			resolve();
		});
	});
	return {
		send(request) {
			if (request.type === 'stop' && request.deadlineMs !== undefined) {
				watch.stopping(request.deadlineMs);
			}
			worker.postMessage(request);
		},
		onReport(listener) {
			listeners.add(listener);
			return () => {
				listeners.delete(listener);
			};
		},
		async close(deadlineMs) {
			isOver = true;
			watch.close();
			worker.postMessage({type: 'close'} satisfies Extract<EngineRequest, {type: 'close'}>);
			const {promise: given, resolve: giveUp} = Promise.withResolvers<void>();
			let cancel = clock.after(deadlineMs, () => {
				void worker.terminate();
				cancel = clock.after(terminateMs, giveUp);
			});
			await Promise.race([exited, given]);
			cancel();
		},
	};
}

/** Starts the engine's thread. */
export function startEngineThread(
	entry: URL = workerUrl('engine-worker'),
	clock: Clock = systemClock,
): EngineHandle {
	return startThread<EngineRequest, EngineReport>(entry, clock);
}

/** Starts the thread of a tap. */
export function startTapThread(entry: URL = workerUrl('tap-worker'), clock: Clock = systemClock): TapHandle {
	return startThread<TapRequest, TapReport>(entry, clock);
}

/** Requests that reach the service. */
type ConnectedRequest = Extract<EngineRequest, {type: 'prepare' | 'list-models' | 'watch-account'}>;

/** The request with the current connection, in the Region that was chosen on the screen. */
const withConnection = (request: ConnectedRequest, current: Connection): EngineRequest => {
	const {region, otherProfiles} = (request.type === 'watch-account' ? request.watch : request.config)
		.connection;
	// A demo has one account.
	const beside = current.simulatorUrl === undefined && otherProfiles !== undefined ? {otherProfiles} : {};
	const connection = {...current, region, ...beside};
	switch (request.type) {
		case 'prepare':
			return {...request, config: {...request.config, connection}};
		case 'list-models':
			return {...request, config: {...request.config, connection}};
		case 'watch-account':
			return {...request, watch: {...request.watch, connection}};
	}
};

/**
 * An engine for the screen, which is drawn before anything else is ready. Its thread and the simulator of a demo start
 * with the first request; requests to the service wait until the simulator listens.
 */
export function startConnectedEngine(connect: () => Promise<Connection>): EngineHandle {
	const listeners = new Set<(report: EngineReport) => void>();
	const publish = (report: EngineReport): void => {
		for (const listener of listeners) {
			listener(report);
		}
	};
	let thread: EngineHandle | undefined;
	const started = (): EngineHandle => {
		if (thread === undefined) {
			thread = startEngineThread();
			thread.onReport(publish);
		}
		return thread;
	};
	const sendConnected = async (request: ConnectedRequest): Promise<void> => {
		const engine = started();
		try {
			engine.send(withConnection(request, await connect()));
		} catch (error) {
			const type = request.type === 'list-models' ? 'models-failed' : 'failed';
			publish({type, fault: faultOf(error)});
		}
	};
	return {
		send(request) {
			switch (request.type) {
				case 'prepare':
				case 'list-models':
				case 'watch-account':
					void sendConnected(request);
					break;
				default:
					started().send(request);
			}
		},
		onReport(listener) {
			listeners.add(listener);
			return () => {
				listeners.delete(listener);
			};
		},
		async close(deadlineMs) {
			await thread?.close(deadlineMs);
		},
	};
}
