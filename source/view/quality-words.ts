import type {VariantFigures} from '../domain/figures-schema.ts';
import {formatPercent} from '../text/numbers.ts';
import {oncePerState, shownSnapshot} from './selectors.ts';

/** The quality of a variant in words. */

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
