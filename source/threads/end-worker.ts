/**
 * Ends a worker from within, behind all that it has said. Closing its port lets Node wait for what is still written; where
 * ports cannot be closed (Deno), the thread is left instead.
 * @param exit Leaves this thread, not the program.
 */
export function endWorker(
	port: {readonly close?: () => void},
	exit: () => void = () => process.exit(),
): void {
	if (typeof port.close === 'function') {
		port.close();
	} else {
		exit();
	}
}
