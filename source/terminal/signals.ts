/** Exit codes of the signals that end the program in an orderly way. */
const signalExitCodes = {SIGINT: 130, SIGTERM: 143, SIGHUP: 129} as const;

/**
 * Turns signals into an AbortSignal whose reason is the exit code. A second signal ends the program at once.
 * @returns The signal, a function that ends everything in the same orderly way with exit code 0, and one that takes the
 * handlers away.
 */
export const watchSignals = (): {
	readonly signal: AbortSignal;
	readonly endQuietly: () => void;
	readonly release: () => void;
} => {
	const controller = new AbortController();
	const handlers = Object.entries(signalExitCodes).map(([name, exitCode]) => {
		const handler = (): void => {
			if (controller.signal.aborted) {
				process.exit(exitCode);
			}
			controller.abort(exitCode);
		};
		process.on(name, handler);
		return () => {
			process.off(name, handler);
		};
	});
	return {
		signal: controller.signal,
		endQuietly() {
			controller.abort(0);
		},
		release() {
			for (const release of handlers) {
				release();
			}
		},
	};
};

/** Exit code of an aborted signal. */
export const signalExitCode = (signal: AbortSignal): number => signal.reason as number;
