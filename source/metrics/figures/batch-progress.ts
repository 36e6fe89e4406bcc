/** Where a job of a batch stands. */
export type JobProgress = {
	readonly name: string;
	/** The service's word; `waiting` while it is not submitted. */
	readonly state: string;
	readonly records: number;
	readonly processed: number;
	readonly failed: number;
};

/** Where a batch stands. */
export type BatchProgress = {
	/** How many jobs are in each state. */
	readonly states: Readonly<Record<string, number>>;
	readonly jobs: readonly JobProgress[];
	readonly records: number;
	readonly processed: number;
	readonly failed: number;
	/** Milliseconds since the first record was processed; null before. */
	readonly workingMs: number | null;
};

/** How fast a batch goes; null before anything can be said, and when it is over. */
export function paceOf({
	records,
	processed,
	workingMs,
}: Pick<BatchProgress, 'records' | 'processed' | 'workingMs'>): {
	readonly perMinute: number;
	readonly leftMs: number;
} | null {
	if (workingMs === null || workingMs <= 0 || processed === 0 || processed >= records) {
		return null;
	}
	const perMs = processed / workingMs;
	return {perMinute: perMs * 60_000, leftMs: (records - processed) / perMs};
}
