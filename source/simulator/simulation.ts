import {createRequestRandom, type Random} from './answers/random.ts';
import {createLifecycle, type Lifecycle} from './catalog/model.ts';
import {createServedMinutes, type ServedMinutes} from './cloudwatch/metric-source.ts';
import {createFaults, type Faults} from './faults/faults.ts';
import {parseFaults, type Scenario} from './faults/script.ts';
import {createJobStore, type JobStore} from './jobs/job-store.ts';
import {createMantleBuckets, type MantleBuckets, mantleLimitsOf} from './mantle/mantle-models.ts';
import {createStoredResponses, type StoredResponses} from './mantle/stored-responses.ts';
import type {SimulatorOptions} from './options.ts';
import {
	createIncreaseRequests,
	type IncreaseRequests,
	limitsOf,
	usualAccountTokensPerDay,
} from './quotas/bucket-quotas.ts';
import {type Buckets, backgroundNeighbour, backgroundTokens, createBuckets} from './runtime/buckets.ts';
import {createPromptCache, type PromptCache} from './runtime/prompt-cache.ts';
import {createObjectStore, type ObjectStore} from './s3/object-store.ts';
import {createStats, type RequestRecord, type Stats} from './stats.ts';
import type {Time} from './time.ts';

/** The state of one simulator: what its routes work on. */
export type Simulation = {
	readonly options: SimulatorOptions;
	readonly time: Time;
	readonly buckets: Buckets;
	/** Buckets of bedrock-mantle, which share nothing with those of the runtime. */
	readonly mantle: MantleBuckets;
	/** Answers of the Responses API that are kept. */
	readonly responses: StoredResponses;
	/** Where each model is in its life. */
	readonly lifecycle: Lifecycle;
	readonly cache: PromptCache;
	readonly faults: Faults;
	readonly stats: Stats;
	/** The source of its metrics. */
	readonly served: ServedMinutes;
	/** Traffic and settings beside the requests. */
	readonly scenario: Scenario;
	/** Objects in S3. */
	readonly objects: ObjectStore;
	/** Requests for quota increases. */
	readonly increases: IncreaseRequests;
	/** Batch inference jobs. */
	readonly jobs: JobStore;
	readonly requestRandom: (path: string, body: Uint8Array) => Random;
	/** Called with every request to the runtime once it is over. */
	readonly observers: ReadonlyArray<(record: RequestRecord) => void>;
	/** Clears the counts and restarts the script of faults. */
	readonly reset: () => void;
	/** Removes its files. */
	readonly close: () => void;
};

/** Creates the state of a simulator. @throws UserError where the script of faults is wrong. */
export function createSimulation(options: SimulatorOptions, time: Time): Simulation {
	const {
		background,
		metrics,
		denied,
		batch,
		missingBuckets,
		endOfLife,
		accountTokensPerDay: tokensOfDay,
		...script
	} = parseFaults(options.faults);
	const scenario: Scenario = {
		background,
		metrics,
		denied,
		batch,
		missingBuckets,
		endOfLife,
		accountTokensPerDay: tokensOfDay,
		...options.scenario,
	};
	const {accountTokensPerDay} = scenario;
	const faults = createFaults(script, options.windowMs);
	const occupyByBackground = backgroundNeighbour(scenario.background ?? [], options);
	const buckets = createBuckets(
		(_region, target) => limitsOf(target, {...options, accountTokensPerDay}),
		options,
		(bucket, sinceMs, nowMs, owner) => {
			faults.occupy(bucket, sinceMs, nowMs);
			occupyByBackground(bucket, sinceMs, nowMs, owner);
		},
		{
			tokens: accountTokensPerDay ?? usualAccountTokensPerDay,
			othersTokens: backgroundTokens(scenario.background ?? [], options),
		},
	);
	const mantle = createMantleBuckets((model) => mantleLimitsOf(model, options), options, faults.occupy);
	const served = createServedMinutes(scenario.metrics?.clockAheadMs ?? 0);
	const cache = createPromptCache();
	const stats = createStats(time.now());
	const objects = createObjectStore(time.now);
	const jobs = createJobStore();
	const increases = createIncreaseRequests();
	const responses = createStoredResponses();
	let requestRandom = createRequestRandom(options.seed);
	return {
		options,
		time,
		buckets,
		mantle,
		responses,
		lifecycle: createLifecycle(options.era, scenario.endOfLife),
		cache,
		faults,
		stats,
		served,
		scenario,
		objects,
		increases,
		jobs,
		requestRandom: (path: string, body: Uint8Array): Random => requestRandom(path, body),
		observers: [stats.record, served.record],
		reset() {
			stats.reset(time.now());
			served.clear();
			buckets.reset();
			mantle.reset();
			responses.clear();
			cache.clear();
			jobs.clear();
			increases.clear();
			objects.clear();
			faults.reset();
			requestRandom = createRequestRandom(options.seed);
		},
		close() {
			jobs.clear();
			objects.clear();
		},
	};
}
