import type {Target} from '../domain/target.ts';
import type {TargetResults} from './results-schema.ts';

/**
 * A target as results keep it: with what limits its bucket. The account's daily quota over all models limits no bucket
 * alone, and nothing is computed with it; `quotas` shows it.
 */
export const targetResultsOf = (target: Target): TargetResults => {
	const {accountTokensPerDay: _, ...quota} = target.quota;
	return {...target, quota};
};
