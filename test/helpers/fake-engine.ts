import type {EngineReport, EngineRequest} from '../../source/threads/messages.ts';

/** An engine that does nothing by itself: it keeps what it was asked and reports what a test gives it. */
export type FakeEngine = {
	readonly send: (request: EngineRequest) => void;
	readonly onReport: (listener: (report: EngineReport) => void) => () => void;
	readonly requests: readonly EngineRequest[];
	/** Types of the requests so far. */
	readonly asked: () => readonly string[];
	readonly report: (report: EngineReport) => void;
};

/** @param onRequest Called with each request; may report at once. */
export function createFakeEngine(
	onRequest: (request: EngineRequest, report: FakeEngine['report']) => void = () => {},
): FakeEngine {
	const listeners = new Set<(report: EngineReport) => void>();
	const requests: EngineRequest[] = [];
	const report = (message: EngineReport) => {
		for (const listener of listeners) {
			listener(message);
		}
	};
	return {
		requests,
		asked: () => requests.map(({type}) => type),
		report,
		send(request) {
			requests.push(request);
			onRequest(request, report);
		},
		onReport(listener) {
			listeners.add(listener);
			return () => {
				listeners.delete(listener);
			};
		},
	};
}
