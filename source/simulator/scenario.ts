import {z} from 'zod';
import {trafficShapes} from './cloudwatch/background.ts';

/** What else goes on in the simulated account, beside the requests that are sent to it. */

const count = z.number().nonnegative();
const share = z.number().min(0).max(1);

const trafficSchema = z.strictObject({
	modelId: z.string(),
	copiedFrom: z.string().optional(),
	regions: z.array(z.string()).readonly().optional(),
	shape: z.enum(trafficShapes).optional(),
	requestsPerMinute: count,
	inputTokens: count,
	outputTokens: count,
	cacheReadTokens: count.optional(),
	cacheWriteTokens: count.optional(),
	throttledShare: share.optional(),
	errorShare: share.optional(),
});

const metricsSchema = z.strictObject({
	/** Milliseconds from the end of a minute until its metrics are whole. */
	delayMs: count.optional(),
	/** Calls that are throttled before the first that is answered. */
	throttleFirst: count.optional(),
	/** Calls of GetMetricData whose results are only a part, for ever. */
	partialFirst: count.optional(),
	/** Most datapoints of a page, where the service's own bound is too far away. */
	pageDatapoints: z.number().int().positive().optional(),
	/** By how much the service's clock is ahead of the machine's; negative: behind. */
	clockAheadMs: z.number().optional(),
});

/** How batch inference jobs go. */
const batchSchema = z.strictObject({
	/** Milliseconds in each of the states before a job works. */
	stepMs: count.optional(),
	recordsPerSecond: z.number().positive().optional(),
	/** Part of the records that the model fails at. */
	errorShare: share.optional(),
	/** State in which every job ends, instead of Completed. */
	endsAs: z.enum(['PartiallyCompleted', 'Failed', 'Expired']).optional(),
	/** Records that are done by then; all without it. */
	endsAfterRecords: count.optional(),
	/** Jobs of a base model that may be submitted and in progress at once. */
	mostJobs: z.number().int().positive().optional(),
});

/** Further keys of a script (`--faults FILE`). */
export const scenarioShape = {
	/** Traffic of other applications: it fills the buckets and shows in the metrics. */
	background: z.array(trafficSchema).readonly().optional(),
	metrics: metricsSchema.optional(),
	/** IAM actions that the caller has not, such as `cloudwatch:GetMetricData`. */
	denied: z.array(z.string()).readonly().optional(),
	batch: batchSchema.optional(),
	/** Buckets that S3 does not know; any other is there as soon as something is written to it. */
	missingBuckets: z.array(z.string()).readonly().optional(),
	/** Parts of the IDs of models that have reached the end of their life. */
	endOfLife: z.array(z.string().min(1)).readonly().optional(),
};

const scenarioSchema = z.strictObject(scenarioShape);

export type Scenario = z.infer<typeof scenarioSchema>;
export type BatchSettings = z.infer<typeof batchSchema>;
export type MetricSettings = z.infer<typeof metricsSchema>;
