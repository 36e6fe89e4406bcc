import type {Scope} from './catalog/model.ts';
import type {Buckets} from './runtime/buckets.ts';
import type {ThrottleKind} from './wire/exchange.ts';

/** Record of a request to the runtime. Times are milliseconds since 1970, with fractions. */
export type RequestRecord = {
	readonly operation: string;
	/** As the request names it. */
	readonly modelId: string;
	readonly region: string;
	/** Undefined where the model could not be resolved. */
	readonly baseModel: string | undefined;
	readonly scope: Scope | undefined;
	readonly userAgent: string;
	/** When it reached the simulator's socket. */
	readonly receivedAt: number;
	/** When the service took it on: after the network's delay and after a stall. */
	readonly startedAt: number;
	/** When the first token was sent; undefined without an answer. */
	readonly firstTokenAt: number | undefined;
	/** When the last byte was sent. */
	readonly endedAt: number;
	/** HTTP status; 0 for a connection that was cut before any. */
	readonly status: number;
	/** Name of the exception, one in the middle of a stream included; undefined for an answer. */
	readonly error: string | undefined;
	readonly throttle: ThrottleKind | undefined;
	readonly inputTokens: number;
	readonly outputTokens: number;
	readonly cacheReadTokens: number;
	readonly cacheWriteTokens: number;
	/** It came to bedrock-mantle, whose traffic CloudWatch counts apart. */
	readonly isOfMantle?: true;
	/** What its bucket set aside at first; undefined of bedrock-mantle, whose quotas are apart. */
	readonly reservedTokens?: number;
	/** The final cost for its bucket. */
	readonly quotaTokens: number;
};

/** The last `capacity` values. */
type Ring<T> = {
	readonly push: (value: T) => void;
	/** The latest values, oldest first. */
	readonly latest: (count: number) => readonly T[];
	readonly clear: () => void;
};

function createRing<T>(capacity: number): Ring<T> {
	let values: T[] = [];
	let next = 0;
	return {
		push(value) {
			values[next] = value;
			next = (next + 1) % capacity;
		},
		latest(count) {
			const ordered = values.length < capacity ? values : [...values.slice(next), ...values.slice(0, next)];
			return count <= 0 ? [] : ordered.slice(-count);
		},
		clear() {
			values = [];
			next = 0;
		},
	};
}

/** Figures of the simulator, for benches and for people: `GET /__stats`. */
export type Stats = {
	readonly record: (request: RequestRecord) => void;
	/** @param logLength Longest log, of the latest entries. */
	readonly snapshot: (buckets: Buckets, nowMs: number, logLength: number) => object;
	readonly reset: (nowMs: number) => void;
};

export const maxLogLength = 10_000;

/** Names that a counter keeps apart; later ones are counted together. */
const maxNames = 200;

type Counter = Record<string, number>;

export function createStats(nowMs: number): Stats {
	let since = nowMs;
	let counts = emptyCounts();
	const log = createRing<ReturnType<typeof logEntry>>(maxLogLength);
	return {
		record(request) {
			counts.total++;
			increase(counts.byOperation, request.operation);
			increase(counts.byStatus, String(request.status));
			increase(counts.byModel, request.modelId);
			increase(counts.byUserAgent, productOf(request.userAgent));
			if (request.error === undefined) {
				counts.ok++;
			} else if (request.throttle === undefined) {
				counts.failed++;
				increase(counts.byError, request.error);
			} else {
				counts.throttled[request.throttle]++;
			}
			addTokens(counts.tokens, request);
			addTokens(tokensOf(counts.tokensByUserAgent, productOf(request.userAgent)), request);
			log.push(logEntry(request));
		},
		snapshot: (buckets, at, logLength) => {
			const {ok, failed, throttled, tokens, tokensByUserAgent, ...requests} = counts;
			return {
				simulated: true,
				since: new Date(since).toISOString(),
				seconds: (at - since) / 1000,
				windowMs: buckets.windowMs,
				requests,
				ok,
				failed,
				throttled,
				tokens,
				tokensByUserAgent,
				buckets: buckets.report(at),
				log: log.latest(logLength),
			};
		},
		reset(at) {
			since = at;
			counts = emptyCounts();
			log.clear();
		},
	};
}

const emptyCounts = () => ({
	total: 0,
	ok: 0,
	failed: 0,
	byOperation: {} as Counter,
	byStatus: {} as Counter,
	byModel: {} as Counter,
	byUserAgent: {} as Counter,
	byError: {} as Counter,
	throttled: {requests: 0, tokens: 0, day: 0, overloaded: 0} satisfies Record<ThrottleKind, number>,
	tokens: noTokens(),
	tokensByUserAgent: {} as Record<string, Tokens>,
});

type Tokens = {
	input: number;
	output: number;
	cacheRead: number;
	cacheWrite: number;
	reserved: number;
	quota: number;
};

const noTokens = (): Tokens => ({input: 0, output: 0, cacheRead: 0, cacheWrite: 0, reserved: 0, quota: 0});

const addTokens = (tokens: Tokens, request: RequestRecord): void => {
	tokens.input += request.inputTokens;
	tokens.output += request.outputTokens;
	tokens.cacheRead += request.cacheReadTokens;
	tokens.cacheWrite += request.cacheWriteTokens;
	tokens.reserved += request.reservedTokens ?? 0;
	tokens.quota += request.quotaTokens;
};

const tokensOf = (all: Record<string, Tokens>, name: string): Tokens => {
	const key = keyIn(all, name);
	const known = all[key] ?? noTokens();
	all[key] = known;
	return known;
};

const logEntry = ({
	receivedAt,
	startedAt,
	endedAt,
	status,
	modelId,
	inputTokens,
	outputTokens,
}: RequestRecord) => ({
	receivedAt,
	startedAt,
	endedAt,
	status,
	model: modelId,
	inputTokens,
	outputTokens,
});

const keyIn = (counts: Readonly<Record<string, unknown>>, name: string): string =>
	Object.hasOwn(counts, name) || Object.keys(counts).length < maxNames ? name : '(others)';

const increase = (counter: Counter, name: string): void => {
	const key = keyIn(counter, name);
	counter[key] = (counter[key] ?? 0) + 1;
};

/** Product of a user agent: its first word, such as `aws-sdk-js/3.1164.0`. */
const productOf = (userAgent: string): string => userAgent.split(' ', 1)[0] || '(none)';
