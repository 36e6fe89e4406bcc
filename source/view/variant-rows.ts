import type {VariantFigures, Verdict} from '../domain/figures-schema.ts';
import type {Goal} from '../domain/run-config.ts';
import type {Snapshot} from '../domain/snapshot.ts';
import {formatPercent} from '../text/numbers.ts';
import {cleanText} from '../text/width.ts';
import {matchesFilter, selectedOf} from './lists.ts';
import {oncePerState, shownSnapshot} from './selectors.ts';
import type {State} from './state.ts';

/** The rows of the variant tables and their orders, and the quality of a variant in words. */

/** A line of a variant table: a variant on a target, in the run or switched off. */
export type VariantRow = {
	readonly key: string;
	/** The variant's name as the configuration has it. */
	readonly variant: string;
	/** The same as it may be shown. */
	readonly name: string;
	readonly targetIndex: number;
	/** Undefined for a variant that the shown snapshot does not have. */
	readonly figures: VariantFigures | undefined;
	readonly isOn: boolean;
	/** Recommended for the goal on its target; false while that is not decided. */
	readonly isBest: boolean;
};

/** All rows by target, in the order of the configuration. A variant in two lanes has two rows. */
export const variantRows = oncePerState((state): readonly VariantRow[] => {
	const snapshot = shownSnapshot(state);
	const names = state.config.variants.map(({name}) => name);
	const targetCount = Math.max(1, snapshot?.targets.length ?? 1);
	return Array.from({length: targetCount}, (_, targetIndex) => {
		const measured = (snapshot?.variants ?? []).filter(({target}) => target === targetIndex);
		const verdict = verdictFor(snapshot, targetIndex, state.config.goal);
		// Only cells that were compared have a standing: a variant in two lanes is starred in the one that decided.
		const hasStandings = measured.some(({state: standing}) => standing !== undefined);
		const listed = new Set([...names, ...measured.map(({name}) => name)]);
		return [...listed].flatMap((variant) => {
			const cells = measured.filter(({name}) => name === variant);
			return (cells.length === 0 ? [undefined] : cells).map((figures, index) => ({
				key: `${targetIndex} ${variant} ${index}`,
				variant,
				name: cleanText(variant),
				targetIndex,
				figures,
				isOn: !state.switchedOff.includes(variant),
				isBest:
					figures !== undefined &&
					isRecommended(verdict, variant) &&
					(!hasStandings || figures.state !== undefined),
			}));
		});
	}).flat();
});

/** Whether others are known to use a quota of the variants that are listed: their rates are then shown beside others. */
export const isBesideOthers = oncePerState((state): boolean =>
	listedRows(state).some(({figures}) => figures?.sustainable.afterOthers?.usefulPerMinute != null),
);

/** The rows in the order and with the filter of their list. */
export const listedRows = oncePerState((state): readonly VariantRow[] => {
	const {filter, sort, isInverted} = state.lists.variants;
	const matching = variantRows(state).filter(({name}) => matchesFilter(name, filter));
	return sortRows(matching, sort, isInverted);
});

/** The selected row: the one last chosen, or the first while that one is not listed. */
export function selectedRow(
	state: State,
	rows: readonly VariantRow[] = listedRows(state),
): VariantRow | undefined {
	return selectedOf(rows, ({key}) => key, state.lists.variants);
}

/** Share of the items that passed, with its interval: `93% (84-98)`. */
export function passedShare({score, low, high}: VariantFigures['quality']): string {
	return score === null || low === null || high === null
		? formatPercent(score)
		: `${formatPercent(score)} (${percentOf(low)}-${percentOf(high)})`;
}

/** The same with the state of the gate: `93% (84-98) unproven`. */
export function passedWords({quality}: VariantFigures): string {
	const {gate = 'none'} = quality;
	return gate === 'none' ? passedShare(quality) : `${passedShare(quality)} ${gate}`;
}

function percentOf(share: number): string {
	return formatPercent(share).replace('%', '');
}

/** Whether answers of the run are checked: some were, or its task says how. */
export const areAnswersChecked = oncePerState((state): boolean => {
	const {checks, items} = state.config.task;
	return (
		(shownSnapshot(state)?.variants.some(({quality}) => quality.score !== null) ?? false) ||
		checks.length > 0 ||
		items.some(({expected}) => expected !== undefined)
	);
});

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
