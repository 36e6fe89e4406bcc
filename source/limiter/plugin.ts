import {at, isObject, type JsonObject, parseJson, stringOf} from '../bedrock/json.ts';
import {countsInHeaders, headersOf} from '../bedrock/methods/response-headers.ts';
import {StreamFault} from '../bedrock/methods/stream-reader.ts';
import {requestSize} from '../bedrock/request-facts.ts';
import {countsIn, overlay, type ReportedCounts} from '../bedrock/usage.ts';
import type {Lane} from '../domain/bucket-usage.ts';
import type {PluginOptions} from './api.ts';
import type {BucketLease} from './model-bucket.ts';
import {checkLane} from './quota.ts';

/** Calls of a client of the AWS SDK, as the plugin has them: loaded with the first. */

/** An attempt that is about to be sent. */
export type PluginCall = {
	readonly model: string;
	readonly lane: Lane;
	readonly caller: string | undefined;
	readonly size: ReturnType<typeof requestSize>;
	readonly signal: AbortSignal | undefined;
};

type Args = {readonly input: unknown};
type Result = {readonly response: unknown; readonly output: unknown};
/** What sends a call of a client, or the rest of the way of it. */
export type Handler = (args: Args) => Promise<Result>;

/**
 * One attempt of a call that uses quota, within the retries of the SDK, so that each sets aside what it needs and a signature
 * is never older than its request.
 */
export async function limited(
	{lane = 'normal', caller}: PluginOptions,
	reserve: (attempt: PluginCall) => Promise<BucketLease>,
	{next, context, args}: {readonly next: Handler; readonly context: object; readonly args: Args},
): Promise<Result> {
	const input = isObject(args.input) ? args.input : {};
	const lease = await reserve({
		model: stringOf(input.modelId) ?? '',
		lane: laneOf(lane, input),
		caller,
		size: requestSize(promptOf(input)),
		signal: signalIn(context),
	});
	let result: Result;
	try {
		result = await next(args);
	} catch (error) {
		lease.failed(isInStream(error) ? new StreamFault(error) : error);
		throw error;
	}
	if (/Stream/.test(String(at(context, 'commandName')))) {
		lease.firstByte();
		watchStream(result.output, lease);
	} else {
		lease.settleCounts(countsOf(result));
	}
	return result;
}

const laneOf = (lane: NonNullable<PluginOptions['lane']>, input: JsonObject): Lane => {
	const name = typeof lane === 'function' ? lane(input) : lane;
	checkLane(name);
	return name;
};

const decoder = new TextDecoder();

/** What the model reads: the input of Converse, the body of InvokeModel. */
const promptOf = ({modelId: _, body, ...input}: JsonObject): JsonObject => {
	if (body === undefined) {
		return input;
	}
	const value = parseJson(body instanceof Uint8Array ? decoder.decode(body) : String(body));
	return isObject(value) ? value : {body};
};

/** The signal of the call, which newer versions of the SDK pass on. */
const signalIn = (context: object): AbortSignal | undefined => {
	const signal = at(context, '__smithy_context', 'abortSignal');
	return signal instanceof AbortSignal ? signal : undefined;
};

/** Whether an error came within a stream: the service had answered 200. */
const isInStream = (error: unknown): boolean =>
	error instanceof Error && at((error as {$response?: unknown}).$response, 'statusCode') === 200;

/** Counts of an answer that came as a whole. */
const countsOf = ({response, output}: Result): ReportedCounts => {
	const usage = at(output, 'usage');
	if (usage !== undefined) {
		return countsIn(usage);
	}
	const inHeaders = countsInHeaders(headersOf(response));
	if (inHeaders.input !== undefined && inHeaders.output !== undefined) {
		return inHeaders;
	}
	const bytes = at(output, 'body');
	return overlay(
		bytes instanceof Uint8Array ? countsInBody(parseJson(decoder.decode(bytes))) : {},
		inHeaders,
	);
};

/** Counts of a body, or of a chunk: Bedrock's own, else where models have theirs. */
const countsInBody = (body: unknown): ReportedCounts =>
	[
		at(body, 'message', 'usage'),
		at(body, 'usage'),
		at(body, 'amazon-bedrock-invocationMetrics'),
	].reduce<ReportedCounts>((known, counts) => overlay(known, countsIn(counts)), countsIn(body));

/** Settles by the last event of a stream, as the caller reads it. */
const watchStream = (output: unknown, lease: BucketLease): void => {
	const stream = at(output, 'stream') ?? at(output, 'body');
	if (typeof stream !== 'object' || stream === null || !(Symbol.asyncIterator in stream)) {
		return;
	}
	const events = stream as AsyncIterable<unknown>;
	const original = events[Symbol.asyncIterator].bind(events);
	Object.defineProperty(stream, Symbol.asyncIterator, {
		value: () => watched(original(), lease),
		configurable: true,
	});
};

const watched = (events: AsyncIterator<unknown>, lease: BucketLease): AsyncIterableIterator<unknown> => {
	let counts: ReportedCounts = {};
	return {
		async next() {
			try {
				const step = await events.next();
				const news = step.done ? undefined : newsIn(step.value);
				counts = overlay(counts, news?.counts ?? {});
				if (news?.isLast !== false) {
					lease.settleCounts(counts);
				}
				return step;
			} catch (error) {
				lease.failed(new StreamFault(error));
				throw error;
			}
		},
		async return(value?: unknown) {
			lease.keep();
			return (await events.return?.(value)) ?? {done: true, value};
		},
		[Symbol.asyncIterator]() {
			return this;
		},
	};
};

/** What an event says. ConverseStream ends with its metadata, InvokeModelWithResponseStream with Bedrock's own counts. */
const newsIn = (event: unknown): {readonly counts: ReportedCounts; readonly isLast: boolean} => {
	const metadata = at(event, 'metadata');
	if (metadata !== undefined) {
		return {counts: countsIn(at(metadata, 'usage')), isLast: true};
	}
	const bytes = at(event, 'chunk', 'bytes');
	const chunk = bytes instanceof Uint8Array ? parseJson(decoder.decode(bytes)) : undefined;
	return {
		counts: countsInBody(chunk),
		isLast: at(chunk, 'amazon-bedrock-invocationMetrics') !== undefined,
	};
};
