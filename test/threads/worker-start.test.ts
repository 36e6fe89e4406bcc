import {chmodSync, mkdirSync, statSync, symlinkSync} from 'node:fs';
import path from 'node:path';
import {describe, expect, it} from 'vitest';
import {safeFolder} from '../../source/threads/worker-start.ts';
import {newFolder} from '../helpers/built-program.ts';

describe('the folder of what Node compiled', () => {
	it('is made for its owner alone, below the user’s own cache', () => {
		const cache = path.join(newFolder(), 'cache');
		const folder = safeFolder(cache) ?? '';
		expect(path.dirname(folder)).toBe(cache);
		expect(statSync(folder).mode & 0o777).toBe(0o700);
	});

	it.each([0o701, 0o710, 0o770, 0o777, 0o1777])('is not used with the mode %o', (mode) => {
		const cache = newFolder();
		const folder = path.join(cache, 'compiled');
		mkdirSync(folder);
		chmodSync(folder, mode);
		expect(safeFolder(cache)).toBeUndefined();
	});

	it('is not used where it is a link, or a folder above can be changed by others', () => {
		const cache = newFolder();
		symlinkSync(newFolder(), path.join(cache, 'compiled'));
		expect(safeFolder(cache)).toBeUndefined();
		const open = path.join(newFolder(), 'open');
		mkdirSync(open);
		chmodSync(open, 0o777);
		expect(safeFolder(path.join(open, 'cache'))).toBeUndefined();
	});

	it('is not used where another user owns it, or a folder above it', () => {
		const cache = path.join(newFolder(), 'cache');
		const own = process.getuid?.() ?? 0;
		expect(safeFolder(cache)).toBeDefined();
		for (const foreign of [path.join(cache, 'compiled'), cache, path.dirname(cache)]) {
			const status = (folder: string) => {
				const {uid, mode} = statSync(folder);
				return {uid: folder === foreign ? own + 1 : uid, mode, isDirectory: () => true};
			};
			expect(safeFolder(cache, own, status)).toBeUndefined();
		}
	});

	it('is none where it cannot be made', () => {
		expect(safeFolder(undefined)).toBeUndefined();
		expect(safeFolder('/proc/nowhere')).toBeUndefined();
	});
});
