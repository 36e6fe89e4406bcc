/** Progress of a job of a batch. */
export type JobProgress = {
	readonly name: string;
	/** As the service names it; `waiting` while it is not submitted. */
	readonly state: string;
	readonly records: number;
	readonly processed: number;
	readonly failed: number;
};

/** Progress of a batch. */
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

/** Pace of a batch; null before the first records, and when it is over. */
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
