import type {Connection} from '../../domain/run-config.ts';
import {faultOf} from '../../domain/user-error.ts';
import {type EngineHandle, startEngineThread} from '../../threads/engine-handle.ts';
import type {EngineReport, EngineRequest} from '../../threads/messages.ts';

/** Requests that reach the service. */
type ConnectedRequest = Extract<EngineRequest, {type: 'prepare' | 'list-models' | 'watch-account'}>;

/** The request with the current connection, in the Region that was chosen on the screen. */
const withConnection = (request: ConnectedRequest, current: Connection): EngineRequest => {
	const {region} = (request.type === 'watch-account' ? request.watch : request.config).connection;
	const connection = {...current, region};
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
