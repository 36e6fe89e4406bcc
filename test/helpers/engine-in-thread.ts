import type {EngineHandle} from '../../source/threads/engine-handle.ts';
import {createEngine} from '../../source/threads/engine-session.ts';
import type {EngineReport, EngineRequest} from '../../source/threads/messages.ts';

/** Milliseconds that a plan waits for CloudWatch: on the busiest machine it is told what others use. */
const accountPatienceMs = 60_000;

/** The engine without a thread of its own: loading everything once more would take longer than what a test asks of it. */
export const startEngineHere = (): EngineHandle => {
	const listeners = new Set<(report: EngineReport) => void>();
	// What goes to and comes from a thread is copied, and later.
	const later = <Message>(take: (message: Message) => void) => {
		return (message: Message): void => {
			const copy = structuredClone(message);
			setImmediate(() => take(copy));
		};
	};
	const {promise: closed, resolve} = Promise.withResolvers<void>();
	const handle = createEngine(
		later((report: EngineReport) => {
			for (const listener of listeners) {
				listener(report);
			}
			if (report.type === 'closed') {
				resolve();
			}
		}),
		accountPatienceMs,
	);
	const send = later<EngineRequest>(handle);
	return {
		send,
		onReport(listener) {
			listeners.add(listener);
			return () => {
				listeners.delete(listener);
			};
		},
		async close() {
			send({type: 'close'});
			await closed;
		},
	};
};
