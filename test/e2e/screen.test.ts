import {afterEach, describe, expect, it} from 'vitest';
import {isBuilt, newFolder, plainEnvironment, program, readResultsIn} from '../helpers/built-program.ts';
import {openPseudoTerminal, type PseudoTerminal} from '../helpers/pseudo-terminal.ts';

const open: PseudoTerminal[] = [];

const start = (
	cwd: string,
	argv: readonly string[],
	size: {columns?: number; rows?: number} = {},
): PseudoTerminal => {
	const terminal = openPseudoTerminal(process.execPath, [program, ...argv], {
		cwd,
		environment: plainEnvironment(),
		...size,
	});
	open.push(terminal);
	return terminal;
};

afterEach(() => {
	for (const terminal of open.splice(0)) {
		terminal.kill('SIGKILL');
	}
});

const has =
	(text: string | RegExp) =>
	(lines: readonly string[]): boolean =>
		lines.some((line) => (typeof text === 'string' ? line.includes(text) : text.test(line)));

const isRestored = (terminal: PseudoTerminal): void => {
	expect(terminal.isAlternate()).toBe(false);
	expect(terminal.isCursorHidden()).toBe(false);
};

describe.skipIf(!isBuilt)('the built program in a terminal (skipped where dist/ is not built)', () => {
	it('starts the demo, obeys its keys, quits with a summary and results', async () => {
		const cwd = newFolder();
		const terminal = start(cwd, ['summarize', '--demo', '--requests', '40']);
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
		const results = readResultsIn(cwd);
		expect(results).toMatchObject({schema: 1, simulated: true, outcome: 'stopped', stoppedBy: 'key'});
		expect(terminal.raw()).toContain('results.json');
	});

	it.each([
		['SIGINT', 130],
		['SIGTERM', 143],
	])('leaves the terminal restored and partial results after %s', async (signal, exitCode) => {
		const cwd = newFolder();
		const terminal = start(cwd, ['summarize', '--demo', '--requests', '100']);
		await terminal.waitFor(has(/running/i), 'the running state');
		terminal.kill(signal);
		expect(await terminal.exited).toMatchObject({exitCode});
		isRestored(terminal);
		expect(readResultsIn(cwd)).toMatchObject({outcome: 'stopped', stoppedBy: 'signal'});
	});

	it('quits on Ctrl+C like on q', async () => {
		const cwd = newFolder();
		const terminal = start(cwd, ['summarize', '--demo']);
		await terminal.waitFor(has(/running/i), 'the running state');
		terminal.write('\u0003');
		const {exitCode} = await terminal.exited;
		expect([0, 130]).toContain(exitCode);
		isRestored(terminal);
	});

	it('prints colours only where they are wanted', async () => {
		const terminal = start(newFolder(), ['summarize', '--demo', '--no-color', '--requests', '2']);
		await terminal.waitFor(has('SIMULATED'), 'the screen');
		terminal.write('q');
		await terminal.exited;
		expect(terminal.raw()).not.toMatch(/\u001B\[[\d;]*3[0-7]m/);
	});
});
