import {Worker} from 'node:worker_threads';
import {reasonOf, systemWords, UserError} from '../domain/user-error.ts';
import type {SimulatorOptions} from '../simulator/options.ts';
import {cleanText} from '../text/width.ts';
import type {SimulatorReport, SimulatorRequest} from './messages.ts';
import {workerEnvironment, workerUrl} from './worker-start.ts';

/** A simulator in its own thread, so that its work never affects a measured latency. */
type SimulatorHandle = {
	/** Base URL of every simulated service. */
	readonly url: string;
	readonly stop: () => Promise<void>;
};

/** Milliseconds to stop by itself before it is terminated. */
const stopLimitMs = 2000;

/**
 * Starts a simulator in a worker thread.
 * @throws UserError where it cannot start.
 */
export async function startSimulatorThread(options: SimulatorOptions): Promise<SimulatorHandle> {
	const worker = new Worker(workerUrl('simulator-worker'), {
		env: workerEnvironment(),
		stdout: true,
		stderr: true,
	});
	const send = (request: SimulatorRequest) => worker.postMessage(request);
	const ended = new Promise<void>((resolve) => {
		worker.once('exit', () => resolve());
	});

	const url = await new Promise<string>((resolve, reject) => {
		const fail = (message: string, hint?: string, exitCode: 1 | 2 = 1) => {
			void worker.terminate();
			reject(new UserError(message, {exitCode, hint}));
		};
		worker.once('error', (error) =>
			fail(cleanText(`The simulator's thread failed: ${reasonOf(error)}.`), systemWords(error)?.hint),
		);
		worker.once('exit', () => fail("The simulator's thread ended before it was ready."));
		worker.once('message', (report: SimulatorReport) => {
			switch (report.type) {
				case 'listening':
					resolve(report.url);
					return;
				case 'failed':
					fail(report.fault.message, report.fault.hint, report.fault.exitCode);
					return;
				case 'closed':
					fail("The simulator's thread closed before it was ready.");
					return;
			}
		});
		send({type: 'start', options});
	});

	return {
		url,
		async stop() {
			send({type: 'close'});
			const timer = setTimeout(() => void worker.terminate(), stopLimitMs);
			await ended;
			clearTimeout(timer);
		},
	};
}
