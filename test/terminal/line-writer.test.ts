import {mkdtempSync, readFileSync, rmSync} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import {expect, it, onTestFinished} from 'vitest';
import {openLineWriter} from '../../source/terminal/line-writer.ts';

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
