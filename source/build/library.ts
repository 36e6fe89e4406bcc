import {execFile} from 'node:child_process';
import {readFile, writeFile} from 'node:fs/promises';
import path from 'node:path';
import {promisify} from 'node:util';
import {type BuildResult, build, type Plugin} from 'esbuild';

/** The library `bedrock-top/limiter`: its own small bundle beside the program's, and its types in one file. */

const entry = 'source/limiter/index.ts';

/** What asks the account needs the clients of AWS, which the program has: it is an entry of its bundle. */
const sharedDetection: Plugin = {
	name: 'shared-detection',
	setup({onResolve}) {
		onResolve({filter: /^\.\/detect\.ts$/}, () => ({path: './limiter-detect.js', external: true}));
	},
};

/** Makes `limiter.js`, and a file for what it loads when it is asked for. */
export async function buildLibrary(root: string, folder: string): Promise<BuildResult<{metafile: true}>> {
	return build({
		absWorkingDir: root,
		entryPoints: {limiter: entry},
		outdir: folder,
		chunkNames: 'limiter-[name]-[hash]',
		bundle: true,
		splitting: true,
		minify: true,
		format: 'esm',
		platform: 'node',
		target: 'node22',
		legalComments: 'none',
		logLevel: 'warning',
		metafile: true,
		plugins: [sharedDetection],
	});
}

/** Comments, and the words of a text without them. */
const commentPattern = /\/\*[\s\S]*?\*\/|\/\/.*$/gm;

/** Names that a declaration uses; a member of its own is followed by a colon. */
const namePattern = /\b[A-Za-z_$][\w$]*\b(?!\??:)/g;

type Declaration = {readonly name: string; readonly text: string};

/** The top-level declarations of a file of types, each with the comment before it. */
const declarationsIn = (text: string): readonly Declaration[] => {
	const declarations: Declaration[] = [];
	let lines: string[] = [];
	let depth = 0;
	for (const line of text.split('\n')) {
		lines.push(line);
		const code = line.replaceAll(/'[^']*'|"[^"]*"/g, '').replaceAll(/^\s*(?:\/\*)?\*.*$|\/\*.*\*\//g, '');
		depth += (code.match(/[{([]/g) ?? []).length - (code.match(/[})\]]/g) ?? []).length;
		const isEnd = depth === 0 && /[;}]\s*$/.test(code);
		if (isEnd) {
			const whole = lines.join('\n').trim();
			const name = /^(?:export )?(?:declare )?(?:type|const|class|function|interface) (\w+)/m.exec(
				whole,
			)?.[1];
			if (name !== undefined) {
				declarations.push({name, text: whole});
			}
			lines = [];
		}
	}
	return declarations;
};

/**
 * One file of types out of many: the public declarations and what they name, each name once in the house.
 * @param files Texts of the files that the compiler made.
 */
export function joinTypes(files: readonly string[], publicNames: readonly string[]): string {
	const known = Map.groupBy(files.flatMap(declarationsIn), ({name}) => name);
	const needed = new Map<string, string>(publicNames.map((name) => [name, '']));
	for (const [name] of needed) {
		const all = known.get(name) ?? [];
		const [{text} = {text: ''}] = all;
		if (all.length !== 1) {
			throw new Error(`The types of the library have ${all.length} declarations of ${name}, not one.`);
		}
		needed.set(name, text);
		for (const word of text.replaceAll(commentPattern, '').match(namePattern) ?? []) {
			if (known.has(word) && !needed.has(word)) {
				needed.set(word, '');
			}
		}
	}
	const texts = [...needed].map(([name, whole]) => {
		const text = whole.replace(/^export (?:declare )?(?=type|const|class|function)/m, 'declare ');
		return publicNames.includes(name)
			? text.replace(/^declare (type)?/m, (_, type?: string) => `export ${type ?? 'declare '}`)
			: text;
	});
	return `${texts.join('\n')}\nexport {};\n`;
}

/** Names that the entry of the library exports, types included. */
const publicNamesOf = async (root: string): Promise<readonly string[]> => {
	const text = await readFile(path.join(root, entry), 'utf8');
	const own = [...text.matchAll(/^export \{([^}]*)\} from/gm)].flatMap(
		([, names = '']) => names.match(/\w+/g) ?? [],
	);
	const starred = [...text.matchAll(/^export type \* from '([^']+)'/gm)].map(([, file = '']) => file);
	const texts = await Promise.all(
		starred.map(async (file) => readFile(path.join(root, path.dirname(entry), file), 'utf8')),
	);
	return [
		...own,
		...texts.flatMap((each) => [...each.matchAll(/^export type (\w+)/gm)].map(([, name = '']) => name)),
	];
};

/** For `require`: the same module, so that nothing of it is there twice. Node 22.12 or newer. */
const required = "'use strict';\nmodule.exports = require('./limiter.js');\n";

/** Makes `limiter.d.ts` and what CommonJS needs beside it. @param scratch A folder for what the compiler makes. */
export async function buildTypes(root: string, folder: string, scratch: string): Promise<void> {
	const settings = {
		extends: path.join(root, 'tsconfig.json'),
		compilerOptions: {
			noEmit: false,
			declaration: true,
			emitDeclarationOnly: true,
			listEmittedFiles: true,
			rootDir: path.join(root, 'source'),
			outDir: path.join(scratch, 'types'),
			typeRoots: [path.join(root, 'node_modules/@types')],
		},
		files: [path.join(root, entry)],
		include: [],
	};
	const config = path.join(scratch, 'types.json');
	await writeFile(config, JSON.stringify(settings));
	const {stdout} = await promisify(execFile)(path.join(root, 'node_modules/.bin/tsc'), ['-p', config]);
	const emitted = [...stdout.matchAll(/^TSFILE: (.*\.d\.ts)$/gm)].map(([, file = '']) => file);
	const texts = await Promise.all(emitted.map(async (file) => readFile(file, 'utf8')));
	const types = joinTypes(texts, await publicNamesOf(root));
	for (const [name, text] of Object.entries({
		'limiter.d.ts': types,
		'limiter.d.cts': types,
		'limiter.cjs': required,
	})) {
		await writeFile(path.join(folder, name), text);
	}
}
