import type {Dimension, Lane} from '../domain/bucket-usage.ts';
import type {FleetView} from '../domain/fleet-view.ts';
import type {Burst} from '../domain/run-config.ts';
import type {Scope} from '../domain/target.ts';
import {formatCount} from '../text/numbers.ts';

/** What the library gives and takes, as it is published with it, and why a request is not sent. */

/** What limits one model in one Region; what is left out or null has no limit. */
export type ModelQuota = {
	readonly requestsPerMinute?: number | null;
	/** On bedrock-mantle (`mantle/<model>`): what input and max tokens of a request count against. */
	readonly tokensPerMinute?: number | null;
	/** On bedrock-mantle only, where output has a quota of its own. */
	readonly outputTokensPerMinute?: number | null;
	readonly tokensPerDay?: number | null;
	/** One for all models of account and Region; it holds for models without `tokensPerDay`. */
	readonly accountTokensPerDay?: number | null;
	/** Quota tokens of one output token; left out: as documented for the model. */
	readonly burndown?: number;
};

/** A model as it is called, and the bucket that it draws from. */
export type ModelName = {
	/** What is sent as `modelId`; `mantle/` before what is sent to bedrock-mantle as `model`. */
	readonly model: string;
	/** Foundation model ID below profile and ARN. */
	readonly baseModel: string;
	readonly scope: Scope;
	readonly region: string;
};

/**
 * The quotas of an account: `detect` reads them (IAM: `servicequotas:ListServiceQuotas`,
 * `servicequotas:ListAWSDefaultServiceQuotas`, `bedrock:ListFoundationModels`, `bedrock:ListInferenceProfiles`); one for
 * every model; by model, as it is called or by its foundation model; or what a function says.
 */
export type QuotaOption =
	| 'detect'
	| ModelQuota
	| {readonly [model: string]: ModelQuota | 'detect'}
	| ((model: ModelName) => ModelQuota | 'detect' | Promise<ModelQuota | 'detect'>);

/** What a lane is expected to send: so much room is kept free of the lanes below it. */
export type LaneRoom = {
	readonly requestsPerMinute: number;
	/** Quota tokens that one of its requests sets aside. */
	readonly tokens: number;
};

export type LimiterOptions = {
	readonly region: string;
	readonly quota: QuotaOption;
	/** Credentials of `quota: 'detect'`, as clients of the AWS SDK take them; left out: the SDK's own chain. */
	readonly credentials?: unknown;
	/** Number of the account: limiters that share a store share the buckets of an account. */
	readonly account?: string;
	/** Part of the quota that may be used, above 0 up to 1. @default 1 */
	readonly share?: number;
	/** Room to keep free for lanes above others. */
	readonly lanes?: {readonly [Name in Lane]?: LaneRoom};
	/** Where the ledger is. @default memoryStore() */
	readonly store?: LimiterStore;
	/** `full`: what there is room for goes at once; `even`: requests are spread over the minute. @default 'full' */
	readonly burst?: Burst;
	/**
	 * While a store of a fleet does not answer: go by the part of this limiter among the members that it knows, or wait.
	 * @default 'split'
	 */
	readonly ledgerDown?: 'split' | 'stop';
	/** How many limiters share the quota, for one that starts while the store does not answer. */
	readonly members?: number;
	readonly onEvent?: (event: LimiterEvent) => void;
};

/** Where limiters share what they used: made by `memoryStore()`, `diskStore()` or `redisStore()`. */
export type LimiterStore = {readonly kind: 'memory' | 'disk' | 'redis'};

export type AcquireOptions = {
	readonly model: string;
	/** Input tokens, cached ones included. */
	readonly inputTokens: number;
	/** Left out: the model's own maximum, which is what the service sets aside. */
	readonly maxTokens?: number;
	/** Who goes first where there is room for one. @default 'normal' */
	readonly lane?: Lane;
	/** Callers of a lane come in turn: a burst of one waits behind itself. */
	readonly caller?: string;
	readonly signal?: AbortSignal;
};

/** Tokens of an answer, in any spelling that Bedrock or a model uses: `usage` of any client as it is. */
export type AnswerUsage =
	| {
			readonly inputTokens: number;
			readonly outputTokens: number;
			readonly cacheReadInputTokens?: number | undefined;
			readonly cacheWriteInputTokens?: number | undefined;
	  }
	// Types of other clients have no index signature.
	| object;

/** The right to send one request. Exactly one end counts; what comes after it does nothing. */
export type Lease = {
	/** Quota tokens that are set aside. */
	readonly tokens: number;
	/** How long it waited for room, in milliseconds. */
	readonly heldMs: number;
	readonly isOpen: boolean;
	/** The first byte of the answer came. Left out: the end counts. */
	readonly firstByte: () => void;
	/** The answer came: its tokens replace what is set aside. Without counts all of it is kept. */
	readonly settle: (usage: AnswerUsage) => void;
	/** It was not sent, or refused before it was counted. */
	readonly giveBack: () => void;
	/** What became of it is not known: it counts in full for a minute from now. */
	readonly keep: () => void;
	/** It failed: an error of the SDK, or `{status, name, message}`, decides whether it is given back or kept. */
	readonly failed: (error: unknown) => void;
	/** `keep` where it is open. */
	readonly [Symbol.dispose]: () => void;
};

export type PluginOptions = {
	/** Of all calls of the client, or by their input. @default 'normal' */
	readonly lane?: Lane | ((input: Readonly<Record<string, unknown>>) => Lane);
	/** Callers of a lane come in turn. */
	readonly caller?: string;
};

