import {execFile} from 'node:child_process';
import {createHash} from 'node:crypto';
import {cp, mkdir, mkdtemp, readdir, readFile, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {promisify} from 'node:util';

/**
 * `npm run reproducible`: is the package the same wherever it is built? Two copies of what is tracked are built and packed
 * in folders of different names and depths; the tarballs have to be equal byte for byte.
 */

const root = path.resolve(import.meta.dirname, '../..');
const run = promisify(execFile);

/** Links instead of copies where the file system has them: nothing writes into it. */
const copyModules = async (to: string): Promise<void> => {
	try {
		await run('cp', ['-al', path.join(root, 'node_modules') + path.sep, to]);
	} catch {
		await cp(path.join(root, 'node_modules'), to, {recursive: true, dereference: false});
	}
};

/** Builds and packs a copy. @returns Digests of the files of `dist/` and of the tarball. */
const digestsIn = async (folder: string): Promise<ReadonlyMap<string, string>> => {
	await mkdir(folder, {recursive: true});
	const {stdout} = await run('git', ['ls-files', '-z'], {cwd: root, maxBuffer: 10_000_000});
	for (const file of stdout.split('\0').filter((name) => name !== '')) {
		await cp(path.join(root, file), path.join(folder, file));
	}
	await copyModules(path.join(folder, 'node_modules'));
	await run(process.execPath, ['source/build/bundle.ts'], {cwd: folder});
	await mkdir(path.join(folder, 'packed'));
	await run('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', 'packed'], {cwd: folder});
	const digests = new Map<string, string>();
	for (const part of ['dist', 'packed']) {
		for (const name of (await readdir(path.join(folder, part))).toSorted()) {
			const bytes = await readFile(path.join(folder, part, name));
			digests.set(`${part}/${name}`, createHash('sha256').update(bytes).digest('hex'));
		}
	}
	return digests;
};

const scratch = await mkdtemp(path.join(tmpdir(), 'bedrock-top-twice-'));
try {
	const one = await digestsIn(path.join(scratch, 'one'));
	const other = await digestsIn(path.join(scratch, 'a/deeper/folder'));
	const names = [...new Set([...one.keys(), ...other.keys()])];
	const different = names.filter((name) => one.get(name) !== other.get(name));
	if (different.length > 0) {
		process.stderr.write(`Built twice, these files differ: ${different.join(', ')}.\n`);
		process.exitCode = 1;
	} else {
		const tarball = names.find((name) => name.startsWith('packed/'));
		process.stdout.write(`Built twice, equal: ${names.length} files; ${tarball} ${one.get(tarball ?? '')}\n`);
	}
} finally {
	await rm(scratch, {recursive: true, force: true});
}
