import {mkdtempSync, statSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {pathToFileURL} from 'node:url';
import {build} from 'esbuild';
import {describe, expect, it} from 'vitest';
import {bundleOptions, shortcuts} from '../../source/build/bundle-options.ts';
import {buildJsonSchemaLibrary} from '../../source/build/json-schema-library.ts';

const root = path.resolve(import.meta.dirname, '../..');

describe('the validator of JSON Schema', () => {
	it('lies in a file of its own, which the bundle loads when a schema is compiled', async () => {
		const folder = mkdtempSync(path.join(tmpdir(), 'bedrock-top-'));
		const outfile = path.join(folder, 'bundle.mjs');
		await build({
			...bundleOptions,
			splitting: false,
			entryPoints: [path.join(root, 'source/prompts/json-schema.ts')],
			outfile,
			plugins: shortcuts,
		});
		expect(statSync(outfile).size).toBeLessThan(10_000);

		// It is there, and loads nothing, before anything asks for the library.
		const {compileSchema} = await import(pathToFileURL(outfile).href);
		expect(() => compileSchema({type: 'object'})).toThrow(/json-schema-library/);

		await buildJsonSchemaLibrary(root, folder);
		for (const $schema of [undefined, 'https://json-schema.org/draft/2019-09/schema', 'draft-07']) {
			const isDate = compileSchema({...($schema === undefined ? {} : {$schema}), format: 'date'});
			expect([isDate('2026-02-28'), isDate('tomorrow')]).toEqual([undefined, 'must match format "date"']);
		}
	});
});
