import type {FailureClass} from './backend.ts';
import type {EnforcementFit, Lane, LearntStamping} from './bucket-usage.ts';
import type {
	CostRange,
	JudgeFigures,
	OptimizeFigures,
	SearchFigures,
	VariantFigures,
	Verdict,
} from './figures-schema.ts';
import type {FleetView} from './fleet-view.ts';
import type {Goal, RunSettings} from './run-config.ts';
import type {TapFigures} from './tap.ts';
import type {Target} from './target.ts';
import type {UserError} from './user-error.ts';

/** The one immutable value that the screen, the printouts and the reports are made from. Names as in results.json. */

/** Winner of each goal for one target: a variant's name, or null when no winner is clear. */
export type Best = {readonly target: number} & Readonly<Record<Goal, string | null>>;

/** `atLeast`: the test's bound on the ratio; null without one. */
export type Gain = {
	readonly over: 'serial' | 'worst';
	readonly ratio: number | null;
	readonly atLeast?: number | null;
};

type AdviceKind =
	| 'max-tokens'
	| 'limit'
	| 'scope'
	| 'packing'
	| 'caching'
	| 'quota-increase'
	| 'retries'
	| 'timeout'
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
	/** Requests that waited for room at once, at most; in a run 1 while any did. Absent: none. */
	readonly held?: number;
};
/** Mean total time of the answers of each cell by interval, in milliseconds; null where none came. */
export type LatencySeries = {
	readonly intervalSeconds: number;
	/** In the order of the cells; intervals at the end without an answer may be missing. */
	readonly cells: ReadonlyArray<ReadonlyArray<number | null>>;
};
export type Timeline = {
	readonly intervalSeconds: number;
	readonly points: readonly TimelinePoint[];
	/** Absent in a batch, and in results that were written before it was measured. */
	readonly latencyMs?: LatencySeries;
};

export type FailureCount = {
	readonly class: FailureClass;
	readonly message: string;
	readonly advice: string;
	readonly count: number;
	readonly firstAt: string;
};

/** What `a` adds to a run that has ended, or why it adds nothing. */
export type MoreRequests =
	| {
			readonly kind: 'offered';
			/** Requests for each variant that is still in. */
			readonly perVariant: number;
			readonly requests: number;
			/** Names of these variants. */
			readonly variants: readonly string[];
			/** They will likely decide between the variants. */
			readonly isDeciding: boolean;
			/** By the requests so far; null where no price is known. */
			readonly costUsd: number | null;
			/** By the pace so far; null where nothing was answered. */
			readonly durationMs: number | null;
	  }
	| {readonly kind: 'refused'; readonly reason: string};

/** One limit of a bucket over the last window. `limit` is null: unlimited. */
export type Gauge = {
	/** By this program, as its ledger counts. */
	readonly used: number;
	readonly reserved: number;
	readonly limit: number | null;
	/** By the other members of the fleet; absent without one, and while its ledger does not say. */
	readonly fleet?: number;
	/** By others; absent where nothing is known of them. */
	readonly others?: number;
	/** When the service last throttled by it, within the last window; absent where it did not. ISO 8601 UTC. */
	readonly throttledAt?: string;
};

/** Where the use of others in a bucket is known from, and since when: end of CloudWatch's minute, or the throttle. */
type OthersSource = {
	readonly at: string;
	readonly from: 'cloudwatch' | 'throttle';
	/** Where a throttle showed those of one limit: end of CloudWatch's minute that those of the other are of. */
	readonly reportedAt?: string;
};

/** What others used of a target's bucket. `at`: end of the minute of CloudWatch, or the throttle that showed it. */
export type OthersReading = {
	readonly target: number;
	readonly requestsPerMinute: number | null;
	readonly quotaTokensPerMinute: number | null;
	/** ISO 8601 UTC. */
	readonly at: string;
};

export type BucketState = {
	readonly requests: Gauge;
	readonly tokens: Gauge;
	readonly day: Gauge;
	/** Output tokens, where they have a quota of their own. */
	readonly output?: Gauge;
	/** Milliseconds until the next request may be sent; 0 when there is room, null when nothing waits. */
	readonly nextRoomMs: number | null;
	/** Part of the quota that may be used now, 0 to 1: less than configured after a throttle. */
	readonly share: number;
	readonly inFlight: number;
	/** Absent where nothing of others is known. */
	readonly others?: OthersSource;
	/** Where the tokens of an answer count from, as learnt so far. */
	readonly stamping: Omit<LearntStamping, 'marks'>;
	/** Which rules of enforcement fit what was let in and throttled; absent with too little evidence. */
	readonly enforcement?: EnforcementFit;
	/** Absent where no fleet shares it. */
	readonly fleet?: FleetView;
};

