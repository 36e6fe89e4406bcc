import type {Method} from './backend.ts';
import type {Lane} from './bucket-usage.ts';
import type {Target} from './target.ts';
import type {Task, Variant} from './task.ts';

export const loadShapes = ['measure', 'saturate', 'concurrency', 'rate', 'serial'] as const;
/** What applications sent through a tap is a load too: as it was recorded (`--replay`), or as it passes. */
export type LoadShape = (typeof loadShapes)[number] | 'replay' | 'tap';

export const goals = ['throughput', 'efficiency', 'cost', 'latency'] as const;
export type Goal = (typeof goals)[number];

export const policies = ['fixed', 'adaptive'] as const;
type Policy = (typeof policies)[number];

/** Service tiers that a request may name (`serviceTier` of Converse, `X-Amzn-Bedrock-Service-Tier` of InvokeModel). */
export const serviceTiers = ['reserved', 'priority', 'default', 'flex'] as const;

export const bursts = ['full', 'even'] as const;
export type Burst = (typeof bursts)[number];

export type Load = {
	readonly shape: LoadShape;
	/** In `measure` the requests of each variant, in every other shape those of the whole run; null: no such limit. */
	readonly requests: number | null;
	/** Null: no such limit. */
	readonly durationMs: number | null;
	readonly concurrency: number;
	/** For `rate`, over all variants; null otherwise. */
	readonly ratePerMinute: number | null;
	readonly arrival: 'constant' | 'poisson';
	/** Requests of each cell that are sent first and not counted; absent: none. */
	readonly warmUpRequests?: number;
	/** Time in which rate and concurrency grow evenly to full; absent: full at once. */
	readonly rampUpMs?: number;
};

/** A variant on a target in a lane: the unit of all figures, in this order everywhere. */
export type CellSpec = {
	/** Index into `variants`. */
	readonly variant: number;
	/** Index into `targets`. */
	readonly target: number;
	readonly lane: Lane;
	/** Own rate of the lane (lanes in a preset); null: the run's. */
	readonly ratePerMinute: number | null;
	/** Input tokens of one request: counted by the service, or estimated before the first answer. */
	readonly inputTokens: {
		readonly value: number;
		readonly isEstimated: boolean;
		/** Upper bound where they are estimated. */
		readonly most?: number;
	};
	/** Output tokens expected before the first answer; absent: the engine assumes some. */
	readonly expectedOutputTokens?: number;
	/** Max tokens that is sent; `auto` starts with this value and right-sizes it from answers. */
	readonly maxTokens: number;
	/** How its requests are sent; absent: as the run's. */
	readonly method?: Method;
	/** USD per token; null where the price is not known. */
	readonly price: Price | null;
	/** Indexes of the items that it is asked for, each once (a resumed run); absent: all of the task's. */
	readonly onlyItems?: readonly number[];
};

/** List prices in USD per token, with their source. */
export type Price = {
	/** Region whose price this is, where it is not the target's. */
	readonly ofRegion?: string;
	readonly input: number;
	readonly output: number;
	readonly cacheRead: number;
	readonly cacheWrite: number;
	readonly source: string;
};

/** Upper bounds in milliseconds that a useful answer must meet to count as goodput. */
export type ServiceLevel = {readonly timeToFirstTokenMs?: number; readonly totalMs?: number};

/**
 * The settings of a run: listed here once. Flags and preset resolve to them (RunConfig), the engine runs by them (RunSpec),
 * and every view shows them (Snapshot).
 */
export type RunSettings = {
	readonly preset: string | null;
	readonly method: Method;
	/** Why it is another than was configured, for the log; absent: it is the same. */
	readonly methodNote?: string | undefined;
	readonly load: Load;
	readonly goal: Goal;
	readonly policy: Policy;
	readonly burst: Burst;
	/** Part of each quota that may be used, 0 to 1; above 1 it is exceeded on purpose. */
	readonly share: number;
	/** Spread requests over the targets instead of running every variant on each. */
	readonly isBalanced: boolean;
	/** Max tokens of the run, before any variant's own; undefined where only the cells know. */
	readonly maxTokens?: number | undefined;
	readonly isMaxTokensAuto: boolean;
	readonly minQuality: number | null;
	readonly serviceLevel: ServiceLevel | null;
	/** Index in the order of the items at which the run begins; absent: 0 (later rungs of a search ask other items). */
	readonly itemsFrom?: number | undefined;
	/** Eliminated variants are not sent any more, and a decided run ends; absent: all run to the end. */
	readonly isEliminating?: boolean;
	readonly seed: number;
};

/** Who is asked by a check that an LLM makes. */
type JudgeSpec = {
	readonly target: Target;
	readonly method?: Method;
	/** USD per token; null where the price is not known. */
	readonly price: Price | null;
};

/** All that the engine needs for one run: plain data, so that it crosses threads and replays. */
export type RunSpec = RunSettings & {
	readonly task: Task;
	readonly variants: readonly Variant[];
	readonly targets: readonly Target[];
	readonly cells: readonly CellSpec[];
	/** Of each check by an LLM, in the order of the task's checks; absent: it has none. */
	readonly judges?: readonly JudgeSpec[];
	readonly maxRequests: number | null;
	/** HTTP exchanges, retries included; absent: no such limit. */
	readonly maxAttempts?: number | undefined;
	readonly maxCostUsd: number | null;
	/** The user typed that limit: it ends the run where it can no longer be kept. */
	readonly isMaxCostGiven?: boolean;
	/** Silence that ends an attempt, in milliseconds, where it was typed; absent: as the method needs it. */
	readonly timeoutMs?: number | undefined;
	/** Length of the quota window; 60,000 except in tests and quick benchmarks. */
	readonly windowMs: number;
};
