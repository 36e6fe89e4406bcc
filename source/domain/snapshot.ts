import type {FailureClass} from './failure.ts';
import type {Lane} from './lane.ts';
import type {PromptCompression} from './prompt.ts';
import type {Goal, RunSpec} from './run-spec.ts';
import type {SearchFigures} from './search-figures.ts';
import type {CountsFrom, LearntStamping} from './stamping.ts';
import type {Target} from './target.ts';
import type {GateState, VariantState, Verdict} from './verdict.ts';

/** The one immutable value that the screen, the printouts and the reports are made from. Names as in results.json. */

/** Mean with its 95 % interval; the interval is null below two samples. */
export type Mean = {readonly mean: number | null; readonly low: number | null; readonly high: number | null};

/** USD that something cost at least and at most; `high` is null where an upper bound is not known. */
export type CostRange = {readonly low: number; readonly high: number | null};

/** Distribution in milliseconds; a percentile with too few samples is null. */
export type Distribution = {
	readonly count: number;
	readonly mean: number | null;
	readonly p50: number | null;
	readonly p90: number | null;
	readonly p99: number | null;
	readonly max: number | null;
	/** [upper bound in ms, count], at most 60 bins. */
	readonly histogram: ReadonlyArray<readonly [number, number]>;
};

/** One turn of the conversations of a variant, over its answers. */
export type TurnFigures = {
	/** From 1. */
	readonly turn: number;
	/** Answered ones. */
	readonly requests: number;
	/** Cached ones included: all that was sent, the history too. */
	readonly inputTokens: Mean;
	readonly outputTokens: Mean;
	readonly quotaTokens: Mean;
	readonly timeToFirstToken: Distribution;
};

/** Answers of a variant that caches which wrote the cache (cold), or which read it (warm). */
export type CachingSide = {
	readonly requests: number;
	/** All that was sent, read and written tokens included. */
	readonly inputTokens: Mean;
	/** Settled: what was read is free. */
	readonly quotaTokens: Mean;
	readonly timeToFirstToken: Distribution;
};

export type CachingFigures = {readonly cold: CachingSide; readonly warm: CachingSide};

export type LimitedBy = 'requests' | 'tokens' | 'day' | 'concurrency' | 'none';

