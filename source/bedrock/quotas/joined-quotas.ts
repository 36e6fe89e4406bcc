import type {ListedQuota} from './quota-source.ts';

/** One quota with the account's value beside AWS's default. */
export type JoinedQuota = {
	readonly code: string | null;
	readonly name: string;
	readonly applied: number | null;
	/** What the applied value is: of the caller's account, or of whomever Service Quotas was read as. */
	readonly appliedSource: 'applied' | 'other-caller';
	readonly default: number | null;
	readonly adjustable: boolean | null;
};

/**
 * Joins the two lists of Service Quotas by quota code, or by name where a row has no code. A quota may be in one list only:
 * the service leaves out applied values that it cannot tell.
 */
export const joinQuotas = (
	applied: readonly ListedQuota[],
	defaults: readonly ListedQuota[],
	appliedSource: JoinedQuota['appliedSource'] = 'applied',
): readonly JoinedQuota[] => {
	const joined = new Map<string, JoinedQuota>();
	for (const quota of defaults) {
		joined.set(joinKey(quota), {...bare(quota), appliedSource, applied: null, default: quota.value});
	}
	for (const quota of applied) {
		const other = joined.get(joinKey(quota));
		joined.set(joinKey(quota), {
			...bare(quota),
			appliedSource,
			applied: quota.value,
			default: other?.default ?? null,
		});
	}
	return [...joined.values()];
};

const joinKey = ({code, name}: ListedQuota): string => code ?? name;

const bare = ({code, name, adjustable}: ListedQuota) => ({code, name, adjustable});
