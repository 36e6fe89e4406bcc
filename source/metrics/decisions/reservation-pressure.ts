import type {Quota} from '../../domain/target.ts';
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
 * r (settled + (reserved - settled) x service / 60 s) = TPM. That is a flow; requests are whole, and the last of a minute
 * must find room for all that it sets aside beside what the others settled at: (r - 1) settled + reserved = TPM.
 * @returns Undefined when no limit is known.
 */
export const sustainableUnderReservation = (quota: Quota, request: TypicalRequest): number | undefined => {
	const excess = Math.max(0, request.reservedTokens - request.quotaTokens);
	const effectiveTokens = request.quotaTokens + (excess * request.serviceMs) / 60_000;
	const flow = sustainableBound(quota, request.useful, effectiveTokens)?.usefulPerMinute;
	const {state, value} = quota.tokensPerMinute;
	if (flow === undefined || state !== 'known' || value === null || request.quotaTokens <= 0) {
		return flow;
	}
	const whole = Math.max(0, (value - request.quotaTokens - excess) / request.quotaTokens + 1);
	return Math.min(flow, whole * request.useful);
};
