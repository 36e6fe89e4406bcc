import {mkdir, mkdtemp, readdir, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {claimFolder, type FolderFileSystem} from '../../source/reports/folder.ts';

const now = new Date('2026-11-22T13:24:05.678Z');
const start = process.cwd();
let root = '';

beforeEach(async () => {
	root = await mkdtemp(path.join(tmpdir(), 'bedrock-top-'));
	process.chdir(root);
	root = process.cwd();
});

afterEach(async () => {
	process.chdir(start);
	await rm(root, {recursive: true});
});

/** A file system on which nothing can be made. */
function readOnly(code: string): FolderFileSystem {
	return {
		stat: async (file) => {
			if (file !== path.parse(root).root && file !== root) {
				throw Object.assign(new Error('no such file'), {code: 'ENOENT'});
			}

			return {isDirectory: () => true};
		},
		readdir: async () => [],
		mkdtemp: async () => {
			throw Object.assign(new Error(`${code}: refused`), {code});
		},
		rmdir: async () => undefined,
	};
}

describe('the default folder', () => {
	const wanted = () => path.join(root, 'bedrock-top-reports', '2026-11-22T13-24-05.678Z');

	it('is named by the time, and claiming it leaves nothing behind', async () => {
		expect(await claimFolder(undefined, false, undefined, now)).toEqual({folder: wanted()});
		expect(await readdir(root)).toEqual([]);
	});

	it('is never one that exists, forced or not', async () => {
		await mkdir(wanted(), {recursive: true});
		expect(await claimFolder(undefined, true, undefined, now)).toEqual({folder: `${wanted()}-2`});
		await mkdir(`${wanted()}-2`);
		expect(await claimFolder(undefined, false, undefined, now)).toEqual({folder: `${wanted()}-3`});
	});

	it.each([
		['EACCES', 'permission denied'],
		['EROFS', 'read-only file system'],
		['ENOSPC', 'no space left'],
	])('that cannot be written (%s) is a warning', async (code, reason) => {
		const claim = await claimFolder(undefined, false, readOnly(code), now);
		expect(claim.folder).toBeUndefined();
		expect(claim.warning).toContain(reason);
		expect(claim.warning).toContain('bedrock-top-reports');
	});

	it('below a file is a warning', async () => {
		await writeFile('bedrock-top-reports', '');
		expect((await claimFolder(undefined, false, undefined, now)).warning).toContain('is a file');
	});
});

describe('--out', () => {
	it('takes a folder that is not there, with all above it, or is empty', async () => {
		expect(await claimFolder('a/b/c', false)).toEqual({folder: path.join(root, 'a/b/c')});
		await mkdir('empty');
		expect(await claimFolder('empty', false)).toEqual({folder: path.join(root, 'empty')});
		expect(await readdir(root)).toEqual(['empty']);
		expect(await readdir('empty')).toEqual([]);
	});

	it('refuses a folder with files, exit 2, unless forced', async () => {
		await mkdir('full');
		await writeFile('full/results.json', '{}');
		await expect(claimFolder('full', false)).rejects.toMatchObject({
			exitCode: 2,
			message: expect.stringContaining('"full"'),
			hint: expect.stringContaining('--force'),
		});
		expect(await claimFolder('full', true)).toEqual({folder: path.join(root, 'full')});
		expect(await readdir('full')).toEqual(['results.json']);
	});

	it('refuses what cannot be written, exit 1', async () => {
		await writeFile('file', '');
		await expect(claimFolder('file', false)).rejects.toMatchObject({
			exitCode: 1,
			message: expect.stringContaining('"file"'),
		});
		await expect(claimFolder('file/below', true)).rejects.toMatchObject({exitCode: 1});
		await expect(claimFolder('there', false, readOnly('EACCES'))).rejects.toMatchObject({
			exitCode: 1,
			message: expect.stringContaining('permission denied'),
		});
	});
});
