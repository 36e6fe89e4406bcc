import type {Reading} from '../families/family.ts';
import {isRefusal, isTruncation, unfitness} from '../stop-reason.ts';
import {settleUsage, type UsageReport} from '../usage.ts';
import {isSimulated, type ResponseHeaders} from './response-headers.ts';
import type {BedrockAnswer} from './send.ts';

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
