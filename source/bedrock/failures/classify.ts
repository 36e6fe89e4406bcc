import type {Failure, FailureClass} from '../../domain/backend.ts';
import type {ErrorFacts} from './error-facts.ts';

/**
 * Names of exceptions by class, without "Exception" at their end, which some have in one place and not in another: of the
 * service first, then of the SDK's own errors; with a low line those of the APIs of Anthropic and OpenAI.
 */
const names = {
	throttled: [
		'Throttling',
		'Throttled',
		'RequestThrottled',
		'TooManyRequests',
		'RequestLimitExceeded',
		'Rate_limit_error',
		'Rate_limit_exceeded',
	],
	overloaded: ['ServiceUnavailable', 'ModelNotReady', 'Overloaded_error', 'Service_unavailable'],
	timeout: ['Timeout_error', 'ModelTimeout', 'RequestTimeout', 'TimeoutError', 'AbortError'],
	credentials: [
		'Authentication_error',
		'Invalid_api_key',
		'ExpiredToken',
		'RequestExpired',
		'RequestTimeTooSkewed',
		'RequestInTheFuture',
		'InvalidSignature',
		'SignatureDoesNotMatch',
		'UnrecognizedClient',
		'InvalidClientTokenId',
		'IncompleteSignature',
		'MissingAuthenticationToken',
		'AuthFailure',
		'CredentialsProviderError',
		'TokenProviderError',
		'ProviderError',
		'Unauthorized',
	],
	'access-denied': [
		'Permission_error',
		'Access_denied',
		'AccessDenied',
		'OptInRequired',
		'NotAuthorized',
		'UnauthorizedOperation',
	],
	'not-found': ['Not_found_error', 'ResourceNotFound', 'UnknownOperation'],
	'model-error': [
		'ModelError',
		'ModelStreamError',
		'InternalServer',
		'InternalServerError',
		'InternalFailure',
		'InternalService',
		'Api_error',
		'Server_error',
		'Internal_server_error',
		'UnreadableAnswer',
		'EmptyAnswer',
	],
	validation: [
		'Validation',
		'Conflict',
		'ServiceQuotaExceeded',
		'Serialization',
		'Invalid_request_error',
		'Validation_error',
	],
} satisfies Partial<Record<FailureClass | 'throttled', readonly string[]>>;

const byName: ReadonlyMap<string, FailureClass | 'throttled'> = new Map(
	Object.entries(names).flatMap(([kind, all]) => all.map((name) => [name, kind as keyof typeof names])),
);

/** Class by HTTP status, for answers that name no exception. */
const byStatus: Readonly<Record<number, FailureClass | 'throttled' | undefined>> = {
	400: 'validation',
	401: 'credentials',
	403: 'access-denied',
	404: 'not-found',
	407: 'network',
	408: 'timeout',
	413: 'validation',
	424: 'model-error',
	429: 'throttled',
	500: 'model-error',
	502: 'network',
	503: 'overloaded',
	504: 'timeout',
	529: 'overloaded',
};

/** Which limit a throttle means: only the message shows it (bedrock-runtime sends no other sign). */
const throttleOf = (message: string): FailureClass => {
	// A monthly quota will not reset during the run either.
	if (/tokens? per day|daily|monthly|per[- ](?:day|month)|\bTPD\b/i.test(message)) {
		return 'throttled-day';
	}
	if (
		/overloaded|getting throttled|capacity|unable to process|too many connections|high (?:traffic|demand|load)/i.test(
			message,
		)
	) {
		return 'overloaded';
	}
	return /\b(?:tokens?|TPM)\b/i.test(message) ? 'throttled-tokens' : 'throttled-requests';
};

const isAboutSigningIn =
	/security token|api key|bearer token|authentication failed|signature|credentials? (?:is|are|has|have)|access key id/i;

/** Message for a base model that can only be called through a profile, with either apostrophe, and an older wording. */
const isWithoutOnDemand = /on-demand throughput isn|n.t support on-demand throughput/i;

/** Message of a denial that comes as an invalid request. */
const isDenial = /n.t have access to the model|is not authorized to perform/i;

