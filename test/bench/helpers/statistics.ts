/** The `share` quantile (0 to 1) of some values, by nearest rank; NaN of none. */
export const quantile = (values: readonly number[], share: number): number => {
	const sorted = [...values].sort((first, second) => first - second);
	return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
};

/** The middle value; the mean of the two middle ones where their number is even. */
export const median = (values: readonly number[]): number => {
	const sorted = [...values].sort((first, second) => first - second);
	const middle = sorted.length / 2;
	const upper = sorted[Math.floor(middle)] ?? Number.NaN;
	return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
};

/** Runs two things in turn, so that a change of the machine's load meets both. */
export const alternate = async <A, B>(
	pairs: number,
	first: () => Promise<A>,
	second: () => Promise<B>,
): Promise<{readonly first: readonly A[]; readonly second: readonly B[]}> => {
	const results: {first: A[]; second: B[]} = {first: [], second: []};
	for (let pair = 0; pair < pairs; pair++) {
		// Which one goes first changes as well: the one that follows finds warm caches.
		if (pair % 2 === 0) {
			results.first.push(await first());
			results.second.push(await second());
		} else {
			results.second.push(await second());
			results.first.push(await first());
		}
	}
	return results;
};
