/** Options of an SDK call that a signal ends. */
export const abortedBy = (signal: AbortSignal | undefined): {readonly abortSignal?: AbortSignal} =>
	signal === undefined ? {} : {abortSignal: signal};
