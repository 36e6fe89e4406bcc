import type {Failure} from './backend.ts';
import type {ItemFailure, Prompt} from './task.ts';

/** Events of a run, from which its figures are folded. `at` is in milliseconds since the start. */

/** Kind of throttle. */
export type ThrottleKind = 'requests' | 'tokens' | 'day' | 'overloaded';

const throttleKinds: Readonly<Partial<Record<Failure['class'], ThrottleKind>>> = {
	'throttled-requests': 'requests',
	'throttled-tokens': 'tokens',
	'throttled-day': 'day',
	overloaded: 'overloaded',
};

/** By what a failure is a throttle; undefined where it is none. */
export function throttleKindOf({class: failureClass}: Pick<Failure, 'class'>): ThrottleKind | undefined {
	return throttleKinds[failureClass];
}

/** An attempt: which cell of the run made it, what it was sent to, and whether its figures count (not in warm-up). */
type AttemptOf = {
	readonly at: number;
	readonly cell: number;
	readonly target: number;
	readonly isCounted: boolean;
};

/** The place of a request in a block: the same work for each variant that is still in, sent at about the same time. */
export type BlockPlace = {
	readonly number: number;
	/** Units of the block, over all of its variants: requests, or whole conversations. */
	readonly units: number;
	/** False for a turn of a conversation that continues. */
	readonly isUnitOver: boolean;
	/**
	 * The part of the items that its requests carry, from 0, the number of the pass over all items, and the parts per pass;
	 * absent where each block is independent.
	 */
	readonly item?: {readonly index: number; readonly pass: number; readonly ofPass: number} | undefined;
};

/** Results of the items of one request. */
export type ItemCounts = {
	readonly useful: number;
	readonly checkFailed: number;
	/** Part of `checkFailed`: nothing was answered. */
	readonly empty?: number;
	readonly unparsed: number;
	/** Items that had something to check, and those of them that passed. */
	readonly checked: number;
	readonly passed: number;
};

export type TokenCounts = {
	readonly input: number;
	readonly output: number;
	readonly cacheRead: number;
	readonly cacheWrite: number;
	readonly reasoning: number | undefined;
	/** Part of `reasoning` that was never sent, so that it took no time after the first token; absent: none. */
	readonly unseenReasoning?: number | undefined;
	readonly isEstimated: boolean;
};

/** Occupation of a bucket by a request, in units of one window (`occupiedBy`). */
export type Occupied = {
	readonly tokens: number;
	readonly requests: number;
	/** Output tokens, where they have a quota of their own; absent: they have none. */
	readonly output?: number;
};

/** Attempts of unknown fate: they count at their estimated likely use. */
export type Broken = {
	readonly attempts: number;
	readonly quotaTokens: number;
	readonly costUsd: number;
	/** Upper bound of their cost. */
	readonly maxUsd: number;
};

/** Milliseconds, as the README defines them (How each number is defined). */
export type RequestTimes = {
	readonly timeToFirstToken: number | undefined;
	/** The first token of the answer itself: reasoning may come before it. Absent where not observed. */
	readonly timeToFirstAnswerToken?: number | undefined;
	readonly service: number;
	readonly dispatchDelay: number;
	readonly total: number;
};

