// What others use of a quota, and what that does to a run, in a real terminal and without one.
import {describe, expect, it, onTestFinished} from 'vitest';
import {traffic} from '../account/account-harness.ts';
import {isBuilt, newFolder, plainEnvironment, program, runProgram} from '../helpers/built-program.ts';
import {openPseudoTerminal} from '../helpers/pseudo-terminal.ts';
import {startForTest} from '../simulator/harness.ts';

const lite = 'us.amazon.nova-lite-v1:0';
const argv = ['summarize', '-m', lite, '--region', 'us-east-1', '--requests', '5', '--no-reports'];

/** The environment of a user in whose account another application uses the bucket. */
const busyAccount = async (
	perMinute: number,
	inputTokens: number,
	limits: {readonly requestsPerMinute?: number} = {},
) => {
	const {url} = await startForTest({
		...limits,
		scenario: {background: [traffic(lite, {requestsPerMinute: perMinute, inputTokens, outputTokens: 10})]},
	});
	return {
		...plainEnvironment(),
		HOME: newFolder(),
		AWS_ENDPOINT_URL: url,
		AWS_ACCESS_KEY_ID: 'simulated',
		AWS_SECRET_ACCESS_KEY: 'simulated',
	};
};

const open = async (environment: Readonly<Record<string, string>>) => {
	const terminal = openPseudoTerminal(process.execPath, [program, ...argv], {
		cwd: newFolder(),
		environment,
		columns: 80,
		rows: 24,
		patienceMs: 30_000,
	});
	onTestFinished(() => terminal.kill('SIGKILL'));
	const has = async (text: RegExp, what: string) =>
		terminal.waitFor((lines) => text.test(lines.join('\n')), what);
	return {...terminal, has};
};

/** Of the first minutes of a day CloudWatch knows nothing yet. */
const isEarly = new Date().getUTCHours() === 0 && new Date().getUTCMinutes() < 10;

describe.skipIf(!isBuilt)('beside others, in the built program (skipped where dist/ is not built)', () => {
	it('before r the gauges say what others leave; a run that waits says for whom and how long', async () => {
		const terminal = await open(await busyAccount(47, 50, {requestsPerMinute: 50}));
		await terminal.has(/READY[\s\S]*RPM ░+·* +4\d \/ 50 +\d\d% x others leave \d/, 'what others leave');
		terminal.write('r');
		await terminal.has(
			/RUNNING .*others use 4\d of 50 · next request in \d+ s[\s\S]*RPM █*░+▒*·* .* x (others leave \d|throttled \d+ s ago)/,
			'what the run waits for',
		);
		terminal.write('x');
		await terminal.has(/STOPPED by you/, 'the end of the run');
		terminal.write('q');
		expect(await terminal.exited).toMatchObject({exitCode: 0});
	}, 60_000);

	it.skipIf(isEarly)(
		'a day that is used up blocks the run before r, which says why',
		async () => {
			const environment = await busyAccount(20, 2_000_000);
			const terminal = await open(environment);
			const reason = 'daily token quota used up: [\\d.]+[GM] of 144M';
			await terminal.has(new RegExp(`BLOCKED · ${reason}, resets 00:00 UTC`), 'the reason');
			terminal.write('r');
			await terminal.has(new RegExp(`! .*${reason}`), 'the refusal');
			terminal.write('q');
			expect(await terminal.exited).toMatchObject({exitCode: 0});
			expect(terminal.raw()).not.toContain('RUNNING');
			const {code, stderr} = await runProgram(['run', ...argv, '--yes'], {cwd: newFolder(), environment});
			expect(stderr).toMatch(new RegExp(reason));
			expect(code).not.toBe(0);
		},
		60_000,
	);
});
