import {
	chmodSync,
	closeSync,
	linkSync,
	readFileSync,
	statSync,
	symlinkSync,
	writeFileSync,
	writeSync,
} from 'node:fs';
import path from 'node:path';
import {describe, expect, it} from 'vitest';
import {diskFiles} from '../../source/bedrock/quotas/cache-folder.ts';
import {copyPrivate, openPrivate} from '../../source/text/private-file.ts';
import {writeAtomically} from '../../source/text/write-atomically.ts';
import {newFolder} from '../helpers/built-program.ts';

const write = (file: string, how: 'replace' | 'continue', text = 'new'): void => {
	const descriptor = openPrivate(file, how);
	writeSync(descriptor, text);
	closeSync(descriptor);
};

const modeOf = (file: string): number => statSync(file).mode & 0o777;

const victimIn = (folder: string): string => {
	const victim = path.join(folder, 'victim');
	writeFileSync(victim, 'kept');
	return victim;
};

/** Everything that writes a file whole or goes on with one. */
const writers: ReadonlyArray<readonly [string, (file: string) => Promise<void> | void]> = [
	['replace', (file) => write(file, 'replace')],
	['continue', (file) => write(file, 'continue')],
	['atomically', async (file) => writeAtomically(file, 'new')],
	['atomically, in pieces', async (file) => writeAtomically(file, ['n', 'ew'], {isLasting: false})],
	['cache', async (file) => diskFiles.write(file, 'new')],
	[
		'copy',
		async (file) => {
			const from = path.join(newFolder(), 'from');
			writeFileSync(from, 'new');
			await copyPrivate(from, file);
		},
	],
];

describe.each(writers)('a file that is written (%s)', (how, writer) => {
	it('is its owner’s alone, also where a file with other rights was before', async () => {
		const file = path.join(newFolder(), 'file');
		await writer(file);
		expect(modeOf(file)).toBe(0o600);
		chmodSync(file, 0o666);
		await writer(file);
		expect(modeOf(file)).toBe(0o600);
	});

	it.each([
		['a link', symlinkSync],
		['another name', linkSync],
	])('leaves alone what %s leads to', async (_kind, link) => {
		const folder = newFolder();
		const victim = victimIn(folder);
		const file = path.join(folder, 'file');
		link(victim, file);
		const written = Promise.resolve().then(async () => writer(file));
		if (how === 'continue') {
			await expect(written).rejects.toThrow(/link|another file name/);
		} else {
			await written;
			expect(readFileSync(file, 'utf8')).toBe('new');
		}
		expect(readFileSync(victim, 'utf8')).toBe('kept');
	});
});

it('goes on with a file of its own', () => {
	const file = path.join(newFolder(), 'file');
	write(file, 'continue', 'one ');
	write(file, 'continue', 'two');
	expect(readFileSync(file, 'utf8')).toBe('one two');
});

it('writes to a device that a link leads to', () => {
	const file = path.join(newFolder(), 'link');
	symlinkSync('/dev/null', file);
	write(file, 'continue');
	expect(statSync(file).isCharacterDevice()).toBe(true);
});
