/** Tests source/account/alerts.ts and plain/account.ts. */
import {readFileSync} from 'node:fs';
import path from 'node:path';
import {describe, expect, it, vi} from 'vitest';
import {raisedAlerts} from '../../source/account/alerts.ts';
import {whatToChange} from '../../source/account/what-to-change.ts';
import {readAlert} from '../../source/config/values.ts';
import type {AccountBucket} from '../../source/domain/account-snapshot.ts';
import {accountJson, accountLines, alertLines} from '../../source/plain/account.ts';
import {newFolder} from '../helpers/built-program.ts';
import {firstPoll, minuteMs, noon, startAccount, startMonitor, traffic, until} from './account-harness.ts';
import {call, useAccount} from './call.ts';

const lite = 'us.amazon.nova-lite-v1:0';

const look = async (scenario: Parameters<typeof startAccount>[0] = {}) => {
	const account = await startAccount(scenario);
	const watch = startMonitor(account, {isAllOnScreen: true});
	watch.monitor.start();
	await firstPoll(watch);
	return watch.latest();
};

describe('an alarm', () => {
	it.each([
		['tokens>80', {figure: 'tokens', operator: '>', bound: 80}],
		[' requests >= 50% ', {figure: 'requests', operator: '>=', bound: 50}],
		['day<1.5', {figure: 'day', operator: '<', bound: 1.5}],
	])('%s is read', (text, alert) => {
		expect(readAlert(text)).toMatchObject(alert);
	});

	it.each(['', 'tokens', 'tokens>', 'latency>5', 'tokens>-1', 'tokens=>80', 'tokens>80 requests>1'])(
		'"%s" is refused and quoted',
		(text) => {
			expect(() => readAlert(text)).toThrow(`--alert: "${text}" is not of the form`);
		},
	);

	it('rings for a bucket above its bound, and for no other', async () => {
		const region = await look({
			scenario: {background: [traffic(lite, {requestsPerMinute: 180}), traffic('us.amazon.nova-pro-v1:0')]},
		});
		const raised = raisedAlerts([readAlert('requests>70')], region);
		expect(raised.map(({bucket}) => bucket.model)).toEqual(['amazon.nova-lite-v1:0']);
		expect(alertLines(raised)[0]).toMatch(
			/^ALERT requests>70: amazon\.nova-lite-v1:0 \(cross-region, us-east-1\) uses \d+% of its requests per minute\.$/,
		);
		expect(raisedAlerts([readAlert('requests<70')], region).map(({bucket}) => bucket.model)).toEqual([
			'amazon.nova-pro-v1:0',
		]);
	});

	it('never rings for what is not known', async () => {
		const region = await look({
			scenario: {background: [traffic(lite)], denied: ['cloudwatch:GetMetricData']},
		});
		expect(raisedAlerts([readAlert('requests>=0')], region)).toEqual([]);
	});
});

