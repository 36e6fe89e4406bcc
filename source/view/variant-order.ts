import type {VariantFigures, Verdict} from '../domain/figures-schema.ts';
import type {Goal} from '../domain/run-spec.ts';
import type {Snapshot} from '../domain/snapshot.ts';

/** Orders of the variants. `best` says which end comes first: the best variant is on top. */
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

export const variantSorts: readonly string[] = sorts.map(({name}) => name);

/** Attempts that were throttled, for any reason. */
export function throttledTotal(throttled: VariantFigures['requests']['throttled']): number {
	return throttled.requests + throttled.tokens + throttled.day + throttled.overloaded;
}

/** Rows in the order asked for; rows without the figure come last in either direction. */
export function sortRows<Row extends {readonly name: string; readonly figures: VariantFigures | undefined}>(
	rows: readonly Row[],
	name: string,
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

/** The verdict of a target for a goal; undefined where there is none yet. */
export function verdictFor(
	snapshot: Pick<Snapshot, 'verdicts'> | undefined,
	target: number,
	goal: Goal,
): Verdict | undefined {
	return snapshot?.verdicts.find((verdict) => verdict.target === target && verdict.goal === goal);
}

/** Whether the verdict recommends a variant. */
export function isRecommended(verdict: Verdict | undefined, name: string): boolean {
	return (verdict?.basis === 'winner' || verdict?.basis === 'tie') && verdict.recommended === name;
}

/** A variant's standing in a word or two; empty where there is nothing to choose. */
export function standingWord(verdict: Verdict | undefined, name: string): string {
	if (verdict === undefined || verdict.basis === 'only' || verdict.basis === 'none') {
		return '';
	}
	if (isRecommended(verdict, name)) {
		return verdict.basis === 'winner' ? '★ best' : '★ use';
	}
	const place = verdict.leaders.indexOf(name);
	if (place === -1) {
		return 'out';
	}
	return verdict.basis === 'tie' ? 'equal' : place === 0 ? 'ahead' : 'in';
}
