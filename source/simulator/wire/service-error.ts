/** Errors of the service, with the statuses and messages that it is known to send. */

const statuses = {
	ValidationException: 400,
	ServiceQuotaExceededException: 400,
	ConflictException: 400,
	AccessDeniedException: 403,
	ResourceNotFoundException: 404,
	UnknownOperationException: 404,
	ModelTimeoutException: 408,
	ModelErrorException: 424,
	ThrottlingException: 429,
	InternalServerException: 500,
	ServiceUnavailableException: 503,
} as const;

export type ErrorType = keyof typeof statuses;

/** The limit that throttled a request. */
export type ThrottleKind = 'requests' | 'tokens' | 'day' | 'overloaded';

/** An answer that is an error. Handlers throw it; the router writes it. */
export class ServiceError extends Error {
	readonly type: ErrorType;
	readonly status: number;
	/** Further fields of the body. */
	readonly details: Readonly<Record<string, unknown>>;
	readonly throttle: ThrottleKind | undefined;

	constructor(
		type: ErrorType,
		message: string,
		options: {details?: Readonly<Record<string, unknown>>; throttle?: ThrottleKind} = {},
	) {
		super(message);
		this.name = 'ServiceError';
		this.type = type;
		this.status = statuses[type];
		this.details = options.details ?? {};
		this.throttle = options.throttle;
	}
}

export function validationError(message: string): ServiceError {
	return new ServiceError('ValidationException', message);
}

/** A 429. Only its message shows which limit was met; no Retry-After is sent. */
export function throttlingError(kind: ThrottleKind, modelId: string): ServiceError {
	const messages = {
		requests: 'Too many requests, please wait before trying again.',
		tokens: 'Too many tokens, please wait before trying again.',
		day: 'Too many tokens per day, please wait before trying again.',
		overloaded: `Model ${modelId} is currently overloaded. Please try again later.`,
	} as const;
	return new ServiceError('ThrottlingException', messages[kind], {throttle: kind});
}

/** Value of the header `x-amzn-errortype`. */
export function errorTypeHeader(type: ErrorType): string {
	return `${type}:http://internal.amazon.com/coral/com.amazon.bedrock/`;
}
