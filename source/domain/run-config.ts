import type {Lane} from './lane.ts';
import type {RunSettings} from './run-spec.ts';
import type {Task, Variant} from './variant.ts';

/** Where and as whom AWS is called. Undefined settings are left to the AWS SDK's own chain. */
export type Connection = {
	readonly region: string | undefined;
	/** An ARN decided it, and nobody typed it. */
	readonly isRegionOfArn?: boolean;
	readonly profile: string | undefined;
	/** Base URL of the embedded simulator, which then serves every service; undefined for an account. */
	readonly simulatorUrl: string | undefined;
	/** Silence that ends an attempt or a call, in milliseconds, where it was typed. */
	readonly timeoutMs?: number | undefined;
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

/** Bounds on what a run may send or spend. */
export type Guards = {
	readonly maxRequests: number | null;
	/** USD; null: no limit. */
	readonly maxCostUsd: number | null;
	/** Whether somebody typed it: then it is a promise. A demo costs nothing and goes by that alone. */
	readonly isMaxCostGiven?: boolean;
	/** Start without asking. */
	readonly isConfirmed: boolean;
};

/** A run, checked and complete: preset, flags and defaults put together. Plain data, so that it crosses threads. */
export type RunConfig = RunSettings & {
	readonly task: Task;
	/** What was seen while the input was read, for the plan: one sentence each. */
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
