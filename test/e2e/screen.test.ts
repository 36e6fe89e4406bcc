import {describe, expect, it, type TestContext} from 'vitest';
import {
	isBuilt,
	newFolder,
	plainEnvironment,
	program,
	readResultsIn,
	undrawn,
} from '../helpers/built-program.ts';
import {openPseudoTerminal, type PseudoTerminal} from '../helpers/pseudo-terminal.ts';

type Options = {
	readonly size?: {readonly columns: number; readonly rows: number};
	readonly environment?: Readonly<Record<string, string>>;
};

/** A program in a terminal, which ends with the test. */
const open = (
	{onTestFinished}: TestContext,
	[file, ...argv]: readonly [string, ...string[]],
	{size, environment}: Options = {},
): PseudoTerminal & {readonly cwd: string} => {
	const cwd = newFolder();
	const terminal = openPseudoTerminal(file, argv, {
		cwd,
		environment: {...plainEnvironment(), ...undrawn, ...environment},
		...size,
	});
	onTestFinished(() => terminal.kill('SIGKILL'));
	return {...terminal, cwd};
};

const start = (context: TestContext, argv: readonly string[], options?: Options) =>
	open(context, [process.execPath, program, ...argv], options);

const has =
	(text: string | RegExp) =>
	(lines: readonly string[]): boolean =>
		lines.some((line) => (typeof text === 'string' ? line.includes(text) : text.test(line)));

/** A colour as a control sequence. */
const colour = /\u001B\[(?:\d+;)*(?:[34][0-7]|[34]8;[\d;]+|9[0-7])m/;

const isRestored = (terminal: PseudoTerminal): void => {
	expect(terminal.isAlternate()).toBe(false);
	expect(terminal.isCursorHidden()).toBe(false);
};

describe.skipIf(!isBuilt)(
	'the built program in a terminal (skipped where dist/ is not built)',
	{concurrent: true},
	() => {
		it('starts the demo, in CI too, obeys its keys, quits with a summary and results', async (context) => {
			// CI is set, and a person looks on.
			const argv = ['summarize', '--demo', '--requests', '400', '--concurrency', '4'];
			const terminal = start(context, argv, {environment: {CI: '1'}});
			await terminal.waitFor(has('SIMULATED'), 'the mark of the simulator');
			expect(terminal.isAlternate()).toBe(true);
			await terminal.waitFor(has(/concise/), 'the variants');
			await terminal.waitFor(has(/running/i), 'the running state');

			terminal.write('?');
			await terminal.waitFor(has(/Esc closes/), 'the help');
			terminal.write('\u001B');
			await terminal.waitFor((lines) => !has(/Esc closes/)(lines), 'the dashboard again');

			terminal.write('p');
			await terminal.waitFor(has(/paused/i), 'the pause in words');
			terminal.write('p');
			terminal.write('f');
			await terminal.waitFor(has(/frozen/i), 'the freeze in words');
			terminal.write('f');

			terminal.resize(60, 15);
			await terminal.waitFor((lines) => lines.length === 15 && has('SIMULATED')(lines), 'the small screen');
			terminal.resize(30, 6);
			await terminal.waitFor((lines) => lines.length === 6 && has(/RPM/)(lines), 'the tiny screen');
			terminal.resize(120, 40);
			await terminal.waitFor(has('SIMULATED'), 'the large screen');

			terminal.write('q');
			expect(await terminal.exited).toMatchObject({exitCode: 0});
			isRestored(terminal);
			const results = readResultsIn(terminal.cwd);
			expect(results).toMatchObject({schema: 1, simulated: true, outcome: 'stopped', stoppedBy: 'key'});
			expect(terminal.raw()).toContain('results.json');
		});

		it.for([
			['SIGTERM', 143, 'with colours', [], {}],
			['SIGINT', 130, 'without them by --no-color', ['--no-color'], {}],
			['SIGHUP', 129, 'without them by NO_COLOR', [], {NO_COLOR: '1'}],
		] as const)(
			'leaves the terminal restored and partial results after %s (%i), %s',
			async ([signal, expected, , flags, environment], context) => {
				const argv = ['summarize', '--demo', '--requests', '100', '--concurrency', '4', ...flags];
				const terminal = start(context, argv, {environment});
				await terminal.waitFor(has(/running/i), 'the running state');
				terminal.kill(signal);
				expect(await terminal.exited).toMatchObject({exitCode: expected});
				isRestored(terminal);
				expect(readResultsIn(terminal.cwd)).toMatchObject({outcome: 'stopped', stoppedBy: 'signal'});
				expect(colour.test(terminal.raw())).toBe(signal === 'SIGTERM');
			},
		);

		it('gives the terminal back to the shell on Ctrl+Z, and takes it again on fg', async (context) => {
			const shell = open(context, ['bash', '--norc', '--noprofile', '-i'], {environment: {PS1: 'shell> '}});
			await shell.waitFor(has('shell>'), 'the shell');
			shell.write(
				`"${process.execPath}" "${program}" summarize --demo --requests 400 --concurrency 2 --variants minimal\r`,
			);
			await shell.waitFor(has(/running/i), 'the running state');
			shell.write('\u001A');
			await shell.waitFor(has(/Stopped/), 'the shell again');
			isRestored(shell);
			// The shell reads what is typed, and shows it.
			shell.write('echo "typed $((6 * 7))"\r');
			await shell.waitFor(has('typed 42'), 'the answer of the shell');
			shell.write('fg\r');
			await shell.waitFor(has('SIMULATED'), 'the screen again');
			expect(shell.isAlternate()).toBe(true);
			shell.write('q');
			await shell.waitFor(has(/results\.json/), 'the summary');
			isRestored(shell);
		});

		it('prints lines without colours with TERM=dumb', async (context) => {
			const few = ['--requests', '2', '--variants', 'minimal', '--no-reports'];
			const terminal = start(context, ['summarize', '--demo', ...few], {environment: {TERM: 'dumb'}});
			await terminal.waitFor(has('SIMULATED'), 'the lines');
			expect(await terminal.exited).toMatchObject({exitCode: 0});
			expect(terminal.raw()).not.toMatch(colour);
		});
	},
);
