import type {AccountRow} from './account-row.ts';

/** Orders of the account's table. Rows without the figure come last, rows that are equal by model. */
const sorts = [
	{name: 'use', value: ({fullest, bucket}: AccountRow) => (bucket.activity === 'idle' ? null : fullest)},
	{name: 'requests', value: ({bucket}: AccountRow) => bucket.use.requests},
	{name: 'tokens', value: ({bucket}: AccountRow) => bucket.use.quotaTokens},
	{name: 'day', value: ({fractions}: AccountRow) => fractions.day},
	{name: 'throttles', value: ({bucket}: AccountRow) => bucket.hourThrottles},
	{name: 'cost', value: ({bucket}: AccountRow) => bucket.costPerHourUsd},
	{name: 'model', value: () => null},
] as const;
export type AccountSort = (typeof sorts)[number]['name'];

/** The order after this one, around the end. */
export const accountSortAfter = (name: AccountSort): AccountSort => {
	const index = sorts.findIndex((sort) => sort.name === name);
	return sorts[(index + 1) % sorts.length]?.name ?? 'use';
};

const activityRank = {active: 0, quiet: 1, idle: 2} as const;

/** By name: active ones first, then model, scope and Region. */
const byName = (one: AccountRow, other: AccountRow): number =>
	activityRank[one.bucket.activity] - activityRank[other.bucket.activity] ||
	one.model.localeCompare(other.model, 'en') ||
	one.bucket.scope.localeCompare(other.bucket.scope, 'en') ||
	one.bucket.region.localeCompare(other.bucket.region, 'en');

/** Rows in the order asked for, the greatest first. */
export const sortAccountRows = (
	rows: readonly AccountRow[],
	name: AccountSort,
	isInverted: boolean,
): readonly AccountRow[] => {
	const sort = sorts.find((each) => each.name === name);
	const direction = isInverted ? -1 : 1;
	return rows.toSorted((one, other) => {
		const [left, right] = [sort?.value(one) ?? null, sort?.value(other) ?? null];
		if (left === null || right === null) {
			return Number(left === null) - Number(right === null) || direction * byName(one, other);
		}
		return direction * (right - left) || byName(one, other);
	});
};

/** Rows that hold every word of a filter in model, ModelId, scope, Region or state (active, quiet, idle, blocked, throttled). */
export const filterAccountRows = (rows: readonly AccountRow[], filter: string): readonly AccountRow[] => {
	const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
	return words.length === 0
		? rows
		: rows.filter((row) => {
				const text = wordsOf(row);
				return words.every((word) => text.includes(word));
			});
};

const wordsOf = ({model, bucket}: AccountRow): string => {
	const {quota} = bucket;
	const isBlocked = [quota.requestsPerMinute, quota.tokensPerMinute].some(({state}) => state === 'blocked');
	return [
		model,
		...bucket.modelIds,
		bucket.scope,
		bucket.region,
		bucket.activity,
		...(isBlocked ? ['blocked'] : []),
		...(bucket.hourThrottles > 0 ? ['throttled'] : []),
	]
		.join(' ')
		.toLowerCase();
};
