import type {BatchLimits} from '../domain/batch-limits.ts';

/** Some records of a batch that follow one another. */
export type Slice = {
	/** Position of the first. */
	readonly first: number;
	readonly count: number;
	readonly bytes: number;
};

/** Slices for the files of one job. */
export type JobSlice = Slice & {readonly files: readonly Slice[]};

/** Why a batch cannot be split. */
export type SplitFault =
	| {
			readonly kind: 'too-few';
			/** Records of the whole batch, and the jobs that they would be. */
			readonly records: number;
			readonly jobs: number;
			/** Fewest records of one job. */
			readonly leastRecords: number;
			/** Records of the whole batch that would be enough; null where no number of records like these is. */
			readonly enough: number | null;
	  }
	| {readonly kind: 'too-large'; readonly index: number; readonly bytes: number; readonly most: number};

type Bounds = {readonly records: number; readonly bytes: number};

/** Bytes of the records before each position, so that a slice's size is one subtraction. */
export function runningSums(sizes: readonly number[]): readonly number[] {
	const sums = [0];
	for (const [index, size] of sizes.entries()) {
		sums.push((sums[index] ?? 0) + size);
	}
	return sums;
}

/** Cuts a slice into as few even parts as fit: an even cut leaves no last part with too few records. */
const cut = ({first, count}: Slice, sums: readonly number[], bounds: Bounds): readonly Slice[] => {
	const bytesBetween = (from: number, to: number): number => (sums[to] ?? 0) - (sums[from] ?? 0);
	const least = Math.max(
		1,
		Math.ceil(count / bounds.records),
		Math.ceil(bytesBetween(first, first + count) / bounds.bytes),
	);
	for (let parts = least; ; parts++) {
		const edges = Array.from({length: parts + 1}, (_unused, part) =>
			Math.floor(first + (count * part) / parts),
		);
		const slices = edges.slice(1).map((to, part) => {
			const from = edges[part] ?? first;
			return {first: from, count: to - from, bytes: bytesBetween(from, to)};
		});
		if (slices.every(({bytes}) => bytes <= bounds.bytes)) {
			return slices;
		}
	}
};

const cutJobs = (
	sizes: readonly number[],
	sums: readonly number[],
	limits: BatchLimits,
): readonly Slice[] => {
	const whole = {first: 0, count: sizes.length, bytes: sums.at(-1) ?? 0};
	return cut(whole, sums, {records: limits.recordsPerJob, bytes: limits.bytesPerJob});
};

/** Further jobs are not tried: records too large for so many are too large for any number. */
const mostTried = 100;

/**
 * Records that would be enough: what is added may need a further job, and then that one wants its records too.
 * @param jobs Jobs that there are too few records for.
 */
const enoughRecords = (sizes: readonly number[], jobs: number, limits: BatchLimits): number | null => {
	for (let tried = jobs; tried < jobs + mostTried; tried++) {
		const count = tried * limits.leastRecords;
		const more = Array.from({length: count}, (_unused, index) => sizes[index % sizes.length] ?? 0);
		if (cutJobs(more, runningSums(more), limits).every((job) => job.count >= limits.leastRecords)) {
			return count;
		}
	}
	return null;
};

/**
 * Splits a batch into jobs and their files.
 * @param sizes Bytes of each record's line, its end included.
 */
export function splitBatch(
	sizes: readonly number[],
	limits: BatchLimits,
): {readonly jobs: readonly JobSlice[]} | {readonly fault: SplitFault} {
	const most = Math.min(limits.bytesPerFile, limits.bytesPerJob);
	const index = sizes.findIndex((size) => size > most);
	if (index !== -1) {
		return {fault: {kind: 'too-large', index, bytes: sizes[index] ?? 0, most}};
	}
	const sums = runningSums(sizes);
	const jobs = cutJobs(sizes, sums, limits);
	const {leastRecords} = limits;
	if (jobs.some(({count}) => count < leastRecords)) {
		const enough = enoughRecords(sizes, jobs.length, limits);
		return {fault: {kind: 'too-few', records: sizes.length, jobs: jobs.length, leastRecords, enough}};
	}
	const inFile = {records: limits.recordsPerFile, bytes: limits.bytesPerFile};
	return {jobs: jobs.map((job) => ({...job, files: cut(job, sums, inFile)}))};
}
