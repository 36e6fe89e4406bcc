import type {Variant} from '../domain/task.ts';

/** Two versions of a variant, line by line, as people read it. */

/** Lines in common, longest first (the usual table; prompts are short). */
const commonOf = (one: readonly string[], other: readonly string[]): readonly (readonly number[])[] => {
	const table = Array.from({length: one.length + 1}, () => new Array<number>(other.length + 1).fill(0));
	for (let row = one.length - 1; row >= 0; row--) {
		for (let column = other.length - 1; column >= 0; column--) {
			const [here = [], below = []] = [table[row], table[row + 1]];
			here[column] =
				one[row] === other[column]
					? (below[column + 1] ?? 0) + 1
					: Math.max(below[column] ?? 0, here[column + 1] ?? 0);
		}
	}
	return table;
};

/** Removed lines begin with `-`, added ones with `+`, kept ones with a blank. */
const diffLines = (one: readonly string[], other: readonly string[]): readonly string[] => {
	const table = commonOf(one, other);
	const lines: string[] = [];
	let [row, column] = [0, 0];
	while (row < one.length || column < other.length) {
		if (row < one.length && column < other.length && one[row] === other[column]) {
			lines.push(`  ${one[row]}`);
			row++;
			column++;
		} else if (
			column >= other.length ||
			(row < one.length && (table[row + 1]?.[column] ?? 0) >= (table[row]?.[column + 1] ?? 0))
		) {
			lines.push(`- ${one[row]}`);
			row++;
		} else {
			lines.push(`+ ${other[column]}`);
			column++;
		}
	}
	return lines;
};

const linesOf = (text: string | undefined): readonly string[] => (text === undefined ? [] : text.split('\n'));

/** What a variant sets beside its texts. */
const settingsOf = ({maxTokens, stop, itemsPerRequest, cache, compress}: Variant): readonly string[] => [
	`max tokens: ${maxTokens ?? 'of the run'}`,
	`stop sequences: ${stop.length === 0 ? 'none' : stop.map((each) => JSON.stringify(each)).join(', ')}`,
	`items per request: ${itemsPerRequest}`,
	`cache: ${cache ? 'on' : 'off'}`,
	`compress: ${compress.length === 0 ? 'none' : compress.join(', ')}`,
];

const section = (title: string, one: readonly string[], other: readonly string[]): readonly string[] => {
	const lines = diffLines(one, other);
	return lines.every((line) => line.startsWith(' ')) ? [] : [title, ...lines];
};

/** What changed from a variant to another: template, system prompt, settings; empty where nothing did. */
export function variantDiff(from: Variant, to: Variant): string {
	return [
		...section('template', linesOf(from.instruction), linesOf(to.instruction)),
		...section('system prompt', linesOf(from.system), linesOf(to.system)),
		...section('settings', settingsOf(from), settingsOf(to)),
	].join('\n');
}