export type VariantFigures = {
	readonly name: string;
	readonly target: number;
	readonly lane: Lane;
	readonly requests: {
		readonly sent: number;
		/** Answered, truncated and refused included. */
		readonly succeeded: number;
		readonly truncated: number;
		readonly refused: number;
		readonly attempts: number;
		readonly throttled: {
			readonly requests: number;
			readonly tokens: number;
			readonly day: number;
			readonly overloaded: number;
		};
		/** Attempts by class, throttles apart. */
		readonly failed: Readonly<Partial<Record<FailureClass, number>>>;
	};
	readonly items: {
		readonly sent: number;
		readonly useful: number;
		readonly checkFailed: number;
		readonly unparsed: number;
		/** Part of `checkFailed`: nothing was answered. Absent where there were none. */
		readonly empty?: number;
	};
	readonly tokens: {
		readonly input: number;
		readonly output: number;
		readonly cacheRead: number;
		readonly cacheWrite: number;
		readonly reasoning: number | null;
		/** Settled quota tokens. */
		readonly quota: number;
		readonly reserved: number;
		readonly overruns: number;
		readonly estimated: boolean;
	};
	/** Attempts whose fate is not known: part of `tokens.quota` and of the cost. Absent where there were none. */
	readonly attemptsBroken?: {
		readonly count: number;
		readonly quotaTokens: number;
		readonly estimated: boolean;
	};
	readonly costUsd: number | null;
	/** Absent where the fate of every attempt, and the price of every answer, is known. */
	readonly costUsdWithin?: CostRange;
	readonly perRequest: {
		readonly inputTokens: Mean;
		readonly outputTokens: Mean;
		readonly totalTokens: Mean;
		readonly quotaTokens: Mean;
		readonly reservedTokens: Mean;
		readonly costUsd: Mean;
	};
	readonly latencyMs: {
		readonly timeToFirstToken: Distribution;
		/** Of the answer itself, where reasoning may come first; absent without a stream. */
		readonly timeToFirstAnswerToken?: Distribution;
		readonly total: Distribution;
		readonly perOutputToken: Distribution;
		readonly dispatchDelay: Distribution;
		readonly service: Distribution;
	};
	/** Over the seconds in which the variant was being sent; null in `measure`. */
	readonly rate: {
		readonly requestsPerMinute: number | null;
		readonly tokensPerMinute: number | null;
		readonly outputTokensPerSecond: number | null;
		readonly usefulPerMinute: number | null;
		readonly goodputPerMinute: number | null;
	};
	readonly sustainable: {
		readonly usefulPerMinute: number | null;
		readonly low: number | null;
		readonly high: number | null;
		readonly limitedBy: LimitedBy;
		/** By settled tokens alone; null where no such limit is known. Absent in results of earlier versions. */
		readonly ceilingPerMinute?: number | null;
		/** That the day's quota allows; null where none is known. Absent in results of earlier versions. */
		readonly usefulPerDay?: number | null;
		/** Of what others leave, and their part of the quota; absent where nobody else is known to use it. */
		readonly afterOthers?: {readonly usefulPerMinute: number | null; readonly othersShare: number};
		/** Where its bucket was found to count tokens from; absent where nothing was sent to one. */
		readonly countsFrom?: CountsFrom;
	};
	/** Whether it is still in, for the run's goal; absent where nothing is chosen. */
	readonly state?: VariantState;
	/** `score` and its interval are over items: one that was asked again adds no evidence. */
	readonly quality: {
		readonly gate?: GateState;
		readonly checked: number;
		readonly passed: number;
		/** 0 to 1; null when nothing was checked. */
		readonly score: number | null;
		readonly low: number | null;
		readonly high: number | null;
	};
	readonly stopReasons: Readonly<Record<string, number>>;
	readonly maxTokensAdvice: {
		readonly value: number | null;
		readonly truncationRisk: number | null;
		readonly sustainablePerMinute: number | null;
	};
	/** As first sent. */
	readonly prompt: {readonly system: string | null; readonly user: string | null};
	/** First 100 characters of one answer. */
	readonly sample: string | null;
	/** Answers by the service tier, and by the latency mode, that served them; only where answers say so. */
	readonly tiers?: Readonly<Record<string, number>>;
	readonly latencyModes?: Readonly<Record<string, number>>;
	/** In a chat only. */
	readonly turns?: readonly TurnFigures[];
	/** Of a variant with `cache: true` only; its sustainable rate is then that of the warm answers, where there are any. */
	readonly caching?: CachingFigures;
	/** Of a variant with `compress` only: what the rules did to the prompt as first sent. */
	readonly compression?: PromptCompression;
};

/** Winner of each goal for one target: a variant's name, or null when no winner is clear. */
export type Best = {readonly target: number} & Readonly<Record<Goal, string | null>>;

/** `atLeast`: the test's bound on the ratio; null where there is none. */
export type Gain = {
	readonly over: 'serial' | 'worst';
	readonly ratio: number | null;
	readonly atLeast?: number | null;
};

export type AdviceKind =
	| 'max-tokens'
	| 'limit'
	| 'scope'
	| 'packing'
	| 'caching'
	| 'quota-increase'
	| 'retries'
	| 'quality';
export type Advice = {
	readonly kind: AdviceKind;
	readonly text: string;
	readonly usefulPerMinute: number | null;
};

/** Something worth a line in the log. `at` is ISO 8601 UTC. */
export type LogEvent = {readonly at: string; readonly kind: string; readonly text: string};

export type TimelinePoint = {
	/** Seconds since the start of the run. */
	readonly second: number;
	readonly target: number;
	readonly requests: number;
	readonly quotaTokens: number;
	readonly reserved: number;
	readonly throttled: number;
	readonly inFlight: number;
};
export type Timeline = {readonly intervalSeconds: number; readonly points: readonly TimelinePoint[]};

