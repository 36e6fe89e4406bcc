import type {BatchLimits} from '../bedrock/jobs/batch-limits.ts';

/** Some records of a batch that follow one another. */
export type Slice = {
	/** Position of the first. */
	readonly first: number;
	readonly count: number;
	readonly bytes: number;
};

/** The records of one job, and how they are cut into files. */
export type JobSlice = Slice & {readonly files: readonly Slice[]};

export type SplitFault =
	| {
			readonly kind: 'too-few';
			/** Records of the whole batch, and the jobs that they would be. */
			readonly records: number;
			readonly jobs: number;
			/** Fewest records of one job. */
			readonly minRecords: number;
			/** Records of the whole batch that would be enough; null where no number of such records is. */
			readonly enough: number | null;
	  }
	| {readonly kind: 'too-large'; readonly index: number; readonly bytes: number; readonly max: number};

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
	const minParts = Math.max(
		1,
		Math.ceil(count / bounds.records),
		Math.ceil(bytesBetween(first, first + count) / bounds.bytes),
	);
	for (let parts = minParts; ; parts++) {
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

/** Records too large for this many further jobs are too large for any number of jobs. */
const maxTried = 100;

/**
 * Records that would be enough. The added ones may need a further job, which has its own minimum.
 * @param jobs Jobs for which there are too few records.
 */
const enoughRecords = (sizes: readonly number[], jobs: number, limits: BatchLimits): number | null => {
	for (let tried = jobs; tried < jobs + maxTried; tried++) {
		const count = tried * limits.minRecords;
		const more = Array.from({length: count}, (_unused, index) => sizes[index % sizes.length] ?? 0);
		if (cutJobs(more, runningSums(more), limits).every((job) => job.count >= limits.minRecords)) {
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
	const max = Math.min(limits.bytesPerFile, limits.bytesPerJob);
	const index = sizes.findIndex((size) => size > max);
	if (index !== -1) {
		return {fault: {kind: 'too-large', index, bytes: sizes[index] ?? 0, max}};
	}
	const sums = runningSums(sizes);
	const jobs = cutJobs(sizes, sums, limits);
	const {minRecords} = limits;
	if (jobs.some(({count}) => count < minRecords)) {
		const enough = enoughRecords(sizes, jobs.length, limits);
		return {fault: {kind: 'too-few', records: sizes.length, jobs: jobs.length, minRecords, enough}};
	}
	const inFile = {records: limits.recordsPerFile, bytes: limits.bytesPerFile};
	return {jobs: jobs.map((job) => ({...job, files: cut(job, sums, inFile)}))};
}
