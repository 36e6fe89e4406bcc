import {hashText} from '../answers/random.ts';
import type {Scope} from '../catalog/model.ts';
import {mantleQuotaRows} from '../mantle/mantle-limits.ts';
import type {BucketQuota, LimitRow} from './bucket-quota.ts';
import {bucketQuotas} from './bucket-quotas.ts';
import {decoyQuotas} from './decoys.ts';
import type {Overrides} from './limits.ts';
import type {QuotaRow} from './quota-row.ts';

const routeNames: Readonly<Record<Scope, string>> = {
	'on-demand': 'On-demand',
	'cross-region': 'Cross-region',
	global: 'Global cross-region',
};

const routeName = ({scope, isCapitalised}: BucketQuota): string =>
	isCapitalised ? 'Cross-Region' : routeNames[scope];

/** A code in the form of AWS's for a row that has none. */
const codeOf = (name: string): string => `L-${hashText(name).toString(16).toUpperCase().padStart(8, '0')}`;

const minuteRow = (
	quota: BucketQuota,
	metric: 'requests' | 'tokens',
	row: LimitRow | undefined,
	override: number | undefined,
): readonly QuotaRow[] => {
	if (row === undefined && override === undefined) {
		return [];
	}
	const label = metric === 'requests' ? (quota.requestsLabel ?? quota.label) : quota.label;
	const name = `${routeName(quota)} model inference ${metric} per minute for ${label}`;
	return [
		{
			code: row?.[0] ?? codeOf(name),
			name,
			defaultValue: row?.[1] ?? override ?? 0,
			applied: override ?? row?.[2],
			isAdjustable: quota.scope !== 'on-demand',
			isPerMinute: true,
		},
	];
};

const dayRow = ({scope, label, day}: BucketQuota): readonly QuotaRow[] => {
	if (day === undefined) {
		return [];
	}
	const name =
		scope === 'global'
			? `Global cross-region model inference tokens per day for ${label}`
			: `Model invocation max tokens per day for ${label} (doubled for cross-region calls)`;
	return [
		{code: day[0], name, defaultValue: day[1], applied: day[2], isAdjustable: false, isPerMinute: false},
	];
};

/**
 * Every quota of the simulated account, in the order of their names. Limits typed by the user are its applied values;
 * it then has no daily limits.
 */
export const quotaRows = (overrides: Overrides): readonly QuotaRow[] => {
	const isOverridden = overrides.requestsPerMinute !== undefined || overrides.tokensPerMinute !== undefined;
	const rows = [
		...bucketQuotas.flatMap((quota) => [
			...minuteRow(quota, 'requests', quota.requests, overrides.requestsPerMinute),
			...minuteRow(quota, 'tokens', quota.tokens, overrides.tokensPerMinute),
			...(isOverridden ? [] : dayRow(quota)),
		]),
		...mantleQuotaRows(overrides),
		...decoyQuotas.map((quota) => ({...quota, code: codeOf(quota.name)})),
	];
	return rows.sort((a, b) => (a.name < b.name ? -1 : 1));
};