/** A plugin for `client.middlewareStack.use` of the AWS SDK for JavaScript v3. */
export type LimiterPlugin = {
	// The stack of whichever version of the SDK: a method, so that its own type fits.
	applyToStack(stack: object): void;
};

/** One limit: what counts now, and what is left of it. Null: not known, or not limited. */
export type LimiterGauge = {
	readonly used: number;
	/** Set aside by requests in flight. */
	readonly reserved: number;
	readonly limit: number | null;
	/** Known or estimated use of others. */
	readonly others: number | null;
};

export type BucketUsage = Omit<ModelName, 'model'> & {
	readonly requests: LimiterGauge;
	readonly tokens: LimiterGauge;
	/** Output tokens, where they have a quota of their own. */
	readonly output?: LimiterGauge;
	/** Since 00:00 UTC. */
	readonly day: LimiterGauge;
	readonly inFlight: number;
	/** Requests that wait, and for how long the first of them. */
	readonly held: {readonly count: number; readonly oldestMs: number};
	/** Milliseconds until there is likely room for what waits; null where nothing waits or that depends on answers. */
	readonly nextRoomMs: number | null;
	/** Members that share the bucket, this one included; null while that is not known. */
	readonly members: number | null;
	/** The fleet that shares it by a store that other hosts use too; null where none does. */
	readonly fleet: FleetView | null;
};

export type LimiterUsage = {readonly buckets: readonly BucketUsage[]};

type OfModel = ModelName & {
	/** Milliseconds since 1970. */
	readonly at: number;
};

/** What may be assumed. */
export type Assumed = 'quota' | 'burndown' | 'max-tokens' | 'account' | 'members' | 'day';

export type LimiterEvent = OfModel &
	(
		| {readonly type: 'held'; readonly lane: Lane; readonly heldMs: number}
		| {
				readonly type: 'throttled';
				/** `capacity`: the service had none, whatever the quota. */
				readonly by: Dimension | 'day' | 'capacity';
				/** What it shows: others use the quota; bursts are not taken; tokens count from the end of answers. */
				readonly shows: 'nothing new' | 'others' | 'bursts' | 'counted from the end';
		  }
		/** An answer settled above what was set aside. */
		| {readonly type: 'overrun'; readonly setAside: number; readonly settled: number}
		/** The store does not answer, or has lost its memory. `members` share the quota as far as it is known. */
		| {readonly type: 'store-lost'; readonly reason: string; readonly members: number | null}
		/** It decides again. `sent`: requests that went without it. */
		| {readonly type: 'store-back'; readonly lostMs: number; readonly sent: number}
		/** By `setQuota`, or as the account has it now. */
		| {readonly type: 'quota-changed'; readonly from: ModelQuota; readonly to: ModelQuota}
		/** Something is not known, and what is assumed in its place. */
		| {readonly type: 'assumed'; readonly what: Assumed; readonly text: string}
	);

export type Limiter = {
	/** For `client.middlewareStack.use`: each call of a `BedrockRuntimeClient` waits for room and settles by its answer. */
	readonly plugin: (options?: PluginOptions) => LimiterPlugin;
	/**
	 * Waits for room, then sets it aside.
	 * @throws LargerThanQuotaError where it can never fit, DayUsedUpError, LimiterClosedError; the reason of the signal.
	 */
	readonly acquire: (options: AcquireOptions) => Promise<Lease>;
	/** What counts now in each bucket that was used. */
	readonly usage: () => LimiterUsage;
	/** The quota is another from now on; what was used counts against it. */
	readonly setQuota: (quota: QuotaOption) => Promise<void>;
	/** Nobody waits any more, and the others know what was used. What is in flight may still settle. */
	readonly close: () => Promise<void>;
};

/** A request that is larger than its quota: it could never be sent. */
export class LargerThanQuotaError extends Error {
	override readonly name = 'LargerThanQuotaError';
	/** As it was called. */
	readonly model: string;
	readonly dimension: Dimension;
	/** What it would set aside. */
	readonly needed: number;
	/** What may be used per minute. */
	readonly limit: number;

	constructor(
		model: string,
		{
			dimension,
			needed,
			limit,
		}: {readonly dimension: Dimension; readonly needed: number; readonly limit: number},
	) {
		super(
			`The request sets aside ${formatCount(needed)} ${dimension === 'tokens' ? 'quota tokens' : 'request'} of ${model}, and ${formatCount(limit)} per minute may be used: it can never be sent. Lower max tokens or the input.`,
		);
		this.model = model;
		this.dimension = dimension;
		this.needed = needed;
		this.limit = limit;
	}
}

/** The tokens of this day are used up. */
export class DayUsedUpError extends Error {
	override readonly name = 'DayUsedUpError';
	readonly model: string;
	/** Null: the service said so. */
	readonly limit: number | null;

	constructor(model: string, limit: number | null) {
		super(
			`The quota of ${limit === null ? '' : `${formatCount(limit)} `}tokens per day of ${model} is used up.`,
		);
		this.model = model;
		this.limit = limit;
	}
}

/** The quota of a model was asked for by name, and none was given for it. */
export class UnknownQuotaError extends Error {
	override readonly name = 'UnknownQuotaError';
	readonly model: string;

	constructor(model: string) {
		super(`No quota is given for ${model}. Name it in \`quota\`, or give 'detect' for it.`);
		this.model = model;
	}
}

/** The limiter was closed. */
export class LimiterClosedError extends Error {
	override readonly name = 'LimiterClosedError';

	constructor() {
		super('The limiter is closed.');
	}
}
