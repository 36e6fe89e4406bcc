import {describe, expect, it, type TestContext} from 'vitest';
import {isBuilt, newFolder, plainEnvironment, program} from '../helpers/built-program.ts';
import {openPseudoTerminal} from '../helpers/pseudo-terminal.ts';

const has =
	(pattern: RegExp) =>
	(lines: readonly string[]): boolean =>
		lines.some((line) => pattern.test(line));

const start = (
	{onTestFinished}: TestContext,
	[columns, rows]: readonly [number, number],
	...more: readonly string[]
) => {
	const terminal = openPseudoTerminal(
		process.execPath,
		[program, 'batch', 'high-volume', '--demo', '--no-reports', ...more],
		{cwd: newFolder(), environment: plainEnvironment(), columns, rows, patienceMs: 30_000},
	);
	onTestFinished(() => terminal.kill('SIGKILL'));
	return terminal;
};

describe.skipIf(!isBuilt)(
	'a batch in a terminal (skipped where dist/ is not built)',
	{concurrent: true},
	() => {
		it('shows states, counters and the upload at 120 x 40 and at 40 x 8, then the results', async (context) => {
			const terminal = start(context, [120, 40]);
			await terminal.waitFor(has(/SIMULATED/), 'the mark of the simulator');
			expect(terminal.isAlternate()).toBe(true);
			for (const [columns, rows] of [
				[120, 40],
				[40, 8],
			] as const) {
				terminal.resize(columns, rows);
				await terminal.waitFor(
					(lines) =>
						lines.length === rows &&
						(lines.at(-1) ?? '').startsWith('q leave') &&
						has(/Submitted|Validating|Scheduled|InProgress/)(lines),
					'the state of the job',
				);
				const lines = terminal.screen();
				expect(has(/of 147 records/)(lines)).toBe(true);
				expect(has(/%/)(lines)).toBe(true);
			}
			expect(await terminal.exited).toMatchObject({exitCode: 0});
			await terminal.waitFor(() => !terminal.isAlternate(), 'the normal screen');
			expect(terminal.isCursorHidden()).toBe(false);
			expect(terminal.raw()).toMatch(/147 of 147 records\s+answered/);
		});

		it.for([
			['q', 'q'],
			['Ctrl+C', '\u0003'],
		] as const)('is left with %s', async ([, key], context) => {
			const terminal = start(context, [80, 24], '--ascii', '--no-color');
			await terminal.waitFor(has(/1 (Submitted|Validating|Scheduled)/), 'the job');
			expect(terminal.screen().join('')).toMatch(/^[\x20-\x7e]*$/);
			terminal.write(key);
			expect(await terminal.exited).toMatchObject({exitCode: 0});
			await terminal.waitFor(() => !terminal.isAlternate(), 'the normal screen');
			expect(terminal.raw()).toContain('the jobs of a demo end with its simulator');
		});
	},
);
