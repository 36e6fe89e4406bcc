import type {Standing} from '../../../domain/figures-schema.ts';

/** Quality against quota: which candidates are not beaten in both, and which continue to the next rung. */

const rateOf = ({usefulRate}: Standing): number => usefulRate.value ?? 0;
const costOf = ({quotaTokensPerUseful}: Standing): number => quotaTokensPerUseful ?? Number.POSITIVE_INFINITY;

/** At least as good in both, and better in one. */
const dominates = (one: Standing, other: Standing): boolean =>
	rateOf(one) >= rateOf(other) &&
	costOf(one) <= costOf(other) &&
	(rateOf(one) > rateOf(other) || costOf(one) < costOf(other));

/** The fewest quota tokens per useful item first, then the higher useful rate. */
export function byCost(one: Standing, other: Standing): number {
	return costOf(one) === costOf(other) ? rateOf(other) - rateOf(one) : costOf(one) < costOf(other) ? -1 : 1;
}

/** The candidates that no other beats (Pareto front), the cheapest first. */
export function frontOf<Each extends Standing>(standings: readonly Each[]): readonly Each[] {
	return standings.filter((each) => !standings.some((other) => dominates(other, each))).toSorted(byCost);
}

/** At least as good in both by the figures, and better in one by the whole interval. */
const provablyDominates = (one: Standing, other: Standing): boolean => {
	const isBetter = (one.usefulRate.low ?? 0) > (other.usefulRate.high ?? 1);
	const isCheaper =
		(one.quotaTokensPerUsefulWithin?.high ?? Number.POSITIVE_INFINITY) <
		(other.quotaTokensPerUsefulWithin?.low ?? 0);
	return dominates(one, other) && (isBetter || isCheaper);
};

/** The candidates that no other provably beats: equally good ones are all on the front. */
export function sureFrontOf<Each extends Standing>(standings: readonly Each[]): readonly Each[] {
	return standings
		.filter((each) => !standings.some((other) => provablyDominates(other, each)))
		.toSorted(byCost);
}

/** `count` members of an ordered row, evenly spread, with both ends. */
const spread = <Each>(row: readonly Each[], count: number): readonly Each[] =>
	row.length <= count
		? row
		: Array.from({length: count}, (_unused, place) => {
				const index = count === 1 ? 0 : Math.round((place * (row.length - 1)) / (count - 1));
				return row[index] as Each;
			});

const choose = <Each extends Standing>(standings: readonly Each[], count: number): readonly Each[] => {
	if (count <= 0 || standings.length === 0) {
		return [];
	}
	const front = frontOf(standings);
	const rest = standings.filter((each) => !front.includes(each));
	const chosen = spread(front, count);
	return [...chosen, ...choose(rest, count - chosen.length)];
};

/**
 * The candidates of the next rung: front by front, and of a long front both ends and an even spread between. Those whose
 * useful rate is provably below `minQuality` come last.
 */
export function survivorsOf<Each extends Standing>(
	standings: readonly Each[],
	count: number,
	minQuality: number | null,
): readonly Each[] {
	const canWin = ({usefulRate}: Standing): boolean =>
		minQuality === null || (usefulRate.high ?? 1) >= minQuality;
	const first = choose(standings.filter(canWin), count);
	const others = standings.filter((each) => !canWin(each));
	return [...first, ...choose(others, count - first.length)];
}