export type AnsweredEvent = AttemptOf & {
	readonly type: 'answered';
	/** Undefined when it is not compared within a block. */
	readonly block: BlockPlace | undefined;
	/** Place in its conversation, from 0; undefined where there is none. */
	readonly turn?: number | undefined;
	readonly stopReason: string;
	readonly isTruncated: boolean;
	readonly isRefused: boolean;
	readonly items: ItemCounts;
	readonly tokens: TokenCounts;
	/** Settled quota tokens. */
	readonly quotaTokens: number;
	readonly occupied: Occupied;
	/** Items that it carried; absent where there are none. */
	readonly carried?: number | undefined;
	/** Index of the first of them; absent where there are none. */
	readonly firstItem?: number | undefined;
	/** Quota and cost of broken attempts before it; absent where there were none. */
	readonly broken?: Broken | undefined;
	/** Each item that had something to check, by its index, and whether it passed; absent where nothing was checked. */
	readonly checks?: ReadonlyArray<readonly [item: number | undefined, hasPassed: boolean]> | undefined;
	/** Of each of its items that is not useful, why not; absent where all are. */
	readonly failures?: readonly ItemFailure[] | undefined;
	/** What was answered: with the answer it is an example of its variant. */
	readonly prompt?: Pick<Prompt, 'system' | 'user'> | undefined;
	/** Set aside by the ledger. */
	readonly reservedTokens: number;
	readonly isOverrun: boolean;
	readonly costUsd: number | undefined;
	/** A more expensive tier than requested served it: `costUsd` is a lower bound. */
	readonly isDearer?: boolean;
	readonly times: RequestTimes;
	/** Whether it met the service level; undefined when there is none. */
	readonly isWithinServiceLevel: boolean | undefined;
	readonly isSimulated: boolean;
	/** Its first attempt had been throttled. */
	readonly isRescued?: boolean;
	/** As echoed; undefined where the answer has none. */
	readonly tier?: string | undefined;
	readonly latencyMode?: string | undefined;
	readonly text: string;
};

export type RunEvent =
	| {
			readonly type: 'started';
			readonly at: number;
			readonly epochMs: number;
			/** For the log, in place of that of a run. */
			readonly text?: string;
	  }
	| {readonly type: 'ended'; readonly at: number}
	| {readonly type: 'paused'; readonly at: number}
	| {readonly type: 'resumed'; readonly at: number}
	/** Requests were added to a run that had ended. */
	| {readonly type: 'continued'; readonly at: number; readonly requests: number}
	| (AttemptOf & {
			readonly type: 'sent';
			/** False for a retry of a request that was sent before. */
			readonly isFirst: boolean;
			/** Place in its conversation, from 0; undefined where there is none. */
			readonly turn?: number | undefined;
			readonly items: number;
			readonly reservedTokens: number;
			/** Absent of a tap: it keeps no text of the applications that it serves. */
			readonly prompt?: Pick<Prompt, 'system' | 'user' | 'compression'>;
	  })
	| AnsweredEvent
	| (AttemptOf & {
			readonly type: 'throttled';
			readonly kind: ThrottleKind;
			/** It was the first attempt of its request. */
			readonly isFirst?: boolean;
			readonly failure: Failure;
			/** Of a tap: whose it was, for the log. */
			readonly sender?: string;
			readonly reservedTokens: number;
			readonly broken?: Broken | undefined;
	  })
	| (AttemptOf & {
			readonly type: 'failed';
			readonly failure: Failure;
			/** Of a tap: whose it was, for the log. */
			readonly sender?: string;
			readonly reservedTokens: number;
			/** Its likely use; absent where the service refused it before counting. */
			readonly broken?: Broken | undefined;
	  })
	/** Cut off at the deadline of a stop: neither answered nor failed. */
	| (AttemptOf & {
			readonly type: 'abandoned';
			readonly reservedTokens: number;
			readonly broken?: Broken | undefined;
	  })
	/** A request that was given up: its budget of attempts is spent, or (`wasSent` false) it can never be sent. */
	| {
			readonly type: 'lost';
			readonly at: number;
			readonly cell: number;
			/** False during warm-up. */
			readonly isCounted: boolean;
			readonly block: BlockPlace | undefined;
			readonly broken?: Broken | undefined;
			readonly carried?: number | undefined;
			readonly failure: Failure;
			readonly wasSent: boolean;
	  }
	/** So many requests wait for room in the bucket of a target from now on; a run, which makes its requests when they can go, says 1. */
	| {readonly type: 'held'; readonly at: number; readonly target: number; readonly count: number}
	| {readonly type: 'noted'; readonly at: number; readonly kind: string; readonly text: string};
