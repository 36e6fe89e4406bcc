import type {Task, Variant} from '../domain/task.ts';
import type {Contender, Dropped} from './candidates.ts';
import type {Bar, Proof} from './comparison.ts';
import type {RaceRung} from './race.ts';
import type {Split} from './split.ts';

/** What an optimisation knows between two steps, beside its answers: plain data, kept on disk after each step. */

/** Of one round: what was asked of the rewriter, and what raced. */
export type Round = {
	/** From 1. */
	readonly number: number;
	/** Names of the variants that the rewriter rewrote. */
	readonly parents: readonly string[];
	readonly isRewritten: boolean;
	/** Names of the candidates that came in. */
	readonly candidates: readonly string[];
	/** Empty before the race. */
	readonly rungs: readonly RaceRung[];
	/** Those that were left at its end. */
	readonly left: readonly string[];
	readonly isOver: boolean;
};

/** Sent and spent so far. */
export type Spend = {
	/** HTTP exchanges, retries and the rewriter's included. */
	readonly requests: number;
	/** USD, where an upper bound is known the upper bound; null: no price is known. */
	readonly costUsd: number | null;
	readonly quotaTokens: number;
};

export const nothingSpent: Spend = {requests: 0, costUsd: 0, quotaTokens: 0};

/** The sum of two spends. */
export function spentTogether(one: Spend, other: Spend): Spend {
	return {
		requests: one.requests + other.requests,
		costUsd: one.costUsd === null || other.costUsd === null ? null : one.costUsd + other.costUsd,
		quotaTokens: one.quotaTokens + other.quotaTokens,
	};
}

/** The candidate of the proof, named before any held-out item was asked. */
type Chosen = {readonly name: string; readonly items: number};

export type OptimizeState = {
	readonly rounds: readonly Round[];
	/** All that raced or races, the preset's own variants among them, the baseline not. */
	readonly candidates: readonly Contender[];
	readonly dropped: readonly Dropped[];
	/** Those that left the race, with the reason. */
	readonly out: Readonly<Record<string, string>>;
	/** Null: nothing promised a saving; absent: not decided. */
	readonly chosen?: Chosen | null;
	readonly proof?: Proof;
	readonly model: Spend;
	readonly rewriter: Spend;
	/** A step is under way: it may send and spend so much. Found at a resume, the program was killed in it. */
	readonly underWay?: {
		readonly requests: number;
		readonly dearestUsd: number | null;
		readonly isRewriter: boolean;
	};
	/** Why it ended before its verdict; absent: it did not. */
	readonly endedBy?: string;
};

export const emptyState: OptimizeState = {
	rounds: [],
	candidates: [],
	dropped: [],
	out: {},
	model: nothingSpent,
	rewriter: nothingSpent,
};

/** What an optimisation goes by from its beginning to its end. */
export type OptimizeSetup = {
	readonly task: Task;
	/** Of the run, where a variant does not say its own. */
	readonly maxTokens: number;
	readonly split: Split;
	/** What a rewrite must beat; the text of the task stands in its templates. */
	readonly baseline: Variant;
	/** Candidates that are there before the first round. */
	readonly own: readonly Contender[];
	readonly bar: Bar;
	readonly rounds: number;
	/** Requests in all, and USD; null: no limit. */
	readonly budget: {readonly requests: number; readonly costUsd: number | null};
	/** Upper bounds of one request in USD; null where a price is not known. */
	readonly dearestUsd: {readonly model: number | null; readonly rewriter: number | null};
	readonly burndown: number;
	/** Name of the variant that asks the rewriter. */
	readonly rewriterName: string;
};
