import {mkdtempSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {build, type Metafile} from 'esbuild';
import {beforeAll, describe, expect, it} from 'vitest';
import {bundleOptions, entryPoints, shortcuts} from '../../source/build/bundle-options.ts';
import {groupsToJoin, joinChunks} from '../../source/build/join-chunks.ts';
import {circlesOf} from '../walls/house.ts';

describe('the chunks that a start of the screen loads', () => {
	let bundled: Metafile;
	let joined: Metafile;

	beforeAll(async () => {
		const folder = mkdtempSync(path.join(tmpdir(), 'bedrock-top-'));
		const options = {...bundleOptions, plugins: shortcuts, entryPoints, outdir: folder};
		const root = path.resolve(import.meta.dirname, '../..');
		({metafile: bundled} = await build({...options, absWorkingDir: root, metafile: true}));
		joined = await joinChunks(folder, bundled);
	}, 60_000);

	/** What a file imports at once. */
	const importsOf = ({outputs}: Metafile, file: string): readonly string[] =>
		(outputs[file]?.imports ?? [])
			.filter(({kind, path: target}) => kind === 'import-statement' && target.endsWith('.js'))
			.map(({path: target}) => target.replace(/^\.\//, ''));

	const loadedWith = (metafile: Metafile, ...starts: readonly string[]): readonly string[] => {
		const loaded = new Set(starts);
		for (const each of loaded) {
			for (const target of importsOf(metafile, each)) {
				loaded.add(target);
			}
		}
		return [...loaded];
	};

	it('are few', () => {
		const steps = /^(?:cli|(?:worker-start|dispatch|command-line|screen|dashboard)-\w+)\.js$/;
		const starts = Object.keys(joined.outputs).filter((file) => steps.test(file));
		expect(starts).toHaveLength(6);
		// One of them holds the tables of commands and flags, so that --help is as quick as bare Node allows.
		expect(loadedWith(joined, ...starts).length).toBeLessThanOrEqual(29);
	});

	it('are all there, and none waits for itself', () => {
		const files = Object.keys(joined.outputs);
		const edges = files.flatMap((file) =>
			importsOf(joined, file).map((target): [string, string] => [file, target]),
		);
		expect(edges.map(([, target]) => target).filter((target) => !files.includes(target))).toEqual([]);
		expect(circlesOf(edges)).toEqual([]);
	});

	it('bring no library into a command that did not need it', () => {
		const {outputs} = bundled;
		const isLarge = (file: string): boolean => (outputs[file]?.bytes ?? 0) > 100_000;
		const needed = groupsToJoin(bundled)
			.filter((group) => !group.some(isLarge))
			.map(
				(group) => new Set(group.map((file) => loadedWith(bundled, file).filter(isLarge).sort().join())).size,
			);
		expect(needed.length).toBeGreaterThan(5);
		expect(needed.filter((size) => size !== 1)).toEqual([]);
	});

	it('are joined only where each worker loads all of a group or none', () => {
		const workers = Object.keys(bundled.outputs).filter((file) => file.endsWith('-worker.js'));
		expect(workers).toHaveLength(5);
		for (const worker of workers) {
			const loaded = loadedWith(bundled, worker);
			const isLoaded = groupsToJoin(bundled).map(
				(group) => new Set(group.map((file) => loaded.includes(file))).size,
			);
			expect(isLoaded.filter((size) => size !== 1)).toEqual([]);
		}
	});
});