describe('a block', () => {
	it('names the minute, each bucket in use, and what looking costs', async () => {
		const lines = accountLines(await look({scenario: {background: [traffic(lite)]}}), {
			width: 160,
			ascii: false,
		});
		expect(lines[0]).toBe(
			`2026-11-20 11:57 UTC · us-east-1 · SIMULATED · 1 active of ${/of (\d+) buckets/.exec(lines[0] ?? '')?.[1]} buckets`,
		);
		expect(lines[1]).toMatch(/^Model +Scope +RPM +(of +)?RPM% +TPM/);
		expect(lines[2]).toMatch(/^nova-lite +cross-region +\d+ +200 +\d+%/);
		expect(lines.at(-2)).toMatch(/^CloudWatch: about \$.*not verified.* \d+ metrics, \$.* so far\.$/);
		expect(lines.at(-1)).toBe('');
	});

	it('has a row for a model on bedrock-mantle, and says what no metric counts', async () => {
		const opus = 'mantle/anthropic.claude-opus-5';
		const region = await look({
			scenario: {background: [traffic(opus, {requestsPerMinute: 300, throttledShare: 0.1})]},
		});
		const [bucket] = region.buckets.filter(({activity}) => activity === 'active');
		const {inputTokens: input = 0, outputTokens: output = 0} = bucket?.reported ?? {};
		expect(bucket).toMatchObject({
			model: 'anthropic.claude-opus-5',
			scope: 'mantle',
			callable: opus,
			modelIds: [opus],
			hourThrottles: null,
			reported: {throttles: null, serverErrors: null, quotaTokens: input + output},
			quota: {
				requestsPerMinute: {state: 'none'},
				tokensPerMinute: {value: 400_000},
				outputTokensPerMinute: {value: 40_000},
			},
			projects: ['default'],
			notes: ['Throttles of bedrock-mantle are in no metric: the tap sees them.'],
		});
		const lines = accountLines(region, {width: 200, ascii: false});
		const row = lines.find((line) => line.startsWith('claude-opus-5')) ?? '';
		// The quota of the output is nearer.
		expect(row).toContain(`${Math.round((output / 40_000) * 100)}%`);
		expect(row).toMatch(/ output /);
		expect(lines.join('\n')).toContain('Throttles of bedrock-mantle are in no metric: the tap sees them.');
		const json = JSON.parse(accountJson(region)) as {buckets: Array<{scope: string; throttled: unknown}>};
		expect(json.buckets.find(({scope}) => scope === 'mantle')).toMatchObject({throttled: null});
		const raised = raisedAlerts([readAlert('tokens>70')], region);
		expect(raised.map(({percent}) => percent)).toEqual([(output / 40_000) * 100]);
	});

	it('fits any width, with ASCII alone where asked', async () => {
		const region = await look({scenario: {background: [traffic(lite)]}});
		for (const width of [40, 80, 120, 200]) {
			const table = accountLines(region, {width, ascii: true}).slice(1, 3);
			expect(Math.max(...table.map((line) => line.length))).toBeLessThanOrEqual(width);
			expect(table.join('')).toMatch(/^[\x20-\x7e]*$/);
		}
	});

	it('says in a sentence what has to be known about a row', async () => {
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

	it('names capacity that the account has bought', async () => {
		const provisioned = Array.from({length: 30}, (_, index) => ({
			name: `bulk-${index}`,
			modelId: 'amazon.nova-lite-v1:0',
			units: index + 1,
			...(index === 1 ? {commitment: 'OneMonth' as const, committedUntil: '2026-12-20T00:00:00Z'} : {}),
		}));
		const region = await look({scenario: {background: [traffic(lite)], provisioned}});
		const lines = accountLines(region, {width: 160, ascii: false});
		expect(lines).toContain(
			'Provisioned throughput bulk-0: 1 model unit of amazon.nova-lite-v1:0, InService, no commitment.',
		);
		expect(lines).toContain(
			'Provisioned throughput bulk-1: 2 model units of amazon.nova-lite-v1:0, InService, OneMonth until 2026-12-20.',
		);
		// Pages of the simulator are shorter than that.
		expect(lines.filter((line) => line.startsWith('Provisioned throughput'))).toHaveLength(30);
		const json = JSON.parse(accountJson(region)) as {provisioned: readonly object[]};
		expect(json.provisioned[1]).toEqual({
			name: 'bulk-1',
			arn: 'arn:aws:bedrock:us-east-1:123456789012:provisioned-model/000000000001',
			model: 'amazon.nova-lite-v1:0',
			units: 2,
			desiredUnits: 2,
			status: 'InService',
			commitment: 'OneMonth',
			committedUntil: '2026-12-20T00:00:00.000Z',
		});
	});

	it('is the same where that list is denied', async () => {
		const region = await look({
			scenario: {background: [traffic(lite)], denied: ['bedrock:ListProvisionedModelThroughputs']},
		});
		expect(region).not.toHaveProperty('provisioned');
		expect(region.remarks).toEqual([]);
		expect(region.phase).toBe('live');
	});

	it('as JSON has the keys of the results', async () => {
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

it('says what throttled minutes show of the limit, beside the applied value, in print, JSON and advice', async () => {
	const throttled = traffic(lite, {requestsPerMinute: 60, outputTokens: 100, throttledShare: 0.2});
	const region = await look({scenario: {background: [throttled]}});
	const [bucket] = region.buckets.filter(({activity}) => activity === 'active');
	const {limitedBy, minutes, requests} = bucket?.measured ?? {};
	expect({limitedBy, isEnough: (minutes ?? 0) > 100}).toEqual({limitedBy: 'requests', isEnough: true});
	expect(requests?.value).toBeGreaterThan(54);
	expect(requests?.value).toBeLessThan(66);
	const sentence =
		/Throttled at 5\d to 6\d requests per minute in 1\d\d minutes of the last 3 hours; applied 200\./;
	expect(accountLines(region, {width: 160, ascii: false}).join('\n')).toMatch(sentence);
	expect(whatToChange(bucket as AccountBucket, region.buckets, region.at).changes[0]).toMatch(
		/^Plan with what was measured \(--rpm [56]\d\)\. Throttled at 5/,
	);
	const json = JSON.parse(accountJson(region)) as {buckets: ReadonlyArray<{measured: unknown}>};
	expect(json.buckets[0]?.measured).toMatchObject({
		limitedBy: 'requests',
		minutes,
		requestsPerMinute: requests,
		quotaTokensPerMinute: null,
	});
});

describe('the command', () => {
	const busy = {background: [traffic(lite, {requestsPerMinute: 100})]};

	it('ends with 3 at the first alarm, after the block that it is about', async () => {
		await useAccount(busy);
		const called = call('watch', '--json', '--alert', 'requests>20');
		expect(await called.ended).toBe(3);
		expect(JSON.parse(called.stdout())).toMatchObject({
			region: 'us-east-1',
			simulated: true,
			complete: true,
		});
		expect(called.stderr()).toMatch(/^ALERT requests>20: amazon\.nova-lite-v1:0 \(cross-region, us-east-1\)/);
	});

	it('leaves a page and a test case for each alert, in place of its blocks', async () => {
		await useAccount(busy);
		const junit = path.join(newFolder(), 'alerts.xml');
		const alerts = ['--alert', 'requests>20', '--alert', 'requests>99999'];
		const called = call('watch', '--markdown', '--junit', junit, ...alerts);
		expect(await called.ended).toBe(3);
		expect(called.stdout()).toMatch(/^<!-- bedrock-top -->\n### bedrock-top: use of the account\n/);
		expect(called.stdout()).toContain('❌ 1 of 2 conditions failed.');
		expect(called.stdout()).toMatch(/\| nova-lite \| cross-region \|/);
		const xml = readFileSync(junit, 'utf8');
		expect(xml).toContain('tests="2" failures="1"');
		expect(xml).toMatch(/<failure message="amazon\.nova-lite-v1:0 .*" type="alert"\/>/);
	});

	it('shows two Regions, goes on while nothing rings, and ends with the code of the signal', async () => {
		await useAccount(busy);
		const called = call('watch', '--region', 'eu-west-1,us-east-1', '--alert', 'requests>99999');
		await until(() => called.stdout().match(/^CloudWatch: about/gm)?.length === 2);
		called.abort(143);
		expect(await called.ended).toBe(143);
		expect(called.stdout()).toMatch(/UTC · eu-west-1 · account \d+ · SIMULATED · 1 active of/);
		expect(called.stdout()).toMatch(/UTC · us-east-1 · account \d+ · SIMULATED · 1 active of/);
		expect(called.stderr()).toBe('');
	});

	it.each([
		[['--alert', 'tokens'], /--alert: "tokens" is not of the form/],
		[['--region', 'nowhere'], /"nowhere" is not the name of an AWS Region/],
		[['summarize'], /"summarize" is one word too many/],
		[['-m', 'x'], /-m does not go with "watch"/],
	])('%j is a usage error', async (argv, message) => {
		await expect(async () => call('watch', ...argv).ended).rejects.toMatchObject({
			exitCode: 2,
			message: expect.stringMatching(message),
		});
	});

	it('where nothing listens it ends, and says so', async () => {
		await useAccount({});
		vi.stubEnv('AWS_ENDPOINT_URL', 'http://127.0.0.1:9');
		await expect(call('watch').ended).rejects.toMatchObject({
			exitCode: 1,
			message: 'The endpoint http://127.0.0.1:9 is not reachable: nothing listens there.',
			hint: expect.stringMatching(/AWS_ENDPOINT_URL/),
		});
	});

	it('without credentials it says so, with the way out', async () => {
		await useAccount({});
		vi.stubEnv('AWS_ACCESS_KEY_ID', undefined);
		vi.stubEnv('AWS_SECRET_ACCESS_KEY', undefined);
		vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true');
		vi.stubEnv('AWS_CONFIG_FILE', '/nowhere');
		vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', '/nowhere');
		await expect(call('watch').ended).rejects.toMatchObject({
			exitCode: 1,
			message: expect.stringMatching(/No AWS credentials were found/),
			hint: expect.stringMatching(/--demo/),
		});
	});
});
