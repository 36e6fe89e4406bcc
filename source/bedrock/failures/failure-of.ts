import {
	type Failure,
	type FailureClass,
	isMantleMethod,
	type Method,
	type RuntimeMethod,
	retryableClasses,
} from '../../domain/backend.ts';
import {UserError} from '../../domain/user-error.ts';
import {formatSpan} from '../../text/numbers.ts';
import {redacted, withoutCredentials, withoutSecrets} from '../../text/secrets.ts';
import {isSimulated} from '../methods/response-headers.ts';
import {StreamFault} from '../methods/stream-reader.ts';
import {adviceFor} from './advice.ts';
import {chargeOf, classOf} from './classify.ts';
import {type ErrorFacts, type FailureContext, factsOf, retryAfterOf} from './error-facts.ts';

export type {FailureContext} from './error-facts.ts';

/** IAM authorises Converse by the actions of InvokeModel. */
const actions: Readonly<Record<RuntimeMethod, string>> = {
	converse: 'bedrock:InvokeModel',
	'converse-stream': 'bedrock:InvokeModelWithResponseStream',
	invoke: 'bedrock:InvokeModel',
	'invoke-stream': 'bedrock:InvokeModelWithResponseStream',
};

/** The IAM action that a method needs. */
export function actionOf(method: Method): string {
	return isMantleMethod(method) ? 'bedrock-mantle:CreateInference' : actions[method];
}

const retryable: ReadonlySet<FailureClass> = new Set(retryableClasses);

/** Connection errors that a retry does not fix. */
const lasting = /^(?:ENOTFOUND|EPROTO|CERT_|DEPTH_|SELF_|UNABLE_|ERR_TLS|ERR_SSL)/;

/**
 * Makes a Failure of anything that a call may throw.
 * @param error An error of the SDK, of a stream, of credentials, of the connection, or anything else.
 * @param context What was called.
 * @param options `secrets` must not be shown; `signal` is the call's own, so that a cancellation is not mistaken for
 * a failure.
 */
export function failureOf(
	error: unknown,
	context: FailureContext,
	options: {readonly secrets: readonly string[]; readonly signal?: AbortSignal | undefined} = {secrets: []},
): Failure {
	if (options.signal?.aborted) {
		const isTimeout = (options.signal.reason as {name?: unknown} | undefined)?.name === 'TimeoutError';
		return {
			class: 'timeout',
			message: isTimeout
				? 'The answer did not come in time.'
				: 'The request was cancelled before its answer was complete.',
			advice: isTimeout
				? 'The answer took too long: lower --max-tokens or the concurrency.'
				: 'Nothing to do: the run was stopped.',
			isRetryable: isTimeout,
			charge: 'unknown',
		};
	}
	const raw = factsOf(error);
	// Texts of others are cleaned before anything is made of them, the advice included.
	const facts = {...raw, message: withoutCredentials(raw.message, options.secrets)};
	const failureClass = classOf(raw);
	const retryAfterMs = retryAfterOf(facts.headers, Date.now);
	return {
		class: failureClass,
		// A message of control characters alone says nothing once it is cleaned.
		message:
			redacted(plainly(facts.message), options.secrets).trim() ||
			redacted(fallbackMessage(facts), options.secrets),
		// The check that found out why there are no credentials knows the way out as well.
		advice: withoutSecrets(hintOf(error) ?? adviceFor(failureClass, facts, context), options.secrets),
		isRetryable: isRetryable(failureClass, facts),
		...(retryAfterMs === undefined ? {} : {retryAfterMs}),
		charge: chargeOf(failureClass, facts),
		...(error instanceof StreamFault && error.received !== undefined ? {received: error.received} : {}),
		...(isSimulated(facts.headers) ? {isSimulated: true} : {}),
	};
}

const isRetryable = (failureClass: FailureClass, facts: ErrorFacts): boolean => {
	const {name, code, status, isPage} = facts;
	return (
		retryable.has(failureClass) &&
		name !== 'UnreadableAnswer' &&
		status !== 407 &&
		!(failureClass === 'network' && isPage && (status ?? 0) < 500) &&
		!(status !== undefined && status >= 300 && status < 400) &&
		!lasting.test(code ?? '') &&
		!isTurnedAway(facts)
	);
};

/** Whether a proxy refuses to connect; one that merely fails may work the next time. */
const isTurnedAway = ({code, message}: ErrorFacts): boolean =>
	code === 'ERR_PROXY_TUNNEL' && /HTTP\/[\d.]+ 4\d\d/.test(message);

/** Messages of the SDK's timers in a user's words. */
const plainly = (message: string): string =>
	message
		.replace(
			/^.*request socket timed out after (\d+) ms of inactivity.*$/,
			(_, ms) => `Nothing came for ${formatSpan(Number(ms))}.`,
		)
		.replace(
			/^.*did not establish a connection with the server within the configured timeout of (\d+) ms.*$/,
			(_, ms) => `No connection came about within ${formatSpan(Number(ms))}.`,
		);

const fallbackMessage = ({status, code, name}: ErrorFacts): string => {
	if (status !== undefined && status < 300) {
		return `An answer came that cannot be read (HTTP ${status}).`;
	}
	const parts = [name, status === undefined ? undefined : `HTTP ${status}`, code];
	return parts.filter(Boolean).join(', ') || 'The call failed without a message.';
};

const hintOf = (error: unknown): string | undefined => (error instanceof UserError ? error.hint : undefined);
