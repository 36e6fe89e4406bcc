import type {Admission} from '../../admission/room.ts';
import type {Failure, FailureClass, RetryableClass} from '../../domain/backend.ts';
import type {Lane} from '../../domain/bucket-usage.ts';
import type {Random} from '../../domain/clock.ts';
import {formatCount} from '../../text/numbers.ts';
import type {Cell} from '../cells/cell.ts';
import type {LogicalRequest} from './attempts.ts';

/** Requests that are sent again: whether and when, and the lines in which they wait. */

/** Attempts and waits of a class of failure. */
type RetryRule = {readonly attempts: number; readonly baseMs: number; readonly capMs: number};

/** AWS advises about 1 s, exponential, with jitter and a bounded budget of some 6 attempts (scaling best practices). */
const patient: RetryRule = {attempts: 6, baseMs: 1000, capMs: 20_000};
/** A throttle is not a fault of the request: others use the bucket, and the admission already waits for room. */
const throttled: RetryRule = {attempts: 12, baseMs: 1000, capMs: 20_000};
/** Broken connections and faults of the service pass soon (base delay of the SDK's standard mode). */
const quick: RetryRule = {attempts: 6, baseMs: 50, capMs: 20_000};
/** Credentials may have been renewed: new ones are tried once. */
const renewed: RetryRule = {attempts: 2, baseMs: 0, capMs: 0};

/** A class without a rule is never tried again. */
const rules: Readonly<Record<RetryableClass | 'credentials', RetryRule>> = {
	'throttled-requests': throttled,
	'throttled-tokens': throttled,
	overloaded: patient,
	timeout: quick,
	'model-error': quick,
	network: quick,
	'stream-cut': quick,
	credentials: renewed,
};

/** Longest Retry-After that is honoured, in milliseconds: a run that waits for hours looks as if it had stopped. */
const maxRetryAfterMs = 300_000;

/**
 * How long to wait before the next attempt: full jitter, random x min(cap, base x 2^retries), and not before the service's
 * own Retry-After, as far as that is waited for.
 * @param attempts Attempts made so far, the failed one included.
 * @param restMs Left of the time of the run.
 * @returns Milliseconds; undefined when the request is not to be tried again.
 */
export function retryDelayMs(
	failure: Failure,
	attempts: number,
	random: Random,
	restMs = Number.POSITIVE_INFINITY,
): number | undefined {
	const rule = (rules as Partial<Record<FailureClass, RetryRule>>)[failure.class];
	if (!failure.isRetryable || rule === undefined || attempts >= rule.attempts) {
		return undefined;
	}
	const jitterMs = random() * Math.min(rule.capMs, rule.baseMs * 2 ** (attempts - 1));
	return Math.min(failure.retryAfterMs ?? 0, maxRetryAfterMs, Math.max(0, restMs)) + jitterMs;
}

/** Why a request can never be sent. */
export type Refusal = Extract<Admission, {kind: 'never' | 'day'}>;

const whole = (value: number): string => formatCount(Math.floor(value));

/** The failure of a request that cannot be sent: it is larger than its bucket, or the bucket's day is used up. */
export function refusal(admission: Refusal, {variant, target, maxTokens}: Cell): Failure {
	if (admission.kind === 'day') {
		return {
			class: 'throttled-day',
			message: `The day's quota of ${target.model} is used up.`,
			advice: 'Continue tomorrow (UTC), or ask for a higher quota per day.',
			isRetryable: false,
			charge: 'none',
		};
	}
	const {dimension, needed, limit} = admission;
	if (dimension === 'requests') {
		return {
			class: 'validation',
			message: `The quota of ${target.model} allows no requests (${whole(limit)} per minute).`,
			advice: 'Ask AWS Support to enable the model for the account, or take another model or scope.',
			isRetryable: false,
			charge: 'none',
		};
	}
	const fitting = maxTokens - (needed - limit);
	const advice =
		fitting > 0
			? `Lower its max tokens to ${whole(fitting)} or less, or ask for a higher quota.`
			: 'Shorten its prompt, or ask for a higher quota.';
	return {
		class: 'validation',
		message: `A request of ${variant.name} takes ${whole(needed)} quota tokens, but ${target.model} may use ${whole(limit)} per minute: it can never be sent.`,
		advice,
		isRetryable: false,
		charge: 'none',
	};
}

/** The queue of each lane: requests that follow from what was sent before. */
export class RetryQueues {
	readonly #lanes = {high: new RetryQueue(), normal: new RetryQueue(), low: new RetryQueue()};

	get size(): number {
		return this.#lanes.high.size + this.#lanes.normal.size + this.#lanes.low.size;
	}

	of(lane: Lane): RetryQueue {
		return this.#lanes[lane];
	}

	/** Removes the matching requests of all lanes, and returns them. */
	removeAll(isMatch: (request: LogicalRequest) => boolean): readonly LogicalRequest[] {
		return Object.values(this.#lanes).flatMap((queue) => queue.removeAll(isMatch));
	}
}

/**
 * Requests of one lane that follow from what was sent before: tried again after a delay, asked singly after a packed reply
 * could not be read, or the next turn of a conversation after the time to think.
 */
export class RetryQueue {
	#delayed: Delayed[] = [];
	#ready: LogicalRequest[] = [];

	get size(): number {
		return this.#delayed.length + this.#ready.length;
	}

	/** When the next delay is over; undefined when nothing is delayed. */
	nextAt(): number | undefined {
		return this.#delayed[0]?.readyAt;
	}

	/** @param readyAt Milliseconds of the engine's clock. */
	add(request: LogicalRequest, readyAt: number): void {
		let index = this.#delayed.length;
		while (index > 0 && (this.#delayed[index - 1]?.readyAt ?? 0) > readyAt) {
			index--;
		}
		this.#delayed.splice(index, 0, {readyAt, request});
	}

	/** Those whose delay is over, the longest ready first. */
	ready(now: number): readonly LogicalRequest[] {
		while ((this.#delayed[0]?.readyAt ?? Number.POSITIVE_INFINITY) <= now) {
			const next = this.#delayed.shift();
			if (next !== undefined) {
				this.#ready.push(next.request);
			}
		}
		return this.#ready;
	}

	remove(request: LogicalRequest): void {
		this.#ready = this.#ready.filter((each) => each !== request);
	}

	/** The request with the shortest delay. */
	next(): LogicalRequest | undefined {
		return this.#delayed[0]?.request;
	}

	/** Removes the matching requests, and returns them. */
	removeAll(isMatch: (request: LogicalRequest) => boolean): readonly LogicalRequest[] {
		const all = [...this.#ready, ...this.#delayed.map(({request}) => request)].filter(isMatch);
		this.#ready = this.#ready.filter((request) => !isMatch(request));
		this.#delayed = this.#delayed.filter(({request}) => !isMatch(request));
		return all;
	}
}

type Delayed = {readonly readyAt: number; readonly request: LogicalRequest};