export type Phase = 'ready' | 'running' | 'paused' | 'draining' | 'ended';
export type StoppedBy = 'key' | 'signal' | 'requests' | 'cost' | 'day' | 'fault';
export type RunOutcome = 'completed' | 'stopped' | 'failed';

/** A run in the index of kept runs: enough to find it again. Null: not known. */
export type KeptRun = {
	/** Unique name, as answers.jsonl has it; null in results of 0.1.0. */
	readonly run: string | null;
	/** Absolute path. */
	readonly folder: string;
	/** ISO 8601 UTC. */
	readonly startedAt: string;
	readonly endedAt: string;
	readonly preset: string | null;
	readonly models: readonly string[];
	readonly variants: readonly string[];
	/** Sent, over all variants. */
	readonly requests: number;
	readonly outcome: RunOutcome;
	readonly simulated: boolean;
	readonly costUsd: number | null;
	/** Of the run's goal on its first target, in words; null without one. */
	readonly verdict: string | null;
};

export type Snapshot = {
	/** Unique name of the run, as answers.jsonl has it; absent where none was given. */
	readonly run?: string;
	readonly phase: Phase;
	/** When it was made, ISO 8601 UTC; absent where only what it says of the run counts. */
	readonly at?: string;
	/** ISO 8601 UTC; null before the start. */
	readonly startedAt: string | null;
	readonly endedAt: string | null;
	readonly elapsedMs: number;
	readonly simulated: boolean;
	readonly outcome: RunOutcome | null;
	readonly stoppedBy: StoppedBy | null;
	/** What stopped the run, with its figures: `at --max-cost $1.00`; absent while nothing did. */
	readonly stopReason?: string;
	readonly progress: {
		readonly done: number;
		/** Requests of the whole run; null when a duration ends it. */
		readonly total: number | null;
		readonly inFlight: number;
		/** Requests of the whole run that will likely be enough to decide; absent without a choice, or while not known. */
		readonly likely?: number;
		/** Milliseconds, by the slower of the pace so far and the free part of the quota; null when not known. */
		readonly remainingMs: number | null;
		/** Requests per minute that the free part of the quota allows; absent while that does not set the time left. */
		readonly freePerMinute?: number;
		/** The time left was raised a moment ago: the run is slower than before. */
		readonly isSlower?: boolean;
		/** Milliseconds since data came last; absent while nothing is in flight. */
		readonly quietMs?: number;
		/** Why nothing is being sent now, a whole phrase: `token quota full · next request in 56 s`; null while requests flow. */
		readonly waitingFor: string | null;
	};
	readonly spec: RunSettings & {
		readonly task: string;
		/** Some variants have their own max tokens. */
		readonly hasOwnMaxTokens?: boolean;
		/** Of a chat: turns of a conversation, and the time to think between them. */
		readonly chat?: {readonly turns: number; readonly thinkMs: number} | undefined;
		/** Rates of the lanes that have their own, in requests per minute. */
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
	/** Of an ended run only. */
	readonly more?: MoreRequests;
	/** For the goal of the run. */
	readonly advice: readonly Advice[];
	/** For the goals that another variant leads than that of the run. */
	readonly adviceOfOtherGoals?: Readonly<Partial<Record<Goal, readonly Advice[]>>>;
	/** The newest 200. */
	readonly events: readonly LogEvent[];
	readonly timeline: Timeline;
	readonly failures: readonly FailureCount[];
	/** What others used of the buckets during the run, at most one reading per minute and target, oldest first; absent: nothing known. */
	readonly others?: readonly OthersReading[];
	readonly costUsd: number | null;
	/** Absent where the fate of every attempt, and the price of every answer, is known. */
	readonly costUsdWithin?: CostRange;
	/** Checks by an LLM, in their order; absent: the task has none. */
	readonly judges?: readonly JudgeFigures[];
	/** Of a search only; the other figures are then those of its last rung. */
	readonly search?: SearchFigures;
	/** Of an optimisation only; the other figures are then those of its last step. */
	readonly optimize?: OptimizeFigures;
	/** Of a tap only; a variant is then one client on one model. */
	readonly tap?: TapFigures;
};

/** How one run ended: its last snapshot, and the fault that ended it. */
export type RunEnd = {readonly snapshot: Snapshot; readonly fault: UserError | undefined};
