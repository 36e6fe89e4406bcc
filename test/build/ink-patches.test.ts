import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {pathToFileURL} from 'node:url';
import {build} from 'esbuild';
import fc from 'fast-check';
import stringWidth from 'string-width';
import {afterAll, describe, expect, it} from 'vitest';
import {lazyWidth, withLazyTables} from '../../source/build/ink-patches.ts';

const module = path.resolve(import.meta.dirname, '../../node_modules/string-width/index.js');
const folder = mkdtempSync(path.join(tmpdir(), 'bedrock-top-'));

afterAll(() => rmSync(folder, {recursive: true, force: true}));

describe('withLazyTables', () => {
	it('measures every text as string-width does', async () => {
		const outfile = path.join(folder, 'lazy.mjs');
		await build({
			entryPoints: [module],
			bundle: true,
			format: 'esm',
			platform: 'node',
			outfile,
			plugins: [lazyWidth],
		});
		const {default: lazy} = (await import(pathToFileURL(outfile).href)) as {default: typeof stringWidth};
		for (const text of [
			'',
			'plain',
			'日本',
			'👩‍👩‍👧‍👦',
			'1⃣',
			'e\u0301',
			'ᄀ\u1161',
			'\u001B[31m─\u001B[39m',
		]) {
			expect(lazy(text)).toBe(stringWidth(text));
		}
		fc.assert(
			fc.property(fc.string({unit: 'grapheme'}), (text) => {
				expect(lazy(text)).toBe(stringWidth(text));
			}),
		);
	});

	it('refuses a package that is built in another way', () => {
		expect(() => withLazyTables('const segmenter = undefined;')).toThrow(/string-width has changed/);
	});
});
