import {type BatchLimits, gigabyte, usualLimits} from '../../domain/batch-limits.ts';
import {formatCount} from '../../text/numbers.ts';

/** What the limits are called before people. */
const limitWords: Readonly<Record<keyof typeof usualLimits, string>> = {
	minRecords: 'least records a job',
	recordsPerFile: 'records a file',
	recordsPerJob: 'records a job',
	bytesPerFile: 'size of a file',
	bytesPerJob: 'size of a job',
	activeJobs: 'jobs at once',
};

const isGigabytes = (name: keyof typeof usualLimits): boolean => name.startsWith('bytes');

/** The assumed limits with their values: `records a file 50,000, size of a file 1 GB`. */
export function assumedText({assumed}: Pick<BatchLimits, 'assumed'>): string {
	return assumed
		.map((name) => {
			const value = usualLimits[name];
			return `${limitWords[name]} ${isGigabytes(name) ? `${value / gigabyte} GB` : formatCount(value)}`;
		})
		.join(', ');
}
