import {execFile} from 'node:child_process';
import {readFile} from 'node:fs/promises';
import path from 'node:path';
import {promisify} from 'node:util';

/** What must be true before a version is published; npm runs this first (`prepublishOnly`). */

type Release = {
	readonly version: string;
	/** Text of CHANGELOG.md. */
	readonly changelog: string;
	/** Tags of the commit that is checked out. */
	readonly tags: readonly string[];
	/** Output of `git status --porcelain`. */
	readonly changes: string;
	/** `repository` of package.json: provenance ties the package to it. */
	readonly repository: unknown;
};

/** @returns One sentence for each thing that is missing. */
export function releaseFaults({version, changelog, tags, changes, repository}: Release): readonly string[] {
	return [
		...(new RegExp(`^## \\[?${version.replaceAll('.', '\\.')}\\b`, 'm').test(changelog)
			? []
			: [`CHANGELOG.md has no section for ${version}.`]),
		...(tags.includes(`v${version}`) ? [] : [`The commit has no tag v${version}.`]),
		...(changes.trim() === '' ? [] : ['There are changes that are not committed.']),
		...(repository === undefined
			? ['package.json names no repository, which provenance ties the package to.']
			: []),
	];
}

if (process.argv[1] === import.meta.filename) {
	const root = path.resolve(import.meta.dirname, '../..');
	const git = async (...argv: readonly string[]): Promise<string> =>
		(await promisify(execFile)('git', argv, {cwd: root})).stdout;
	const {version, repository} = JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8')) as {
		version: string;
		repository?: unknown;
	};
	const faults = releaseFaults({
		version,
		repository,
		changelog: await readFile(path.join(root, 'CHANGELOG.md'), 'utf8'),
		tags: (await git('tag', '--points-at', 'HEAD')).split('\n'),
		changes: await git('status', '--porcelain'),
	});
	process.stderr.write(faults.map((fault) => `${fault}\n`).join(''));
	process.exitCode = faults.length === 0 ? 0 : 1;
}
