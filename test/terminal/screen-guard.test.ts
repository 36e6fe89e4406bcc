import {writeFileSync} from 'node:fs';
import path from 'node:path';
import {PassThrough} from 'node:stream';
import {describe, expect, it} from 'vitest';
import type {Io} from '../../source/terminal/io.ts';
import {deathSentence, guardScreen} from '../../source/terminal/screen-guard.ts';
import {newFolder} from '../helpers/built-program.ts';
import {openPseudoTerminal, type PseudoTerminal} from '../helpers/pseudo-terminal.ts';

const source = path.resolve(import.meta.dirname, '../../source/terminal/screen-guard.ts');

/** A program that has a guard, in a terminal of its own; the shell before it keeps the terminal open. */
const runGuarded = async (
	what: string,
	environment: Record<string, string> = {},
): Promise<PseudoTerminal> => {
	const cwd = newFolder();
	const script = path.join(cwd, 'guarded.mjs');
	writeFileSync(
		script,
		`import {guardScreen} from ${JSON.stringify(source)};
		const {stdin, stdout, env} = process;
		const guard = guardScreen({stdin, stdout, environment: env});
		await guard.start();
		${what}`,
	);
	const line = `"${process.execPath}" "${script}"; sleep 1; stty -a; echo "the end"`;
	const terminal = openPseudoTerminal('bash', ['-c', line], {cwd, columns: 200, environment});
	await terminal.waitFor((lines) => lines.some((each) => each === 'the end'), 'the end');
	return terminal;
};

const takes = `stdin.setRawMode(true); guard.taken(); stdout.write('\\x1b[?1049h\\x1b[?25l\\x1b[31m');`;
const dies = `process.kill(process.pid, 'SIGKILL');`;

describe.skipIf(process.platform === 'win32')(
	'the guard of a screen (skipped on Windows)',
	{concurrent: true},
	() => {
		it('gives back the terminal, and names the files that are there', async () => {
			const folder = newFolder();
			const there = path.join(folder, `it's "1" %s $HOME \\n.jsonl`);
			const hostile = path.join(folder, 'a\u001B[31m');
			const empty = path.join(folder, 'empty.jsonl');
			writeFileSync(there, '{}');
			writeFileSync(hostile, '{}');
			writeFileSync(empty, '');
			const files = [there, hostile, empty, path.join(folder, 'never.jsonl')];
			const terminal = await runGuarded(
				`${takes} guard.keeps(${JSON.stringify(files)}); guard.tells('It goes on, 100 %.'); ${dies}`,
			);
			// The shell reports the death as well, whenever its turn comes.
			const shown = terminal.screen().filter((line) => line !== '' && !/^bash: .* Killed/.test(line));
			expect(shown.slice(0, 3)).toEqual([
				deathSentence,
				`What was received until then: ${there}`,
				'It goes on, 100 %.',
			]);
			expect([terminal.isAlternate(), terminal.isCursorHidden()]).toEqual([false, false]);
			expect(shown.join(' ')).toMatch(/ isig icanon .* echo /);
		});

		it.each([
			['before the screen has the terminal', dies],
			['after it gave the terminal back', `${takes} guard.given(); stdin.setRawMode(false); ${dies}`],
			['after the end', `${takes} await guard.end(); ${dies}`],
			['of its own will', `${takes} process.exit(3);`],
		])('says nothing where the program dies %s', async (_when, what) => {
			const terminal = await runGuarded(what);
			expect(terminal.raw()).not.toContain('without warning');
		});

		it('keeps no program from ending', async () => {
			const terminal = await runGuarded(`${takes} stdin.setRawMode(false); guard.given();`);
			expect(terminal.raw()).not.toContain('without warning');
		});

		it('is nothing without a terminal', async () => {
			const [stdin, stdout] = [new PassThrough(), new PassThrough()];
			const guard = guardScreen({stdin, stdout, environment: {}} as unknown as Io);
			await guard.start();
			guard.taken();
			await guard.end();
			expect(stdout.readableLength).toBe(0);
		});
	},
);
