import {describe, expect, it, type TestContext} from 'vitest';
import {isBuilt, newFolder, plainEnvironment, program} from '../helpers/built-program.ts';
import {openPseudoTerminal} from '../helpers/pseudo-terminal.ts';

const has =
	(pattern: RegExp) =>
	(lines: readonly string[]): boolean =>
		lines.some((line) => pattern.test(line));

const start = ({onTestFinished}: TestContext, [columns, rows]: readonly [number, number]) => {
	const terminal = openPseudoTerminal(
		process.execPath,
		[program, 'optimize', 'route', '--demo', '--requests', '150', '--rounds', '1'],
		{cwd: newFolder(), environment: plainEnvironment(), columns, rows, patienceMs: 30_000},
	);
	onTestFinished(() => terminal.kill('SIGKILL'));
	return terminal;
};

describe.skipIf(!isBuilt)(
	'an optimisation in a terminal (skipped where dist/ is not built)',
	{concurrent: true},
	() => {
		it('shows what is tried; x stops it and shows the verdict, q leaves', async (context) => {
			const terminal = start(context, [80, 24]);
			await terminal.waitFor(has(/Round 1: plain on train items/), 'the first round');
			expect(terminal.isAlternate()).toBe(true);
			expect(terminal.screen()[0]).toMatch(/route .*SIMULATED/);
			terminal.write('x');
			await terminal.waitFor(has(/No rewrite is proven/), 'the verdict');
			terminal.write('q');
			expect(await terminal.exited).toMatchObject({exitCode: 0});
			await terminal.waitFor(() => !terminal.isAlternate(), 'the normal screen');
			expect(terminal.isCursorHidden()).toBe(false);
			expect(terminal.raw()).toMatch(/requests were sent/);
		});

		it('is left with q while it runs', async (context) => {
			const terminal = start(context, [120, 40]);
			await terminal.waitFor(has(/Round 1/), 'the first round');
			terminal.write('q');
			expect(await terminal.exited).toMatchObject({exitCode: 0});
			expect(terminal.raw()).toMatch(/it ended before the held-out items, because it was\s+stopped/);
		});
	},
);
