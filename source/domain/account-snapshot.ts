import type {FleetRow} from './fleet-view.ts';
import type {Price} from './run-config.ts';
import type {Burndown, Limit, Quota, Scope, Target} from './target.ts';

/** The account's use in one Region as the screen and the printouts see it: plain data, made once per minute. */

/** Requests and quota tokens of one minute. */
export type MinuteUse = {readonly requests: number; readonly quotaTokens: number};

/** Percentiles of one ModelId in milliseconds; null where there were too few answers, or none that streamed. */
export type ModelDurations = {
	readonly modelId: string;
	readonly firstTokenP50: number | null;
	readonly firstTokenP90: number | null;
	readonly latencyP50: number | null;
	readonly latencyP90: number | null;
};

/** The service's own count beside the formula's, where they are more than 5% apart. Quota tokens of the last hour. */
export type Disagreement = {
	readonly estimated: number;
	readonly computed: number;
	/** Output multiplier that would explain it; null where none would. */
	readonly burndown: number | null;
};

/** What throttled minutes let through, per minute: the middle, and where 8 of 10 lie (an interior minute counts more than one at an edge). */
export type MeasuredLimit = {readonly value: number; readonly low: number; readonly high: number};

/**
 * The limit as the service enforces it: evidence from minutes in which it throttled. Where it is not known which of the two
 * is the limit, each is what it would be; the one that is known not to be it is null.
 */
export type MeasuredCeiling = {
	readonly limitedBy: 'requests' | 'tokens' | 'unknown';
	/** Throttled minutes that it rests on. */
	readonly minutes: number;
	/** Begins of the first and the last of them, in milliseconds since 1970. */
	readonly fromMs: number;
	readonly toMs: number;
	readonly requests: MeasuredLimit | null;
	/** Settled quota tokens: what max tokens reserve while an answer is under way is not among them. */
	readonly quotaTokens: MeasuredLimit | null;
};

/** `idle`: nothing in three hours; `quiet`: nothing in the last quarter of an hour; `unknown`: CloudWatch was not read. */
export type Activity = 'active' | 'quiet' | 'idle' | 'unknown';

/** What a model offers besides a plain call, for advice. */
type ModelLevers = {
	/** Takes cache points: tokens that are read from the cache are not charged. */
	readonly takesCachePoints: boolean;
	/** Records of its smallest batch job; null where it is not known to run any. */
	readonly batchMinRecords: number | null;
};

/** How fast a quota of the day is used. */
export type DayPace = {
	/** Quota tokens per minute: the mean of the day while use is steady, else of the last hours; null where that is not known. */
	readonly perMinute: number | null;
	/** End of the newest whole minute, in milliseconds since 1970: the pace is of the time before. */
	readonly wholeToMs: number;
	/** Quota tokens of the minutes after it. */
	readonly newestTokens: number;
};

/** The quota of the day over all models of account and Region, which AWS counts by price: use in quota tokens is an estimate. */
export type AccountDay = DayPace & {
	readonly limit: Limit;
	/** Since midnight UTC; null while the day of some model is not known. */
	readonly tokens: number | null;
	/** The models that used it, the most first. */
	readonly models: ReadonlyArray<{readonly model: string; readonly tokens: number}>;
};

export type AccountBucket = {
	readonly key: string;
	readonly region: string;
	/** Base model; the ModelId itself where its base model is not known. */
	readonly model: string;
	readonly scope: Scope;
	/** ModelIds that had traffic, the busiest first. */
	readonly modelIds: readonly string[];
	/** What a benchmark of this bucket would call; null where nothing can be. */
	readonly callable: string | null;
	readonly quota: Quota;
	readonly burndown: Burndown;
	readonly levers: ModelLevers;
	readonly activity: Activity;
	/** Begin of the minute that `reported` is about, in milliseconds since 1970; null while nothing was read. */
	readonly minute: number | null;
	/** All of the account in that minute, as CloudWatch reports it. */
	readonly reported: MinuteUse & {
		readonly inputTokens: number;
		readonly outputTokens: number;
		readonly cacheReadTokens: number;
		readonly cacheWriteTokens: number;
		/** Null on bedrock-mantle, where no metric has them; as are errors of the service. */
		readonly throttles: number | null;
		readonly clientErrors: number;
		readonly serverErrors: number | null;
	};
	/** Runs of the user in the last 60 seconds, by their ledger; 0 as the monitor publishes it (`withOwnUse` adds it). */
	readonly own: MinuteUse;
	/** What is in use: runs of the user in real time and the rest of `reported`. */
	readonly use: MinuteUse;
	/** What others use, for admission: mean of the newest complete minutes without the user's runs. */
	readonly others: MinuteUse;
	/** Greatest minute of the last hour. */
	readonly peak: MinuteUse;
	/** Of the last hour; null where no metric has them. */
	readonly hourThrottles: number | null;
	readonly hourErrors: number;
	/** Quota tokens since midnight UTC of the day that it goes by; null where none asks for it, or it could not be read. */
	readonly dayTokens: number | null;
	/** Of the same day; absent where none is known. */
	readonly dayPace?: DayPace;
	/** List price of the last hour; null where the price is not known. */
	readonly costPerHourUsd: number | null;
	/** Region whose prices these are, where it is not the bucket's own. */
	readonly priceRegion?: string;
	readonly disagreement: Disagreement | null;
	/** Null with fewer than 5 throttled minutes in the last three hours. */
	readonly measured: MeasuredCeiling | null;
	readonly durations: readonly ModelDurations[];
	/** Minute by minute, the oldest first; the last `incompleteMinutes` of them are not whole yet. */
	readonly series: {
		readonly requests: readonly number[];
		readonly quotaTokens: readonly number[];
		/** Where output has a quota of its own. */
		readonly outputTokens?: readonly number[];
	};
	/** Programs that share it by a ledger, with what they use now; absent where there are none, or none is read. */
	readonly fleet?: readonly FleetRow[];
	/** Projects of bedrock-mantle that called it in the last three hours; absent where none is named. */
	readonly projects?: readonly string[];
	/** Remarks on this row, a sentence each. */
	readonly notes: readonly string[];
	/** Its profile, and the number of its account where that is known: where several profiles are watched. */
	readonly owner?: string;
	/** Its profile, where runs use another one. */
	readonly profile?: string;
};

