import type {VariantFigures} from '../domain/figures-schema.ts';
import {formatPercent} from '../text/numbers.ts';
import {cleanText} from '../text/width.ts';
import {matchesFilter, selectedOf} from './lists.ts';
import {oncePerState, shownSnapshot} from './selectors.ts';
import type {State} from './state.ts';
import {isRecommended, sortRows, verdictFor} from './variant-order.ts';

/** The rows of the variant tables, and the quality of a variant in words. */

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
