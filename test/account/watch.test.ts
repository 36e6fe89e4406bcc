import {spawnSync} from 'node:child_process';
import {describe, expect, onTestFinished, test} from 'vitest';
import {readAlert} from '../../source/config/alert.ts';
import type {AccountBucket} from '../../source/metrics/account/account-snapshot.ts';
import {raisedAlerts} from '../../source/metrics/account/alerts.ts';
import {accountJson, accountLines, alertLines} from '../../source/plain/account.ts';
import {startSimulatorThread} from '../../source/threads/simulator-handle.ts';
import {defaultOptions} from '../simulator/harness.ts';
import {firstLook, minuteMs, noon, startAccount, startMonitor, traffic} from './account-harness.ts';

const lite = 'us.amazon.nova-lite-v1:0';
const sources = new URL('../../', import.meta.url);

const look = async (scenario: Parameters<typeof startAccount>[0] = {}) => {
	const account = await startAccount(scenario);
	const watch = startMonitor(account, {isAllOnScreen: true});
	watch.monitor.start();
	await firstLook(watch);
	return watch.latest();
};

describe('an alarm', () => {
	test.each([
		['tokens>80', {figure: 'tokens', operator: '>', bound: 80}],
		[' requests >= 50% ', {figure: 'requests', operator: '>=', bound: 50}],
		['day<1.5', {figure: 'day', operator: '<', bound: 1.5}],
	])('%s is read', (text, alert) => {
		expect(readAlert(text)).toMatchObject(alert);
	});

	test.each(['', 'tokens', 'tokens>', 'latency>5', 'tokens>-1', 'tokens=>80', 'tokens>80 requests>1'])(
		'"%s" is refused and quoted',
		(text) => {
			expect(() => readAlert(text)).toThrow(`--alert: "${text}" is not of the form`);
		},
	);

	test('rings for a bucket above its bound, and for no other', async () => {
		const region = await look({
			scenario: {background: [traffic(lite, {requestsPerMinute: 180}), traffic('us.amazon.nova-pro-v1:0')]},
		});
		const raised = raisedAlerts([readAlert('requests>70')], region);
		expect(raised.map(({bucket}) => bucket.model)).toEqual(['amazon.nova-lite-v1:0']);
		expect(alertLines(raised)[0]).toMatch(
			/^ALERT requests>70: amazon\.nova-lite-v1:0 \(cross-region, us-east-1\) uses \d+% of its requests a minute\.$/,
		);
		expect(raisedAlerts([readAlert('requests<70')], region).map(({bucket}) => bucket.model)).toEqual([
			'amazon.nova-pro-v1:0',
		]);
	});

	test('never rings for what is not known', async () => {
		const region = await look({
			scenario: {background: [traffic(lite)], denied: ['cloudwatch:GetMetricData']},
		});
		expect(raisedAlerts([readAlert('requests>=0')], region)).toEqual([]);
	});
});

describe('a block', () => {
	test('names the minute, each bucket in use, and what looking costs', async () => {
		const lines = accountLines(await look({scenario: {background: [traffic(lite)]}}), {
			width: 160,
			ascii: false,
		});
		expect(lines[0]).toBe(
			`2026-11-20 11:57 UTC · us-east-1 · SIMULATED · 1 active of ${/of (\d+) buckets/.exec(lines[0] ?? '')?.[1]} buckets`,
		);
		expect(lines[1]).toMatch(/^Model +Scope +RPM +of +% +TPM/);
		expect(lines[2]).toMatch(/^nova-lite +cross-region +\d+ +200 +\d+%/);
		expect(lines.at(-2)).toMatch(/^CloudWatch so far: \d+ metrics in \d+ calls, \$.*not verified/);
		expect(lines.at(-1)).toBe('');
	});

	test('fits any width, with ASCII alone where asked', async () => {
		const region = await look({scenario: {background: [traffic(lite)]}});
		for (const width of [40, 80, 120, 200]) {
			const table = accountLines(region, {width, ascii: true}).slice(1, 3);
			expect(Math.max(...table.map((line) => line.length))).toBeLessThanOrEqual(width);
			expect(table.join('')).toMatch(/^[\x20-\x7e]*$/);
		}
	});

	test('says in a sentence what has to be known about a row', async () => {
		const {buckets, ...region} = await look({scenario: {background: [traffic(lite)]}});
		const [bucket] = buckets.filter(({activity}) => activity === 'active');
		const odd = {
			...(bucket as AccountBucket),
			notes: ['Service Quotas has it twice.'],
			disagreement: {estimated: 1000, computed: 5000, burndown: 1},
		};
		const text = accountLines({...region, buckets: [odd]}, {width: 120, ascii: false}).join('\n');
		expect(text).toContain('amazon.nova-lite-v1:0 (cross-region): Service Quotas has it twice.');
		expect(text).toContain('burndown 1 would explain it');
	});

	test('as JSON has the keys of the results', async () => {
		const line: unknown = JSON.parse(accountJson(await look({scenario: {background: [traffic(lite)]}})));
		expect(line).toMatchObject({
			at: new Date(noon - 3 * minuteMs).toISOString(),
			region: 'us-east-1',
			complete: true,
			buckets: [
				{
					model: 'amazon.nova-lite-v1:0',
					scope: 'cross-region',
					modelIds: [lite],
					requestsPerMinute: expect.any(Number),
					quotaTokensPerMinute: expect.any(Number),
					inputTokens: expect.any(Number),
					outputTokens: expect.any(Number),
					throttled: 0,
					quota: {requestsPerMinute: {value: 200, state: 'known', source: 'applied'}},
				},
			],
		});
	});
});

