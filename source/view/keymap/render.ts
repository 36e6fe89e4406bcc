import {type Binding, bindingGroups, bindings} from './bindings.ts';
import {worksIn} from './resolve.ts';
import type {ViewName} from './views.ts';

/** The tables of keys as text: for the help overlay, `--help`, the README and the footer. */

/** One line of help: keys and what they do. */
export type KeyEntry = {readonly keys: readonly string[]; readonly description: string};
export type KeyGroup = {readonly title: string; readonly entries: readonly KeyEntry[]};

/** The help by group; the keys that open views stand on one line. */
export const keyGroups: readonly KeyGroup[] = bindingGroups.map(({title, bindings: members}) => ({
	title,
	entries: entriesOf(members),
}));

function entriesOf(members: readonly Binding[]): readonly KeyEntry[] {
	const isOpener = ({command}: Binding) => command.startsWith('open-');
	const openers = members.filter((binding) => isOpener(binding));
	const joined: KeyEntry = {
		keys: openers.flatMap(({keys}) => keys),
		description: openers.map(({description}) => description).join(', '),
	};
	return members
		.filter((binding) => !isOpener(binding) || binding === openers[0])
		.map((binding) =>
			binding === openers[0] ? joined : {keys: binding.keys, description: binding.description},
		);
}

/** Lines for `--help`: keys and words in two columns. */
export function keyHelpLines(): readonly string[] {
	const entries = keyGroups.flatMap((group) => group.entries);
	const width = Math.max(...entries.map(({keys}) => keys.join(' ').length));
	return entries.map(({keys, description}) => `${keys.join(' ').padEnd(width)}  ${description}`);
}

/** The README's table of keys, in Markdown. */
export function keyMarkdownTable(): string {
	const rows = keyGroups.flatMap(({title, entries}) =>
		entries.map(({keys, description}, index) => {
			const marked = keys.map((key) => `\`${key}\``).join(' ');
			return `| ${index === 0 ? title : ''} | ${marked} | ${description} |`;
		}),
	);
	return ['| | Key | |', '|---|---|---|', ...rows].join('\n');
}

/** A hint of the footer. */
export type FooterHint = {readonly key: string; readonly word: string; readonly binding: Binding};

/**
 * The hints that are of use in a view and fit into `width` cells: the dearest stay, in the order of their rank.
 * @param isEnabled False for what has no effect at present: the footer does not offer it.
 */
export function footerHints(
	view: ViewName,
	width: number,
	isEnabled: (binding: Binding) => boolean,
): readonly FooterHint[] {
	const wanted = bindings
		.filter((binding) => binding.hint !== undefined && worksIn(binding, view) && isEnabled(binding))
		.toSorted((one, other) => (other.hint?.rank ?? 0) - (one.hint?.rank ?? 0));
	const chosen: FooterHint[] = [];
	let left = width;
	for (const binding of wanted) {
		const hint = {key: binding.keys[0] ?? '', word: binding.hint?.word ?? '', binding};
		left -= hint.key.length + 1 + hint.word.length + (chosen.length > 0 ? 2 : 0);
		if (left < 0) {
			break;
		}
		chosen.push(hint);
	}
	return chosen;
}
