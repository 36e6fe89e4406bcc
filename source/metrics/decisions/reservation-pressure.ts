import {occupiedBy} from '../../domain/accounting.ts';
import type {Quota} from '../../domain/target.ts';
import {type RequestCost, sustainableBound} from './sustainable.ts';

const windowMs = 60_000;

/** What one request of a cell is like, on average. */
export type TypicalRequest = {
	readonly useful: number;
	/** Settled quota tokens. */
	readonly quotaTokens: number;
	/** Quota tokens set aside while it is in flight. */
	readonly reservedTokens: number;
	readonly serviceMs: number;
	/** Absent where the first byte is the end. */
	readonly timeToFirstTokenMs?: number | undefined;
};

/** What a typical request takes of its bucket. */
export const costOfTypical = ({
	quotaTokens,
	reservedTokens,
	serviceMs,
	timeToFirstTokenMs,
}: Omit<TypicalRequest, 'useful'>): RequestCost => {
	const setAside = Math.max(quotaTokens, reservedTokens);
	const times = {service: serviceMs, timeToFirstToken: timeToFirstTokenMs};
	return {
		settled: quotaTokens,
		setAside,
		occupied: occupiedBy({setAside, settled: quotaTokens}, times, windowMs),
	};
};

/** Useful items per minute of typical requests. @returns Undefined when no limit is known. */
export const sustainableUnderReservation = (quota: Quota, request: TypicalRequest): number | undefined =>
	sustainableBound(quota, request.useful, costOfTypical(request))?.usefulPerMinute;
