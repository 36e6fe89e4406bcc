import {execFileSync, spawnSync} from 'node:child_process';
import {readFileSync} from 'node:fs';
import path from 'node:path';
import {describe, expect, it, type TestContext} from 'vitest';
import {deathSentence} from '../../source/terminal/screen-guard.ts';
import {isBuilt, newFolder, plainEnvironment, program, runProgram} from '../helpers/built-program.ts';
import {openPseudoTerminal, type PseudoTerminal} from '../helpers/pseudo-terminal.ts';

/** Tests source/terminal/manners.ts in the built program: the test is the terminal, and answers what it wants. */

const questions = '\u001B[>q\u001B[c';
const attributes = '\u001B[?62c';
const white = '\u001B]11;rgb:ffff/ffff/ffff\u001B\\';
/** Colours of the light theme, and of the one that reads on both. */
const lightAccent = '\u001B[38;5;25m';
const bothAccent = '\u001B[38;5;63m';
const mouseOn = '\u001B[?1000h\u001B[?1006h';
const mouseOff = '\u001B[?1006l\u001B[?1000l';
const titleKept = '\u001B[22;0t';
const titleBack = '\u001B]2;\u001B\\\u001B[23;0t';

const demo = [program, 'summarize', '--demo', '--mouse', '--requests', '2', '--no-reports'];

const has =
	(text: string) =>
	(lines: readonly string[]): boolean =>
		lines.some((line) => line.includes(text));

type Shell = PseudoTerminal & {readonly pidOfProgram: () => number};

/** The demo below a shell, which is there before it, while it is suspended, and after it. */
const open = async ({onTestFinished}: TestContext): Promise<Shell> => {
	const cwd = newFolder();
	const shell = openPseudoTerminal('bash', ['--norc', '--noprofile', '-i'], {
		cwd,
		columns: 120,
		rows: 40,
		environment: {...plainEnvironment(), PS1: 'shell> '},
	});
	onTestFinished(() => shell.kill('SIGKILL'));
	await shell.waitFor(has('shell>'), 'the shell');
	shell.write(
		`(echo "$BASHPID" > pid; exec "${[process.execPath, ...demo].join('" "')}"); echo "code $((40 + 2))"\r`,
	);
	await shell.waitFor(() => shell.raw().includes(questions), 'the questions');
	return {...shell, pidOfProgram: () => Number(readFileSync(path.join(cwd, 'pid'), 'utf8'))};
};

/** Resolves once a sequence has been written that many times. */
const wrote = async (shell: PseudoTerminal, sequence: string, times = 1): Promise<void> =>
	shell.waitFor(() => shell.raw().split(sequence).length > times, JSON.stringify(sequence));

