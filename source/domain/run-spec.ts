import type {Method} from './backend.ts';
import type {Lane} from './lane.ts';
import type {Target} from './target.ts';
import type {Task, Variant} from './variant.ts';

export const loadShapes = ['measure', 'saturate', 'concurrency', 'rate', 'serial'] as const;
export type LoadShape = (typeof loadShapes)[number];

export const goals = ['throughput', 'efficiency', 'cost', 'latency'] as const;
export type Goal = (typeof goals)[number];

export const policies = ['fixed', 'adaptive'] as const;
export type Policy = (typeof policies)[number];

/** Service tiers that a request may name (`serviceTier` of Converse, `X-Amzn-Bedrock-Service-Tier` of InvokeModel). */
export const serviceTiers = ['reserved', 'priority', 'default', 'flex'] as const;

export const bursts = ['full', 'even'] as const;
export type Burst = (typeof bursts)[number];

export type Load = {
	readonly shape: LoadShape;
	/** In `measure` the requests of each variant, in every other shape those of the whole run; null: no such end. */
	readonly requests: number | null;
	/** Null: no such end. */
	readonly durationMs: number | null;
	readonly concurrency: number;
	/** For `rate`, over all variants; null otherwise. */
	readonly ratePerMinute: number | null;
	readonly arrival: 'constant' | 'poisson';
	/** Requests of each cell that are sent first and not counted; absent: none. */
	readonly warmUpRequests?: number;
	/** Time in which rate and concurrency grow evenly to what they are to be; absent: they are so at once. */
	readonly rampUpMs?: number;
};

/** A variant on a target in a lane: the unit that has figures of its own, in this order everywhere. */
export type Cell = {
	/** Index into `variants`. */
	readonly variant: number;
	/** Index into `targets`. */
	readonly target: number;
	readonly lane: Lane;
	/** A rate of this lane's own (lanes in a preset); null: the run's. */
	readonly ratePerMinute: number | null;
	/** Input tokens of one request: counted by the service, or estimated before the first answer. */
	readonly inputTokens: {
		readonly value: number;
		readonly isEstimated: boolean;
		/** Where nobody counted them: the most that they can be. */
		readonly most?: number;
	};
	/** Output tokens expected before the first answer; absent: an assumption of the engine's. */
	readonly expectedOutputTokens?: number;
	/** Max tokens that is sent; `auto` starts with this value and is right-sized from what is learnt. */
	readonly maxTokens: number;
	/** USD a token; null where the price is not known. */
	readonly price: Price | null;
	/** Indexes of the items that it is asked for, each once (a resumed run); absent: all of the task's. */
	readonly onlyItems?: readonly number[];
};

/** List prices in USD a token, with their source. */
export type Price = {
	/** It is the price of this Region, which may charge another one than the target's; absent where they do not differ. */
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
	/** Place in the order of the items at which the run begins; absent: the first (later rungs of a search ask other items). */
	readonly itemsFrom?: number | undefined;
	/** Variants that evidence puts out are sent no more, and a run that is decided ends; absent: all run to the end. */
	readonly isEliminating?: boolean;
	readonly seed: number;
};

/** All that the engine needs for one run: plain data, so that it crosses threads and replays. */
export type RunSpec = RunSettings & {
	readonly task: Task;
	readonly variants: readonly Variant[];
	readonly targets: readonly Target[];
	readonly cells: readonly Cell[];
	readonly maxRequests: number | null;
	readonly maxCostUsd: number | null;
	/** Somebody typed that limit: it ends the run where it can no longer be kept; absent: nobody did. */
	readonly isMaxCostGiven?: boolean;
	/** Silence that ends an attempt, in milliseconds, where it was typed; absent: as the method needs it. */
	readonly timeoutMs?: number | undefined;
	/** Length of the quota window; 60,000 except in tests and quick benchmarks. */
	readonly windowMs: number;
};
