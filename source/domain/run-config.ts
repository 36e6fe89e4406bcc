import type {Method} from './backend.ts';
import type {Lane} from './bucket-usage.ts';
import type {Target} from './target.ts';
import type {Task, Variant} from './task.ts';

/** What a run is: its settings, which plan, snapshot and results are made from, and with whom and what it is started. */

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

/** Where and as whom AWS is called. Undefined settings are left to the AWS SDK's own chain. */
export type Connection = {
	readonly region: string | undefined;
	/** An ARN decided it, not the user. */
	readonly isRegionOfArn?: boolean;
	readonly profile: string | undefined;
	/** Profiles whose accounts are watched beside: runs never use them. */
	readonly otherProfiles?: readonly string[];
	/** Base URL of the embedded simulator, which then serves every service; undefined for an account. */
	readonly simulatorUrl: string | undefined;
	/** Silence that ends an attempt or a call, in milliseconds, where it was typed. */
	readonly timeoutMs?: number | undefined;
};

/** Where the store of a ledger is, and who calls it. */
export type LedgerAddress = {
	readonly place: {readonly host: string; readonly port: number} | {readonly path: string};
	readonly isEncrypted: boolean;
	readonly user?: string;
	readonly password?: string;
	readonly database: number;
};

/** The ledger that a fleet shares. */
export type FleetLedger = {
	/** As it is shown: without user and password. */
	readonly name: string;
	/** Holds the password: never written, logged or shown. */
	readonly address: LedgerAddress;
	/** While it can't be reached: go by a part of the quota, or send nothing. */
	readonly whenLost: 'split' | 'stop';
	/** Members of the fleet, where nobody else says it. */
	readonly members: number | undefined;
};

/** Limits typed by the user; they win over what is detected and are shown as `override`. */
export type QuotaOverride = {
	readonly requestsPerMinute: number | undefined;
	readonly tokensPerMinute: number | undefined;
	readonly burndown: number | undefined;
};

export type LaneConfig = {
	readonly lane: Lane;
	/** Names of the variants that run in this lane. */
	readonly variants: readonly string[];
	readonly ratePerMinute: number | null;
};

/** Limits of what a run may send or spend. */
export type Guards = {
	readonly maxRequests: number | null;
	/** HTTP exchanges, retries included; absent: no such limit. */
	readonly maxAttempts?: number | undefined;
	/** USD; null: no limit. */
	readonly maxCostUsd: number | null;
	/** Whether the user typed it: then it is a promise. A demo, which costs nothing, keeps only a typed one. */
	readonly isMaxCostGiven?: boolean;
	/** Start without asking. */
	readonly isConfirmed: boolean;
};

/** What was typed for a run, as far as its settings no longer show it: a command that repeats it needs it. */
export type RunOrigin = {
	/** Shipped name or path; absent: no preset. */
	readonly preset?: string | undefined;
	/** `@FILE`, `-` or the text itself; absent: the preset's. */
	readonly task?: string | undefined;
	readonly content?: string | undefined;
	readonly replay?: {readonly file: string; readonly speed: string | undefined} | undefined;
	/** Conditions that make it fail. */
	readonly failIf?: readonly string[];
};

/** A run, checked and complete: preset, flags and defaults combined. Plain data, so that it crosses threads. */
export type RunConfig = RunSettings & {
	readonly task: Task;
	/** Absent where nobody typed it. */
	readonly origin?: RunOrigin;
	/** Remarks on the input for the plan, one sentence each. */
	readonly remarks?: readonly string[];
	readonly variants: readonly Variant[];
	readonly models: readonly string[];
	/** Of a resumed run: the items that each variant is asked for on each model, and no others; absent: all of them. */
	readonly missing?: ReadonlyArray<{
		readonly model: string;
		readonly variant: string;
		readonly items: readonly number[];
	}>;
	readonly connection: Connection;
	/** Undefined: the programs of this host share their ledger on disk. */
	readonly ledger?: FleetLedger | undefined;
	readonly override: QuotaOverride;
	/** It was asked for in so many words, and is not replaced where a model does not take it. */
	readonly isMethodTyped?: boolean;
	readonly lanes: readonly LaneConfig[];
	readonly maxTokens: number;
	readonly guards: Guards;
	readonly tier: string | undefined;
	/** Skip the caches on disk. */
	readonly isRefreshing: boolean;
};

/** What a run would do and cost, shown before anything is sent. */
export type Plan = {
	readonly targets: readonly Target[];
	/** How the requests are sent; absent: as configured. */
	readonly method?: Method;
	/** Number of the account that is called; null where it is not known, absent in a demo. */
	readonly account?: string | null;
	/** Null when a duration ends the run. */
	readonly requests: number | null;
	/** The requests are an upper bound: the run ends as soon as it is decided. */
	readonly isMost?: boolean;
	/** Requests of the last run of the same comparison; absent where there was none. */
	readonly likelyRequests?: number | undefined;
	readonly durationSeconds: number | null;
	/** Quota tokens that the requests are expected to cost; null when that is not known. */
	readonly quotaTokens: number | null;
	/** Greatest part of a one-minute quota that the plan takes, 0 to 1; null when no quota is known. */
	readonly quotaShare: number | null;
	/** Upper bound of the minutes that the quotas allow it in; null when no quota is known, or a duration ends the run. */
	readonly quotaMinutes: number | null;
	/** Requests per minute that others leave, where they set `quotaMinutes`; absent otherwise. */
	readonly freePerMinute?: number;
	/** Upper bound in USD; null when a price is not known. */
	readonly costUsd: number | null;
	/** Upper bound of one request in USD; null when a price is not known. */
	readonly dearestRequestUsd?: number | null;
	readonly priceSource: string | null;
	/** Remarks, such as model names similar to an unmatched one; one sentence each. */
	readonly remarks: readonly string[];
	/** Why the run asks before it starts: others use its bucket and it would fill it, or it exceeds it. One of the remarks. */
	readonly crowding?: string | undefined;
	/** Why the run can send nothing, however it is confirmed: the day's quota is used up. One of the remarks. */
	readonly refusal?: string | undefined;
};