describe.skipIf(!isBuilt || process.platform === 'win32')(
	'the manners of the built program (skipped where dist/ is not built, and on Windows)',
	{concurrent: true},
	() => {
		it('a light terminal that answers in pieces gets theme, title and mouse, and back what is its own while the program is suspended', async (context) => {
			const shell = await open(context);
			expect(shell.raw()).toContain(bothAccent);
			for (const piece of [white.slice(0, 8), white.slice(8), attributes.slice(0, 2), attributes.slice(2)]) {
				shell.write(piece);
			}
			await wrote(shell, lightAccent);
			await wrote(shell, '\u001B]2;bedrock-top ');
			expect(shell.raw().split(titleKept).length - 1).toBe(1);
			shell.write('\u001B[<0;32;3M');
			await shell.waitFor(has('[3 Variants]'), 'the view that was clicked');
			await shell.waitFor(has('COMPLETED'), 'the end of the run');

			shell.write('\u001A');
			await shell.waitFor(has('Stopped'), 'the shell again');
			expect(shell.raw().split(mouseOn).at(-1)).toContain(`${mouseOff}${titleBack}`);
			shell.write('fg\r');
			await wrote(shell, mouseOn, 2);
			expect(shell.raw().split(titleKept).length - 1).toBe(2);
			await shell.waitFor(has('[3 Variants]'), 'the screen again');
			shell.write('\u001B[<0;18;3M');
			await shell.waitFor(has('[2 Dashboard]'), 'a click after that');

			shell.write('q');
			await shell.waitFor(has('SIMULATED: these answers'), 'the summary');
			expect(shell.raw().split(mouseOn).at(-1)).toContain(`${mouseOff}${titleBack}`);
			expect(shell.screen().join('\n')).not.toMatch(/rgb:|62c|\[</);
		});

		it('a terminal that does not answer is asked once, and gets none of it; what it says of its colours is not read as keys', async (context) => {
			const shell = await open(context);
			await shell.waitFor(has('COMPLETED'), 'the end of the run');
			shell.write(`${white}?`);
			await shell.waitFor(has('Esc closes'), 'the help');
			shell.write('\u001B');
			await shell.waitFor((lines) => !has('Esc closes')(lines), 'the screen behind it');
			shell.write('q');
			await shell.waitFor(has('code 42'), 'the end');
			expect(shell.raw().split(questions).length - 1).toBe(1);
			expect(shell.raw()).not.toMatch(/\u001B\]2;|\u001B\[\?100|\u001B\[2[23];0t|\u001B\](?:9|52);/);
			expect(shell.screen().join('\n')).not.toContain('rgb:');
		});

		it('when it is killed, the guard gives title and mouse back', async (context) => {
			const shell = await open(context);
			shell.write(`${white}${attributes}`);
			await wrote(shell, mouseOn);
			process.kill(shell.pidOfProgram(), 'SIGKILL');
			await shell.waitFor(has(deathSentence), 'the sentence of the guard');
			expect(shell.raw().split(mouseOn).at(-1)).toContain(`${mouseOff}${titleBack}`);
		});

		it('a pipe gets not one byte of them', async () => {
			const {stdout, stderr} = await runProgram(demo.slice(1), {environment: {TERM: 'xterm-kitty'}});
			expect(stdout).toContain('SIMULATED');
			expect(`${stdout}${stderr}`).not.toMatch(/[\u001B\u0007]/);
		});
	},
);

const hasTmux = process.platform !== 'win32' && spawnSync('tmux', ['-V']).status === 0;

if (isBuilt && !hasTmux) {
	process.stdout.write('tmux is not installed: what the screen does within it is not tried.\n');
}

describe.skipIf(!isBuilt || !hasTmux)('manners in tmux (skipped where tmux is not installed)', () => {
	it('title and mouse are those of the pane, a copy and the question for the background reach the terminal around it', async ({
		onTestFinished,
	}) => {
		const cwd = newFolder();
		const socket = path.join(cwd, 'tmux');
		const environment = {...plainEnvironment(), LC_ALL: 'C.UTF-8'};
		const tmux = (...argv: readonly string[]): string =>
			execFileSync('tmux', ['-S', socket, ...argv], {encoding: 'utf8', env: environment}).trim();
		const outer = openPseudoTerminal(
			'tmux',
			[
				...['-S', socket, '-f', '/dev/null', 'set', '-g', 'allow-passthrough', 'on', ';'],
				...['set', '-s', 'set-clipboard', 'off', ';', 'set', '-g', 'remain-on-exit', 'on', ';'],
				...['new-session', process.execPath, ...demo],
			],
			{cwd, columns: 120, rows: 40, environment},
		);
		onTestFinished(() => {
			tmux('kill-server');
			outer.kill('SIGKILL');
		});
		const inPane = (format: string) => expect.poll(() => tmux('display', '-p', format));
		await outer.waitFor(has('COMPLETED'), 'the end of the run');
		await wrote(outer, '\u001B]11;?\u001B\\');
		await inPane('#{pane_title}').toMatch(/^bedrock-top/);
		await inPane('#{mouse_any_flag}#{mouse_sgr_flag}').toBe('11');
		outer.write('y');
		await outer.waitFor(has('copied'), 'what was copied');
		const [, copied = ''] = /\u001B\]52;c;([\w+/=]+)/.exec(outer.raw()) ?? [];
		expect(Buffer.from(copied, 'base64').toString()).toMatch(/concise|minimal/);
		outer.write('q');
		await inPane('#{pane_dead}').toBe('1');
		expect(tmux('display', '-p', '#{mouse_any_flag}#{mouse_sgr_flag}')).toBe('00');
		expect(tmux('display', '-p', '#{pane_title}')).not.toMatch(/^bedrock-top/);
	});
});
