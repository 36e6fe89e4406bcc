import {type MessagePort, parentPort} from 'node:worker_threads';
import {UserError} from '../domain/user-error.ts';
import {type RunningSimulator, startSimulator} from '../simulator/server.ts';
import type {Fault, SimulatorReport, SimulatorRequest} from './messages.ts';
import {endWorker} from './worker-start.ts';

/** Entry point of the simulator's thread. */

const faultOf = (error: unknown): Fault =>
	error instanceof UserError
		? {message: error.message, hint: error.hint, exitCode: error.exitCode}
		: {message: `The simulator failed: ${String(error)}`, hint: undefined, exitCode: 1};

const serve = (port: MessagePort): void => {
	let running: RunningSimulator | undefined;
	const report = (message: SimulatorReport) => port.postMessage(message);

	const obey = async (request: SimulatorRequest): Promise<void> => {
		switch (request.type) {
			case 'start':
				running = await startSimulator(request.options);
				report({type: 'listening', url: running.url});
				return;
			case 'close':
				await running?.stop();
				report({type: 'closed'});
				endWorker(port);
				return;
		}
	};

	port.on('message', (request: SimulatorRequest) => {
		obey(request).catch((error: unknown) => report({type: 'failed', fault: faultOf(error)}));
	});
};

if (parentPort !== null) {
	serve(parentPort);
}
