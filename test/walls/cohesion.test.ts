import {readdirSync, readFileSync} from 'node:fs';
import path from 'node:path';
import {describe, expect, it} from 'vitest';
import {type File, files, type Import, importsOf} from './house.ts';

/** Whether the house shows its concepts: files that belong together are one, folders can be read at a glance. */

const imports = files.flatMap(importsOf);

/**
 * Registries: folders whose files are entries of a table, and have that table as their only importer by nature.
 * `families` and `methods` of bedrock and of the simulator, the simulator's services, panels, charts, commands.
 */
const registries = [
	'bedrock/families/',
	'bedrock/methods/',
	'bedrock/failures/',
	'simulator/families/',
	'simulator/mantle/',
	'simulator/cloudwatch/',
	'simulator/catalog/',
	'simulator/jobs/',
	'tui/panels/',
	'tui/overlays/',
	'reports/specs/',
	'commands/',
];

/** Files that another program starts, or that a thread begins with. */
const isEntry = (file: string): boolean => file === 'cli.ts' || file.endsWith('-worker.ts');

/** Files with a single importer, entries of registries and of threads aside. */
function lonely(all: readonly string[], of: readonly Import[]): readonly string[] {
	const importers = new Map<string, Set<string>>();
	for (const {file, target} of of) {
		importers.set(target, (importers.get(target) ?? new Set()).add(file));
	}
	return all.filter(
		(file) =>
			importers.get(file)?.size === 1 &&
			!isEntry(file) &&
			!registries.some((folder) => file.startsWith(folder)),
	);
}

const folderOf = (file: string): string => path.dirname(file);

function fullFolders(all: readonly string[]): readonly string[] {
	const folders = Map.groupBy(all, folderOf);
	return [...folders]
		.filter(([, held]) => held.length > 25)
		.map(([folder, held]) => `${folder}: ${held.length}`);
}

const paths = files.map((file) => file.path);

describe('cohesion', () => {
	it('leaves at most a quarter of the files with a single importer', () => {
		const alone = lonely(paths, imports);
		expect(alone.length / files.length, alone.join('\n')).toBeLessThanOrEqual(0.25);
	});

	it('would see a file that only one other needs', () => {
		const of = [
			...importsOf({
				path: 'a/one.ts',
				text: "import {two} from './two.ts';\nimport {three} from './three.ts';",
			}),
			...importsOf({path: 'a/two.ts', text: "import {three} from './three.ts';"}),
			...importsOf({path: 'tui/panels/x.ts', text: "import {y} from './y.ts';"}),
		];
		expect(lonely(['a/one.ts', 'a/two.ts', 'a/three.ts', 'tui/panels/y.ts'], of)).toEqual(['a/two.ts']);
	});

	it('has at most 500 files, and at most 25 in a folder', () => {
		expect(files.length).toBeLessThanOrEqual(500);
		expect(fullFolders(paths)).toEqual([]);
	});

	it('would see a full folder', () => {
		expect(fullFolders(Array.from({length: 26}, (_, index) => `a/b/${index}.ts`))).toEqual(['a/b: 26']);
	});
});

/** Names that a file exports, by declaration. */
const exportedBy = ({text}: File): readonly string[] =>
	[...text.matchAll(/^export (?:async )?(?:function\*?|const|class|type|interface) (\w+)/gm)].map(
		([, name = '']) => name,
	);

const testFolder = path.resolve(import.meta.dirname, '..');
const tests: readonly File[] = readdirSync(testFolder, {recursive: true, encoding: 'utf8'})
	.filter((file) => /\.tsx?$/.test(file))
	.map((file) => ({path: `../test/${file}`, text: readFileSync(path.join(testFolder, file), 'utf8')}));

/** Exports that no other file names. A name counts as used wherever another file that imports something has the word. */
function unused(all: readonly File[], readers: readonly File[]): readonly string[] {
	const words = new Map<string, Set<string>>();
	for (const {path: file, text} of readers) {
		for (const word of new Set(text.match(/\w+/g) ?? [])) {
			words.set(word, (words.get(word) ?? new Set()).add(file));
		}
	}
	return all.flatMap((file) =>
		exportedBy(file)
			.filter((name) => [...(words.get(name) ?? [])].every((reader) => reader === file.path))
			.map((name) => `${file.path}: ${name}`),
	);
}

describe('exports', () => {
	it('have a user outside their file', () => {
		expect(unused(files, [...files, ...tests])).toEqual([]);
	});

	it('would be seen without one', () => {
		const held = [
			{path: 'a.ts', text: 'export const used = 1;\nexport function alone(): void {}'},
			{path: 'b.ts', text: "import {used} from './a.ts';"},
		];
		expect(unused(held, held)).toEqual(['a.ts: alone']);
	});

	it('are function declarations where they are functions', () => {
		const arrow = /^export const (\w+) = (?:async )?(?:<[^>]*>)?\([^)]*\)[^=\n]*=>/gm;
		const found = files.flatMap(({path: file, text}) =>
			[...text.matchAll(arrow)].map(([, name]) => `${file}: ${name}`),
		);
		expect(found).toEqual([]);
		expect('export const f = (a: number): number => a;').toMatch(new RegExp(arrow.source, 'm'));
	});

	it('have type names that are there once', () => {
		const names = Map.groupBy(
			files.flatMap(({path: file, text}) =>
				[...text.matchAll(/^export (?:type|interface|class) (\w+)/gm)].map(([, name = '']) => ({name, file})),
			),
			({name}) => name,
		);
		const twice = [...names].filter(
			([, held]) => held.length > 1 && !isOnBothSides(held.map(({file}) => file)),
		);
		expect(twice.map(([name, held]) => `${name}: ${held.map(({file}) => file).join(', ')}`)).toEqual([]);
	});
});

/** The simulator shares no code with what it tests, so a word may be defined once on each side of the wire. */
const isOnBothSides = (held: readonly string[]): boolean =>
	held.length === 2 && held.filter((file) => file.startsWith('simulator/')).length === 1;

describe('tests', () => {
	it('say `it`, all of them', () => {
		const others = tests.filter(({text}) => /import \{[^}]*\btest\b[^}]*\} from 'vitest'/.test(text));
		expect(others.map((file) => file.path)).toEqual([]);
	});
});
