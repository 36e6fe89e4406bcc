/** What a search over the levers of a prompt tried and found. */

export const levers = ['pack', 'compress', 'cache', 'maxTokens'] as const;
export type Lever = (typeof levers)[number];

/** One rung: so many candidates with so many requests each. */
export type Rung = {readonly candidates: number; readonly requests: number};

/** What a rung found of a candidate. */
export type Standing = {
	readonly name: string;
	/** Useful items of those that were sent, 0 to 1, with its 95 % interval; null before anything was sent. */
	readonly usefulRate: {
		readonly value: number | null;
		readonly low: number | null;
		readonly high: number | null;
	};
	/** Settled; null where nothing was useful. */
	readonly quotaTokensPerUseful: number | null;
	/** What both parts of it, by their 95 % intervals, leave possible; absent where that is not known. */
	readonly quotaTokensPerUsefulWithin?: {readonly low: number; readonly high: number};
};

/** A candidate with what the last of its rungs found; nothing is added up over rungs, which ask the same items again. */
export type CandidateFigures = Standing & {
	readonly levers: readonly Lever[];
	/** Rungs that it was measured in. */
	readonly rungs: number;
	/** Of its last rung, as the items. */
	readonly requests: number;
	readonly items: {readonly sent: number; readonly useful: number};
};

/** What a search tried and found. */
export type SearchFigures = {
	/** Requests that were allowed, and those that were sent. */
	readonly budget: number;
	readonly requests: number;
	/** Combinations that apply to the preset; candidates are those of them that were tried. */
	readonly combinations: number;
	readonly rungs: readonly Rung[];
	readonly candidates: readonly CandidateFigures[];
	/** Names of those of the last rung that no other surely beats, by their intervals, the fewest quota tokens a useful item first. */
	readonly front: readonly string[];
};
