import {occupiedBy} from '../../domain/accounting.ts';
import type {CountsFrom} from '../../domain/stamping.ts';
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
	/** What of these the service itself reserves; absent: all of them. */
	readonly reservedByService?: number | undefined;
	/** Where its tokens count from; absent: not known. */
	readonly countsFrom?: CountsFrom | undefined;
	readonly serviceMs: number;
	/** Absent where the first byte is the end. */
	readonly timeToFirstTokenMs?: number | undefined;
};

/** What a typical request takes of its bucket. */
export const costOfTypical = ({
	quotaTokens,
	reservedTokens,
	reservedByService = reservedTokens,
	countsFrom = 'unknown',
	serviceMs,
	timeToFirstTokenMs,
}: Omit<TypicalRequest, 'useful'>): RequestCost => {
	const setAside = Math.max(quotaTokens, reservedTokens);
	const times = {service: serviceMs, timeToFirstToken: timeToFirstTokenMs};
	return {
		settled: quotaTokens,
		setAside,
		occupied: occupiedBy(
			{setAside, reserved: reservedByService, settled: quotaTokens, countsFrom},
			times,
			windowMs,
		),
	};
};

/** Useful items per minute of typical requests. @returns Undefined when no limit is known. */
export const sustainableUnderReservation = (quota: Quota, request: TypicalRequest): number | undefined =>
	sustainableBound(quota, request.useful, costOfTypical(request))?.usefulPerMinute;
