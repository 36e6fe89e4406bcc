import {cleanText} from '../text/width.ts';

/** What makes a list, a heading or a rule of a line that begins with it; `-5` makes none. */
const blockStart = /^(\d{0,9})([.)+-](?=\s|$)|[-=](?=[-=\s]*$))/;

/** Text that Markdown takes as it is, in one line: a cell, a heading, a list item. */
export function escapeMarkdown(text: string): string {
	return cleanText(text)
		.trimStart()
		.replaceAll(/[\\`*_{}[\]<>|#~]/g, String.raw`\$&`)
		.replace(blockStart, String.raw`$1\$2`);
}

/** A table; the first column is aligned to the left, the others to the right. Cells are escaped. */
export function markdownTable(
	header: readonly string[],
	rows: ReadonlyArray<readonly string[]>,
): readonly string[] {
	const line = (cells: readonly string[]) => `| ${cells.map(escapeMarkdown).join(' | ')} |`;
	return [
		line(header),
		`|${header.map((_, index) => (index === 0 ? ' --- ' : ' ---: ')).join('|')}|`,
		...rows.map(line),
	];
}

/** A code block that no content can close. */
export function codeBlock(text: string): readonly string[] {
	const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([ticks]) => ticks.length));
	const fence = '`'.repeat(longest + 1);
	return [fence, text, fence];
}
