import {readFile, writeFile} from 'node:fs/promises';
import path from 'node:path';
import {flagMarkdown} from '../config/help.ts';
import {keyMarkdownTable} from '../keymap/render.ts';

/** Puts the tables that are made from data between their markers in the README. */

const file = path.resolve(import.meta.dirname, '../../README.md');

const between = (text: string, marker: string, content: string): string =>
	text.replace(
		new RegExp(`<!-- ${marker} -->[\\s\\S]*<!-- /${marker} -->`),
		() => `<!-- ${marker} -->\n${content}\n<!-- /${marker} -->`,
	);

/** The README with its tables made anew. */
export const freshReadme = (text: string): string =>
	between(between(text, 'keys', keyMarkdownTable().trim()), 'flags', flagMarkdown().join('\n'));

if (process.argv[1] === import.meta.filename) {
	await writeFile(file, freshReadme(await readFile(file, 'utf8')));
}
