import type {Scope} from '../catalog/model.ts';
import type {ThrottleKind} from '../wire/service-error.ts';

/** What is remembered of a request to the runtime. Times are milliseconds since 1970, with fractions. */
export type RequestRecord = {
	readonly operation: string;
	/** As it was asked for. */
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
	/** What the request cost its bucket in the end. */
	readonly quotaTokens: number;
};
