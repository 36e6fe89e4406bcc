import {UserError} from '../../domain/user-error.ts';
import {didYouMean} from '../../text/nearest-name.ts';
import type {JudgedCondition} from '../conditions.ts';
import {
	type ComparedFigure,
	compareRuns,
	differenceText,
	type FigureKey,
	figureKeys,
	type NamedRun,
	valueText,
} from './comparison.ts';

/** Conditions of `compare --fail-if`: `worse` for any figure, `worse:cost` for one. */

type Worse = {
	/** As typed. */
	readonly text: string;
	/** Undefined: any figure. */
	readonly key: FigureKey | undefined;
};

/** Reads a condition. @throws UserError (exit 2) that lists the figures. */
export function readWorse(text: string): Worse {
	const [, name] = /^worse(?::(.+))?$/.exec(text.trim()) ?? [];
	if (!/^worse(?::|$)/.test(text.trim())) {
		throw new UserError(`--fail-if: compare takes worse or worse:FIGURE, not "${text}".`, {
			exitCode: 2,
			hint: `Figures: ${figureKeys.join(', ')}.`,
		});
	}
	const key = figureKeys.find((each) => each === name);
	if (name !== undefined && key === undefined) {
		throw new UserError(`--fail-if "${text}": "${name}" is not a figure that runs are compared by.`, {
			exitCode: 2,
			hint: `${didYouMean(name, figureKeys)}Figures: ${figureKeys.join(', ')}.`,
		});
	}
	return {text, key};
}

/** How each later run of a row is worse than the first one: the interval of the difference is on the bad side. */
const reasonsIn = (row: ComparedFigure, runs: readonly NamedRun[]): readonly string[] =>
	row.differences.flatMap((difference, index) => {
		if (difference?.verdict !== 'worse') {
			return [];
		}
		const [first, ...rest] = row.values;
		const [from, to] = [first, rest[index]].map((value) => valueText(value, row.format));
		const words = differenceText(difference, row).replace(/: worse$/, '');
		return [
			`${row.figure} of ${row.variant} went from ${from} to ${to} in ${runs[index + 1]?.name} (${words})`,
		];
	});

/**
 * Holds conditions against a comparison. One that names a figure is true as well where that is not known for any variant.
 */
export function judgeWorse(
	conditions: readonly Worse[],
	runs: readonly NamedRun[],
): readonly JudgedCondition[] {
	const rows = compareRuns(runs);
	return conditions.map(({text, key}) => {
		const own = rows.filter((row) => key === undefined || row.key === key);
		const isKnown = own.some(({differences}) => differences.some((each) => each !== undefined));
		const reasons = own.flatMap((row) => reasonsIn(row, runs));
		const unknown = key !== undefined && !isKnown ? `${key} is not known in both runs` : undefined;
		return {text, reason: reasons.length > 0 ? reasons.join('; ') : unknown};
	});
}
