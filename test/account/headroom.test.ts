import {spawn} from 'node:child_process';
import {describe, expect, onTestFinished, test} from 'vitest';
import {createAccountLink} from '../../source/threads/account-link.ts';
import {startSimulatorThread} from '../../source/threads/simulator-handle.ts';
import {defaultOptions} from '../simulator/harness.ts';
import {firstLook, minuteMs, startAccount, startMonitor, traffic} from './account-harness.ts';

const lite = 'us.amazon.nova-lite-v1:0';
const key = 'amazon.nova-lite-v1:0 cross-region';
const sources = new URL('../../', import.meta.url);

describe('own traffic', () => {
	test('is taken off what CloudWatch tells of the same minute', async () => {
		const account = await startAccount({scenario: {background: [traffic(lite)]}});
		const link = createAccountLink();
		const own = link.own('us-east-1');
		// Of each of the three newest whole minutes ten requests are ours.
		for (let minute = 3; minute <= 5; minute++) {
			for (let request = 0; request < 10; request++) {
				own.add(key, {at: account.clock.epoch() - minute * minuteMs + 1000, quotaTokens: 100});
			}
		}
		const watch = startMonitor(account, {own});
		watch.monitor.start();
		await firstLook(watch);
		const bucket = watch.latest().buckets.find((each) => each.key === key);
		expect(bucket?.use.requests).toBe((bucket?.told.requests ?? 0) - 10);
		expect(bucket?.use.quotaTokens).toBe((bucket?.told.quotaTokens ?? 0) - 1000);
		expect(bucket?.others.requests).toBeGreaterThan(10);
	});

	test('never makes others negative', async () => {
		const account = await startAccount({scenario: {background: [traffic(lite, {requestsPerMinute: 5})]}});
		const own = createAccountLink().own('us-east-1');
		for (let request = 0; request < 50; request++) {
			own.add(key, {at: account.clock.epoch() - 3 * minuteMs, quotaTokens: 100_000});
		}
		const watch = startMonitor(account, {own});
		watch.monitor.start();
		await firstLook(watch);
		const bucket = watch.latest().buckets.find((each) => each.key === key);
		expect(bucket?.use).toEqual({requests: 0, quotaTokens: 0});
		expect(bucket?.others.quotaTokens).toBe(0);
	});
});

describe('a headless run beside others', () => {
	const run = async (argv: readonly string[], requestsPerMinute: number) => {
		const simulator = await startSimulatorThread({
			...defaultOptions,
			scenario: {background: [traffic(lite, {requestsPerMinute})]},
		});
		onTestFinished(simulator.stop);
		const words = ['run', 'summarize', '--no-reports', '--max-cost', '5', ...argv];
		const child = spawn(process.execPath, ['source/cli.ts', ...words], {
			cwd: sources,
			env: {
				...process.env,
				AWS_ENDPOINT_URL: simulator.url,
				AWS_REGION: 'us-east-1',
				AWS_ACCESS_KEY_ID: 'simulated',
				AWS_SECRET_ACCESS_KEY: 'simulated',
			},
		});
		let stderr = '';
		child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
			stderr += chunk;
		});
		child.stdout.resume();
		return {status: await new Promise((resolve) => child.on('exit', resolve)), stderr};
	};

	test('that would fill their bucket ends with 2 and names --yes', async () => {
		const {status, stderr} = await run([], 120);
		expect(status).toBe(2);
		expect(stderr).toMatch(/Others use \d+ of 200 requests a minute of amazon\.nova-lite-v1:0/);
		expect(stderr).toMatch(/Nothing was sent/);
		expect(stderr).toMatch(/--yes/);
	}, 60_000);

	test('that leaves them room starts', async () => {
		const {status} = await run(['--requests', '1', '--variants', 'minimal'], 20);
		expect(status).toBe(0);
	}, 60_000);
});
