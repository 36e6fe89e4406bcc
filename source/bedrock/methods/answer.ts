import type {Reading} from '../families/family.ts';
import {isRefusal, isTruncation, unfitness} from '../stop-reason.ts';
import {settleUsage, type UsageReport} from '../usage.ts';
import type {BedrockAnswer} from './method.ts';
import {isSimulated, type ResponseHeaders} from './response-headers.ts';

/** What is left to know about an exchange beside what the answer itself says. */
export type Exchange = {
	readonly headers: ResponseHeaders;
	readonly requestId: string | undefined;
	readonly serverLatencyMs: number | undefined;
	readonly tier: string | undefined;
	readonly latencyMode: string | undefined;
	/** Most believed first. */
	readonly usage: readonly UsageReport[];
};

/** Puts an answer together. A stop reason that nobody told is `unknown`. */
export const answerOf = (reading: Reading, exchange: Exchange): BedrockAnswer => {
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
};
