import {readdirSync, readFileSync} from 'node:fs';
import path from 'node:path';
import {describe, expect, it} from 'vitest';
import {type File, files} from './house.ts';

/** Plain English in code, comments, messages and pages: words of a private dialect stay out. */

type Rule = {readonly pattern: RegExp; readonly instead: string};

/** What to write instead of what; a pattern looks at one line. */
const rules: readonly Rule[] = [
	{pattern: /\b(?:re|un)?told\b/i, instead: 'reported, logged, known, said'},
	{pattern: /\banew\b/, instead: 'again'},
	{pattern: /\bof (?:ours|theirs)\b/, instead: 'our, their'},
	{pattern: /(?<!\bthere )\b(?:is|are) no (?!longer\b|more\b|less\b|later\b|one\b)/, instead: 'is not a'},
	{pattern: /\bwhoever\b/i, instead: 'name who'},
	{
		pattern:
			/\b(?:requests?|tokens?|items?|USD|dollars?|times|answers?|calls?) an? (?:minute|second|hour|day|month|request|token|item|call|answer|useful item)\b/,
		instead: 'per',
	},
	{pattern: /\b(?:once|twice) an? (?:minute|second|hour|day)\b/i, instead: 'per'},
	{pattern: /\b(?:most|least)[A-Z]\w*/, instead: 'max…, min…'},
	{pattern: /\balarm(?!\.)/i, instead: 'alert for a rule that fires, timer for a wake-up'},
	{pattern: /\bit (?:binds|bound by)\b|\bbinding limit\b/, instead: 'limited by'},
	{pattern: /\bpoll(?:ed|s)? (?:looks?|for looks)\b|\blooks? (?:once|again) in\b/, instead: 'poll'},
	{pattern: /DESIGN section|the brief\b/, instead: 'a document that is in the repository'},
];

/** Percent is written one way; the sentence of a verdict keeps the form that is published for it. */
const percent: Rule = {pattern: /\d %(?!=|[sdo]\b)/, instead: '41%'};
const publishedForms = ['metrics/decisions/'];

const breaches = (all: readonly File[], of: readonly Rule[]): readonly string[] =>
	all.flatMap(({path: file, text}) =>
		text
			.split('\n')
			.flatMap((line, index) =>
				of
					.filter(({pattern}) => pattern.test(line))
					.map(
						({pattern, instead}) => `${file}:${index + 1}: ${pattern.exec(line)?.[0]} (write: ${instead})`,
					),
			),
	);

const root = path.resolve(import.meta.dirname, '../..');
const pages: readonly File[] = [
	...['README.md', 'CHANGELOG.md', 'source/README.md', 'source/reports/README.md', 'presets/README.md'],
	...readdirSync(path.join(root, 'presets'))
		.filter((file) => /\.(?:yaml|json)$/.test(file))
		.map((file) => `presets/${file}`),
].flatMap((file) => {
	try {
		return [{path: file, text: readFileSync(path.join(root, file), 'utf8')}];
	} catch {
		return [];
	}
});

describe('words', () => {
	it('of the house are plain', () => {
		expect(breaches(files, rules)).toEqual([]);
	});

	it('of the pages are plain', () => {
		expect(breaches(pages, rules)).toEqual([]);
	});

	it('write percent one way', () => {
		const held = files.filter((file) => !publishedForms.some((folder) => file.path.startsWith(folder)));
		expect(breaches(held, [percent])).toEqual([]);
	});

	it.each([
		'// what was told of it',
		'/** made anew */',
		'// a clock of ours',
		'\'"mars" is no AWS Region.\'',
		'`50 requests a minute`',
		'// looked at once a minute',
		'const mostWaiting = 1000;',
		'const alarm = 1;',
		'// see DESIGN section 5',
	])('would see %s', (text) => {
		expect(breaches([{path: 'x.ts', text}], rules)).toHaveLength(1);
	});

	it('would see a percent with a blank', () => {
		expect(breaches([{path: 'x.ts', text: '`50 %`'}], [percent])).toHaveLength(1);
	});
});