export type FailureCount = {
	readonly class: FailureClass;
	readonly message: string;
	readonly advice: string;
	readonly count: number;
	readonly firstAt: string;
};

/** One limit of a bucket over the last window, as the ledger sees it. `limit` is null where there is none. */
export type Gauge = {readonly used: number; readonly reserved: number; readonly limit: number | null};

export type BucketState = {
	readonly requests: Gauge;
	readonly tokens: Gauge;
	readonly day: Gauge;
	/** Milliseconds until the next request may be sent; 0 when there is room, null when nothing waits. */
	readonly nextRoomMs: number | null;
	/** Part of the quota that is in use at present, 0 to 1: less than asked after a surprise. */
	readonly share: number;
	readonly inFlight: number;
	/** Where the tokens of an answer count from here, as far as it was learnt. */
	readonly stamping: Omit<LearntStamping, 'marks'>;
};

export type Phase = 'ready' | 'running' | 'paused' | 'draining' | 'ended';
export type StoppedBy = 'key' | 'signal' | 'requests' | 'cost' | 'day' | 'fault';
export type RunOutcome = 'completed' | 'stopped' | 'failed';

export type Snapshot = {
	readonly phase: Phase;
	/** ISO 8601 UTC; null before the start. */
	readonly startedAt: string | null;
	readonly endedAt: string | null;
	readonly elapsedMs: number;
	readonly simulated: boolean;
	readonly outcome: RunOutcome | null;
	readonly stoppedBy: StoppedBy | null;
	readonly progress: {
		readonly done: number;
		/** Requests of the whole run; null when a duration ends it. */
		readonly total: number | null;
		readonly inFlight: number;
		/** Requests of the whole run that will likely be enough to decide; absent where nothing is chosen or known. */
		readonly likely?: number;
		/** Milliseconds, estimated from the pace so far; null when that cannot be told. */
		readonly remainingMs: number | null;
		/** Milliseconds since anything came, while requests are in flight; absent while none are. */
		readonly quietMs?: number;
		/** Why nothing is being sent right now, in words; null when it flows. */
		readonly waitingFor: string | null;
	};
	readonly spec: Pick<
		RunSpec,
		| 'preset'
		| 'method'
		| 'load'
		| 'goal'
		| 'policy'
		| 'burst'
		| 'share'
		| 'seed'
		| 'isMaxTokensAuto'
		| 'minQuality'
	> & {
		readonly task: string;
		/** Of the run, before any variant's own; absent where it is not known. */
		readonly maxTokens?: number | undefined;
		/** Variants have max tokens of their own, which were not typed. */
		readonly hasOwnMaxTokens?: boolean;
		/** Of a chat: turns of a conversation, and the time to think between them. */
		readonly chat?: {readonly turns: number; readonly thinkMs: number} | undefined;
		/** Rates of the lanes that have one of their own, in requests a minute. */
		readonly laneRatesPerMinute?: Readonly<Partial<Record<Lane, number>>> | undefined;
	};
	readonly targets: readonly Target[];
	/** One for each target. */
	readonly buckets: readonly BucketState[];
	/** One for each cell, in the order of the cells. */
	readonly variants: readonly VariantFigures[];
	readonly best: readonly Best[];
	/** For each target one for each goal, that of the run first. */
	readonly verdicts: readonly Verdict[];
	readonly gain: Gain | null;
	readonly advice: readonly Advice[];
	/** The newest 200. */
	readonly events: readonly LogEvent[];
	readonly timeline: Timeline;
	readonly failures: readonly FailureCount[];
	readonly costUsd: number | null;
	/** Absent where the fate of every attempt, and the price of every answer, is known. */
	readonly costUsdWithin?: CostRange;
	/** Of a search only; the other figures are then those of its last rung. */
	readonly search?: SearchFigures;
};
