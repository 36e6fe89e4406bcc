import {formatCount} from './numbers.ts';

/** How long the quotas make a plan wait, in words that follow its quota tokens; nothing where they do not. */
export const minutesText = (quotaMinutes: number | null): string =>
	quotaMinutes !== null && quotaMinutes > 1
		? `, for at most ${formatCount(Math.ceil(quotaMinutes))} minutes`
		: '';
