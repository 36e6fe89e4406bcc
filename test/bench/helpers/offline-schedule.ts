import {createBucket} from '../../../source/simulator/enforcement.ts';

/** A request as one knows it who has seen the answer already. */
export type KnownRequest = {
	readonly reservedTokens: number;
	readonly settledTokens: number;
};

export type KnownService = {
	readonly requestsPerWindow: number;
	readonly tokensPerWindow: number;
	readonly windowMs: number;
	readonly serviceMs: number;
	/** One way. */
	readonly delayMs: number;
};

const stepMs = 1;

/**
 * How long the best schedule takes that knows every answer in advance and is never throttled: each request arrives in the
 * first millisecond in which there is room. The service counts with a sliding log, the strictest way, because nobody
 * tells a client which one it is. What a request frees by its end is known when its answer has come back, so with a
 * network delay the room returns two ways later; without one this is the server's own account.
 * @returns Milliseconds from the first request sent to the last answer received.
 */
export const offlineScheduleMs = (requests: readonly KnownRequest[], service: KnownService): number => {
	const {requestsPerWindow, tokensPerWindow, windowMs, serviceMs, delayMs} = service;
	const bucket = createBucket(
		{requestsPerMinute: requestsPerWindow, tokensPerMinute: tokensPerWindow, tokensPerDay: undefined},
		{enforcement: 'sliding', windowMs},
	);
	const inFlight: Array<{readonly freedAtMs: number; readonly free: () => void}> = [];
	let lastStartMs = 0;
	let next = 0;
	for (let now = 0; next < requests.length; now += stepMs) {
		while ((inFlight[0]?.freedAtMs ?? Number.POSITIVE_INFINITY) <= now) {
			inFlight.shift()?.free();
		}
		for (let request = requests[next]; request !== undefined; request = requests[next]) {
			const {reservedTokens, settledTokens} = request;
			const admission = bucket.admit(now, reservedTokens);
			if (!admission.isAdmitted) {
				break;
			}
			const freedAtMs = now + serviceMs + 2 * delayMs;
			inFlight.push({freedAtMs, free: () => admission.settle(freedAtMs, settledTokens)});
			lastStartMs = now;
			next++;
		}
	}
	return lastStartMs + serviceMs + 2 * delayMs;
};
