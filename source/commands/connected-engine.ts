import {faultOf} from '../config/fault.ts';
import type {Connection} from '../config/run-config.ts';
import {type EngineHandle, startEngineThread} from '../threads/engine-handle.ts';
import type {EngineReport, EngineRequest} from '../threads/messages.ts';

/**
 * An engine for the screen, which is drawn before anything else is ready: its thread starts with the first request, and
 * a run is prepared as soon as the connection is known (a demo's simulator has to listen first).
 */
export const startConnectedEngine = (connection: Promise<Connection>): EngineHandle => {
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
	const connected = async (
		request: Extract<EngineRequest, {type: 'prepare' | 'watch-account'}>,
	): Promise<void> => {
		const engine = started();
		try {
			engine.send(
				request.type === 'prepare'
					? {...request, config: {...request.config, connection: await connection}}
					: {...request, watch: {...request.watch, connection: await connection}},
			);
		} catch (error) {
			publish({type: 'failed', fault: faultOf(error)});
		}
	};
	return {
		send(request) {
			if (request.type === 'prepare' || request.type === 'watch-account') {
				void connected(request);
			} else {
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
};
