import {readFileSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import {describe, expect, it, onTestFinished} from 'vitest';
import type {BackgroundTraffic} from '../../source/simulator/cloudwatch/background.ts';
import type {SimulatorOptions} from '../../source/simulator/options.ts';
import {traffic} from '../account/account-harness.ts';
import {isBuilt, newFolder, plainEnvironment, program} from '../helpers/built-program.ts';
import {openPseudoTerminal} from '../helpers/pseudo-terminal.ts';
import {startForTest} from '../simulator/harness.ts';

const lite = 'us.amazon.nova-lite-v1:0';

const liteTraffic = traffic(lite, {
	requestsPerMinute: 170,
	inputTokens: 50,
	outputTokens: 10,
	regions: ['us-east-1'],
});

/** The environment of a user whose account is simulated here: others use most of one bucket. */
const busyAccount = async (
	options: Partial<SimulatorOptions> = {},
	background: readonly BackgroundTraffic[] = [liteTraffic],
) => {
	const {url} = await startForTest({...options, scenario: {background}});
	return {
		...plainEnvironment(),
		HOME: newFolder(),
		AWS_ENDPOINT_URL: url,
		AWS_ACCESS_KEY_ID: 'simulated',
		AWS_SECRET_ACCESS_KEY: 'simulated',
	};
};

const has =
	(text: RegExp) =>
	(lines: readonly string[]): boolean =>
		text.test(lines.join('\n'));

describe.skipIf(!isBuilt)('the account in the built program (skipped where dist/ is not built)', () => {
	it('shows the accounts of two profiles side by side', async () => {
		const home = newFolder();
		const profiles = await Promise.all(
			[
				['team', 'us.amazon.nova-lite-v1:0'],
				['prod', 'amazon.nova-micro-v1:0'],
			].map(async ([name, model = '']) => {
				const {url} = await startForTest({scenario: {background: [traffic(model)]}});
				return `[profile ${name}]\nregion = us-east-1\nendpoint_url = ${url}\naws_access_key_id = simulated\naws_secret_access_key = simulated\n`;
			}),
		);
		writeFileSync(path.join(home, 'config'), profiles.join('\n'));
		const terminal = openPseudoTerminal(process.execPath, [program, '--profile', 'team,prod'], {
			cwd: home,
			environment: {...plainEnvironment(), HOME: home, AWS_CONFIG_FILE: path.join(home, 'config')},
			columns: 150,
			rows: 34,
			patienceMs: 30_000,
		});
		onTestFinished(() => terminal.kill('SIGKILL'));
		await terminal.waitFor(
			(shown) =>
				has(/nova-lite +cross-region +team 123456789012/)(shown) &&
				has(/nova-micro +on-demand +prod 123456789012/)(shown),
			'rows of each account, by their profiles',
		);
	});

	it('is what the screen opens on: Regions side by side, an alarm, then a benchmark that asks first', async () => {
		const cwd = newFolder();
		const argv = ['--region', 'us-east-1,eu-west-1', '--alert', 'requests>50', '--log-file', 'top.log'];
		const terminal = openPseudoTerminal(process.execPath, [program, ...argv], {
			cwd,
			environment: await busyAccount(),
			columns: 170,
			rows: 34,
			patienceMs: 30_000,
		});
		onTestFinished(() => terminal.kill('SIGKILL'));
		await terminal.waitFor(has(/\[1 Account\]/), 'the Account view');
		await terminal.waitFor(has(/Account · us-east-1.*Account · eu-west-1/), 'a table for each Region');
		await terminal.waitFor(
			has(/› .*nova-lite +cross-region .*\d\d%.* (FULL|\d+) RPM/),
			'the busy bucket, first of its table',
		);
		await terminal.waitFor(has(/alert requests>50: amazon\.nova-lite/), 'the alarm in words');
		expect(terminal.raw().split('\u0007').length - 1).toBe(1);

		terminal.write('\r');
		await terminal.waitFor(
			has(/Quota tokens per minute[\s\S]*in use +1\d\d requests of 200/),
			'the detail with charts',
		);
		terminal.write('\u001B');
		await terminal.waitFor(has(/Account · us-east-1/), 'the table again');

		terminal.write('b');
		await terminal.waitFor(
			has(/READY[\s\S]*Others use 1\d\d of 200 requests per minute/),
			'the plan, which asks',
		);
		terminal.write('r');
		await terminal.waitFor(has(/RUNNING/), 'the run');
		terminal.write('6');
		await terminal.waitFor(has(/alert +requests>50/), 'the alarm in the log');
		terminal.write('x');
		await terminal.waitFor(has(/STOPPED|COMPLETED/), 'the end of the run');
		terminal.write('q');
		expect(await terminal.exited).toMatchObject({exitCode: 0});
		await terminal.waitFor(() => !terminal.isAlternate(), 'the normal screen');
		expect(readFileSync(path.join(cwd, 'top.log'), 'utf8')).toContain('alert requests>50');
	}, 90_000);

	/** Others take nearly all of what a bucket of Claude Sonnet 4.5 has, in long prompts with short answers. */
	const sonnetTraffic = traffic('us.anthropic.claude-sonnet-4-5-20250929-v1:0', {
		requestsPerMinute: 94,
		inputTokens: 1900,
		outputTokens: 20,
	});

	/** Keys that answer a question, one question after the other, and what must then be on the screen of 120x40; '' is not a key. */
	const questions: ReadonlyArray<
		readonly [question: string, answers: ReadonlyArray<readonly [key: string, on: readonly RegExp[]]>]
	> = [
		[
			'how much is left, and when is it used up?',
			[
				[
					'',
					[
						/Free Full in\/since/,
						/› .*claude-sonnet-4-5 cross-region .* (FULL|[\d.]+k?) [RT]PM (since \d\d:\d\d UTC|~\d+ min|> 1 h|longer|not rising) /,
					],
				],
			],
		],
		[
			'what should I change?',
			[
				['', [/→ Also call global\.anthropic\.claude-sonnet-4-5-20250929-v1:0 \(may run in any Region\)/]],
				[
					'\r',
					[
						/1\. Also call global\..* 100 of 100 RPM, 200k of 200k TPM free: \d+ more requests like these per minute/,
						/2\. Ask AWS for its default: 100 RPM applied, 10k by default \(L-4A6BFAB1\)/,
						/3\. Cache what repeats: [\d.]+k input tokens per request, 0 cache reads/,
						/AWS does not report which program uses a quota: bedrock-top tap -- COMMAND meters one that you start/,
					],
				],
			],
		],
	];

	it('answers with at most two keys what a user wants to know', async () => {
		const terminal = openPseudoTerminal(process.execPath, [program, '--region', 'us-east-1'], {
			cwd: newFolder(),
			environment: await busyAccount({}, [sonnetTraffic]),
			columns: 120,
			rows: 40,
		});
		onTestFinished(() => terminal.kill('SIGKILL'));
		for (const [question, answers] of questions) {
			for (const [key, patterns] of answers) {
				terminal.write(key);
				await terminal.waitFor((lines) => {
					// A sentence may be broken into lines.
					const text = lines.join(' ').replaceAll(/[│\s]+/g, ' ');
					return patterns.every((pattern) => pattern.test(text));
				}, `${question} ${patterns}`);
			}
			expect(answers.flatMap(([key]) => [...key]).length, question).toBeLessThanOrEqual(2);
		}
	}, 60_000);
});
