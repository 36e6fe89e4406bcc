import {readdirSync, readFileSync} from 'node:fs';
import path from 'node:path';
import {describe, expect, it} from 'vitest';

/** Who may know whom (see the README, Contributing): the rooms of `source/` and the imports between them. */

const source = path.resolve(import.meta.dirname, '../../source');

const files = readdirSync(source, {recursive: true, encoding: 'utf8'}).filter((file) => /\.tsx?$/.test(file));

type Import = {
	readonly file: string;
	readonly room: string;
	readonly target: string;
	readonly isType: boolean;
};

const importPattern =
	/^\s*(import|export)\s+(type\s)?[^'"]*?from\s+'([^']+)'|import\('([^']+)'\)|^import\s+'([^']+)'/gm;

const importsOf = (file: string): readonly Import[] => {
	const text = readFileSync(path.join(source, file), 'utf8');
	return [...text.matchAll(importPattern)].map((match) => {
		const specifier = match[3] ?? match[4] ?? match[5] ?? '';
		const target = specifier.startsWith('.') ? path.join(path.dirname(file), specifier) : specifier;
		return {file, room: file.split('/')[0] ?? '', target, isType: match[2] !== undefined};
	});
};

const imports = files.flatMap(importsOf);

const offenders = (rooms: readonly string[], forbidden: (target: string) => boolean): readonly string[] =>
	imports
		.filter(({room, target}) => rooms.includes(room) && forbidden(target))
		.map(({file, target}) => `${file} -> ${target}`);

const startsWithAny =
	(prefixes: readonly string[]) =>
	(target: string): boolean =>
		prefixes.some((prefix) => target === prefix || target.startsWith(`${prefix}/`));

const pureRooms = ['engine', 'metrics', 'view', 'text', 'prompts'];
const rooms = [...new Set(imports.map(({room}) => room))];

describe('walls', () => {
	it('reads imports at all', () => {
		expect(imports.length).toBeGreaterThan(100);
		expect(rooms).toContain('engine');
	});

	it('keeps the pure rooms free of screens, AWS and threads', () => {
		const forbidden = startsWithAny([
			'ink',
			'react',
			'@aws-sdk',
			'@smithy',
			'bedrock',
			'tui',
			'threads',
			'commands',
		]);
		expect(offenders(pureRooms, forbidden)).toEqual([]);
	});

	it('lets only bedrock know the AWS SDK', () => {
		expect(
			offenders(
				rooms.filter((room) => room !== 'bedrock'),
				startsWithAny(['@aws-sdk', '@smithy']),
			),
		).toEqual([]);
	});

	it('lets only tui know Ink and React', () => {
		expect(
			offenders(
				rooms.filter((room) => room !== 'tui'),
				startsWithAny(['ink', 'react', 'ink-table']),
			),
		).toEqual([]);
	});

	it('keeps the simulator apart from what it tests', () => {
		expect(
			offenders(['simulator'], startsWithAny(['bedrock', 'engine', 'metrics', 'threads', 'tui'])),
		).toEqual([]);
		expect(offenders(['bedrock', 'engine', 'metrics'], startsWithAny(['simulator']))).toEqual([]);
	});

	it('loads the screen lazily', () => {
		const eager = imports.filter(
			({room, target, isType}) => room !== 'tui' && !isType && target.startsWith('tui/'),
		);
		const isLazy = ({file, target}: Import): boolean =>
			readFileSync(path.join(source, file), 'utf8').includes(`import('../${target}')`);
		expect(eager.filter((entry) => !isLazy(entry)).map(({file, target}) => `${file} -> ${target}`)).toEqual(
			[],
		);
	});

	it('loads Vega in the reports only', () => {
		expect(
			offenders(
				rooms.filter((room) => room !== 'reports'),
				startsWithAny(['vega', 'vega-lite']),
			),
		).toEqual([]);
	});
});

describe('size of the files', () => {
	const lengths = files.map((file) => ({
		file,
		lines: readFileSync(path.join(source, file), 'utf8').split('\n').length - 1,
	}));

	it('has none above 300 lines', () => {
		expect(lengths.filter(({lines}) => lines > 300)).toEqual([]);
	});

	it('has a median of at most 100 lines', () => {
		const sorted = lengths.map(({lines}) => lines).toSorted((a, b) => a - b);
		expect(sorted[Math.floor(sorted.length / 2)]).toBeLessThanOrEqual(100);
	});

	it('has kebab-case names only', () => {
		expect(files.filter((file) => !/^(?:[a-z0-9-]+\/)*[a-z0-9-]+\.tsx?$/.test(file))).toEqual([]);
	});
});
