import {execFile} from 'node:child_process';
import {createHash} from 'node:crypto';
import {cp, mkdir, mkdtemp, readdir, readFile, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {isDeepStrictEqual, promisify} from 'node:util';

/**
 * What must be true before a version is published; npm runs this first (`prepublishOnly`). With `--built-twice`: is the
 * package the same wherever it is built?
 */

const root = path.resolve(import.meta.dirname, '../..');
const run = promisify(execFile);

/** Where people find the project, as package.json has it. */
type Links = {
	readonly repository: {readonly type: 'git'; readonly url: string};
	readonly homepage: string;
	readonly bugs: {readonly url: string};
};

/**
 * The links that follow from the one setting: `config.repository` of package.json, such as
 * `https://github.com/OWNER/bedrock-top`. `npm run docs` writes them.
 * @returns Undefined where it is not filled in.
 */
export function linksOf(setting: string | undefined): Links | undefined {
	const url = (setting ?? '').trim().replace(/(?:\.git)?\/*$/, '');
	return /^https:\/\/[^/]+\/[^/]+\/[^/]+/.test(url)
		? {
				repository: {type: 'git', url: `git+${url}.git`},
				homepage: `${url}#readme`,
				bugs: {url: `${url}/issues`},
			}
		: undefined;
}

/** package.json, as far as a release is about it. */
export type Manifest = Partial<Links> & {
	readonly version: string;
	readonly config?: {readonly repository?: string};
};

type Release = {
	readonly manifest: Manifest;
	/** Text of CHANGELOG.md. */
	readonly changelog: string;
	/** Tags of the commit that is checked out. */
	readonly tags: readonly string[];
	/** Output of `git status --porcelain`. */
	readonly changes: string;
	/** Version in package-lock.json. */
	readonly locked: string;
};

const linkFaults = ({config, repository, homepage, bugs}: Manifest): readonly string[] => {
	const links = linksOf(config?.repository);
	if (links === undefined) {
		return [
			'package.json names no repository, which provenance ties the package to: set config.repository and run npm run docs.',
		];
	}
	return isDeepStrictEqual(links, {repository, homepage, bugs})
		? []
		: [
				'repository, homepage and bugs of package.json do not follow from config.repository: run npm run docs.',
			];
};

/** @returns One sentence for each thing that is missing. */
export function releaseFaults({manifest, changelog, tags, changes, locked}: Release): readonly string[] {
	const {version} = manifest;
	return [
		...(new RegExp(`^## \\[?${version.replaceAll('.', '\\.')}(?![\\w.])`, 'm').test(changelog)
			? []
			: [`CHANGELOG.md has no section for ${version}.`]),
		...(locked === version ? [] : [`package-lock.json is of version ${locked}.`]),
		...(tags.includes(`v${version}`) ? [] : [`The commit has no tag v${version}.`]),
		...(changes.trim() === '' ? [] : ['There are changes that are not committed.']),
		...linkFaults(manifest),
	];
}

type Audit = {
	readonly vulnerabilities?: Readonly<Record<string, {readonly severity: string; readonly range: string}>>;
	readonly error?: {readonly summary?: string};
};

type Bill = {readonly components: ReadonlyArray<{readonly group?: string; readonly name: string}>};

/**
 * Known weaknesses of what is in the bundle; those of tools that only build and test it stay at home.
 * @param audit Output of `npm audit --json`.
 * @returns Undefined where it could not be asked.
 */
export function auditFaults(audit: string, bill: Bill): readonly string[] | undefined {
	let found: Audit;
	try {
		found = JSON.parse(audit) as Audit;
	} catch {
		return undefined;
	}
	if (found.vulnerabilities === undefined) {
		return undefined;
	}
	const bundled = new Set(
		bill.components.map(({group, name}) => (group === undefined ? name : `${group}/${name}`)),
	);
	return Object.entries(found.vulnerabilities)
		.filter(([name]) => bundled.has(name))
		.map(([name, {severity, range}]) => `npm audit: ${name} ${range} is in the bundle (${severity}).`);
}

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

/**
 * Whether the package is the same wherever it is built: two copies of what is tracked are built and packed in folders of
 * different names and depths.
 * @returns One sentence for each file that differs.
 */
const builtTwice = async (): Promise<readonly string[]> => {
	const scratch = await mkdtemp(path.join(tmpdir(), 'bedrock-top-twice-'));
	try {
		const one = await digestsIn(path.join(scratch, 'one'));
		const other = await digestsIn(path.join(scratch, 'a/deeper/folder'));
		const names = [...new Set([...one.keys(), ...other.keys()])];
		const tarball = names.find((name) => name.startsWith('packed/')) ?? '';
		process.stdout.write(`Built twice: ${names.length} files; ${tarball} ${one.get(tarball)}\n`);
		return names
			.filter((name) => one.get(name) !== other.get(name))
			.map((name) => `Built twice, ${name} differs.`);
	} finally {
		await rm(scratch, {recursive: true, force: true});
	}
};

/** Output of a program, also where it ends with an exit code that is not 0. */
const outputOf = async (program: string, argv: readonly string[], cwd: string): Promise<string> =>
	run(program, argv, {cwd, maxBuffer: 50_000_000}).then(
		({stdout}) => stdout,
		(error: {readonly stdout?: string}) => error.stdout ?? '',
	);

const readiness = async (): Promise<readonly string[]> => {
	const git = async (...argv: readonly string[]): Promise<string> =>
		(await run('git', argv, {cwd: root})).stdout;
	const read = async (file: string): Promise<string> => readFile(path.join(root, file), 'utf8');
	const faults = releaseFaults({
		manifest: JSON.parse(await read('package.json')) as Manifest,
		locked: (JSON.parse(await read('package-lock.json')) as {version: string}).version,
		changelog: await read('CHANGELOG.md'),
		tags: (await git('tag', '--points-at', 'HEAD')).split('\n'),
		changes: await git('status', '--porcelain'),
	});
	const bill = JSON.parse(await read('dist/sbom.cdx.json').catch(() => '{"components": []}')) as Bill;
	const audited = auditFaults(await outputOf('npm', ['audit', '--json'], root), bill);
	if (audited === undefined) {
		process.stderr.write('npm audit could not be asked: known weaknesses are not checked.\n');
	}
	return [...faults, ...(audited ?? [])];
};

if (process.argv[1] === import.meta.filename) {
	const faults = await (process.argv.includes('--built-twice') ? builtTwice() : readiness());
	process.stderr.write(faults.map((fault) => `${fault}\n`).join(''));
	process.exitCode = faults.length === 0 ? 0 : 1;
}