/** Minutes at the end of every series that CloudWatch has not reported in full. */
export const incompleteMinutes = 2;
/** Minutes of a series: an hour, and what is not whole yet. */
export const seriesMinutes = 60 + incompleteMinutes;

/** Cost of watching. */
export type WatchCost = {
	readonly calls: number;
	readonly metrics: number;
	/** USD so far, and at the pace of the last polls; by `metricPrice`. */
	readonly usd: number;
	readonly usdPerHour: number;
};

/** Capacity that the account has bought: no quota per minute limits it. */
export type ProvisionedThroughput = {
	readonly name: string;
	/** What a call names. */
	readonly arn: string;
	/** ID of the foundation model. */
	readonly model: string;
	readonly units: number | null;
	/** What it is being changed to, where that differs. */
	readonly desiredUnits: number | null;
	/** In the service's words, such as `InService`. */
	readonly status: string | null;
	/** `OneMonth`, `SixMonths`; null without one. */
	readonly commitment: string | null;
	/** ISO 8601; null without a commitment. */
	readonly committedUntil: string | null;
};

export type AccountRegion = {
	readonly region: string;
	/** By which it is watched: where several are. */
	readonly profile?: string;
	/** Runs use another profile. */
	readonly isBeside?: boolean;
	/** Its number; null where unknown, absent in a demo and while it is being asked for. */
	readonly account?: string | null;
	readonly simulated: boolean;
	/** URL of an endpoint that is not AWS's. */
	readonly endpoint: string | null;
	readonly phase: 'loading' | 'live' | 'failed';
	/** What the first poll still waits for, a few words each; empty once it is over. */
	readonly waitingFor: readonly string[];
	/** Finished polls: one per minute. */
	readonly polls: number;
	/** Begin of the newest minute that is whole, by the service's clock. */
	readonly minute: number | null;
	/** Whether everything about that minute was read. */
	readonly isComplete: boolean;
	/** When this was made, in milliseconds since 1970 by the service's clock. */
	readonly at: number;
	readonly buckets: readonly AccountBucket[];
	/** Absent where the account has no quota of the day over all models. */
	readonly day?: AccountDay;
	/** Absent where the account has none, or it could not be read. */
	readonly provisioned?: readonly ProvisionedThroughput[];
	/** What is missing and why, and what the user should know: a sentence each. */
	readonly remarks: readonly string[];
	readonly cost: WatchCost;
	/** Seconds until the next poll, as it was planned. */
	readonly nextPollSeconds: number;
};

/** Identifies what is watched, without a blank in it: the Region, of another profile than that of runs with its name. */
export function sourceId(region: string, otherProfile: string | undefined): string {
	return otherProfile === undefined ? region : `${region}@${encodeURIComponent(otherProfile)}`;
}

/** Identifies a Region among those that are watched. */
export function sourceIdOf({region, profile, isBeside}: AccountRegion): string {
	return sourceId(region, isBeside === true ? profile : undefined);
}

/** All Regions that are watched, in the order in which they were named. */
export type AccountSnapshot = {readonly regions: readonly AccountRegion[]};

/** A bucket of the account, with everything about it that does not change from minute to minute. */
export type KnownBucket = {
	readonly key: string;
	/** `model` is what a call would name; quota and burndown are the bucket's. */
	readonly target: Target;
	/** False for what cannot be called by this name, such as a ModelId that hides its model. */
	readonly isCallable: boolean;
	readonly price: Price | null;
	readonly levers: ModelLevers;
	readonly notes: readonly string[];
};

/** Which bucket each ModelId draws from. */
export type AccountMap = {
	readonly buckets: ReadonlyMap<string, KnownBucket>;
	/** Key of the bucket by ModelId. */
	readonly owners: ReadonlyMap<string, string>;
};

/** Key of a bucket within a Region. */
export function bucketKey({baseModel, scope}: Pick<Target, 'baseModel' | 'scope'>): string {
	return `${baseModel} ${scope}`;
}

/** What `--alert` may watch. */
export const alertFigures = ['requests', 'tokens', 'day'] as const;
export type AlertFigure = (typeof alertFigures)[number];

export const alertOperators = ['<=', '>=', '==', '!=', '<', '>'] as const;

/** An alert on the account's use, as `--alert` defines it. */
export type Alert = {
	/** As typed. */
	readonly text: string;
	readonly figure: AlertFigure;
	readonly operator: (typeof alertOperators)[number];
	/** Percent. */
	readonly bound: number;
};
