import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {pathToFileURL} from 'node:url';
import xterm from '@xterm/headless';
import {build, type Plugin} from 'esbuild';
import fc from 'fast-check';
import {afterAll, describe, expect, it} from 'vitest';
import {inkOutput} from '../../../source/build/bundle-options.ts';
import {withQuickCheck, withQuickRows} from '../../../source/tui/ink-output/ink-patch.ts';
import {isSoak} from '../../helpers/random-cases.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'bedrock-top-'));
const [columns, rows] = [24, 4];

type Transformer = (line: string, index: number) => string;
type Output = {
	readonly write: (
		x: number,
		y: number,
		text: string,
		options: {transformers: readonly Transformer[]},
	) => void;
	readonly clip: (clip: {x1: number; x2: number; y1: number; y2: number}) => void;
	readonly unclip: () => void;
	readonly get: () => {readonly output: string};
};
type OutputModule = {readonly default: new (size: {width: number; height: number}) => Output};
type SanitizeModule = {readonly default: (text: string) => string};

/** Tests source/build/bundle-options.ts: the faster output. */

/** A module of Ink as it gets into a bundle with those plugins. */
const load = async <T>(name: string, plugins: Plugin[]): Promise<T> => {
	const entry = path.resolve(import.meta.dirname, `../../../node_modules/ink/build/${name}.js`);
	const outfile = path.join(folder, `${name}-${plugins.length}.mjs`);
	await build({entryPoints: [entry], bundle: true, format: 'esm', platform: 'node', outfile, plugins});
	return import(pathToFileURL(outfile).href);
};

type Write = {
	readonly x: number;
	readonly y: number;
	readonly text: string;
	readonly isTransformed?: boolean;
};

const frame = ({default: Output}: OutputModule, writes: readonly Write[], isClipped = false): string => {
	const output = new Output({width: columns, height: rows});
	if (isClipped) {
		output.clip({x1: 2, x2: 9, y1: 0, y2: 2});
	}
	for (const {x, y, text, isTransformed} of writes) {
		const transformers = isTransformed
			? [(line: string, index: number) => `\u001B[32m${index}${line}\u001B[39m`]
			: [];
		output.write(x, y, text, {transformers});
	}
	return output.get().output;
};

/** What a terminal makes of a frame: each cell's text and attributes; a blank has no colour but where it is inverse. */
const cells = async (text: string): Promise<readonly unknown[]> => {
	const emulator = new xterm.Terminal({
		cols: columns * 3,
		rows: rows + 4,
		allowProposedApi: true,
		convertEol: true,
	});
	await new Promise<void>((resolve) => emulator.write(text, resolve));
	const seen: unknown[] = [];
	for (let y = 0; y < rows + 4; y++) {
		const line = emulator.buffer.active.getLine(y);
		for (let x = 0; x < columns * 3; x++) {
			const cell = line?.getCell(x);
			const shown = cell?.getChars().trim() ?? '';
			const attributes = [cell?.getFgColor(), cell?.isBold(), cell?.isUnderline()];
			seen.push(shown === '' ? cell?.isInverse() : [shown, cell?.isInverse(), ...attributes]);
		}
	}
	emulator.dispose();
	return seen;
};

/** Colours that are ended, and some that are not; wide, combining and invisible characters; boxes. */
const pieces = fc.oneof(
	fc.stringMatching(/^[ -~]{0,6}$/),
	fc.constantFrom('│ ', '██▒▒··', '日本', 'é', 'e\u0301', 'a\u200Bb', '👩‍🚀', '\n', '…', '\u00AD'),
	fc.stringMatching(/^[a-z]{1,4}$/).map((text) => `\u001B[31m${text}\u001B[39m`),
	fc.stringMatching(/^[a-z ]{1,4}$/).map((text) => `\u001B[7m${text}\u001B[27m`),
	fc.constantFrom(
		'\u001B[1m\u001B[36mbold',
		'\u001B[22m',
		'\u001B[39m',
		'\u001B[38;5;1mx',
		'\u001B[4mu\u001B[24m',
		'\u001B[0m',
	),
);
const writes: fc.Arbitrary<Write[]> = fc.array(
	fc.record({
		x: fc.integer({min: 0, max: columns - 1}),
		y: fc.integer({min: -1, max: rows}),
		text: fc.array(pieces, {maxLength: 6}).map((parts) => parts.join('')),
		isTransformed: fc.boolean(),
	}),
	{maxLength: 6},
);

afterAll(() => rmSync(folder, {recursive: true, force: true}));

describe('withQuickRows', () => {
	it('draws what Ink draws, over each other or side by side, whatever was drawn before', async () => {
		const [original, quick] = await Promise.all([
			load<OutputModule>('output', []),
			load<OutputModule>('output', [inkOutput]),
		]);
		await fc.assert(
			fc.asyncProperty(writes, fc.boolean(), async (drawn, isClipped) => {
				expect(await cells(frame(quick, drawn, isClipped))).toEqual(
					await cells(frame(original, drawn, isClipped)),
				);
			}),
			{numRuns: 150},
		);
	});

	it('remembers no more than some screens of lines', async () => {
		const [original, quick] = await Promise.all([
			load<OutputModule>('output', []),
			load<OutputModule>('output', [inkOutput]),
		]);
		const drawn: readonly Write[] = [
			{x: 0, y: 0, text: '日本語テキスト'},
			{x: 0, y: 1, text: '\u001B[31mplain\u001B[39m'},
			{x: 3, y: 1, text: 'over'},
		];
		for (let index = 0; index < 5000; index++) {
			frame(quick, [
				{x: 0, y: 0, text: `line ${index}`},
				{x: 0, y: 1, text: `日 ${index}`},
			]);
		}
		expect(frame(quick, drawn)).toBe(frame(original, drawn));
	});

	it('refuses an Ink that is built in another way', () => {
		expect(() => withQuickRows('class Output {}')).toThrow(/Ink has changed/);
		expect(() => withQuickCheck('')).toThrow(/Ink has changed/);
	});
});

describe('withQuickCheck', () => {
	it('looks at each character of a long text once, whatever stands at its end', async () => {
		const {default: quick} = await load<SanitizeModule>('sanitize-ansi', [inkOutput]);
		const long = `${'plain text │ '.repeat(500)}\n${'\u001B[31mred\u001B[39m'.repeat(500)}`;
		for (const end of ['', '日本', '👩‍🚀', 'e\u0301']) {
			expect(quick(long + end)).toBe(long + end);
		}
	});

	it('lets through and takes out what Ink does', async () => {
		const [{default: original}, {default: quick}] = await Promise.all([
			load<SanitizeModule>('sanitize-ansi', []),
			load<SanitizeModule>('sanitize-ansi', [inkOutput]),
		]);
		const hostile = fc.constantFrom(
			'\u001B[2J',
			'\u001B]8;;x\u0007',
			'\u0007',
			'\u009B31m',
			'\u001B[4:3m',
			'\t',
			'\u001B[m',
		);
		const texts = fc.array(fc.oneof(pieces, hostile), {maxLength: 8}).map((parts) => parts.join(''));
		fc.assert(
			fc.property(texts, (text) => {
				expect(quick(text)).toBe(original(text));
			}),
			{numRuns: isSoak ? 5000 : 250},
		);
	});
});
