import {existsSync, readdirSync, readFileSync} from 'node:fs';
import path from 'node:path';
import {describe, expect, it} from 'vitest';
import {files, roomOf} from './house.ts';

/** The pages for the next person: `source/README.md` and `.github/CONTRIBUTING.md`. */

const root = path.resolve(import.meta.dirname, '../..');
const pageAt = (page: string): string => readFileSync(path.join(root, page), 'utf8');

/** Files with a folder that a page names in code spans, below `source/` or the root. */
const namesIn = (text: string): readonly string[] =>
	[...text.matchAll(/`((?:\.?[\w-]+\/)+[\w.-]+\.(?:tsx?|json|md|yaml))`/g)].map(([, name = '']) => name);

const missingFrom = (text: string): readonly string[] =>
	namesIn(text).filter((name) => !['', 'source'].some((folder) => existsSync(path.join(root, folder, name))));

describe('the pages for the next person', () => {
	it.each(['source/README.md', '.github/CONTRIBUTING.md'])('%s names files that are there', (page) => {
		const text = pageAt(page);
		expect(namesIn(text).length).toBeGreaterThan(3);
		expect(missingFrom(text)).toEqual([]);
	});

	it('would be caught naming one that is not', () => {
		expect(
			missingFrom('see `engine/run.ts`, `engine/ran.ts`, `test/walls/house.ts` and `results.json`'),
		).toEqual(['engine/ran.ts']);
	});

	/** Comments that send the reader to a page: `(DESIGN 3)`, `see NOTES.md`. */
	const strayIn = (text: string): readonly string[] =>
		[...text.matchAll(/^\s*(?:\/?\*|\/\/).*?(\bDESIGN\b|\b[A-Z]{4,}\.md\b)/gm)]
			.map(([, name = '']) => name)
			.filter((name) => !existsSync(path.join(root, name)) && !existsSync(path.join(root, 'source', name)));

	it('are the only ones that comments send to', () => {
		const tests = readdirSync(path.join(root, 'test'), {recursive: true, encoding: 'utf8'})
			.filter((file) => /\.tsx?$/.test(file) && path.basename(file) !== 'readme.test.ts')
			.map((file) => ({path: `test/${file}`, text: pageAt(path.join('test', file))}));
		const stray = [...files, ...tests].flatMap((file) =>
			strayIn(file.text).map((name) => `${file.path}: ${name}`),
		);
		expect(stray).toEqual([]);
		expect(strayIn('/** Exit code (DESIGN: Exit). */\n// see NOTES.md and README.md')).toEqual([
			'DESIGN',
			'NOTES.md',
		]);
	});

	it('have every room in the table', () => {
		const table = pageAt('source/README.md');
		const rooms = new Set(files.map((file) => roomOf(file.path)).filter((room) => room !== 'cli'));
		expect([...rooms].filter((room) => !table.includes(`| \`${room}/\` | `))).toEqual([]);
	});

	it('link to headings that are there', () => {
		const text = pageAt('source/README.md');
		const anchors = [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
			heading
				.toLowerCase()
				.replaceAll(/[^\w -]/g, '')
				.replaceAll(' ', '-'),
		);
		const links = [...text.matchAll(/\]\(#([^)]+)\)/g)].map(([, anchor = '']) => anchor);
		expect(links.filter((anchor) => !anchors.includes(anchor))).toEqual([]);
	});
});
