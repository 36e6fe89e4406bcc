import type {BedrockRuntimeClient} from '@aws-sdk/client-bedrock-runtime';
import type {Answer, InferenceRequest, InvokeOptions} from '../../domain/backend.ts';
import type {UsageFields} from '../usage.ts';

/** An answer with the source of its counts; undefined where nothing was reported. */
export type BedrockAnswer = Answer & {readonly usageSource: UsageFields | undefined};

/** One way to send a request. Rejects with whatever the SDK or the stream throws; the backend makes a Failure of it. */
export type Send = (
	runtime: BedrockRuntimeClient,
	request: InferenceRequest,
	options: InvokeOptions,
) => Promise<BedrockAnswer>;

/** One for all: without a reason each signal would make an error, with its stack, for every request. */
const over = new Error('The exchange is over.');

/**
 * Sends one request with its own signal and aborts that when the request is over. An answer that was read to its end
 * has given its socket back by then; the rest of any other (an exception in a stream whose body ends later or never,
 * a broken frame, a page) is given up with its socket.
 * @param outer The caller's signal: ends the request at once, even while it waits for credentials.
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
