/** How an inference is asked, by which method, and what comes of it: an answer, or a failure of a class. */

/** The APIs of bedrock-runtime, called by the AWS SDK. */
export const runtimeMethods = ['converse', 'converse-stream', 'invoke', 'invoke-stream'] as const;
export type RuntimeMethod = (typeof runtimeMethods)[number];

/** The APIs of bedrock-mantle: Anthropic Messages, OpenAI Chat Completions and OpenAI Responses. */
export const mantleMethods = [
	'messages',
	'messages-stream',
	'chat-completions',
	'chat-completions-stream',
	'responses',
	'responses-stream',
] as const;
export type MantleMethod = (typeof mantleMethods)[number];
/** Each answers as a whole or as a stream. */
export type MantleApi = Exclude<MantleMethod, `${string}-stream`>;

/** How a prompt is sent. `batch` is a separate command, because it is not answered within the run. */
export const methods = [...runtimeMethods, ...mantleMethods] as const;
export type Method = (typeof methods)[number];

/** Whether a method is one of bedrock-mantle. */
export function isMantleMethod(method: Method): method is MantleMethod {
	return mantleMethods.some((each) => each === method);
}

export type PromptMessage = {readonly role: 'user' | 'assistant'; readonly text: string};

/** One call of the engine; the backend turns it into the body of the model's family. */
export type InferenceRequest = {
	readonly model: string;
	/** Foundation model ID: decides the family. */
	readonly baseModel: string;
	readonly method: Method;
	readonly system: string | undefined;
	readonly messages: readonly PromptMessage[];
	readonly maxTokens: number;
	readonly stop: readonly string[];
	/** Sampling and other parameters; only what is named here is sent. */
	readonly parameters: Readonly<Record<string, unknown>>;
	/** Put a cache point behind the system prompt and the shared part. */
	readonly cache: boolean;
	readonly tier: string | undefined;
};

/** Token counts of one answer. Cached tokens are apart from `inputTokens`, as the service counts them. */
export type Usage = {
	readonly inputTokens: number;
	readonly outputTokens: number;
	readonly cacheReadTokens: number;
	readonly cacheWriteTokens: number;
	/** Part of `cacheWriteTokens` that is kept for an hour, which costs more; absent where there is none. */
	readonly longCacheWriteTokens?: number;
	/** Part of `outputTokens`; undefined where the service does not report it. */
	readonly reasoningTokens: number | undefined;
	/** True only where the service reported no counts and these are estimated. */
	readonly isEstimated: boolean;
};

export type Answer = {
	readonly kind: 'answered';
	readonly text: string;
	/** Reasoning text, kept apart from the answer. */
	readonly reasoning: string | undefined;
	/** As the service names it (`end_turn`, `max_tokens`, ...). */
	readonly stopReason: string;
	readonly isTruncated: boolean;
	readonly isRefused: boolean;
	/** It ended with something else than an answer: broken output or a tool call. */
	readonly unfit?: 'malformed' | 'tool-call' | undefined;
	/** Undefined when the service reported no counts (a guardrail-blocked stream). */
	readonly usage: Usage | undefined;
	/** Latency as the service measured it. */
	readonly serverLatencyMs: number | undefined;
	/** The tier that served the request, as echoed. */
	readonly tier: string | undefined;
	/** The latency mode that served the request, as echoed: `standard` where an `optimized` one fell back. */
	readonly latencyMode?: string | undefined;
	readonly requestId: string | undefined;
	/** A simulator answered (it says so in a response header). */
	readonly isSimulated: boolean;
};

export type Outcome = Answer | {readonly kind: 'failed'; readonly failure: Failure};

export type InvokeOptions = {
	readonly signal: AbortSignal;
	/** Called once, at the first non-empty piece of text (streams), before the outcome resolves. */
	readonly onFirstToken: () => void;
	/** Called once, at the first piece of the answer itself: reasoning may come before it. */
	readonly onFirstAnswerToken?: () => void;
	/** Called with every piece of a stream, empty ones too; `received` gives the part so far. */
	readonly onPiece?: (received: () => Received) => void;
};

/** The service as the engine sees it: `bedrock/` implements it, tests use an in-process one. */
export type Backend = {
	/** Sends one attempt. Never rejects: every result is an outcome. */
	readonly invoke: (request: InferenceRequest, options: InvokeOptions) => Promise<Outcome>;
	/** Exact input tokens of a request before it is sent; undefined where the model does not support it. */
	readonly countTokens: (request: InferenceRequest, signal: AbortSignal) => Promise<number | undefined>;
	/** Round trip of the network in milliseconds; undefined while not known. */
	readonly roundTripMs?: () => number | undefined;
	/** Closes all connections. */
	readonly close: () => void;
};

/** Silence after which an attempt is given up, in milliseconds. */
export type Silence = {
	/** From the request to the first data of an answer. */
	readonly beforeFirstMs: number;
	/** From one piece of an answer to the next. */
	readonly betweenMs: number;
};

const minuteMs = 60_000;

/** A model may think for an hour before an answer that comes at once; a stream sends data long before. */
const whole: Silence = {beforeFirstMs: 60 * minuteMs, betweenMs: 60 * minuteMs};
const stream: Silence = {beforeFirstMs: 5 * minuteMs, betweenMs: 2 * minuteMs};

const silences: Readonly<Record<Method, Silence>> = {
	converse: whole,
	'converse-stream': stream,
	invoke: whole,
	'invoke-stream': stream,
	messages: whole,
	'messages-stream': stream,
	'chat-completions': whole,
	'chat-completions-stream': stream,
	responses: whole,
	'responses-stream': stream,
};

/** The silence that ends an attempt. @param typedMs Of `--timeout`; undefined: as the method needs it. */
export function silenceOf(method: Method, typedMs: number | undefined): Silence {
	return typedMs === undefined ? silences[method] : {beforeFirstMs: typedMs, betweenMs: typedMs};
}

/** Longest silence of a small call: a list, a count, a job. */
export const callSilenceMs = 20_000;

/** Time limit of a provider of credentials, which may have to ask the user. */
export const credentialsMs = 2 * minuteMs;

/** Longest silence while an object is sent or fetched. */
export const transferSilenceMs = 2 * minuteMs;

/** How long answers are awaited after the time of a run is over or it was stopped, in milliseconds. */
export const answerGraceMs = 10_000;

/** How long requests in flight of a tap may take to finish once it ends, in milliseconds. */
export const drainMs = 60_000;

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
