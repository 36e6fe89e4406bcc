import type {BedrockRuntimeClient} from '@aws-sdk/client-bedrock-runtime';
import type {Answer, InferenceRequest, InvokeOptions} from '../../domain/backend.ts';
import type {UsageSource} from '../usage.ts';

/** An answer that also says where its counts stood; undefined where nothing was reported. */
export type BedrockAnswer = Answer & {readonly usageSource: UsageSource | undefined};

/** One way to send a request. Rejects with whatever the SDK or the stream throws; the backend makes a Failure of it. */
export type Send = (
	runtime: BedrockRuntimeClient,
	request: InferenceRequest,
	options: InvokeOptions,
) => Promise<BedrockAnswer>;

/** One for all: without a reason each signal would make an error, with its stack, for every request. */
const over = new Error('The exchange is over.');

/**
 * Runs one exchange with a signal of its own, and ends that when the exchange is over, however it is. An answer that was
 * read to its end has given its socket back by then; whatever is still to come of any other (an exception in a stream whose
 * body ends later or never, a frame that cannot be read, a page) is given up, and its socket with it.
 *
 * @param outer Of the caller: the exchange ends with it at once, even where it still waits for credentials.
 */
export async function withOwnSignal<T>(
	outer: AbortSignal,
	exchange: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
	const own = new AbortController();
	let giveUp = (): void => {};
	const givenUp = new Promise<never>((_, reject) => {
		giveUp = () => {
			own.abort(outer.reason);
			reject(outer.reason);
		};
	});
	outer.addEventListener('abort', giveUp, {once: true});
	try {
		outer.throwIfAborted();
		return await Promise.race([exchange(own.signal), givenUp]);
	} finally {
		outer.removeEventListener('abort', giveUp);
		own.abort(over);
	}
}
