import type {Method} from './backend.ts';
import type {Target} from './target.ts';

/** What a run would do and cost, shown before anything is sent. */
export type Plan = {
	readonly targets: readonly Target[];
	/** How the requests are sent; absent: as configured. */
	readonly method?: Method;
	/** Number of the account that is called; null where nobody says, absent in a demo. */
	readonly account?: string | null;
	/** Null when a duration ends the run. */
	readonly requests: number | null;
	/** The requests are an upper bound: the run ends as soon as it is decided. */
	readonly isMost?: boolean;
	/** Requests of the last run of the same comparison; absent where there was none. */
	readonly likelyRequests?: number | undefined;
	readonly durationSeconds: number | null;
	/** Quota tokens that the requests are expected to cost; null when that is not known. */
	readonly quotaTokens: number | null;
	/** Greatest part of a one-minute quota that the plan takes, 0 to 1; null when no quota is known. */
	readonly quotaShare: number | null;
	/** Upper bound of the minutes that the quotas allow it in; null when no quota is known, or a duration ends the run. */
	readonly quotaMinutes: number | null;
	/** Requests per minute that others leave, where they set `quotaMinutes`; absent otherwise. */
	readonly freePerMinute?: number;
	/** Upper bound in USD; null when a price is not known. */
	readonly costUsd: number | null;
	/** Upper bound of one request in USD; null when a price is not known. */
	readonly dearestRequestUsd?: number | null;
	readonly priceSource: string | null;
	/** Remarks, such as model names similar to an unmatched one; one sentence each. */
	readonly remarks: readonly string[];
	/** Why the run asks before it starts: others use its bucket and it would fill it, or it exceeds it. One of the remarks. */
	readonly crowding?: string | undefined;
	/** Why the run can send nothing, however it is confirmed: the day's quota is used up. One of the remarks. */
	readonly refusal?: string | undefined;
};
