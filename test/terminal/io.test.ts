import {execFileSync, spawnSync} from 'node:child_process';
import {mkdtempSync, statSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {PassThrough} from 'node:stream';
import {pathToFileURL} from 'node:url';
import {describe, expect, it} from 'vitest';
import {type Io, isConfirmed, withProgress} from '../../source/terminal/io.ts';

/** A program that writes many lines to stdout as every command does, and says how it went on stderr. */
const script = `
	import {watchOutput, writeLines, writeWhole} from ${JSON.stringify(
		pathToFileURL(path.resolve(import.meta.dirname, '../../source/terminal/io.ts')).href,
	)};
	process.on('SIGXFSZ', () => {});
	let code = 0;
	watchOutput(process.stdout, (exitCode) => { code = exitCode; });
	writeWhole(process.stdout);
	for (let line = 0; line < 40; line++) await writeLines(process.stdout, ['x'.repeat(5000)]);
	process.exitCode = code === 0 ? 0 : 10 + code;
`;

const run = (before: string, to: string) =>
	spawnSync(
		'bash',
		['-c', `${before}; exec "$0" --input-type=module -e "$1" > ${to}`, process.execPath, script],
		{
			encoding: 'utf8',
		},
	);

describe.skipIf(process.platform === 'win32')('a file as stdout (skipped on Windows)', () => {
	it('takes everything where there is room', () => {
		const file = path.join(mkdtempSync(path.join(tmpdir(), 'bedrock-top-io-')), 'out');
		expect(run(':', file)).toMatchObject({status: 0, stderr: ''});
		expect(statSync(file).size).toBe(40 * 5001);
	});

	it('that takes a part of a write and then no more is an error that is said once', () => {
		const file = path.join(mkdtempSync(path.join(tmpdir(), 'bedrock-top-io-')), 'out');
		// In blocks of 1,024 bytes: the limit lies within a write.
		const {status, stderr} = run('ulimit -f 52', file);
		expect(statSync(file).size).toBe(52 * 1024);
		expect(stderr).toBe(
			'bedrock-top: the output cannot be written: the file would be larger than is allowed. It is incomplete.\n',
		);
		expect(status).toBe(11);
	});

	it.skipIf(!execFileSync('ls', ['/dev']).includes('full'))(
		'that is a full device is one too (skipped without /dev/full)',
		() => {
			const {status, stderr} = run(':', '/dev/full');
			expect([status, stderr.split('\n').length]).toEqual([11, 2]);
			expect(stderr).toContain('no space left on the disk');
		},
	);
});

const streamOf = (isTTY: boolean) => {
	let text = '';
	const stream = {
		isTTY,
		write(part: string) {
			text += part;
			return true;
		},
	};
	return {stream: stream as unknown as NodeJS.WriteStream, text: () => text};
};

it('what is waited for is said on a terminal, and taken back when it is over', async () => {
	const {stream, text} = streamOf(true);
	const {promise, resolve} = Promise.withResolvers<number>();
	const result = withProgress(stream, 'Writing ...', promise);
	expect(text()).toBe('Writing ...');
	resolve(7);
	expect(await result).toBe(7);
	expect(text()).toBe('Writing ...\r\u001B[K');
});

it('a fault takes it back too', async () => {
	const {stream, text} = streamOf(true);
	await expect(withProgress(stream, 'Writing ...', Promise.reject(new Error('disk full')))).rejects.toThrow(
		'disk full',
	);
	expect(text()).toContain('\u001B[K');
});

it('nothing is said where lines stay', async () => {
	const {stream, text} = streamOf(false);
	await withProgress(stream, 'Writing ...', Promise.resolve());
	expect(text()).toBe('');
});

describe('a question at the terminal', () => {
	const answerTo = async (typed: string | undefined): Promise<boolean> => {
		const [stdin, stderr] = [new PassThrough(), new PassThrough()];
		const signal = new AbortController().signal;
		const answer = isConfirmed({stdin, stderr, signal} as unknown as Io, 'Start?');
		stdin.end(typed);
		expect(await answer).toBeTypeOf('boolean');
		expect(String(stderr.read())).toContain('Start? [y/N] ');
		return answer;
	};

	it.each([
		['y\n', true],
		['YES\r\n', true],
		[' y \n', true],
		['n\n', false],
		['\n', false],
		['yeah\n', false],
		['no y\n', false],
		[undefined, false],
	])('is confirmed by nothing but yes: %j', async (typed, isYes) => {
		expect(await answerTo(typed)).toBe(isYes);
	});
});
