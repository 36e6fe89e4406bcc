import {readdirSync, readFileSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import {describe, expect, it, type TestContext} from 'vitest';
import {deathSentence, leaveSequence} from '../../source/terminal/screen-guard.ts';
import {isBuilt, newFolder, plainEnvironment, program, undrawn} from '../helpers/built-program.ts';
import {openPseudoTerminal, type PseudoTerminal} from '../helpers/pseudo-terminal.ts';
import {isSoak} from '../helpers/random-cases.ts';

/** Deaths in which the program itself can do nothing more: its guard gives the terminal back. */

const has =
	(text: string | RegExp) =>
	(lines: readonly string[]): boolean =>
		lines.some((line) => (typeof text === 'string' ? line.includes(text) : text.test(line)));

type Shell = PseudoTerminal & {readonly cwd: string};

/** A shell in a terminal, as a user has one: it is there before the program and after it. */
const openShell = async (
	{onTestFinished}: TestContext,
	environment: Readonly<Record<string, string>> = {},
): Promise<Shell> => {
	const cwd = newFolder();
	const shell = openPseudoTerminal('bash', ['--norc', '--noprofile', '-i'], {
		cwd,
		columns: 130,
		rows: 40,
		environment: {...plainEnvironment(), ...undrawn, PS1: 'shell> ', ...environment},
	});
	onTestFinished(() => shell.kill('SIGKILL'));
	await shell.waitFor(has('shell>'), 'the shell');
	return {...shell, cwd};
};

const command = `"${process.execPath}" "${program}" summarize --demo --requests 5000 --no-early-stop --no-answers --csv --concurrency 4 --out o`;

const read = (file: string): string => {
	try {
		return readFileSync(file, 'utf8');
	} catch {
		return '';
	}
};

type Process = {readonly pid: number; readonly parent: number; readonly commandLine: string};

const processes = (): readonly Process[] =>
	readdirSync('/proc')
		.filter((name) => /^\d+$/.test(name))
		.map((name) => ({
			pid: Number(name),
			parent: Number(/^PPid:\t(\d+)$/m.exec(read(`/proc/${name}/status`))?.[1]),
			commandLine: read(`/proc/${name}/cmdline`),
		}));

/** The program below a shell, and its guard. */
const runningIn = (shell: Shell): {readonly pid: number; readonly guards: readonly number[]} => {
	const all = processes();
	const isBelow = ({parent}: Process, above: number): boolean => {
		const next = all.find(({pid}) => pid === parent);
		return next !== undefined && (parent === above || isBelow(next, above));
	};
	const found = all.find((each) => each.commandLine.startsWith('bedrock-top') && isBelow(each, shell.pid));
	if (found === undefined) {
		throw new Error('the program does not run');
	}
	const guards = all.filter(
		({parent, commandLine}) => parent === found.pid && commandLine.includes('-guard'),
	);
	return {pid: found.pid, guards: guards.map(({pid}) => pid)};
};

const until = async (isSo: () => boolean): Promise<void> => {
	for (let tries = 0; !isSo(); tries++) {
		if (tries > 400) {
			throw new Error('it never came');
		}
		await new Promise((resolve) => setTimeout(resolve, 50));
	}
};

const areGone = async (pids: readonly number[]): Promise<void> => {
	expect(pids).toHaveLength(1);
	await until(() => pids.every((pid) => read(`/proc/${pid}/cmdline`) === ''));
};

const isRestored = (shell: Shell): void => {
	expect([shell.isAlternate(), shell.isCursorHidden()]).toEqual([false, false]);
	expect(shell.raw().lastIndexOf('\u001B[?2004l')).toBeGreaterThan(shell.raw().lastIndexOf('\u001B[?1049h'));
};

/** Of every mode that was turned on the end knows how it is turned off. */
const turnsOffWhatItTurnedOn = (shell: Shell): void => {
	const screen = shell.raw().slice(shell.raw().indexOf('\u001B[?1049h'));
	const modes = new Set([...screen.matchAll(/\u001B\[\?(\d+)[hl]/g)].map(([, mode]) => mode));
	expect(modes).toContain('2004');
	for (const mode of modes) {
		expect(leaveSequence).toContain(mode === '25' ? '\u001B[?25h' : `\u001B[?${mode}l`);
	}
	// Nor is there a mode of another kind: keys of the kitty protocol, or of xterm. The question for the name is none.
	expect(screen).not.toMatch(/\u001B\[(?:=|>(?!q))/);
};

/** Started by a script and not by a person: nobody else sets the modes of the terminal again. */
const inScript = (line: string): string =>
	`stty echo -ixon; (stty -g > before; ${line}; echo $? > code; sleep 2; stty -g > after; echo "the end $((6 * 7))")\r`;

const rowsIn = (shell: Shell): string => path.join(shell.cwd, 'o/requests.csv');

const runFor = async (shell: Shell, line: string): Promise<void> => {
	shell.write(line);
	await shell.waitFor(has(/running/i), 'the running state');
	await until(() => read(rowsIn(shell)).length > 500);
};

describe.skipIf(!isBuilt || process.platform !== 'linux')(
	'a death without warning (skipped where dist/ is not built, and where there is no /proc)',
	{concurrent: true},
	() => {
		it.for(isSoak ? (['SIGKILL', 'SIGABRT'] as const) : (['SIGKILL'] as const))(
			'%s below a shell: the terminal is given back with every mode, and a sentence says where the requests are',
			async (signal, context) => {
				const shell = await openShell(context);
				await runFor(shell, `${command}\r`);
				turnsOffWhatItTurnedOn(shell);
				const {pid, guards} = runningIn(shell);
				process.kill(pid, signal);
				await shell.waitFor(has(deathSentence), 'the sentence');
				await shell.waitFor(has('What was received until then: '), 'where the requests are');
				expect(shell.screen().join('')).toContain(rowsIn(shell));
				isRestored(shell);
				await areGone(guards);
				// The shell has its own modes: what is typed is shown once, and obeyed.
				shell.write('echo "typed $((6 * 7))"\r');
				await shell.waitFor(has('typed 42'), 'the answer of the shell');
				expect(shell.screen().filter((line) => line.includes('echo "typed'))).toHaveLength(1);
			},
		);

		it('SIGKILL in a script: the modes are those of before', async (context) => {
			const shell = await openShell(context);
			await runFor(shell, inScript(command));
			const {pid, guards} = runningIn(shell);
			process.kill(pid, 'SIGKILL');
			await shell.waitFor(has('the end 42'), 'the end of the script');
			expect(has(deathSentence)(shell.screen())).toBe(true);
			isRestored(shell);
			expect(read(path.join(shell.cwd, 'after'))).toBe(read(path.join(shell.cwd, 'before')));
			expect(read(path.join(shell.cwd, 'before'))).not.toBe('');
			await areGone(guards);
		});

		it('memory that runs out: the same', async (context) => {
			const file = path.join(newFolder(), 'now');
			const plant = `
				import {isMainThread} from 'node:worker_threads';
				import {existsSync} from 'node:fs';
				const all = [];
				if (isMainThread) {
					setInterval(() => {
						while (existsSync(${JSON.stringify(file)})) { all.push(new Array(100_000).fill({})); }
					}, 100).unref();
				}`;
			const options = `--max-old-space-size=100 --import data:text/javascript,${encodeURIComponent(plant)}`;
			const shell = await openShell(context, {NODE_OPTIONS: options});
			await runFor(shell, inScript(command));
			const {guards} = runningIn(shell);
			writeFileSync(file, '');
			await shell.waitFor(has('the end 42'), 'the end of the script');
			expect(shell.raw()).toContain('heap out of memory');
			expect(has(deathSentence)(shell.screen())).toBe(true);
			isRestored(shell);
			expect(read(path.join(shell.cwd, 'after'))).toBe(read(path.join(shell.cwd, 'before')));
			await areGone(guards);
		});

		const ends = [
			['q', /^0$/, async (shell: Shell): Promise<void> => shell.write('q')],
			['Ctrl+C twice', /^(?:0|130)$/, async (shell: Shell): Promise<void> => shell.write('\u0003\u0003')],
			[
				'SIGTERM',
				/^143$/,
				async (shell: Shell): Promise<void> => void process.kill(runningIn(shell).pid, 'SIGTERM'),
			],
			[
				'two signals that differ',
				/^1(?:30|43)$/,
				async (shell: Shell) => {
					const {pid} = runningIn(shell);
					process.kill(pid, 'SIGTERM');
					process.kill(pid, 'SIGINT');
				},
			],
		] as const;
		it.for(isSoak ? ends : ends.slice(0, 2))(
			'after %s the guard is gone, without a word',
			async ([, code, leave], context) => {
				const shell = await openShell(context);
				await runFor(shell, inScript(command));
				const {guards} = runningIn(shell);
				await leave(shell);
				await shell.waitFor(has('the end 42'), 'the end of the script');
				isRestored(shell);
				expect(read(path.join(shell.cwd, 'code')).trim()).toMatch(code);
				expect(shell.raw()).not.toContain('without warning');
				expect(read(path.join(shell.cwd, 'after'))).toBe(read(path.join(shell.cwd, 'before')));
				await areGone(guards);
			},
		);

		it('a program that is killed while it is suspended leaves the shell alone', async (context) => {
			const shell = await openShell(context);
			await runFor(shell, `${command}\r`);
			const {pid, guards} = runningIn(shell);
			shell.write('\u001A');
			await shell.waitFor(has(/Stopped/), 'the shell again');
			process.kill(pid, 'SIGKILL');
			await areGone(guards);
			shell.write('echo "typed $((6 * 7))"\r');
			await shell.waitFor(has('typed 42'), 'the answer of the shell');
			expect(shell.raw()).not.toContain('without warning');
		});

		it('guards again what came back from a suspension', async (context) => {
			const shell = await openShell(context);
			await runFor(shell, `${command}\r`);
			const {pid, guards} = runningIn(shell);
			shell.write('\u001A');
			await shell.waitFor(has(/Stopped/), 'the shell again');
			shell.write('fg\r');
			await shell.waitFor(has('SIMULATED'), 'the screen again');
			process.kill(pid, 'SIGKILL');
			await shell.waitFor(has(deathSentence), 'the sentence');
			isRestored(shell);
			await areGone(guards);
		});
	},
);
