import {spawn} from 'node:child_process';
import {existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import {describe, expect, it} from 'vitest';
import {resultsSchema} from '../../source/reports/results-schema.ts';
import {
	isBuilt,
	newFolder,
	plainEnvironment,
	program,
	readResultsIn,
	runProgram,
	undrawn,
} from '../helpers/built-program.ts';

const roleArn = 'arn:aws:iam::123456789012:role/batch';
const fewRequests = ['--demo', '--requests', '3', '--variants', 'concise,minimal'];

describe.skipIf(!isBuilt)(
	'the built program without a terminal (skipped where dist/ is not built)',
	{concurrent: true},
	() => {
		it('prints the plain form and writes the reports, with answers where a preset has items', async () => {
			const cwd = newFolder();
			const {code, stdout, stderr} = await runProgram(['run', 'classify', ...fewRequests], {cwd});
			expect(code).toBe(0);
			expect(stderr).toBe('');
			expect(stdout).toContain('SIMULATED');
			expect(stdout).toMatch(/concise/);
			expect(stdout).not.toContain('\u001B');
			expect(resultsSchema.safeParse(readResultsIn(cwd)).error).toBeUndefined();
			const [folder = ''] = readdirSync(path.join(cwd, 'bedrock-top-reports'));
			const answers = path.join(cwd, 'bedrock-top-reports', folder, 'answers.jsonl');
			const lines = readFileSync(answers, 'utf8').trim().split('\n');
			expect(lines).toHaveLength(6);
			expect(JSON.parse(lines[0] ?? '')).toMatchObject({variant: expect.any(String)});
			const charts = readdirSync(path.dirname(answers)).filter((name) => name.endsWith('.svg'));
			expect(charts).toHaveLength(7);
			for (const chart of charts) {
				expect(readFileSync(path.join(path.dirname(answers), chart), 'utf8')).toMatch(/^<svg .*<title /s);
			}
		});

		it('refuses a chat as a batch job', async () => {
			const argv = ['batch', 'chat', '--demo', '--s3', 's3://bucket/prefix', '--role-arn', roleArn];
			const {code, stderr} = await runProgram(argv);
			expect(code).toBe(2);
			expect(stderr).toContain('each turn needs the answer to the one before');
		});

		it('stops a demo at a cost that was asked for, with pure JSON on stdout', async () => {
			const flags = ['--demo', '--max-cost', '0.0003', '--json', '--plain', '--no-reports'];
			const {code, stdout} = await runProgram(['run', 'summarize', ...flags]);
			expect(code).toBe(0);
			expect(resultsSchema.parse(JSON.parse(stdout))).toMatchObject({outcome: 'stopped', stoppedBy: 'cost'});
		});

		it('refuses a condition on a variant that the run does not have', async () => {
			const argv = ['run', 'summarize', ...fewRequests, '--fail-if', 'nope:requests.sent>1'];
			const {code, stdout, stderr} = await runProgram(argv);
			expect([code, stdout]).toEqual([2, '']);
			expect(stderr).toContain('no variant "nope" in this run');
		});

		const usageFaults: ReadonlyArray<readonly [readonly string[], RegExp]> = [
			[['run', 'no-such-preset'], /"no-such-preset"/],
			[['run', 'summarize', '--requests', 'many'], /"many"/],
			[['run', 'summarize', '--frobnicate'], /--frobnicate/],
			[['run', 'summarize', '--demo', '--variants', 'loud'], /"loud"/],
			[['run', '--task', 'x'], /-m MODEL/],
		];
		it.each(usageFaults)('exits 2 for %j', async (argv, expected) => {
			const cwd = newFolder();
			const {code, stdout, stderr} = await runProgram(argv, {cwd});
			expect(code).toBe(2);
			expect(stdout).toBe('');
			expect(stderr).toMatch(expected);
			expect(stderr).not.toMatch(/\n\s+at /);
			expect(existsSync(path.join(cwd, 'bedrock-top-reports'))).toBe(false);
		});

		it('refuses a report folder that is in use', async () => {
			const cwd = newFolder();
			mkdirSync(path.join(cwd, 'used'));
			writeFileSync(path.join(cwd, 'used/file'), '');
			const {code, stderr} = await runProgram(['run', 'summarize', ...fewRequests, '--out', 'used'], {cwd});
			expect(code).toBe(2);
			expect(stderr).toContain('--force');
		});

		it('exits 1 without credentials, and names the ways out', async () => {
			const environment = {
				AWS_REGION: 'us-east-1',
				AWS_EC2_METADATA_DISABLED: 'true',
				AWS_CONFIG_FILE: '/nonexistent',
				AWS_SHARED_CREDENTIALS_FILE: '/nonexistent',
			};
			const {code, stderr} = await runProgram(['run', 'summarize', '-m', 'us.amazon.nova-lite-v1:0'], {
				environment,
			});
			expect(code).toBe(1);
			expect(stderr).toMatch(/credentials/);
			expect(stderr).toContain('--demo');
		});

		it('exits 1 without a Region', async () => {
			const environment = {
				AWS_CONFIG_FILE: '/nonexistent',
				AWS_ACCESS_KEY_ID: 'a',
				AWS_SECRET_ACCESS_KEY: 'b',
			};
			const {code, stderr} = await runProgram(['run', 'summarize', '-m', 'us.amazon.nova-lite-v1:0'], {
				environment,
			});
			expect(code).toBe(1);
			expect(stderr).toContain('--region');
		});

		it('exits 1 when the endpoint is not reachable', async () => {
			const environment = {
				AWS_REGION: 'us-east-1',
				AWS_ACCESS_KEY_ID: 'a',
				AWS_SECRET_ACCESS_KEY: 'b',
				AWS_ENDPOINT_URL: 'http://127.0.0.1:9',
			};
			const cwd = newFolder();
			const argv = ['run', 'summarize', '-m', 'us.amazon.nova-lite-v1:0', '--yes'];
			const {code, stderr} = await runProgram(argv, {environment, cwd});
			expect(code).toBe(1);
			expect(stderr).toContain('http://127.0.0.1:9');
			expect(existsSync(path.join(cwd, 'bedrock-top-reports'))).toBe(false);
		});

		// SIGHUP and SIGINT: in ends.test.ts; in a terminal: in screen.test.ts.
		it('keeps partial results after SIGTERM', async () => {
			const cwd = newFolder();
			const child = spawn(
				process.execPath,
				[program, 'run', 'summarize', '--demo', '--requests', '200', '--concurrency', '4', '--plain'],
				{
					cwd,
					env: {...plainEnvironment(), ...undrawn},
					stdio: ['ignore', 'pipe', 'ignore'],
				},
			);
			// A line of progress says that requests are under way.
			await new Promise<void>((resolve) => {
				let text = '';
				child.stdout.on('data', (chunk) => {
					text += String(chunk);
					if (/running/i.test(text)) {
						resolve();
					}
				});
			});
			const exited = new Promise((resolve) => {
				child.on('exit', resolve);
			});
			child.kill('SIGTERM');
			expect(await exited).toBe(143);
			expect(readResultsIn(cwd)).toMatchObject({outcome: 'stopped', stoppedBy: 'signal'});
		});

		it('ends quietly when its reader goes away', async () => {
			const child = spawn(process.execPath, [program, '--help'], {
				env: plainEnvironment(),
				stdio: ['ignore', 'pipe', 'pipe'],
			});
			child.stdout.destroy();
			let errors = '';
			child.stderr.on('data', (chunk) => {
				errors += String(chunk);
			});
			expect(await new Promise((resolve) => child.on('exit', resolve))).toBe(0);
			expect(errors).toBe('');
		});
	},
);
