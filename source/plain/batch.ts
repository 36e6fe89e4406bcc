import {formatCount, formatDurationMs, formatPercent} from '../text/numbers.ts';

/** Lines about batch jobs, for pipes and terminals alike. */

/** Where a batch stands. */
export type BatchProgress = {
	/** How many jobs are in each state; `waiting` for those not submitted yet. */
	readonly states: Readonly<Record<string, number>>;
	readonly records: number;
	readonly processed: number;
	readonly failed: number;
	/** Milliseconds since the first record was processed; null before. */
	readonly workingMs: number | null;
};

/** `InProgress: 1,200 of 5,000 records (24%), 3 failed, 90 a second, 42s left`. */
export const batchProgressLine = ({states, records, processed, failed, workingMs}: BatchProgress): string => {
	const names = Object.entries(states)
		.map(([state, count]) => (Object.keys(states).length === 1 && count === 1 ? state : `${count} ${state}`))
		.join(', ');
	const done = `${formatCount(processed)} of ${formatCount(records)} records (${formatPercent(processed / records)})`;
	const parts = [done, ...(failed > 0 ? [`${formatCount(failed)} failed`] : [])];
	if (workingMs !== null && workingMs > 0 && processed > 0 && processed < records) {
		const perMs = processed / workingMs;
		parts.push(
			`${formatCount(perMs * 60_000)} a minute`,
			`about ${formatDurationMs((records - processed) / perMs)} left`,
		);
	}
	return `${names}: ${parts.join(', ')}`;
};

const barLength = 24;

/** `uploading [######------] 12.3 of 24.6 MB`. */
export const uploadLine = (bytes: number, totalBytes: number): string => {
	const share = totalBytes === 0 ? 1 : bytes / totalBytes;
	const filled = Math.round(share * barLength);
	const bar = '#'.repeat(filled) + '-'.repeat(barLength - filled);
	const megabytes = (count: number): string => (count / 1e6).toFixed(1);
	return `uploading [${bar}] ${megabytes(bytes)} of ${megabytes(totalBytes)} MB`;
};
