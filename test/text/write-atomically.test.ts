/** Tests source/text/private-file.ts: files that are replaced as a whole. */
import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {mkdir, readdir, readFile} from 'node:fs/promises';
import path from 'node:path';
import {describe, expect, it} from 'vitest';
import {writeAtomically} from '../../source/text/private-file.ts';
import {newFolder} from '../helpers/built-program.ts';

describe('writeAtomically', () => {
	it('replaces the whole file, and a failure leaves the old one and nothing beside it', async () => {
		const folder = newFolder();
		const file = path.join(folder, 'file');
		await writeAtomically(file, 'old');
		await writeAtomically(file, 'new');
		expect(await readFile(file, 'utf8')).toBe('new');
		await mkdir(path.join(folder, 'taken', 'full'), {recursive: true});
		await expect(writeAtomically(path.join(folder, 'taken'), 'text')).rejects.toThrow();
		expect((await readdir(folder)).sort()).toEqual(['file', 'taken']);
	});

	it('killed in the middle, it leaves the old content or the new one', async () => {
		const folder = newFolder();
		const file = path.join(folder, 'file');
		const module = new URL('../../source/text/private-file.ts', import.meta.url).href;
		const program = `
			import {writeAtomically} from ${JSON.stringify(module)};
			for (let round = 0; ; round += 1) {
				const write = writeAtomically(${JSON.stringify(file)}, (round % 2 ? 'a' : 'b').repeat(4_000_000));
				if (round > 0) console.log(round);
				await write;
			}`;
		for (const rounds of [1, 2, 3]) {
			const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
				stdio: ['ignore', 'pipe', 'ignore'],
			});
			let lines = 0;
			child.stdout.on('data', (chunk: Buffer) => {
				lines += chunk.toString().split('\n').length - 1;
				if (lines >= rounds) {
					child.kill('SIGKILL');
				}
			});
			await once(child, 'exit');
			const text = await readFile(file, 'utf8');
			expect(text).toHaveLength(4_000_000);
			expect(new Set(text)).toHaveLength(1);
		}
	});

	it('writes pieces as they come, and where they break off the old file stays', async () => {
		const folder = newFolder();
		const file = path.join(folder, 'file');
		await writeAtomically(file, ['one\n', 'two\n']);
		expect(await readFile(file, 'utf8')).toBe('one\ntwo\n');
		const breakingOff = async function* (): AsyncGenerator<string> {
			yield 'three\n';
			throw new Error('gone');
		};
		await expect(writeAtomically(file, breakingOff())).rejects.toThrow('gone');
		expect(await readFile(file, 'utf8')).toBe('one\ntwo\n');
		expect(await readdir(folder)).toEqual(['file']);
	});
});
