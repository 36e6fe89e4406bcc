import type {Method} from './backend.ts';
import type {Lane} from './bucket-usage.ts';
import type {RunSettings} from './run-spec.ts';
import type {Target} from './target.ts';
import type {Task, Variant} from './task.ts';

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
	/** Number of the account that is called; null where nobody says, absent in a demo. */
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
