import {type Lane, lanes} from '../domain/lane.ts';
import type {Use} from '../domain/use.ts';

/** What a lane is expected to send. */
export type LaneDemand = {
	/** Requests a window that are announced (an open loop's rate); 0 when only its use tells. */
	readonly requestsPerWindow: number;
	/** Quota tokens that one of its requests sets aside. */
	readonly setAside: number;
};

/**
 * What must be kept back for a lane so that its next requests find room in a full bucket: the requests that are still
 * expected in this window, with two standard deviations of a Poisson count, at least one, less what it uses already.
 */
export const roomToKeep = (demand: LaneDemand, use: Use): Use => {
	const expected = Math.max(demand.requestsPerWindow, use.requests);
	if (expected === 0) {
		return {requests: 0, tokens: 0};
	}
	const requests = Math.max(1, Math.ceil(expected + 2 * Math.sqrt(expected)) - use.requests);
	const meanTokens = use.requests > 0 ? use.tokens / use.requests : demand.setAside;
	return {requests, tokens: requests * meanTokens + Math.max(0, demand.setAside - meanTokens)};
};

/** The lanes that go before this one, highest first. */
export const lanesAbove = (lane: Lane): readonly Lane[] => lanes.slice(0, lanes.indexOf(lane));
