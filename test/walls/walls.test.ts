import {readFileSync} from 'node:fs';
import path from 'node:path';
import {describe, expect, it} from 'vitest';
import {
	arrow,
	circlesOf,
	climbing,
	type File,
	fileCircles,
	files,
	type Import,
	importsOf,
	roomCircles,
	roomOf,
	trespassing,
} from './house.ts';

/** Who may know whom: the rooms of `source/`, their ranks and the imports between them (see `source/README.md`). */

/** From the top. An import goes to the same room or to a lower rank. */
const ranks = [
	['cli'],
	['commands'],
	['batch', 'optimize', 'build'],
	['tui', 'plain', 'terminal'],
	['threads'],
	['reports'],
	['view', 'engine', 'tap', 'limiter'],
	['config', 'admission', 'account'],
	['metrics'],
	['bedrock', 'prompts', 'simulator'],
	['text'],
	['domain'],
];

/** Rooms that the table has a place for and that are not built yet. */
const planned: readonly string[] = [];

const imports = files.flatMap(importsOf);
const rooms = [...new Set(files.map(({path}) => roomOf(path)))];

const fileWith = (path: string, text: string): File => ({path, text});
const planted = (path: string, text: string): readonly Import[] => importsOf(fileWith(path, text));

describe('reading imports', () => {
	it('finds those of the house', () => {
		expect(imports.length).toBeGreaterThan(1000);
		expect(imports.map(arrow)).toContain('cli.ts -> commands/dispatch.ts');
	});

	it('reads every form that there is', () => {
		const text = [
			"import {one} from './one.ts';",
			"import type {Two} from '../text/two.ts';",
			"import {\n\tthree,\n\ttype Three,\n} from '../domain/three.ts';",
			"export {four} from './four.ts';",
			"export type * from './five.ts';",
			"const six = await import('./six.ts');",
			"type Seven = import('./seven.ts').Seven;",
			"import './eight.ts';",
			"import * as nine from 'nine';",
		].join('\n');
		expect(
			planted('engine/all.ts', text).map(({target, isType, isLazy}) => [target, isType, isLazy]),
		).toEqual([
			['engine/one.ts', false, false],
			['text/two.ts', true, false],
			['domain/three.ts', false, false],
			['engine/four.ts', false, false],
			['engine/five.ts', true, false],
			['engine/six.ts', false, true],
			['engine/seven.ts', false, true],
			['engine/eight.ts', false, false],
			['nine', false, false],
		]);
	});
});

