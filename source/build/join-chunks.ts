import {readFile, rm} from 'node:fs/promises';
import path from 'node:path';
import {build, type Metafile, type Plugin} from 'esbuild';
import {bundleOptions} from './bundle-options.ts';

/**
 * Joins the chunks that a start of the screen loads together. esbuild makes a chunk for each set of entries that share
 * code, and each one that Node has to find and link takes a quarter of a millisecond of the main thread's processor time:
 * 92 of them took 21 ms more until the first frame (195 to 174 ms).
 */

/** What a start of the screen loads, one after the other: only what one step loads is joined. */
const steps: readonly string[] = [
	'source/threads/worker-start.ts',
	'source/commands/dispatch.ts',
	// No screen begins with it: the tables that it shares with the command line come without the rest of that.
	'source/config/help.ts',
	'source/commands/command-line.ts',
	'source/commands/screen.ts',
	'source/tui/dashboard.tsx',
];

/** A chunk of more bytes that needs none of the others is a library, which other commands load without them, or not at all. */
const maxBytes = 100_000;

type Outputs = Metafile['outputs'];

/** All that is loaded with a file. */
const loadedWith = (outputs: Outputs, start: string, withLazy = false): ReadonlySet<string> => {
	const loaded = new Set([start]);
	for (const each of loaded) {
		for (const {path: target, kind, external} of outputs[each]?.imports ?? []) {
			if (external !== true && (withLazy || kind === 'import-statement')) {
				loaded.add(target);
			}
		}
	}
	return loaded;
};

/**
 * Chunks to join, in groups; the first of a group gives it its name. The chunks of a group belong to the same step, and
 * each worker loads all of them or none, at once or lazily, and they need the same libraries: other threads load nothing
 * more than before, other commands a little of what is the program's own.
 */
export function groupsToJoin({outputs}: Metafile): ReadonlyArray<readonly string[]> {
	const outputOf = (source: string): string | undefined =>
		Object.keys(outputs).find((file) => outputs[file]?.entryPoint === source);
	const workers = Object.keys(outputs)
		.filter((file) => /-worker\.ts$/.test(outputs[file]?.entryPoint ?? ''))
		.map((file) => [loadedWith(outputs, file), loadedWith(outputs, file, true)] as const);
	const loaded = new Set(loadedWith(outputs, outputOf('source/cli.ts') ?? ''));
	return steps.flatMap((step) => {
		const entry = outputOf(step);
		if (entry === undefined) {
			throw new Error(`${step} is not loaded lazily: the start of the screen has changed.`);
		}
		const added = [...loadedWith(outputs, entry)].filter((file) => !loaded.has(file));
		const isLibrary = (file: string): boolean => {
			const {bytes = 0, imports = []} = outputs[file] ?? {};
			return bytes > maxBytes && !imports.some(({path: target}) => added.includes(target));
		};
		const libraries = added.filter(isLibrary);
		const groups = Object.groupBy(added, (file) => {
			loaded.add(file);
			const needed = loadedWith(outputs, file);
			return libraries.includes(file)
				? file
				: [
						...workers.flat().map((set) => set.has(file)),
						...libraries.map((each) => needed.has(each)),
					].join();
		});
		return Object.values(groups).filter((group) => group !== undefined && group.length > 1);
	}) as ReadonlyArray<readonly string[]>;
}

/** The line that esbuild puts before each chunk. Only one of them uses it, and each line would make a function. */
const withoutBanner = (text: string): string => {
	const bare = text.replace(`${bundleOptions.banner.js}\n`, '');
	return /\brequire\b/.test(bare) ? text : bare;
};

/** Names of files without their folder, which all share. */
type Group = readonly string[];

/** Exports of a chunk in the file of its group: those of its first chunk keep their names, which lazy imports use. */
const exportsOf = (group: Group, file: string, names: readonly string[], isOutside: boolean): string => {
	const index = group.indexOf(file);
	const pairs = names.map((name) => {
		const inGroup = index === 0 ? name : `${name}_${index}`;
		return isOutside ? `${inGroup} as ${name}` : `${name} as ${inGroup}`;
	});
	return `export {${pairs.join(', ')}} from './${isOutside ? group[0] : file}';`;
};

const joining = (folder: string, groups: readonly Group[], namesOf: (file: string) => readonly string[]) => {
	const groupOf = new Map(groups.flatMap((group) => group.map((file) => [file, group] as const)));
	const plugin: Plugin = {
		name: 'join-chunks',
		setup({onLoad, onResolve}) {
			onResolve({filter: /^\.\/[\w-]+\.js$/}, ({path: target, importer, kind, namespace}) => {
				const file = path.basename(target);
				const group = groupOf.get(file);
				if (kind === 'entry-point') {
					return group === undefined ? undefined : {path: file, namespace: 'group'};
				}
				if (kind === 'dynamic-import' || group === undefined || namespace === 'outside') {
					return {external: true};
				}
				// Within a group the chunk itself, from elsewhere its exports in the file of the group.
				return groupOf.get(path.basename(importer)) === group
					? {path: path.join(folder, file)}
					: {path: file, namespace: 'outside'};
			});
			onLoad({filter: /./, namespace: 'group'}, ({path: file}) => ({
				contents: (groupOf.get(file) ?? [])
					.map((each, _, group) => exportsOf(group, each, namesOf(each), false))
					.join('\n'),
				resolveDir: folder,
			}));
			onLoad({filter: /./, namespace: 'outside'}, ({path: file}) => ({
				contents: exportsOf(groupOf.get(file) ?? [], file, namesOf(file), true),
				resolveDir: folder,
			}));
			onLoad({filter: /\.js$/, namespace: 'file'}, async ({path: file}) => ({
				contents: withoutBanner(await readFile(file, 'utf8')),
			}));
		},
	};
	return plugin;
};

/** Joins the chunks in a folder of the bundle. @returns What lies there now. */
export async function joinChunks(folder: string, metafile: Metafile): Promise<Metafile> {
	const names = new Map(
		Object.entries(metafile.outputs).map(([file, output]) => [path.basename(file), output.exports] as const),
	);
	const groups = groupsToJoin(metafile).map((group) => group.map((file) => path.basename(file)));
	const joined = groups.flatMap((group) => group.slice(1));
	const {banner: _, ...options} = bundleOptions;
	const result = await build({
		...options,
		absWorkingDir: folder,
		entryPoints: [...names.keys()].filter((file) => !joined.includes(file)).map((file) => `./${file}`),
		outdir: folder,
		allowOverwrite: true,
		splitting: false,
		metafile: true,
		// Warnings of the libraries are known from the first time.
		logLevel: 'error',
		plugins: [joining(folder, groups, (file) => names.get(file) ?? [])],
	});
	await Promise.all(joined.map(async (file) => rm(path.join(folder, file))));
	return result.metafile;
}
