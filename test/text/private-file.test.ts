import {
	chmodSync,
	closeSync,
	linkSync,
	mkdtempSync,
	readFileSync,
	rmSync,
	statSync,
	symlinkSync,
	writeFileSync,
	writeSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import {describe, expect, it, onTestFinished} from 'vitest';
import {diskFiles} from '../../source/bedrock/quotas/account-lists.ts';
import {
	copyPrivate,
	openLineWriter,
	openPrivate,
	writeAtomically,
	writeWithFolder,
} from '../../source/text/private-file.ts';
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

it('makes its folders while others make the same', async () => {
	const folder = path.join(newFolder(), 'one/two/three');
	const files = Array.from({length: 20}, (_, index) => path.join(folder, `${index}`));
	await Promise.all(files.map(async (file) => writeWithFolder(file, 'new')));
	expect(files.map((file) => readFileSync(file, 'utf8'))).toEqual(files.map(() => 'new'));
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

const temporaryFile = (): string => {
	const folder = mkdtempSync(path.join(os.tmpdir(), 'bedrock-top-test-'));
	onTestFinished(() => rmSync(folder, {recursive: true, force: true}));
	return path.join(folder, 'lines');
};

it('lines of every length reach the file in their order, with their sizes, and each is shown once', () => {
	const file = temporaryFile();
	const lines = [
		...Array.from({length: 3000}, (_unused, index) => `${index} ${'ü€😀'.repeat(index % 90)}\n`),
		`${'long €'.repeat(100_000)}\n`,
		'short\n',
		'',
	];
	const shown: string[] = [];
	const writer = openLineWriter(file, (text) => shown.push(text));
	const sizes = lines.map((line) => writer.add(line));
	writer.close();
	expect(readFileSync(file, 'utf8') === lines.join('')).toBe(true);
	expect(shown.join('') === lines.join('')).toBe(true);
	expect(sizes).toEqual(lines.map((line) => Buffer.byteLength(line)));
});

it('a new writer drops what the file held', () => {
	const file = temporaryFile();
	for (const line of ['before, and longer\n', 'after\n']) {
		const writer = openLineWriter(file);
		writer.add(line);
		writer.close();
	}
	expect(readFileSync(file, 'utf8')).toBe('after\n');
});
