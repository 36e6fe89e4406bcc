import {z} from 'zod';
import {UserError} from '../domain/user-error.ts';
import {rewriterManners} from './answers/rewriter.ts';
import type {Era} from './catalog/model.ts';
import {trafficShapes} from './cloudwatch/background.ts';
import type {Credentials} from './wire/certificate.ts';

/** Settings of the simulator; the same for `--demo` and `simulate`. */
export type SimulatorOptions = {
	/** 0: any free port. */
	readonly port: number;
	/** Host to listen on, and a further name to be reached by; undefined: 127.0.0.1. */
	readonly host?: string | undefined;
	/** Certificate and key of HTTPS; undefined: HTTP. */
	readonly credentials?: Credentials | undefined;
	readonly seed: number;
	/** Limits of every bucket; undefined: those of the account's table. */
	readonly requestsPerMinute: number | undefined;
	readonly tokensPerMinute: number | undefined;
	readonly enforcement: 'sliding' | 'fixed' | 'refill';
	/** Where the tokens of an answer count from: its first byte, or its end. Undefined: its first byte. */
	readonly countFrom?: 'first-byte' | 'end' | undefined;
	/**
	 * Whether a request sets aside what it reads from the cache until it settles: AWS's agent toolkit says that it does,
	 * the example of its user guide that it does not. Undefined: it does.
	 */
	readonly reserve?: 'with-cache-reads' | 'without-cache-reads' | undefined;
	/** The time whose models are served. Undefined: now. */
	readonly era?: Era | undefined;
	readonly windowMs: number;
	/** Fixed service time in milliseconds; undefined: realistic times from the seed. */
	readonly latencyMs: number | undefined;
	/** Script of faults, already read and parsed. */
	readonly faults: unknown;
	/** Scenario of the account; a script of faults may contain one as well. */
	readonly scenario?: Scenario | undefined;
};

/** The script of `--faults FILE`: faults, and the scenario of the simulated account beside its requests. */

const amount = z.number().nonnegative();
const share = z.number().min(0).max(1);

const trafficSchema = z.strictObject({
	modelId: z.string(),
	copiedFrom: z.string().optional(),
	regions: z.array(z.string()).readonly().optional(),
	shape: z.enum(trafficShapes).optional(),
	requestsPerMinute: amount,
	inputTokens: amount,
	outputTokens: amount,
	cacheReadTokens: amount.optional(),
	cacheWriteTokens: amount.optional(),
	throttledShare: share.optional(),
	errorShare: share.optional(),
});

const metricsSchema = z.strictObject({
	/** Milliseconds from the end of a minute until its metrics are whole. */
	delayMs: amount.optional(),
	/** Calls that are throttled before the first that is answered. */
	throttleFirst: amount.optional(),
	/** Calls of GetMetricData that return only part of their results, permanently. */
	partialFirst: amount.optional(),
	/** Datapoints per page, where the service's own bound is too far away. */
	pageDatapoints: z.number().int().positive().optional(),
	/** How far the service's clock is ahead of the machine's; negative: behind. */
	clockAheadMs: z.number().optional(),
});

/** How batch inference jobs behave. */
const batchSchema = z.strictObject({
	/** Milliseconds in each of the states before a job runs. */
	stepMs: amount.optional(),
	recordsPerSecond: z.number().positive().optional(),
	/** Share of the records that the model fails at. */
	errorShare: share.optional(),
	/** State in which every job ends, instead of Completed. */
	endsAs: z.enum(['PartiallyCompleted', 'Failed', 'Expired']).optional(),
	/** Records that are done by then; all without it. */
	endsAfterRecords: amount.optional(),
	/** Jobs of a base model that may be submitted and in progress at once. */
	maxJobs: z.number().int().positive().optional(),
});

/** Capacity that the account has bought. */
const provisionedSchema = z.strictObject({
	name: z.string(),
	modelId: z.string(),
	units: z.number().int().positive(),
	/** `InService` without it. */
	status: z.enum(['Creating', 'InService', 'Updating', 'Failed']).optional(),
	commitment: z.enum(['OneMonth', 'SixMonths']).optional(),
	committedUntil: z.iso.datetime().optional(),
});

