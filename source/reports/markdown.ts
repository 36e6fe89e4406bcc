import {cleanText} from '../text/width.ts';

/** Text that Markdown takes as it is, in one line: a cell, a heading, a list item. */
export function escapeMarkdown(text: string): string {
	return cleanText(text).replaceAll(/[\\`*_{}[\]<>|#~]/g, String.raw`\$&`);
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
