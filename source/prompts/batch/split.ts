import type {BatchLimits} from './limits.ts';

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
	| {readonly kind: 'too-few'; readonly records: number; readonly needed: number}
	| {readonly kind: 'too-large'; readonly index: number; readonly bytes: number; readonly most: number};

type Bounds = {readonly records: number; readonly bytes: number};

/** Bytes of the records before each position, so that a slice's size is one subtraction. */
export const runningSums = (sizes: readonly number[]): readonly number[] => {
	const sums = [0];
	for (const [index, size] of sizes.entries()) {
		sums.push((sums[index] ?? 0) + size);
	}
	return sums;
};

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

/**
 * Splits a batch into jobs and their files.
 * @param sizes Bytes of each record's line, its end included.
 */
export const splitBatch = (
	sizes: readonly number[],
	limits: BatchLimits,
): {readonly jobs: readonly JobSlice[]} | {readonly fault: SplitFault} => {
	const most = Math.min(limits.bytesPerFile, limits.bytesPerJob);
	const index = sizes.findIndex((size) => size > most);
	if (index !== -1) {
		return {fault: {kind: 'too-large', index, bytes: sizes[index] ?? 0, most}};
	}
	const sums = runningSums(sizes);
	const whole = {first: 0, count: sizes.length, bytes: sums.at(-1) ?? 0};
	const jobs = cut(whole, sums, {records: limits.recordsPerJob, bytes: limits.bytesPerJob});
	const short = jobs.find(({count}) => count < limits.leastRecords);
	if (short !== undefined) {
		return {fault: {kind: 'too-few', records: short.count, needed: limits.leastRecords}};
	}
	const inFile = {records: limits.recordsPerFile, bytes: limits.bytesPerFile};
	return {jobs: jobs.map((job) => ({...job, files: cut(job, sums, inFile)}))};
};
