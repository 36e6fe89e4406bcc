import {hash} from 'node:crypto';
import {createRequestRandom, type Random} from './answers/random.ts';
import {createRewriter, type Rewriter} from './answers/rewriter.ts';
import {createLifecycle, type Lifecycle} from './catalog/model.ts';
import {createServedMinutes, type ServedMinutes} from './cloudwatch/metric-source.ts';
import {type Json, promptTokens, type Segment} from './families/prompt.ts';
import {createFaults, type Faults} from './faults.ts';
import {MantleError} from './mantle/mantle-api.ts';
import {createMantleBuckets, type MantleBuckets, mantleLimitsOf} from './mantle/mantle-models.ts';
import {parseFaults, type Scenario, type SimulatorOptions} from './options.ts';
import {
	createIncreaseRequests,
	type IncreaseRequests,
	limitsOf,
	usualAccountTokensPerDay,
} from './quotas/bucket-quotas.ts';
import {type Buckets, backgroundNeighbour, backgroundTokens, createBuckets} from './runtime/buckets.ts';
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
	/** A model that is asked to rewrite a prompt. */
	readonly rewriter: Rewriter;
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
		rewriter: manners,
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
		rewriter: manners,
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
	const rewriter = createRewriter(options.seed, scenario.rewriter ?? []);
	let requestRandom = createRequestRandom(options.seed);
	return {
		options,
		time,
		buckets,
		mantle,
		responses,
		rewriter,
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
			rewriter.reset();
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

/** Batch inference jobs and their states. */

const activeStates = ['Submitted', 'Validating', 'Scheduled', 'InProgress', 'Stopping'] as const;

export type JobState =
	| (typeof activeStates)[number]
	| 'Completed'
	| 'PartiallyCompleted'
	| 'Failed'
	| 'Stopped'
	| 'Expired';

/** The request of CreateModelInvocationJob. */
export type JobRequest = {
	readonly jobName: string;
	readonly modelId: string;
	readonly roleArn: string;
	readonly clientRequestToken: string | undefined;
	readonly inputUri: string;
	readonly outputUri: string;
	readonly isConverse: boolean;
	readonly timeoutHours: number;
};

/** A job; only `runJob` and a stop change it. */
export type BatchJob = {
	readonly arn: string;
	/** The last part of the ARN, which names the folder of the outputs. */
	readonly id: string;
	readonly region: string;
	readonly request: JobRequest;
	/** ARN of the model behind `modelId`. */
	readonly modelArn: string;
	readonly baseModel: string;
	readonly submittedAtMs: number;
	state: JobState;
	message: string | undefined;
	modifiedAtMs: number;
	endedAtMs: number | undefined;
	total: number;
	succeeded: number;
	failed: number;
};

export function isActive({state}: BatchJob): boolean {
	return (activeStates as readonly string[]).includes(state);
}

type JobStore = {
	readonly add: (job: BatchJob) => void;
	readonly byArn: (arnOrId: string) => BatchJob | undefined;
	readonly byToken: (region: string, token: string) => BatchJob | undefined;
	/** The newest first. */
	readonly all: (region: string) => readonly BatchJob[];
	readonly clear: () => void;
};

function createJobStore(): JobStore {
	const jobs: BatchJob[] = [];
	return {
		add: (job) => {
			jobs.push(job);
		},
		byArn: (arnOrId) => jobs.find(({arn, id}) => arn === arnOrId || id === arnOrId),
		byToken: (region, token) =>
			jobs.find((job) => job.region === region && job.request.clientRequestToken === token),
		all: (region) => jobs.filter((job) => job.region === region).toReversed(),
		clear() {
			for (const job of jobs) {
				// A running job sees this and ends.
				job.state = 'Stopped';
			}
			jobs.length = 0;
		},
	};
}

/** Responses that are kept, so that a conversation can go on without its history: a request keeps its own by default. */

type StoredResponse = {
	/** As it was answered. */
	readonly response: Json;
	/** Items of the whole conversation, those of the answer included. */
	readonly conversation: readonly unknown[];
};

export type StoredResponses = {
	readonly keep: (stored: StoredResponse) => void;
	readonly find: (id: string) => StoredResponse | undefined;
	/** @returns Whether it was there. */
	readonly remove: (id: string) => boolean;
	readonly clear: () => void;
};

/** The service keeps them for a time; here the newest are kept. */
const maxResponses = 1000;

function createStoredResponses(): StoredResponses {
	const byId = new Map<string, StoredResponse>();
	return {
		keep(stored) {
			byId.set(String(stored.response.id), stored);
			const [oldest] = byId.keys();
			if (byId.size > maxResponses && oldest !== undefined) {
				byId.delete(oldest);
			}
		},
		find: (id) => byId.get(id),
		remove: (id) => byId.delete(id),
		clear: () => byId.clear(),
	};
}

/** Input as a list of items: a text is one message. */
const itemsOf = (input: unknown): readonly unknown[] =>
	Array.isArray(input) ? input : [{type: 'message', role: 'user', content: input}];

/**
 * The items that a request stands for, with those of the conversation that it goes on with.
 * @throws MantleError where nothing of that ID is kept. The words are those of OpenAI; AWS's are not known.
 */
export function conversationOf(body: Json, stored: StoredResponses): readonly unknown[] {
	const id = body.previous_response_id;
	if (typeof id !== 'string') {
		return itemsOf(body.input);
	}
	const previous = stored.find(id);
	if (previous === undefined) {
		throw new MantleError('not-found', `Previous response with id '${id}' not found.`);
	}
	return [...previous.conversation, ...itemsOf(body.input)];
}

/** Prompt caching: prefixes that end at a cache point are kept for five minutes and cost no quota when read again. */

/** How the tokens of a prompt were served. */
export type CacheUse = {
	readonly inputTokens: number;
	readonly readTokens: number;
	readonly writeTokens: number;
	/** Whether any cache point was long enough to count. */
	readonly isCaching: boolean;
	/** Makes the written prefixes readable from `atMs` on. */
	readonly store: (atMs: number) => void;
};

type PromptCache = {
	/** @param bucket Owner of the cache; prefixes of one are invisible to others. */
	readonly use: (bucket: string, segments: readonly Segment[], nowMs: number) => CacheUse;
	readonly clear: () => void;
};

/** Shortest prefix that is cached, in tokens. */
const minPrefixTokens = 1024;
const lifetimeMs = 300_000;
const maxEntries = 10_000;

type Prefix = {readonly key: string; readonly tokens: number};

function createPromptCache(): PromptCache {
	const entries = new Map<string, {readableAtMs: number; expiresAtMs: number}>();

	const isReadable = (key: string, nowMs: number): boolean => {
		const entry = entries.get(key);
		return entry !== undefined && entry.readableAtMs <= nowMs && nowMs < entry.expiresAtMs;
	};

	return {
		use(bucket, segments, nowMs) {
			const total = promptTokens(segments);
			const hasCachePoints = segments.some((segment) => segment.isCachePoint);
			const prefixes = hasCachePoints ? prefixesOf(bucket, segments) : [];
			const read = prefixes.findLast((prefix) => isReadable(prefix.key, nowMs))?.tokens ?? 0;
			const longest = prefixes.at(-1)?.tokens ?? 0;
			return {
				inputTokens: total - longest,
				readTokens: read,
				writeTokens: longest - read,
				isCaching: prefixes.length > 0,
				store(atMs) {
					if (entries.size > maxEntries) {
						entries.clear();
					}
					for (const {key} of prefixes) {
						const readableAtMs = Math.min(entries.get(key)?.readableAtMs ?? atMs, atMs);
						entries.set(key, {readableAtMs, expiresAtMs: atMs + lifetimeMs});
					}
				},
			};
		},
		clear: () => entries.clear(),
	};
}

/** Every prefix that ends at a cache point and is long enough, the shortest first. */
const prefixesOf = (bucket: string, segments: readonly Segment[]): readonly Prefix[] => {
	const prefixes: Prefix[] = [];
	let key = bucket;
	let tokens = 0;
	for (const segment of segments) {
		key = hash('md5', `${key}\n${segment.text}`, 'hex');
		tokens += segment.tokens;
		if (segment.isCachePoint && tokens >= minPrefixTokens) {
			prefixes.push({key, tokens});
		}
	}
	return prefixes;
};