describe('the command', () => {
	const run = (argv: readonly string[], environment: NodeJS.ProcessEnv = {}) =>
		spawnSync(process.execPath, ['source/cli.ts', 'watch', ...argv], {
			cwd: sources,
			encoding: 'utf8',
			timeout: 60_000,
			env: {...process.env, ...environment},
		});

	test('ends with 3 at the first alarm, after the block that it is about', () => {
		const {status, stdout, stderr} = run(['--demo', '--json', '--alert', 'tokens>70']);
		expect(status).toBe(3);
		expect(JSON.parse(stdout)).toMatchObject({region: 'us-east-1', simulated: true, complete: true});
		expect(stderr).toMatch(/^ALERT tokens>70: meta\.llama3-3-70b/m);
	}, 60_000);

	test('shows two Regions', () => {
		const {status, stdout} = run([
			'--demo',
			'--json',
			'--region',
			'eu-west-1,us-east-1',
			'--alert',
			'tokens>70',
		]);
		expect(status).toBe(3);
		const regions = stdout
			.trim()
			.split('\n')
			.map((line) => (JSON.parse(line) as {region: string}).region);
		expect(regions).toContain('us-east-1');
	}, 60_000);

	test.each([
		[['--alert', 'tokens'], /--alert: "tokens" is not of the form/],
		[['--region', 'nowhere'], /"nowhere" is not the name of an AWS Region/],
		[['summarize'], /"summarize" is one word too many/],
		[['-m', 'x'], /--model does not go with "watch"/],
	])('%j is a usage error', (argv, message) => {
		const {status, stderr} = run(argv);
		expect(status).toBe(2);
		expect(stderr).toMatch(message);
	});

	test('without credentials it says so and ends with 1', () => {
		const {status, stderr} = run([], {
			AWS_ACCESS_KEY_ID: undefined,
			AWS_SECRET_ACCESS_KEY: undefined,
			AWS_PROFILE: undefined,
			AWS_REGION: 'us-east-1',
			AWS_EC2_METADATA_DISABLED: 'true',
			AWS_CONFIG_FILE: '/nowhere',
			AWS_SHARED_CREDENTIALS_FILE: '/nowhere',
		});
		expect(status).toBe(1);
		expect(stderr).toMatch(/No AWS credentials were found/);
		expect(stderr).toMatch(/--demo/);
	});

	test('watches an endpoint that is not AWS’s, and ends with 143 on SIGTERM', async () => {
		const simulator = await startSimulatorThread({
			...defaultOptions,
			scenario: {background: [traffic(lite)]},
		});
		onTestFinished(simulator.stop);
		const {spawn} = await import('node:child_process');
		const child = spawn(process.execPath, ['source/cli.ts', 'watch', '--region', 'us-east-1'], {
			cwd: sources,
			env: {
				...process.env,
				AWS_ENDPOINT_URL: simulator.url,
				AWS_ACCESS_KEY_ID: 'simulated',
				AWS_SECRET_ACCESS_KEY: 'simulated',
			},
		});
		let text = '';
		child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
			text += chunk;
			if (text.includes('CloudWatch so far')) {
				child.kill('SIGTERM');
			}
		});
		const status = await new Promise((resolve) => child.on('exit', resolve));
		expect(text).toMatch(/us-east-1 · SIMULATED · 1 active of/);
		expect(status).toBe(143);
	}, 60_000);
});
