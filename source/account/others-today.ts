import {type AccountBucket, incompleteMinutes} from '../domain/account-snapshot.ts';
import type {OwnUse} from './own-use.ts';

/**
 * Quota tokens of the day that a run of ours did not use. What CloudWatch told up to its newest whole minute is held against
 * what the run used up to there: the minutes after it are not whole, and the run counts them itself.
 * @param ownTotal Quota tokens of the run so far.
 * @returns null where the day is not known.
 */
export const othersToday = (
	{key, dayTokens, minute, series}: Pick<AccountBucket, 'key' | 'dayTokens' | 'minute' | 'series'>,
	own: OwnUse,
	ownTotal: number,
): number | null => {
	if (dayTokens === null || minute === null) {
		return null;
	}
	const later = series.quotaTokens.slice(-incompleteMinutes).reduce((sum, tokens) => sum + tokens, 0);
	const ownTold = Math.max(0, ownTotal - own.tokensAfter(key, minute));
	return Math.max(0, dayTokens - later - ownTold);
};