/** Corrects the class where the message contradicts the exception. */
const refined = (named: FailureClass, message: string): FailureClass => {
	if (named === 'validation' && isWithoutOnDemand.test(message)) {
		return 'needs-profile';
	}
	if (named === 'validation' && isDenial.test(message)) {
		return 'access-denied';
	}
	// A cache point that a model does not take comes as a denial, but no permission helps.
	if (named === 'access-denied' && /prompt caching/i.test(message)) {
		return 'validation';
	}
	if (named === 'access-denied' && isAboutSigningIn.test(message)) {
		return 'credentials';
	}
	if (named === 'not-found' && /use case details|fill out .*form/i.test(message)) {
		return 'access-denied';
	}
	// A retired model is not a matter of permissions, nor of the request, whatever the exception.
	const isRefusal = named === 'access-denied' || named === 'validation';
	return isRefusal && /\blegacy\b|end of (?:its )?life/i.test(message) ? 'not-found' : named;
};

const isConnectionError = ({name, code, message}: ErrorFacts): boolean =>
	(code !== undefined && /^(?:E[A-Z]{2,}|ERR_|HPE_|CERT_|DEPTH_|SELF_|UNABLE_|HOSTNAME_)/.test(code)) ||
	/NetworkingError|FetchError/.test(name) ||
	/socket hang up|^aborted$|network|connect(?:ion)? (?:refused|reset|closed)/i.test(message);

const timeoutCodes = new Set(['ETIMEDOUT', 'ESOCKETTIMEDOUT', 'ERR_SOCKET_CONNECTION_TIMEOUT']);

/** Message of the SDK's own timer before anything was sent. */
const neverConnected = /not establish a connection with the server within/;

/** The class of a failure: by the exception's name first, then its status, the connection, and its message. */
export function classOf(facts: ErrorFacts): FailureClass {
	const byStatusCode = facts.status === undefined ? undefined : byStatus[facts.status];
	const own = byName.get(facts.name.replace(/Exception$/, '')) ?? byStatusCode;
	// APIs like OpenAI's call a wrong key an invalid request too.
	const named = foreignClassOf(facts) ?? (own === 'validation' ? (byStatusCode ?? own) : own);
	if (named !== undefined) {
		return named === 'throttled' ? throttleOf(facts.message) : refined(named, facts.message);
	}
	if (facts.isWithinStream) {
		return 'stream-cut';
	}
	if (facts.code !== undefined && timeoutCodes.has(facts.code)) {
		return 'timeout';
	}
	if (isConnectionError(facts)) {
		return 'network';
	}
	if (facts.status !== undefined) {
		return facts.status >= 500 ? 'model-error' : facts.status >= 400 ? 'validation' : 'network';
	}
	// No answer and no connection failed: the request could not be made.
	return /credentials|region is missing|token/i.test(facts.message) ? 'credentials' : 'validation';
}

/** Classes of answers that Bedrock did not give, or that do not follow its error model; undefined for all others. */
const foreignClassOf = ({isPage, message, status = 0}: ErrorFacts): FailureClass | undefined => {
	if (neverConnected.test(message)) {
		return 'network';
	}
	// The status that a proxy or a portal chose says nothing about the service. Load balancers do speak for the service.
	if (isPage && status < 500 && status !== 429) {
		return 'network';
	}
	// Another server does not know the call, whatever name it gives the error.
	return status === 501 ? 'validation' : undefined;
};

/** Connection errors that happen before a request has been sent. */
const unsent =
	/^(?:ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|EPROTO|CERT_|DEPTH_|SELF_|UNABLE_|ERR_TLS|ERR_SSL|ERR_PROXY)/;

/** What an attempt did to the bucket; `none` only where it certainly cost nothing. */
export function chargeOf(
	failureClass: FailureClass,
	{code, message, isWithinStream}: Pick<ErrorFacts, 'code' | 'message' | 'isWithinStream'>,
): Failure['charge'] {
	if (isWithinStream) {
		return 'unknown';
	}
	switch (failureClass) {
		case 'throttled-requests':
		case 'throttled-tokens':
		case 'throttled-day':
		case 'validation':
		case 'access-denied':
		case 'not-found':
		case 'needs-profile':
		case 'credentials':
			return 'none';
		case 'network':
			return unsent.test(code ?? '') || neverConnected.test(message) ? 'none' : 'unknown';
		case 'overloaded':
		case 'timeout':
		case 'model-error':
		case 'stream-cut':
			return 'unknown';
	}
}

/** Whether the keys have expired, by any name the service uses. An expired signature means a wrong clock. */
export function isExpiry({name, message}: Pick<ErrorFacts, 'name' | 'message'>): boolean {
	return /^ExpiredToken/.test(name) || /token[^.]* expired/i.test(message);
}
