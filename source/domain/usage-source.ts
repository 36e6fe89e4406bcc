import type {ReadFailureKind} from './backend.ts';

/** What the account monitor needs of CloudWatch, in our words; `bedrock/metrics` reads it from AWS. */

/** Sums per minute of one ModelId. */
export const usageMetrics = [
	'requests',
	'throttles',
	'clientErrors',
	'serverErrors',
	'inputTokens',
	'outputTokens',
	'cacheReadTokens',
	'cacheWriteTokens',
	/** EstimatedTPMQuotaUsage: quota tokens as the service settled them. Not every model has it. */
	'estimatedQuotaTokens',
] as const;
export type UsageMetric = (typeof usageMetrics)[number];

/** Percentiles of one ModelId in milliseconds: those of several cannot be merged. */
export const durationStatistics = ['firstTokenP50', 'firstTokenP90', 'latencyP50', 'latencyP90'] as const;
export type DurationStatistic = (typeof durationStatistics)[number];

export type SeriesName = UsageMetric | DurationStatistic;

export type SeriesQuery = {
	/** Value of the dimension: what the callers used; the ID of an application profile. */
	readonly modelId: string;
	readonly series: SeriesName;
};

/** Moments in milliseconds since 1970, by the service's clock; `toMs` is not included. */
export type TimeWindow = {readonly fromMs: number; readonly toMs: number};

/** Values of one query. Minutes without traffic have none. */
export type SeriesValues = SeriesQuery & {
	/** Begin of each period. */
	readonly at: readonly number[];
	readonly values: readonly number[];
	/** The service did not return all of it. */
	readonly isPartial: boolean;
};

/** Why something could not be read. */
export type UsageFailure = {
	/** IAM action, such as `cloudwatch:GetMetricData`. */
	readonly action: string;
	readonly kind: ReadFailureKind;
	readonly message: string;
};

/** Cost of polling: calls, and metrics asked for (which are billed). */
export type UsageCost = {readonly calls: number; readonly metrics: number};

/** Every answer has these beside its figures. */
type UsageAnswer = {
	readonly cost: UsageCost;
	/** The first reason why something is missing; undefined where it is complete. */
	readonly failure: UsageFailure | undefined;
	/** By how much the service's clock is ahead of this machine's; undefined where it is not known. */
	readonly clockAheadMs: number | undefined;
};

/** ModelIds that had traffic, each with the series that it has. */
type ActiveModels = UsageAnswer & {
	readonly models: ReadonlyMap<string, ReadonlySet<SeriesName>>;
	/** Projects of bedrock-mantle that called a ModelId; models without any are left out. */
	readonly projects?: ReadonlyMap<string, ReadonlySet<string>>;
	/** Which simulator answered; undefined of AWS. */
	readonly simulator?: string | undefined;
};

/** How far back models are listed: three hours, or the two weeks for which CloudWatch lists a metric. */
export type ListedSpan = 'recent' | 'kept';

/** What was read; queries that could not be read are missing. */
export type UsageReading = UsageAnswer & {readonly series: readonly SeriesValues[]};

/** Reads the account's use. Nothing rejects: a failure is a value. */
export type UsageSource = {
	readonly listActive: (signal: AbortSignal, span?: ListedSpan) => Promise<ActiveModels>;
	readonly read: (
		queries: readonly SeriesQuery[],
		window: TimeWindow,
		periodMs: number,
		signal: AbortSignal,
	) => Promise<UsageReading>;
};