describe('ranks', () => {
	it('has a place for every room, and every place a room', () => {
		const placed = ranks.flat();
		expect(rooms.filter((room) => !placed.includes(room))).toEqual([]);
		expect(placed.filter((room) => !rooms.includes(room))).toEqual(planned);
	});

	it('are those of source/README.md', () => {
		const page = readFileSync(path.resolve(import.meta.dirname, '../../source/README.md'), 'utf8');
		const listed = [...page.matchAll(/^\| (\d+) \| `([a-z]+)/gm)].map(([, rank, room]) => `${rank} ${room}`);
		const built = ranks.flatMap((each, index) =>
			each.filter((room) => !planned.includes(room)).map((room) => `${ranks.length - index} ${room}`),
		);
		expect(listed.toSorted()).toEqual(built.toSorted());
	});

	it('lets no import go up or aside, types included', () => {
		expect(climbing(imports, ranks)).toEqual([]);
	});

	it('would see one that does', () => {
		const up = planted('domain/up.ts', "import type {Width} from '../text/width.ts';");
		const aside = planted('tui/aside.ts', "import {planLines} from '../plain/plan.ts';");
		const strange = planted('cellar/new.ts', "import {a} from '../domain/clock.ts';");
		expect(climbing([...up, ...aside, ...strange], ranks)).toEqual([
			'domain/up.ts -> text/width.ts',
			'tui/aside.ts -> plain/plan.ts',
			'cellar/new.ts -> domain/clock.ts',
		]);
		expect(climbing(planted('tui/down.ts', "import {a} from '../text/width.ts';"), ranks)).toEqual([]);
	});

	it('has no circle of files', () => {
		expect(fileCircles(imports)).toEqual([]);
	});

	it('has no circle of rooms', () => {
		expect(roomCircles(imports)).toEqual([]);
	});

	it('would see a circle', () => {
		expect(
			circlesOf([
				['a', 'b'],
				['b', 'c'],
				['c', 'a'],
				['c', 'd'],
				['e', 'e'],
			]),
		).toEqual([['a', 'b', 'c'], ['e']]);
		const [first, second] = [
			planted('domain/one.ts', "import type {Two} from './two.ts';"),
			planted('domain/two.ts', "import type {One} from './one.ts';"),
		];
		expect(fileCircles([...first, ...second])).toEqual([['domain/one.ts', 'domain/two.ts']]);
	});
});

describe('walls', () => {
	const pureRooms = ['domain', 'text', 'prompts', 'metrics', 'admission', 'engine', 'view'];

	it('keeps the pure rooms free of screens, AWS and threads', () => {
		const forbidden = ['ink', 'react', '@aws-sdk', '@smithy', 'bedrock', 'tui', 'threads', 'commands'];
		expect(trespassing(imports, (room) => pureRooms.includes(room), forbidden)).toEqual([]);
	});

	it('lets only bedrock, tap and limiter know the AWS SDK', () => {
		const isBound = (room: string): boolean => !['bedrock', 'tap', 'limiter'].includes(room);
		expect(trespassing(imports, isBound, ['@aws-sdk', '@smithy'])).toEqual([]);
	});

	it('lets only tui know Ink and React', () => {
		expect(trespassing(imports, (room) => room !== 'tui', ['ink', 'react'])).toEqual([]);
	});

	it('keeps the library small: it loads what knows AWS and its stores when they are asked for', () => {
		const loaded = new Set(['limiter/index.ts']);
		for (const each of loaded) {
			for (const {target} of imports.filter(
				({file, isType, isLazy}) => file === each && !isType && !isLazy,
			)) {
				loaded.add(target);
			}
		}
		const rooms = new Set([...loaded].filter((each) => /\.tsx?$/.test(each)).map(roomOf));
		expect([...rooms].toSorted()).toEqual(['admission', 'bedrock', 'domain', 'limiter', 'metrics', 'text']);
		const packages = [...loaded].filter(
			(each) => !/\.(?:tsx?|json)$/.test(each) && !each.startsWith('node:'),
		);
		expect(packages).toEqual([]);
	});

	it('loads Vega in the reports only', () => {
		expect(trespassing(imports, (room) => room !== 'reports', ['vega', 'vega-lite'])).toEqual([]);
	});

	it('would see a trespasser', () => {
		const planned = planted(
			'engine/bad.ts',
			"import {render} from 'ink';\nimport {a} from '@smithy/core/x';",
		);
		expect(trespassing(planned, (room) => room === 'engine', ['ink', '@smithy'])).toEqual([
			'engine/bad.ts -> ink',
			'engine/bad.ts -> @smithy/core/x',
		]);
	});

	it('keeps the simulator apart: it shares only the errors of users, and nothing shares it', () => {
		const shared = imports
			.filter(({file, target}) => roomOf(file) === 'simulator' && /\.tsx?$/.test(target))
			.filter(({target}) => roomOf(target) !== 'simulator' && target !== 'domain/user-error.ts');
		expect(shared.map(arrow)).toEqual([]);
		const tested = ['bedrock', 'prompts', 'metrics', 'admission', 'account', 'engine', 'view'];
		expect(trespassing(imports, (room) => tested.includes(room), ['simulator'])).toEqual([]);
	});

	it('draws its first frame with what it needs alone', () => {
		const loaded = new Set(['cli.ts', 'commands/command-line.ts', 'commands/screen.ts', 'tui/dashboard.tsx']);
		for (const each of loaded) {
			for (const {target} of imports.filter(
				({file, isType, isLazy}) => file === each && !isType && !isLazy,
			)) {
				loaded.add(target);
			}
		}
		expect(loaded).toContain('ink');
		expect([...loaded].filter((each) => /^(?:vega|@aws-sdk|@smithy)/.test(each))).toEqual([]);
		// Node makes all that these export as they are imported, which takes milliseconds each.
		const slow = /^node:(?:child_process|crypto|https?|http2|tls)$/;
		const made = imports.filter(
			({file, target, isType, isLazy}) => loaded.has(file) && slow.test(target) && !isType && !isLazy,
		);
		expect(made.map(arrow)).toEqual([]);
		// A schema takes milliseconds to make: a start reads a preset, no earlier files and no results.
		const reading = imports.filter(({file, target}) => loaded.has(file) && ['zod', 'yaml'].includes(target));
		expect(reading.map(arrow)).toEqual([
			'config/input/yaml.ts -> yaml',
			'config/parse-preset.ts -> zod',
			'config/preset-schema.ts -> zod',
		]);
	});

	it('loads the screen lazily', () => {
		const eager = imports.filter(
			({file, target, isType, isLazy}) =>
				// The build is not the program.
				!['tui', 'build'].includes(roomOf(file)) && roomOf(target) === 'tui' && !isType && !isLazy,
		);
		expect(eager.map(arrow)).toEqual([]);
	});
});

describe('files', () => {
	it('have at most 400 lines', () => {
		const long = files
			.map(({path, text}) => ({path, lines: text.split('\n').length - 1}))
			.filter(({lines}) => lines > 400);
		expect(long).toEqual([]);
	});

	it('have kebab-case names', () => {
		const isKebab = ({path}: File): boolean => /^(?:[a-z0-9-]+\/)*[a-z0-9-]+\.tsx?$/.test(path);
		expect(files.filter((file) => !isKebab(file)).map(({path}) => path)).toEqual([]);
	});
});
