import {type BatchLimits, gigabyte, usualLimits} from '../domain/batch-limits.ts';
import {formatCount} from '../text/numbers.ts';

/** Names of the limits in messages. */
const limitWords: Readonly<Record<keyof typeof usualLimits, string>> = {
	minRecords: 'minimum of records per job',
	recordsPerFile: 'records per file',
	recordsPerJob: 'records per job',
	bytesPerFile: 'size of a file',
	bytesPerJob: 'size of a job',
	activeJobs: 'jobs at once',
};

const isGigabytes = (name: keyof typeof usualLimits): boolean => name.startsWith('bytes');

/** The assumed limits with their values: `records per file 50,000, size of a file 1 GB`. */
export function assumedText({assumed}: Pick<BatchLimits, 'assumed'>): string {
	return assumed
		.map((name) => {
			const value = usualLimits[name];
			return `${limitWords[name]} ${isGigabytes(name) ? `${value / gigabyte} GB` : formatCount(value)}`;
		})
		.join(', ');
}
