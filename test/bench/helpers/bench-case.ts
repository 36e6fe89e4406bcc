/** What a benchmark is given and what it says. */

export type BenchOptions = {
	/** Windows of 6 s instead of 60 s, and fewer repetitions: proves the same in minutes. */
	readonly isQuick: boolean;
	/** Length of the quota window. */
	readonly windowMs: number;
};

/** One line of the table. A row without a verdict is there to compare with. */
export type Row = {
	readonly name: string;
	readonly ours: string;
	readonly comparison: string;
	/** Ratio or difference of the two. */
	readonly relation: string;
	readonly bound: string;
	readonly isMet: boolean | undefined;
	/** The figures behind it, for `--json`. */
	readonly figures: Readonly<Record<string, number | string | null>>;
};

export const groups = ['decisions', 'start', 'screen', 'engine', 'batch', 'account', 'reports'] as const;
export type Group = (typeof groups)[number];

export type BenchCase = {
	readonly name: string;
	readonly group: Group;
	/** One sentence for `--help`. */
	readonly about: string;
	readonly run: (options: BenchOptions) => Promise<readonly Row[]>;
};