/** Further keys of a script (`--faults FILE`). */
export const scenarioShape = {
	/** Traffic of other applications: it fills the buckets and shows in the metrics. */
	background: z.array(trafficSchema).readonly().optional(),
	metrics: metricsSchema.optional(),
	/** IAM actions that the caller lacks, such as `cloudwatch:GetMetricData`. */
	denied: z.array(z.string()).readonly().optional(),
	batch: batchSchema.optional(),
	provisioned: z.array(provisionedSchema).readonly().optional(),
	/** Buckets that S3 does not know; any other exists once something is written to it. */
	missingBuckets: z.array(z.string()).readonly().optional(),
	/** How the rewriter of prompts answers, one request after the other, then from the first again. */
	rewriter: z.array(z.enum(rewriterManners)).min(1).readonly().optional(),
	/** Parts of the IDs of retired models. */
	endOfLife: z.array(z.string().min(1)).readonly().optional(),
	/** Tokens per day over all models; the account then has no rows of the day for its models any more. */
	accountTokensPerDay: amount.optional(),
};

const scenarioSchema = z.strictObject(scenarioShape);

export type Scenario = z.infer<typeof scenarioSchema>;
export type MetricSettings = z.infer<typeof metricsSchema>;

export const faultKinds = [
	'throttle-requests',
	'throttle-tokens',
	'throttle-day',
	'overloaded',
	'unavailable',
	'internal',
	'stall',
	'cut',
	'stream-error',
	'access-denied',
	'validation',
] as const;

const streamExceptions = [
	'internalServerException',
	'modelStreamErrorException',
	'modelTimeoutException',
	'serviceUnavailableException',
	'throttlingException',
	'validationException',
] as const;

const milliseconds = z.number().nonnegative();
const wholeNumber = z.number().int().nonnegative();

const faultSchema = z
	.strictObject({
		kind: z.enum(faultKinds),
		/** Since the first request. */
		afterMs: milliseconds.optional(),
		/** Requests that pass before it. */
		afterRequests: wholeNumber.optional(),
		forMs: milliseconds.optional(),
		/** Requests that it meets. */
		count: wholeNumber.optional(),
		/** Share of the requests that it meets, 0 to 1. */
		probability: z.number().min(0).max(1).default(1),
		/** Part of the model IDs that it meets; all without it. */
		model: z.string().optional(),
		/** The exception that a `stream-error` sends. */
		exception: z.enum(streamExceptions).default('modelStreamErrorException'),
	})
	.refine((fault) => fault.kind !== 'stall' || fault.forMs !== undefined, {
		message: 'a stall needs forMs: the milliseconds for which nothing is answered',
		path: ['forMs'],
	});

const scriptSchema = z.strictObject({
	faults: z.array(faultSchema).default([]),
	/** Other traffic in the account. */
	neighbour: z
		.strictObject({
			afterMs: milliseconds.default(0),
			forMs: milliseconds.optional(),
			/** Share of every limit, 0 to 1. */
			share: z.number().min(0).max(1),
		})
		.optional(),
	/** One way. */
	networkDelayMs: milliseconds.default(0),
	...scenarioShape,
});

export type Fault = z.infer<typeof faultSchema>;
export type FaultScript = z.infer<typeof scriptSchema>;

/**
 * Checks a script of faults: a mapping with `faults`, `neighbour`, `networkDelayMs` and the keys of a scenario, or a
 * bare list of faults.
 * @throws UserError that quotes the errors.
 */
export function parseFaults(value: unknown): FaultScript {
	const script = value === undefined || value === null ? {} : Array.isArray(value) ? {faults: value} : value;
	const parsed = scriptSchema.safeParse(script);
	if (parsed.success) {
		return parsed.data;
	}
	throw new UserError(
		`The script of faults is wrong: ${parsed.error.issues.map((issue) => describeIssue(script, issue)).join('; ')}.`,
		{exitCode: 2, hint: `A fault has a kind, one of ${faultKinds.join(', ')}.`},
	);
}

const describeIssue = (script: unknown, issue: z.core.$ZodIssue): string => {
	const place = issue.path.map(String).join('.') || 'the file';
	const found = valueAt(script, issue.path);
	const quoted =
		found === undefined || issue.code === 'unrecognized_keys' ? '' : ` (${JSON.stringify(found)})`;
	return `${place}${quoted}: ${issue.message}`;
};

const valueAt = (value: unknown, path: readonly PropertyKey[]): unknown =>
	path.reduce<unknown>(
		(inner, key) =>
			typeof inner === 'object' && inner !== null ? (inner as Record<PropertyKey, unknown>)[key] : undefined,
		value,
	);
