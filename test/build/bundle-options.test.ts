import {mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {pathToFileURL} from 'node:url';
import type {createClient} from '@redis/client';
import {build} from 'esbuild';
import fc from 'fast-check';
import stringWidth from 'string-width';
import {afterAll, describe, expect, it} from 'vitest';
import {
	buildJsonSchemaLibrary,
	bundleOptions,
	lazyWidth,
	leanCommandsFor,
	leanPricesOf,
	shortcuts,
	withLazyTables,
} from '../../source/build/bundle-options.ts';
import {hasRedis, needsRedis, startRedisServer} from '../helpers/redis-server.ts';

const module = path.resolve(import.meta.dirname, '../../node_modules/@pydantic/genai-prices/dist/index.js');

describe('leanPricesOf', () => {
	const text = readFileSync(module, 'utf8');

	it('keeps the price of every model of AWS, and little else', async () => {
		const file = path.join(mkdtempSync(path.join(tmpdir(), 'bedrock-top-')), 'lean.mjs');
		const lean = leanPricesOf(text);
		expect(lean.length).toBeLessThan(text.length / 4);
		writeFileSync(file, lean);
		const [whole, part] = await Promise.all([import(module), import(pathToFileURL(file).href)]);
		const ids = [
			'amazon.nova-lite-v1:0',
			'us.anthropic.claude-sonnet-4-5-20250929-v1:0',
			'meta.llama3-1-8b-instruct-v1:0',
			'no.such',
		];
		for (const id of ids) {
			const usage = {input_tokens: 1000, output_tokens: 100};
			const price = (library: typeof whole) => library.calcPrice(usage, id, {providerId: 'aws'})?.total_price;
			expect(price(part)).toEqual(price(whole));
		}
	});

	it('refuses a package that is built in another way', () => {
		expect(() => leanPricesOf('const data = {};')).toThrow(/has changed/);
		expect(() => leanPricesOf('const E = [\n{id: "other"}\n], F = 1;')).toThrow(/no provider "aws"/);
	});
});

describe('the client of Redis', () => {
	it(`is bundled without the commands that a ledger does not send${needsRedis}`, async () => {
		const folder = mkdtempSync(path.join(tmpdir(), 'bedrock-top-'));
		await build({
			...bundleOptions,
			stdin: {
				contents: "export const load = async () => (await import('@redis/client')).createClient;",
				resolveDir: import.meta.dirname,
			},
			outdir: folder,
			outExtension: {'.js': '.mjs'},
			plugins: shortcuts,
		});
		const [file = ''] = readdirSync(folder).filter((name) => name.startsWith('dist-'));
		const text = readFileSync(path.join(folder, file), 'utf8');
		// 426 kB as it comes.
		expect(text.length).toBeLessThan(140_000);
		expect(text).toContain('AUTH');
		expect(text).not.toContain('ZINTERSTORE');
		const {load} = (await import(pathToFileURL(path.join(folder, 'stdin.mjs')).href)) as {
			load: () => Promise<typeof createClient>;
		};
		const create = await load();
		expect(create).toBeTypeOf('function');
		if (hasRedis) {
			const redis = await startRedisServer(['--requirepass', 'word']);
			const client = create({RESP: 2, url: redis.url, password: 'word', database: 1, name: 'a'});
			await client.connect();
			expect(await client.sendCommand(['PING'])).toBe('PONG');
			client.destroy();
			await redis.stop();
		}
	});

	it('is not bundled where it sends a command that would be missing', () => {
		expect(leanCommandsFor('commands_1.default.AUTH, commands_1.default')).toContain("require('./AUTH')");
		expect(() => leanCommandsFor('commands_1.default.AUTH, commands_1.default.PING')).toThrow(
			'@redis/client has changed: it sends PING.',
		);
		expect(() => leanCommandsFor('commands.AUTH')).toThrow('its commands are elsewhere');
	});
});

const widthModule = path.resolve(import.meta.dirname, '../../node_modules/string-width/index.js');
const folder = mkdtempSync(path.join(tmpdir(), 'bedrock-top-'));

afterAll(() => rmSync(folder, {recursive: true, force: true}));

describe('withLazyTables', () => {
	it('measures every text as string-width does', async () => {
		const outfile = path.join(folder, 'lazy.mjs');
		await build({
			entryPoints: [widthModule],
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
