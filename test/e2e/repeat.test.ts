import {execFile} from 'node:child_process';
import {mkdirSync, readFileSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import {promisify} from 'node:util';
import {describe, expect, it} from 'vitest';
import type {Results} from '../../source/reports/results-schema.ts';
import {
	isBuilt,
	newFolder,
	plainEnvironment,
	program,
	runProgram,
	undrawn,
} from '../helpers/built-program.ts';

/** Tests source/config/repeat.ts and source/reports/repeat-command.ts: the command that a summary prints does it again. */

const preset = `
name: tickets
task: Name the category.
items:
  - {text: My invoice is wrong.}
  - {text: The app crashes.}
variants:
  - concise
  - {name: one-word, instruction: "{{task}} One word. {{item.text}}", maxTokens: 9}
load: {shape: measure, requests: 2}
`;

const run = [
	...[
		'run',
		'./my presets/tickets.yaml',
		'--demo',
		'-m',
		'us.amazon.nova-lite-v1:0',
		'-m',
		'us.amazon.nova-micro-v1:0',
	],
	...[
		'--balance',
		'--tier',
		'priority',
		'--slo',
		'ttft=2s,total=1m',
		'--max-requests',
		'50',
		'--max-cost',
		'none',
	],
	...['--goal', 'cost', '--rpm', '90', '--task', 'Name the "category".'],
];
const batch = ['batch', 'high-volume', '--demo', '--max-tokens', '30', '--seed', '5'];

describe.skipIf(!isBuilt || process.platform === 'win32')(
	'the command of "Repeat it" (skipped where dist/ is not built, and on Windows)',
	() => {
		it.each([
			['a run of a preset file', run],
			['a batch', batch],
		])('does %s again', {timeout: 120_000}, async (_, argv) => {
			const cwd = newFolder();
			mkdirSync(path.join(cwd, 'my presets'));
			writeFileSync(path.join(cwd, 'my presets/tickets.yaml'), preset);
			const first = await runProgram([...argv, '--out', 'first'], {cwd, environment: undrawn});
			expect(first.code, first.stderr + first.stdout).toBe(0);
			const summary = readFileSync(path.join(cwd, 'first/summary.md'), 'utf8');
			const [, command = ''] = /## Repeat it\n\n```\nbedrock-top (.*)\n```/.exec(summary) ?? [];
			const shell = `"${process.execPath}" "${program}" ${command} --out second`;
			await promisify(execFile)('sh', ['-c', shell], {cwd, env: {...plainEnvironment(), ...undrawn}});
			const [before, after] = ['first', 'second'].map(
				(name) => JSON.parse(readFileSync(path.join(cwd, name, 'results.json'), 'utf8')) as Results,
			);
			expect(after?.plan).toEqual(before?.plan);
			const asked = ({targets, variants, repeat}: Results) => ({
				models: targets.map(({model, tier, quota}) => [model, tier, quota.requestsPerMinute.value]),
				variants: variants.map(({name, target, prompt}) => [name, target, prompt.system]),
				repeat,
			});
			expect(after && asked(after)).toEqual(before && asked(before));
		});
	},
);
