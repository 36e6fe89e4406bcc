import {type BatchProgress, paceOf} from '../metrics/figures/batch-progress.ts';
import {formatCount, formatDurationMs, formatPercent} from '../text/numbers.ts';

/** Lines about batch jobs, for pipes and terminals alike. */

/** `InProgress: 1,200 of 5,000 records (24%), 3 failed, 90 a second, 42s left`. */
export const batchProgressLine = (progress: BatchProgress): string => {
	const {states, records, processed, failed} = progress;
	const names = Object.entries(states)
		.map(([state, count]) => (Object.keys(states).length === 1 && count === 1 ? state : `${count} ${state}`))
		.join(', ');
	const done = `${formatCount(processed)} of ${formatCount(records)} records (${formatPercent(processed / records)})`;
	const pace = paceOf(progress);
	const parts = [
		done,
		...(failed > 0 ? [`${formatCount(failed)} failed`] : []),
		...(pace === null
			? []
			: [`${formatCount(pace.perMinute)} a minute`, `about ${formatDurationMs(pace.leftMs)} left`]),
	];
	return `${names}: ${parts.join(', ')}`;
};

/** What is told while a watched job cannot be looked at. */
export const troubleLine = (message: string): string => `${message} (looking again)`;

const barLength = 24;

/** `uploading [######------] 12.3 of 24.6 MB`. */
export const uploadLine = (bytes: number, totalBytes: number): string => {
	const share = totalBytes === 0 ? 1 : bytes / totalBytes;
	const filled = Math.round(share * barLength);
	const bar = '#'.repeat(filled) + '-'.repeat(barLength - filled);
	const megabytes = (count: number): string => (count / 1e6).toFixed(1);
	return `uploading [${bar}] ${megabytes(bytes)} of ${megabytes(totalBytes)} MB`;
};
