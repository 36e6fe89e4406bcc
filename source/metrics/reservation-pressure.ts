import type {Quota} from '../engine/target.ts';
import {sustainableBound} from './sustainable.ts';

/** What one request of a cell is like, on average. */
export type TypicalRequest = {
	readonly useful: number;
	/** Settled quota tokens. */
	readonly quotaTokens: number;
	/** Quota tokens set aside while it is in flight. */
	readonly reservedTokens: number;
	readonly serviceMs: number;
};

/**
 * Useful items a minute when the quota must also hold what is set aside for the requests in flight. At r requests a minute
 * r x service time are in flight (Little's law), and each holds `reservedTokens` instead of what it settles at:
 * r (settled + (reserved - settled) x service / 60 s) = TPM.
 * @returns Undefined when no limit is known.
 */
export const sustainableUnderReservation = (quota: Quota, request: TypicalRequest): number | undefined => {
	const excess = Math.max(0, request.reservedTokens - request.quotaTokens);
	const effectiveTokens = request.quotaTokens + (excess * request.serviceMs) / 60_000;
	return sustainableBound(quota, request.useful, effectiveTokens)?.usefulPerMinute;
};
