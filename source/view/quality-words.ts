import type {VariantFigures} from '../domain/figures-schema.ts';
import {formatPercent} from '../text/numbers.ts';
import {oncePerState, shownSnapshot} from './selectors.ts';

/** The quality of a variant in words. */

/** Share of the items that passed, with its interval and the state of the gate: `93% (84-98) unproven`. */
export function passedWords({quality: {score, low, high, gate = 'none'}}: VariantFigures): string {
	const interval = low === null || high === null ? '' : ` (${percentOf(low)}-${percentOf(high)})`;
	const state = gate === 'none' ? '' : ` ${gate}`;
	return `${formatPercent(score)}${score === null ? '' : interval}${state}`;
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
