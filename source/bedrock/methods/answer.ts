import type {BedrockRuntimeClient} from '@aws-sdk/client-bedrock-runtime';
import type {Answer, InferenceRequest, InvokeOptions} from '../../domain/backend.ts';
import type {Reading} from '../families/family.ts';
import {settleUsage, type UsageFields, type UsageReport} from '../usage.ts';
import {isSimulated, type ResponseHeaders} from './response-headers.ts';

/** An answer, whatever the method: what it says, how it ended, and the exchange that brought it. */

/** The service answered 200 without content: no text, no stop reason, no body. */
export class EmptyAnswer extends Error {
	constructor() {
		super('The answer is empty.');
		this.name = 'EmptyAnswer';
	}
}

/** The service answered 200 in no known shape. */
export class UnreadableAnswer extends Error {
	/** Where the SDK's own errors have it. */
	declare readonly $response: object | undefined;

	/** @param response The answer, where it is at hand: a page of a proxy names itself. */
	constructor(response?: {readonly headers: ResponseHeaders; readonly bodyText: string}) {
		super('The answer has none of the known shapes.');
		this.name = 'UnreadableAnswer';
		const value = response === undefined ? undefined : {statusCode: 200, ...response};
		Object.defineProperty(this, '$response', {value, enumerable: false});
	}
}

/** Details of a response outside the answer itself. */
type ResponseDetails = {
	readonly headers: ResponseHeaders;
	readonly requestId: string | undefined;
	readonly serverLatencyMs: number | undefined;
	readonly tier: string | undefined;
	readonly latencyMode: string | undefined;
	/** Most believed first. */
	readonly usage: readonly UsageReport[];
};

/** Puts an answer together. Without a reported stop reason it is `unknown`. */
export function answerOf(reading: Reading, exchange: ResponseDetails): BedrockAnswer {
	const stopReason = reading.stopReason ?? (reading.isRefused ? 'refused' : 'unknown');
	const unfit = unfitness(stopReason);
	const settled = settleUsage(exchange.usage);
	return {
		kind: 'answered',
		text: reading.text ?? '',
		reasoning: reading.reasoning || undefined,
		stopReason,
		isTruncated: isTruncation(stopReason),
		isRefused: isRefusal(stopReason) || reading.isRefused === true,
		...(unfit === undefined ? {} : {unfit}),
		usage: settled?.usage,
		usageSource: settled?.source,
		serverLatencyMs: exchange.serverLatencyMs,
		tier: exchange.tier,
		latencyMode: exchange.latencyMode,
		requestId: exchange.requestId ?? exchange.headers['x-amzn-requestid'],
		isSimulated: isSimulated(exchange.headers),
	};
}

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

/** Stop reasons of an unfinished answer. Every family has its own word. */
const truncated = new Set([
	'maxtokens',
	'maxoutputtokens',
	'length',
	'maxlength',
	'modellength',
	'modelcontextwindowexceeded',
	'errorlimit',
]);

/** Stop reasons of an answer that the model or a filter refused. */
const refused = new Set([
	'refusal',
	'contentfiltered',
	'contentfilter',
	'guardrailintervened',
	'errortoxic',
	'safety',
	'blocked',
]);

/** Services have a handful of words; others are judged each time. */
const maxRemembered = 100;
const maxRememberedLength = 60;

/** Stop reasons of an answer that calls a tool first. */
const toolCalls = new Set(['tooluse', 'toolcall', 'toolcalls', 'functioncall', 'pauseturn']);

type Judgement = {
	readonly isTruncation: boolean;
	readonly isRefusal: boolean;
	readonly unfit: 'malformed' | 'tool-call' | undefined;
};

const judgements = new Map<string, Judgement>();

/** Whether the answer was cut off by its token limit or the context window. */
export function isTruncation(stopReason: string): boolean {
	return judge(stopReason).isTruncation;
}

const judge = (stopReason: string): Judgement => {
	const known = judgements.get(stopReason);
	if (known !== undefined) {
		return known;
	}
	const word = stopReason.toLowerCase().replace(/[^a-z]/g, '');
	const unfit = word.startsWith('malformed') ? 'malformed' : toolCalls.has(word) ? 'tool-call' : undefined;
	const judgement = {isTruncation: truncated.has(word), isRefusal: refused.has(word), unfit} as const;
	if (judgements.size < maxRemembered && stopReason.length <= maxRememberedLength) {
		judgements.set(stopReason, judgement);
	}
	return judgement;
};

/** Whether the model refused the answer, or a guardrail or content filter blocked or altered it. */
export function isRefusal(stopReason: string): boolean {
	return judge(stopReason).isRefusal;
}

/** Why the output is not an answer: the service calls it malformed, or it calls a tool. */
function unfitness(stopReason: string): 'malformed' | 'tool-call' | undefined {
	return judge(stopReason).unfit;
}
