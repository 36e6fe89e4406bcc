import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {pathToFileURL} from 'node:url';
import {build, type Plugin} from 'esbuild';
import {afterAll, describe, expect, it} from 'vitest';
import {lastingCaches, withLastingCaches} from '../../source/build/lasting-caches.ts';

const module = path.resolve(import.meta.dirname, '../../node_modules/ink/build/output.js');
const folder = mkdtempSync(path.join(tmpdir(), 'bedrock-top-'));

type Output = {
	readonly write: (x: number, y: number, text: string, options: {transformers: []}) => void;
	readonly get: () => {readonly output: string};
};
type Module = {readonly default: new (size: {width: number; height: number}) => Output};

/** Ink's module as it gets into a bundle. */
const load = async (name: string, plugins: Plugin[]): Promise<Module> => {
	const outfile = path.join(folder, `${name}.mjs`);
	await build({entryPoints: [module], bundle: true, format: 'esm', platform: 'node', outfile, plugins});
	return import(pathToFileURL(outfile).href);
};

/** A frame in which wide characters are drawn over, which is where cells are replaced. */
const frame = ({default: Output}: Module, lines: readonly string[]): string => {
	const output = new Output({width: 24, height: 4});
	for (const [row, line] of lines.entries()) {
		output.write(row % 3, row % 4, line, {transformers: []});
	}
	return output.get().output;
};

afterAll(() => rmSync(folder, {recursive: true, force: true}));

describe('withLastingCaches', () => {
	it('draws every frame as Ink does, whatever was drawn before it', async () => {
		const [original, lasting] = await Promise.all([load('original', []), load('lasting', [lastingCaches])]);
		const red = (text: string): string => `\u001B[31m${text}\u001B[39m`;
		const frames = [
			['日本語テキスト', red('plain'), 'a\u200Bb', 'x'],
			['日本語テキスト', red('plain'), 'a\u200Bb', 'x', 'ab', 'cd', red('é'), '日'],
			['', red('日本'), 'plain', 'a\u200Bb', '日本語テキスト'],
		];
		for (const lines of [...frames, ...frames]) {
			expect(frame(lasting, lines)).toBe(frame(original, lines));
		}
		// More lines than are kept.
		for (let index = 0; index < 5000; index++) {
			frame(lasting, [`line ${index}`]);
		}
		expect(frame(lasting, frames[1] ?? [])).toBe(frame(original, frames[1] ?? []));
	});

	it('refuses an Ink that is built in another way', () => {
		expect(() => withLastingCaches('class Output {}')).toThrow(/Ink has changed/);
	});
});
