// What the user keeps, in a real terminal: keys, columns and defaults of config.yaml, and Ctrl+S that writes into it.
import {readFileSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import {describe, expect, it, onTestFinished} from 'vitest';
import {isBuilt, newFolder, plainEnvironment, program, runProgram} from '../helpers/built-program.ts';
import {openPseudoTerminal} from '../helpers/pseudo-terminal.ts';

const kept = `# mine
defaults:
  requests: 2 # few
keys: {quit: Q, columns: K}
columns:
  variants: [cost]
`;

const configured = (text: string) => {
	const file = path.join(newFolder(), 'config.yaml');
	writeFileSync(file, text);
	return {file, environment: {...plainEnvironment(), BEDROCK_TOP_CONFIG: file}};
};

describe.skipIf(!isBuilt)('a configuration in the built program (skipped where dist/ is not built)', () => {
	it('has its keys and columns on the screen, and Ctrl+S adds to it', async () => {
		const {file, environment} = configured(kept);
		const terminal = openPseudoTerminal(
			process.execPath,
			[program, 'summarize', '--demo', '--no-reports', '--theme', 'mono'],
			{cwd: newFolder(), environment, columns: 120, rows: 40, patienceMs: 30_000},
		);
		onTestFinished(() => terminal.kill('SIGKILL'));
		const has = async (text: RegExp, what: string) =>
			terminal.waitFor((lines) => text.test(lines.join('\n')), what);
		await has(/COMPLETED/, 'the end of the run');
		terminal.write('3');
		await has(/Variant +Cost\/req +│[\s\S]*Q Quit/, 'the one column, and the own key');
		terminal.write('K');
		await has(/Columns · Variants/, 'the box of the columns');
		terminal.write('jjj');
		terminal.write(' ');
		await has(/Variant +Sent +Cost\/req +│/, 'another column');
		terminal.write('\r');
		await has(/3 Variants(?![\s\S]*Columns ·)/, 'the table alone');
		terminal.write('\u0013');
		await has(/remembered in/, 'what was written');
		expect(readFileSync(file, 'utf8')).toBe(kept.replace('[cost]', '[sent, cost]').concat('theme: mono\n'));
		terminal.write('Q');
		expect(await terminal.exited).toMatchObject({exitCode: 0});
	}, 90_000);

	it.each([
		['keys: {run: x}', /config\.yaml:1: "x" is bound twice: to "run" and to "stop"/],
		[
			'columns:\n  quotas: [limt]',
			/config\.yaml:2: "quotas" has no column "limt"[\s\S]*Did you mean "limit"/,
		],
		['defaults:\n  theme: lihgt', /config\.yaml:2: "theme": "lihgt" is not one of: .*Did you mean "light"/],
	])('is refused in words by every command: %j', async (text, wanted) => {
		const {environment} = configured(text);
		const {code, stderr} = await runProgram(['run', 'summarize', '--demo'], {environment});
		expect([code, stderr.replace(/\s+/g, ' ')]).toEqual([2, expect.stringMatching(wanted)]);
	});
});
