/** Failures of an attempt. `bedrock/failures` makes them from SDK errors. */

/** Every class of failure, in the order in which they are listed. */
export const failureClasses = [
	'throttled-requests',
	'throttled-tokens',
	'throttled-day',
	'overloaded',
	'timeout',
	'model-error',
	'validation',
	'access-denied',
	'not-found',
	'needs-profile',
	'credentials',
	'network',
	'stream-cut',
] as const;

export type FailureClass = (typeof failureClasses)[number];

/** Classes of failure that another attempt may mend; how often it is made is a matter of the engine. */
export const retryableClasses = [
	'throttled-requests',
	'throttled-tokens',
	'overloaded',
	'timeout',
	'model-error',
	'network',
	'stream-cut',
] as const satisfies readonly FailureClass[];

export type RetryableClass = (typeof retryableClasses)[number];

/** Why a list or a metric of the account could not be read. */
export type ReadFailureKind = 'denied' | 'throttled' | 'credentials' | 'network' | 'other';

const readFailureKinds: Readonly<Record<FailureClass, ReadFailureKind>> = {
	'throttled-requests': 'throttled',
	'throttled-tokens': 'throttled',
	'throttled-day': 'throttled',
	overloaded: 'throttled',
	timeout: 'network',
	'model-error': 'other',
	validation: 'other',
	'access-denied': 'denied',
	'not-found': 'other',
	'needs-profile': 'other',
	credentials: 'credentials',
	network: 'network',
	'stream-cut': 'other',
};

export function readFailureKind(failureClass: FailureClass): ReadFailureKind {
	return readFailureKinds[failureClass];
}

/** A part of an answer: the service's count by then, and the received characters of text and reasoning. */
export type Received = {readonly inputTokens: number | undefined; readonly characters: number};

export type Failure = {
	readonly class: FailureClass;
	/** The service's message, in one line. */
	readonly message: string;
	/** What the user can do: an IAM action, a profile ID, a form, a setting. */
	readonly advice: string;
	readonly isRetryable: boolean;
	/** Retry-After of the service, where it sent one. */
	readonly retryAfterMs?: number;
	/**
	 * Effect on the bucket. `none`: the service refused it before counting (give the reservation back); `unknown`: it may have
	 * been counted (keep the reservation until its minute is over).
	 */
	readonly charge: 'none' | 'unknown';
	/** The part of an answer before it broke off; absent where nothing came. */
	readonly received?: Received | undefined;
	/** It came from a simulator. */
	readonly isSimulated?: boolean;
};
