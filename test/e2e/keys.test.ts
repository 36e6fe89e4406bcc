// What keys and answers do in a real terminal: nothing is sent that was not seen before.
import {readdirSync} from 'node:fs';
import {afterAll, beforeAll, describe, expect, it, type TestContext} from 'vitest';
import {type RunningSimulator, startSimulator} from '../../source/simulator/server.ts';
import {isBuilt, newFolder, plainEnvironment, program, undrawn} from '../helpers/built-program.ts';
import {openPseudoTerminal} from '../helpers/pseudo-terminal.ts';
import {defaultOptions} from '../simulator/harness.ts';

const lite = 'us.amazon.nova-lite-v1:0';

let simulator: RunningSimulator;
beforeAll(async () => {
	simulator = await startSimulator(defaultOptions);
});
afterAll(() => simulator.stop());

/** The program in a terminal of that size, in an account that is simulated here; each user has a home of their own. */
const open = (
	{onTestFinished}: Pick<TestContext, 'onTestFinished'>,
	argv: readonly string[],
	size: {readonly columns: number; readonly rows: number},
) => {
	const cwd = newFolder();
	const terminal = openPseudoTerminal(process.execPath, [program, ...argv], {
		cwd,
		environment: {
			...plainEnvironment(),
			...undrawn,
			HOME: newFolder(),
			NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? '',
			AWS_REGION: 'us-east-1',
			AWS_ENDPOINT_URL: simulator.url,
			AWS_ACCESS_KEY_ID: 'simulated',
			AWS_SECRET_ACCESS_KEY: 'simulated',
		},
		...size,
		patienceMs: 30_000,
	});
	onTestFinished(() => terminal.kill('SIGKILL'));
	const has = async (text: RegExp, what: string) =>
		terminal.waitFor((lines) => text.test(lines.join('\n')), what);
	return {...terminal, cwd, has};
};

const run = ['summarize', '-m', lite, '--requests', '2', '--region', 'us-east-1'];

describe.skipIf(!isBuilt)(
	'keys in the built program (skipped where dist/ is not built)',
	{concurrent: true},
	() => {
		it('letters typed after / on the dashboard are text: none starts the run', async (context) => {
			const terminal = open(context, [...run, '--no-reports'], {columns: 100, rows: 30});
			await terminal.has(/READY/, 'the plan');
			terminal.write('/str');
			await terminal.has(/\/str_/, 'the filter');
			await terminal.has(/READY[\s\S]*structured/, 'the plan, and the rows that match');
			expect(terminal.screen().join('\n')).not.toMatch(/RUNNING|detailed/);
			terminal.write('\u001B');
			await terminal.has(/detailed/, 'all rows again');
			terminal.write('q');
			expect(await terminal.exited).toMatchObject({exitCode: 0});
			expect(terminal.raw()).not.toContain('RUNNING');
		});

		it('at 30x6 r shows requests and cost, and y starts', async (context) => {
			const terminal = open(context, [...run, '--no-reports'], {columns: 30, rows: 6});
			await terminal.has(/READY[\s\S]*r shows the plan/, 'the state');
			terminal.write('r');
			await terminal.has(/8 requests, at most\s+\$0\.\d+[\s\S]*y starts/, 'the plan in short');
			expect(terminal.raw()).not.toContain('RUNNING');
			terminal.write('y');
			await terminal.has(/RUNNING|COMPLETED/, 'the run');
			await terminal.has(/COMPLETED/, 'its end');
			terminal.write('q');
			expect(await terminal.exited).toMatchObject({exitCode: 0});
		});

		it.for([
			['nothing but Enter', '\r', 2, /Not started: nothing was sent/],
			['y', 'y\r', 0, /useful/i],
		] as const)('--plain asks before it spends: %s', async ([, answer, exitCode, last], context) => {
			const terminal = open(context, [...run, '--plain', '--no-reports'], {columns: 120, rows: 40});
			await terminal.has(
				/requests +at most 8[\s\S]*cost +at most \$[\s\S]*Start\? \[y\/N\]/,
				'the plan and the question',
			);
			terminal.write(answer);
			expect(await terminal.exited).toMatchObject({exitCode});
			expect(terminal.raw()).toMatch(last);
		});

		it('--plain alone watches the account', async (context) => {
			const terminal = open(context, ['--plain', '--region', 'us-east-1'], {columns: 120, rows: 30});
			await terminal.has(/us-east-1/, 'the account');
			terminal.kill('SIGINT');
			expect(await terminal.exited).toMatchObject({exitCode: 130});
			expect(terminal.raw()).not.toMatch(/Start\?|nothing to run/);
		});

		it('who wins stands on the screen when the run ends, on the smallest one too, g says it of the next goal, and e u w write all', async (context) => {
			const terminal = open(context, ['summarize', '--demo', '--requests', '12'], {columns: 80, rows: 24});
			await terminal.has(
				/COMPLETED[\s\S]*★ Use concise\. [\s\S]*At least[\s\S]* 1\.\d+x of detailed/,
				'the verdict, and by how much the others are beaten',
			);
			terminal.write('g');
			await terminal.has(/★ Use concise[\s\S]*efficiency ★ concise/, 'the verdict for the next goal');
			terminal.resize(60, 15);
			await terminal.has(/★ Use concise/, 'the verdict in a small terminal');
			terminal.resize(30, 6);
			await terminal.has(/★ concise/, 'the verdict in the smallest');
			terminal.resize(100, 30);
			await terminal.has(/★ Use concise/, 'the verdict in a larger terminal');
			terminal.write('euw');
			await terminal.has(/Written/, 'the box with the files');
			await terminal.has(/quota-increase\.md/, 'the figures for an increase');
			await terminal.has(/best-request\.json/, 'the winning request');
			await terminal.has(/\.svg/, 'the charts');
			expect(readdirSync(terminal.cwd, {recursive: true}).map(String).join(' ')).toMatch(
				/quota-increase\.md/,
			);
			terminal.write('q');
			expect(await terminal.exited).toMatchObject({exitCode: 0});
		});

		it('7 and ! say which items failed and why, after the run and without an account', async (context) => {
			const argv = ['classify', '--demo', '--variants', 'detailed', '--requests', '12', '--seed', '7'];
			const terminal = open(context, argv, {columns: 120, rows: 40});
			const {has} = terminal;
			await has(/COMPLETED/, 'the end of the run');
			terminal.write('7');
			await has(/Items · 48 · \d+ failed/, 'the items');
			terminal.write('!');
			await has(
				/failures only[\s\S]*✗[\s\S]*input[\s\S]*expected[\s\S]*✗ failed oneOf: wanted one of[\s\S]*answer/,
				'why',
			);
			terminal.write('\r');
			await has(/← → items · Esc closes/, 'all about the item');
			terminal.write('\u001B');
			await has(/failures only/, 'the list again');
			terminal.write('q');
			expect(await terminal.exited).toMatchObject({exitCode: 0});
		});
	},
);
