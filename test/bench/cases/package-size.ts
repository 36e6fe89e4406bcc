import {execFile} from 'node:child_process';
import {mkdtemp, readdir, rm, stat, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {promisify} from 'node:util';
import type {BenchCase, Row} from '../helpers/bench-case.ts';
import {count, megabytes} from '../helpers/format.ts';

const mostPackedBytes = 1.5e6;
const mostInstalledBytes = 6e6;

const root = path.resolve(import.meta.dirname, '../../..');
const npm = promisify(execFile);

const sizeOf = async (folder: string): Promise<number> => {
	const entries = await readdir(folder, {recursive: true, withFileTypes: true});
	const sizes = await Promise.all(
		entries
			.filter((entry) => entry.isFile())
			.map(async ({parentPath, name}) => (await stat(path.join(parentPath, name))).size),
	);
	return sizes.reduce((sum, size) => sum + size, 0);
};

/** Packages in a folder of modules, those with a scope included. */
const packagesIn = async (folder: string): Promise<number> => {
	const names = (await readdir(folder)).filter((name) => !name.startsWith('.'));
	const scoped = names.filter((name) => name.startsWith('@'));
	const inScopes = await Promise.all(scoped.map(async (name) => packagesIn(path.join(folder, name))));
	return names.length - scoped.length + inScopes.reduce((sum, found) => sum + found, 0);
};

const row = (name: string, ours: string, bound: string, isMet: boolean, value: number): Row => ({
	name,
	ours,
	comparison: '',
	relation: '',
	bound,
	isMet,
	figures: {value},
});

export const packageSizeCase: BenchCase = {
	name: 'package-size',
	group: 'reports',
	about: 'the tarball, and what installing it leaves on disk',
	async run() {
		const folder = await mkdtemp(path.join(tmpdir(), 'bedrock-top-bench-'));
		try {
			const {stdout} = await npm('npm', ['pack', '--json', '--pack-destination', folder], {cwd: root});
			const [packed] = JSON.parse(stdout) as ReadonlyArray<{filename: string; size: number}>;
			if (packed === undefined) {
				throw new Error('npm pack made nothing.');
			}
			await writeFile(path.join(folder, 'package.json'), '{"private": true}');
			const flags = ['--offline', '--no-audit', '--no-fund', '--silent'];
			await npm('npm', ['install', ...flags, path.join(folder, packed.filename)], {cwd: folder});
			const modules = path.join(folder, 'node_modules');
			const installed = await sizeOf(modules);
			const packages = await packagesIn(modules);
			return [
				row(
					'packed',
					megabytes(packed.size),
					`<= ${megabytes(mostPackedBytes)}`,
					packed.size <= mostPackedBytes,
					packed.size,
				),
				row(
					'installed',
					megabytes(installed),
					`<= ${megabytes(mostInstalledBytes)}`,
					installed <= mostInstalledBytes,
					installed,
				),
				row('packages installed', count(packages), '1', packages === 1, packages),
			];
		} finally {
			await rm(folder, {recursive: true, force: true});
		}
	},
};
