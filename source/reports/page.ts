import {cleanLines} from '../text/width.ts';
import {codeBlock, escapeMarkdown, markdownTable} from './words.ts';

/**
 * A page of a report before it is written down: what its Markdown and its HTML have in common. It is plain data with texts
 * as they are; each form escapes them.
 */

export type Block =
	| PlainBlock
	/** Folded where the form can fold. */
	| {
			readonly type: 'details';
			readonly summary: string;
			readonly isBad?: boolean;
			readonly blocks: readonly PlainBlock[];
	  }
	/** Names of SVG files. */
	| {readonly type: 'pictures'; readonly files: readonly string[]};

/** A block that has no others in it. */
export type PlainBlock =
	/** Lines of one paragraph. */
	| {readonly type: 'lines'; readonly lines: readonly string[]}
	| {readonly type: 'warning'; readonly text: string}
	| {readonly type: 'list'; readonly items: readonly string[]}
	/** Names with what is known of them. */
	| {readonly type: 'facts'; readonly facts: ReadonlyArray<readonly [name: string, text: string]>}
	| TableBlock
	| {readonly type: 'code'; readonly text: string}
	/** A prompt or an answer, with its lines as they are. */
	| {readonly type: 'quote'; readonly label: string; readonly text: string; readonly isBad?: boolean};

export type TableBlock = {
	readonly type: 'table';
	readonly header: readonly string[];
	readonly rows: ReadonlyArray<readonly string[]>;
	/** Indexes of rows that stand out; absent: none. */
	readonly marked?: readonly number[];
};

export type PageSection = {
	readonly heading: string;
	readonly blocks: readonly Block[];
	/** What the page is read for. */
	readonly isLead?: boolean;
	/** Nobody needs it at once. */
	readonly isFolded?: boolean;
};

export type Page = {
	readonly title: string;
	/** What holds for everything on it; absent: nothing. */
	readonly warning?: string | undefined;
	readonly sections: readonly PageSection[];
};

/** A section, where it has something in it. */
export function sectionOf(heading: string, ...blocks: readonly Block[]): readonly PageSection[] {
	const filled = blocks.filter((block) => !isEmpty(block));
	return filled.length === 0 ? [] : [{heading, blocks: filled}];
}

function isEmpty(block: Block): boolean {
	switch (block.type) {
		case 'lines':
			return block.lines.length === 0;
		case 'list':
			return block.items.length === 0;
		case 'facts':
			return block.facts.length === 0;
		case 'table':
			return block.rows.length === 0;
		case 'pictures':
			return block.files.length === 0;
		case 'details':
			return block.blocks.length === 0;
		case 'warning':
		case 'code':
		case 'quote':
			return block.text === '';
	}
}

/** The page as Markdown. */
export function markdownOf({title, warning, sections}: Page): string {
	const lines = [
		`# ${escapeMarkdown(title)}`,
		...(warning === undefined ? [] : ['', ...markdownLines({type: 'warning', text: warning})]),
		...sections.flatMap(({heading, blocks}) => [
			'',
			`## ${escapeMarkdown(heading)}`,
			...blocks.flatMap((block) => ['', ...markdownLines(block)]),
		]),
	];
	return `${lines.join('\n').trimEnd()}\n`;
}

function markdownLines(block: Block): readonly string[] {
	switch (block.type) {
		case 'lines':
			return block.lines.map(escapeMarkdown);
		case 'warning':
			return [`**${escapeMarkdown(block.text)}**`];
		case 'list':
			return block.items.map((item) => `- ${escapeMarkdown(item)}`);
		case 'facts':
			return block.facts.map(([name, text]) => `- ${escapeMarkdown(`${name}: ${text}`)}`);
		case 'table':
			return markdownTable(block.header, block.rows);
		case 'code':
			return codeBlock(block.text);
		case 'quote':
			return [escapeMarkdown(block.label), '', ...codeBlock(cleanLines(block.text))];
		case 'details':
			return [
				`### ${escapeMarkdown(block.summary)}`,
				...block.blocks.flatMap((each) => ['', ...markdownLines(each)]),
			];
		case 'pictures':
			return block.files.flatMap((file) => [`![${pictureName(file)}](${file})`, '']);
	}
}

/** What a picture shows, from the name of its file. */
export function pictureName(file: string): string {
	return file.replace(/\.svg$/, '').replaceAll('-', ' ');
}
