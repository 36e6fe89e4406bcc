import type {VariantFigures} from '../domain/figures-schema.ts';

/** Orders of the Variants view. `best` says which end comes first: what a user looks for is on top. */
const sorts = [
	{name: 'order', value: () => null, best: 'low'},
	{name: 'name', value: () => null, best: 'low'},
	{name: 'useful', value: ({items}) => items.useful, best: 'high'},
	{name: 'throttled', value: ({requests: {throttled}}) => throttledTotal(throttled), best: 'high'},
	{name: 'quota tokens', value: ({perRequest}) => perRequest.quotaTokens.mean, best: 'low'},
	{name: 'first token', value: ({latencyMs}) => latencyMs.timeToFirstToken.p50, best: 'low'},
	{name: 'total', value: ({latencyMs}) => latencyMs.total.p50, best: 'low'},
	{name: 'sustainable', value: ({sustainable}) => sustainable.usefulPerMinute, best: 'high'},
	{name: 'cost', value: ({perRequest}) => perRequest.costUsd.mean, best: 'low'},
] as const satisfies ReadonlyArray<{
	readonly name: string;
	readonly value: (figures: VariantFigures) => number | null;
	readonly best: 'low' | 'high';
}>;

export type SortName = (typeof sorts)[number]['name'];

/** The order after this one, around the end. */
export function sortAfter(name: SortName): SortName {
	const index = sorts.findIndex((sort) => sort.name === name);
	return sorts[(index + 1) % sorts.length]?.name ?? 'order';
}

/** Attempts that were throttled for whatever reason. */
export function throttledTotal(throttled: VariantFigures['requests']['throttled']): number {
	return throttled.requests + throttled.tokens + throttled.day + throttled.overloaded;
}

/** Rows in the order asked for; rows without the figure come last in either direction. */
export function sortRows<Row extends {readonly name: string; readonly figures: VariantFigures | undefined}>(
	rows: readonly Row[],
	name: SortName,
	isInverted: boolean,
): readonly Row[] {
	if (name === 'order') {
		return isInverted ? rows.toReversed() : rows;
	}
	const direction = isInverted ? -1 : 1;
	if (name === 'name') {
		return rows.toSorted((one, other) => direction * one.name.localeCompare(other.name, 'en'));
	}
	const sort = sorts.find((each) => each.name === name);
	const value = ({figures}: Row) => (figures === undefined ? null : (sort?.value(figures) ?? null));
	const sign = direction * (sort?.best === 'high' ? -1 : 1);
	return rows.toSorted((one, other) => {
		const [left, right] = [value(one), value(other)];
		if (left === null || right === null) {
			return Number(left === null) - Number(right === null);
		}
		return sign * (left - right);
	});
}
