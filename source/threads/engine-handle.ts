import {Worker} from 'node:worker_threads';
import {cleanText} from '../text/width.ts';
import {workerEnvironment} from './compile-cache.ts';
import type {EngineReport, EngineRequest} from './messages.ts';
import {workerUrl} from './worker-url.ts';

/** The engine as the main thread sees it. */
export type EngineHandle = {
	readonly send: (request: EngineRequest) => void;
	/** @returns A function that ends the subscription. */
	readonly onReport: (listener: (report: EngineReport) => void) => () => void;
	/** Closes connections and ends the thread; it is ended the hard way after `deadlineMs`. */
	readonly close: (deadlineMs: number) => Promise<void>;
};

/** Starts an engine: in a thread of its own, unless a test has it in this one. */
export type StartEngine = () => EngineHandle;

/** A worker's own prints would tear the screen: they become log lines. */
const forwardPrints = (worker: Worker, publish: (report: EngineReport) => void): void => {
	for (const stream of [worker.stdout, worker.stderr]) {
		stream.setEncoding('utf8');
		stream.on('data', (text: string) => {
			publish({type: 'log', text: text.trimEnd()});
		});
	}
};

const crash = (reason: string): EngineReport => ({
	type: 'failed',
	fault: {
		message: cleanText(`The engine stopped: ${reason}.`),
		hint: 'What was measured so far is kept. Please report this with the log (--log-file FILE).',
		exitCode: 1,
	},
});

/** Starts the engine's thread. A crash of it arrives as a `failed` report; nothing is thrown here. */
export const startEngineThread = (): EngineHandle => {
	const worker = new Worker(workerUrl('engine-worker'), {
		env: workerEnvironment(),
		stdout: true,
		stderr: true,
	});
	const listeners = new Set<(report: EngineReport) => void>();
	let isClosing = false;
	const publish = (report: EngineReport): void => {
		for (const listener of listeners) {
			listener(report);
		}
	};
	forwardPrints(worker, publish);
	worker.on('message', publish);
	worker.on('error', (error) => {
		publish(crash(error instanceof Error ? error.message : String(error)));
	});
	const exited = new Promise<void>((resolve) => {
		worker.on('exit', (code) => {
			if (!isClosing && code !== 0) {
				publish(crash(`its thread ended with code ${code}`));
			}
			resolve();
		});
	});
	return {
		send(request) {
			worker.postMessage(request);
		},
		onReport(listener) {
			listeners.add(listener);
			return () => {
				listeners.delete(listener);
			};
		},
		async close(deadlineMs) {
			isClosing = true;
			worker.postMessage({type: 'close'} satisfies EngineRequest);
			const timer = setTimeout(() => void worker.terminate(), deadlineMs);
			await exited;
			clearTimeout(timer);
		},
	};
};
