import {execFile, spawnSync} from 'node:child_process';
import {
	existsSync,
	mkdirSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	statSync,
	symlinkSync,
	writeFileSync,
} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {promisify} from 'node:util';
import {beforeAll, describe, expect, it} from 'vitest';
import {isBuilt} from '../helpers/built-program.ts';

const root = path.resolve(import.meta.dirname, '../..');
const run = promisify(execFile);

/** Further versions of Node to try: paths of their executables, separated by colons. */
const others = (process.env.BEDROCK_TOP_NODES ?? '').split(':').filter((file) => file !== '');
const nodes = [process.execPath, ...others].map((file) => ({
	file,
	version: spawnSync(file, ['--version'], {encoding: 'utf8'}).stdout?.trim() ?? '',
}));

const filesIn = (folder: string): readonly string[] =>
	readdirSync(folder, {recursive: true, encoding: 'utf8'}).filter((file) =>
		statSync(path.join(folder, file)).isFile(),
	);

describe.skipIf(!isBuilt)('the packed tarball (skipped where dist/ is not built)', () => {
	let folder = '';
	let tarball = '';
	let installed = '';

	beforeAll(async () => {
		folder = mkdtempSync(path.join(tmpdir(), 'bedrock-top-package-'));
		// As it is built: packing must not build anew while other tests run the program.
		const argv = ['pack', '--silent', '--ignore-scripts', '--pack-destination', folder];
		await run('npm', argv, {cwd: root});
		tarball = path.join(folder, readdirSync(folder)[0] ?? '');
		// Without the network: there is nothing but the package itself to install.
		const install = [
			'install',
			'--silent',
			'--offline',
			'--no-audit',
			'--no-fund',
			'--prefix',
			folder,
			tarball,
		];
		await run('npm', install);
		installed = path.join(folder, 'node_modules/bedrock-top');
	}, 60_000);

	it('holds what is needed and nothing else', () => {
		const allowed = [
			/^dist\/[\w-]+\.js$/,
			/^dist\/json-schema-library\.cjs$/,
			/^dist\/(?:THIRD-PARTY-NOTICES\.txt|sbom\.cdx\.json|limiter\.(?:cjs|d\.c?ts)|results\.(?:d\.c?ts|schema\.json)|alert\.schema\.json|bedrock-top(?:-\w+)?\.1)$/,
			/^presets\/[\w-]+\.(?:yaml|csv|jsonl|txt)$/,
			/^presets\/README\.md$/,
			/^presets\/schema\.json$/,
			/^(?:README|CHANGELOG)\.md$/,
			/^(?:LICENSE|package\.json)$/,
		];
		const foreign = filesIn(installed).filter((file) => !allowed.some((pattern) => pattern.test(file)));
		expect(foreign).toEqual([]);
		expect(filesIn(installed)).toEqual(
			expect.arrayContaining([
				'dist/cli.js',
				'dist/json-schema-library.cjs',
				'dist/results.d.ts',
				'dist/bedrock-top.1',
				'README.md',
			]),
		);
	});

	it('is small: packed, installed, and in packages', () => {
		const bytes = filesIn(installed).reduce(
			(sum, file) => sum + statSync(path.join(installed, file)).size,
			0,
		);
		// 40 kB of it are the client of Redis, without the commands that it does not need: --ledger; 50 kB the library; 50 kB
		// bedrock-mantle and what an account was over weeks; 40 kB optimize, with the tickets of its preset.
		expect(statSync(tarball).size).toBeLessThanOrEqual(2_000_000);
		expect(bytes).toBeLessThanOrEqual(6_000_000);
		const packages = readdirSync(path.join(folder, 'node_modules')).filter((name) => !name.startsWith('.'));
		expect(packages).toEqual(['bedrock-top']);
	});

	it('has types for the results that agree with the program’s own', async () => {
		mkdirSync(path.join(folder, 'user'), {recursive: true});
		const own = path.join(root, 'source/reports/results-schema.ts');
		writeFileSync(
			path.join(folder, 'user/index.mts'),
			`import type {Results, TargetResults, VariantResults} from 'bedrock-top/results';
import type {Results as Own} from ${JSON.stringify(own)};
export const first = (own: Own): Results => own;
export const second = (published: Results): Own => published;
export const name = (results: Results): string => results.variants[0]?.name ?? '';
export const model = (target: TargetResults, variant: VariantResults): string => target.model + variant.name;
`,
		);
		const settings = {
			extends: path.join(root, 'tsconfig.json'),
			compilerOptions: {typeRoots: [path.join(root, 'node_modules/@types')], rootDir: '/'},
			include: ['index.mts'],
		};
		writeFileSync(path.join(folder, 'user/tsconfig.json'), JSON.stringify(settings));
		const result = await run(path.join(root, 'node_modules/.bin/tsc'), [
			'-p',
			path.join(folder, 'user'),
		]).catch((error: {stdout: string}) => error);
		expect(result.stdout).toBe('');
	});

	it.each([
		['node16', 'node16'],
		['nodenext', 'nodenext'],
		['bundler', 'esnext'],
	])(
		'has types that are found with moduleResolution %s, as the page of the results says',
		async (name, module) => {
			expect(readFileSync(path.join(root, 'source/reports/README.md'), 'utf8')).toMatch(
				new RegExp(`\\(with \`moduleResolution\`[^)]*\`${name}\`[^)]*\\)`),
			);
			const user = path.join(folder, `user-${name}`);
			mkdirSync(user, {recursive: true});
			writeFileSync(
				path.join(user, 'index.mts'),
				"import type {Results} from 'bedrock-top/results';\nexport const count: (results: Results) => number = ({variants}) => variants.length;\n",
			);
			writeFileSync(
				path.join(user, 'required.cts'),
				"import type {Results} from 'bedrock-top/results';\nexport const count: (results: Results) => number = ({variants}) => variants.length;\n",
			);
			// What the types of the results need of the language is in the smallest library.
			const library = {lib: ['es5'], skipDefaultLibCheck: true, types: []};
			const compilerOptions = {strict: true, noEmit: true, module, moduleResolution: name, ...library};
			writeFileSync(path.join(user, 'tsconfig.json'), JSON.stringify({compilerOptions}));
			const result = await run(path.join(root, 'node_modules/.bin/tsc'), ['-p', user]).catch(
				(error: {stdout: string}) => error,
			);
			expect(result.stdout).toBe('');
		},
	);

	it('has a library whose types work with the SDK’s', async () => {
		const user = path.join(folder, 'user-limiter');
		mkdirSync(user, {recursive: true});
		symlinkSync(path.join(root, 'node_modules'), path.join(user, 'node_modules'));
		writeFileSync(
			path.join(user, 'index.mts'),
			`import {BedrockRuntimeClient} from '@aws-sdk/client-bedrock-runtime';
import {createClient} from '@redis/client';
import {Redis} from 'ioredis';
import {createLimiter, diskStore, LargerThanQuotaError, type Lease, type LimiterEvent, memoryStore, redisStore} from 'bedrock-top/limiter';
const client = new BedrockRuntimeClient({region: 'us-east-1'});
const onEvent = (event: LimiterEvent): string => event.type === 'held' ? String(event.heldMs) : event.model;
const limiter = createLimiter({region: 'us-east-1', quota: 'detect', share: 0.8, store: memoryStore(), onEvent});
client.middlewareStack.use(limiter.plugin({lane: 'high'}));
export const lease: Promise<Lease> = limiter.acquire({model: 'm', inputTokens: 1, maxTokens: 1, signal: AbortSignal.timeout(1)});
export const stores = [diskStore(), redisStore(createClient()), redisStore(new Redis())];
export const needed = (error: unknown): number => error instanceof LargerThanQuotaError ? error.needed : 0;
// @ts-expect-error
createLimiter({region: 'us-east-1'});
`,
		);
		writeFileSync(
			path.join(user, 'required.cts'),
			"import {memoryStore} from 'bedrock-top/limiter';\nexport const stores = [memoryStore()];\n",
		);
		const settings = {
			compilerOptions: {
				strict: true,
				noEmit: true,
				skipLibCheck: true,
				module: 'nodenext',
				target: 'es2024',
				types: ['node'],
				typeRoots: [path.join(root, 'node_modules/@types')],
			},
			include: ['index.mts', 'required.cts'],
		};
		writeFileSync(path.join(user, 'tsconfig.json'), JSON.stringify(settings));
		const result = await run(path.join(root, 'node_modules/.bin/tsc'), ['-p', user]).catch(
			(error: {stdout: string}) => error,
		);
		expect(result.stdout).toBe('');
	});

	it('has a library below 60 kB, with all that it loads at once', () => {
		const loaded = new Set(['limiter.js']);
		for (const file of loaded) {
			const text = readFileSync(path.join(installed, 'dist', file), 'utf8');
			for (const [, name = ''] of text.matchAll(/(?:from|^import|;import)\s*"\.\/([^"]+)"/g)) {
				loaded.add(name);
			}
			expect(text).not.toMatch(/@aws-sdk|@smithy|\bink\b|react/);
		}
		const bytes = [...loaded].map((file) => statSync(path.join(installed, 'dist', file)).size);
		expect(bytes.reduce((sum, each) => sum + each, 0)).toBeLessThan(60_000);
	});

	const canRequire = nodes.filter(({version}) => {
		const [, major = 0, minor = 0] = /^v(\d+)\.(\d+)/.exec(version)?.map(Number) ?? [];
		return major > 22 || (major === 22 && minor >= 12);
	});

	it.each(canRequire)('has a library that import and require load on Node $version', async ({file}) => {
		const use = `const limiter = createLimiter({region: 'us-east-1', quota: {requestsPerMinute: 1}, store: diskStore({folder: 'ledger'})});
limiter.acquire({model: 'amazon.nova-lite-v1:0', inputTokens: 1, maxTokens: 1}).then(async (lease) => { lease.settle({inputTokens: 1, outputTokens: 1}); console.log(limiter.usage().buckets[0].requests.used); await limiter.close(); });`;
		writeFileSync(
			path.join(folder, 'required.cjs'),
			`const {createLimiter, diskStore} = require('bedrock-top/limiter');\n${use}`,
		);
		writeFileSync(
			path.join(folder, 'imported.mjs'),
			`import {createLimiter, diskStore} from 'bedrock-top/limiter';\n${use}`,
		);
		for (const name of ['required.cjs', 'imported.mjs']) {
			const cwd = mkdtempSync(path.join(tmpdir(), 'bedrock-top-library-'));
			const {stdout, stderr} = await run(file, [path.join(folder, name)], {cwd});
			expect({stdout, stderr}).toEqual({stdout: '1\n', stderr: ''});
		}
	});

	it('publishes the schema of the results', () => {
		const schema = JSON.parse(readFileSync(path.join(installed, 'dist/results.schema.json'), 'utf8'));
		expect(schema.title).toContain('schema 1');
		const {man} = JSON.parse(readFileSync(path.join(installed, 'package.json'), 'utf8')) as {
			man: readonly string[];
		};
		const pages = filesIn(installed).filter((file) => file.endsWith('.1'));
		expect(man.toSorted()).toEqual(pages.map((file) => `./${file}`).toSorted());
		expect(existsSync(path.join(installed, 'dist/bedrock-top-run.1'))).toBe(true);
	});

	it('has the first page of its help ready as it is made', async () => {
		const program = path.join(installed, 'dist/cli.js');
		const [ready, made] = await Promise.all(
			['--help', 'help'].map(async (word) => run(process.execPath, [program, word])),
		);
		expect(ready?.stdout).toBe(made?.stdout);
		expect(ready?.stdout).toContain('bedrock-top');
	});

	it.each(nodes)('runs by its name on Node $version', async ({file, version}) => {
		const cwd = mkdtempSync(path.join(tmpdir(), 'bedrock-top-empty-'));
		const bin = path.join(folder, 'node_modules/.bin/bedrock-top');
		const environment = {PATH: `${path.dirname(file)}:${process.env.PATH}`, HOME: cwd};
		const told = await run(bin, ['--version'], {cwd, env: environment});
		expect(told.stdout).toMatch(/^\d+\.\d+\.\d+/);
		const argv = [
			'run',
			'classify',
			'--demo',
			'--requests',
			'2',
			'--variants',
			'concise',
			'--out',
			'reports',
		];
		const first = await run(bin, argv, {cwd, env: environment});
		expect(first.stdout).toMatch(/\nNext:\n(?: {2}bedrock-top.*\n){3}$/);
		expect(readdirSync(path.join(cwd, 'reports')).filter((name) => name.endsWith('.svg'))).toHaveLength(7);
		const results = JSON.parse(readFileSync(path.join(cwd, 'reports/results.json'), 'utf8'));
		expect(results.environment.node).toBe(version);
	});

	it.skipIf(others.length > 0)('was tried on one Node only: others by BEDROCK_TOP_NODES', () => {
		expect(nodes).toHaveLength(1);
	});
});
