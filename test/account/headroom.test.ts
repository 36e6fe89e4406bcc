import {describe, expect, it} from 'vitest';
import {crowdingOf, headroomRemark} from '../../source/account/outlook.ts';
import {
	createOwnTrafficRegistry,
	figuresOf,
	OwnUse,
	othersToday,
} from '../../source/account/own-traffic-registry.ts';
import {Bucket} from '../../source/admission/bucket.ts';
import {accountBucketFixture} from '../helpers/account-fixture.ts';
import {FakeClock} from '../helpers/fake-clock.ts';
import {limitFixture, planFixture, targetFixture} from '../helpers/snapshot-fixture.ts';
import {specOf} from '../helpers/spec-fixture.ts';
import {firstPoll, minuteMs, noon, startAccount, startMonitor, traffic} from './account-harness.ts';
import {call, useAccount} from './call.ts';

const lite = 'us.amazon.nova-lite-v1:0';
const key = 'amazon.nova-lite-v1:0 cross-region';
const base = 'amazon.nova-lite-v1:0';

/** Tests source/account/outlook.ts and source/account/own-traffic-registry.ts: what others and we use, and what is left. */
describe('own traffic', () => {
	it('is taken off what CloudWatch tells of the same minute', async () => {
		const account = await startAccount({scenario: {background: [traffic(lite)]}});
		const link = createOwnTrafficRegistry();
		const own = link.own('us-east-1');
		// Of each of the three newest whole minutes ten requests are ours.
		for (let minute = 3; minute <= 5; minute++) {
			for (let request = 0; request < 10; request++) {
				own.add(key, {at: account.clock.epoch() - minute * minuteMs + 1000, quotaTokens: 100});
			}
		}
		const watch = startMonitor(account, {own});
		watch.monitor.start();
		await firstPoll(watch);
		const bucket = watch.latest().buckets.find((each) => each.key === key);
		expect(bucket?.use.requests).toBe((bucket?.reported.requests ?? 0) - 10);
		expect(bucket?.use.quotaTokens).toBe((bucket?.reported.quotaTokens ?? 0) - 1000);
		expect(bucket?.others.requests).toBeGreaterThan(10);
	});

	it('never makes others negative', async () => {
		const account = await startAccount({scenario: {background: [traffic(lite, {requestsPerMinute: 5})]}});
		const own = createOwnTrafficRegistry().own('us-east-1');
		for (let request = 0; request < 50; request++) {
			own.add(key, {at: account.clock.epoch() - 3 * minuteMs, quotaTokens: 100_000});
		}
		const watch = startMonitor(account, {own});
		watch.monitor.start();
		await firstPoll(watch);
		const bucket = watch.latest().buckets.find((each) => each.key === key);
		expect(bucket?.use).toEqual({requests: 0, quotaTokens: 0});
		expect(bucket?.others.quotaTokens).toBe(0);
	});
});

describe('the day', () => {
	const today = (dayTokens: number | null, own: OwnUse) => {
		const series = {requests: [], quotaTokens: [100, 100, 7, 3]};
		const figures = figuresOf(accountBucketFixture({dayTokens, minute: noon, series}));
		return figures && othersToday([key], figures, own, own.total(key));
	};

	it('without our own part is what CloudWatch told of whole minutes less what we used in them', () => {
		const own = new OwnUse();
		own.add(key, {at: noon - minuteMs, quotaTokens: 40});
		own.add(key, {at: noon + minuteMs + 1, quotaTokens: 5});
		expect(today(1010, own)).toBe(1000 - 40);
		expect(today(20, own)).toBe(0);
		expect(today(null, own)).toBeNull();
	});

	it('of a run begins with it: what earlier runs used is gone', async () => {
		const account = await startAccount({scenario: {background: [traffic('amazon.nova-lite-v1:0')]}});
		const watch = startMonitor(account);
		watch.monitor.start();
		await firstPoll(watch);
		const link = createOwnTrafficRegistry();
		link.update(watch.latest());
		const told = watch.latest().buckets.find(({model, scope}) => model === base && scope === 'on-demand');
		const tell = (): number[] => {
			const said: number[] = [];
			link.follow({
				targets: [targetFixture({model: base, scope: 'on-demand'})],
				setOthersUse() {},
				setOthersToday: (_target, tokens) => said.push(tokens),
			});
			link.answered(targetFixture({scope: 'on-demand'}), noon - 3 * minuteMs, 1000);
			link.update(watch.latest());
			return said;
		};
		const [before = 0, after = 0] = tell();
		expect(before).toBeGreaterThan((told?.reported.quotaTokens ?? 0) * 600);
		expect(before - after).toBe(1000);
		expect(tell()).toEqual([before, after]);
	});

	it('is said to hold our own runs on other machines: CloudWatch does not tell them apart', () => {
		const target = targetFixture();
		const spec = specOf({targets: [target]});
		const plan = {...planFixture(), targets: [target], requests: 1000, quotaTokens: 5_000_000};
		const requests = (target.quota.requestsPerMinute.value ?? 0) / 2;
		const shared = figuresOf(accountBucketFixture({others: {requests, quotaTokens: 0}}));
		expect(crowdingOf(plan, spec, [shared])).toMatch(
			/^Others use \d+ of \d+ requests per minute of .+, your own runs on other machines included; with this run/,
		);
		expect(headroomRemark(target, shared)).toMatch(
			/^Others in the account use 50% of the requests .* per minute, your own runs on other machines included:/,
		);
	});

	it('is asked about before a run that would fill it, and others keep what is theirs in admission', () => {
		const target = targetFixture({quota: {...targetFixture().quota, tokensPerDay: limitFixture(1_000_000)}});
		const spec = specOf({targets: [target]});
		const plan = {...planFixture(), targets: [target], requests: 10, quotaTokens: 50_000};
		const used = (dayTokens: number) =>
			crowdingOf(plan, spec, [
				figuresOf(
					accountBucketFixture({
						dayTokens,
						others: {requests: 0, quotaTokens: 0},
						series: {requests: [], quotaTokens: []},
					}),
				),
			]);
		expect(used(800_000)).toBeUndefined();
		expect(used(860_000)).toBe(
			'860k of 1M quota tokens of the day are used up by now of amazon.nova-lite-v1:0 (cross-region); with this run it would be 91%.',
		);
		const admitted = new Bucket({
			clock: new FakeClock(),
			quota: target.quota,
			windowMs: minuteMs,
			share: 1,
			burst: 'full',
		});
		const cost = {reserved: 1000, setAside: 1000, max: 1000, likelyMax: 1000};
		admitted.day.others = 999_000;
		expect(admitted.admit(cost, 'normal').kind).toBe('admitted');
		admitted.day.others = 999_001;
		expect(admitted.admit(cost, 'normal').kind).toBe('day');
	});
});

describe('a headless run beside others', () => {
	const run = (...argv: readonly string[]) =>
		call('run', 'summarize', '--no-reports', '--max-cost', '5', ...argv);
	const small = ['--requests', '1', '--variants', 'minimal'];
	const shared = {background: [traffic(lite, {requestsPerMinute: 120})]};

	it('that would fill their bucket ends with 2 and names --yes', async () => {
		await useAccount(shared);
		await expect(run().ended).rejects.toMatchObject({
			exitCode: 2,
			message: expect.stringMatching(
				/Others use \d+ of 200 requests per minute of amazon\.nova-lite-v1:0[\s\S]*Nothing was sent/,
			),
			hint: expect.stringMatching(/--yes/),
		});
	});

	it('that leaves them room starts; without alarms nothing else is watched', async () => {
		await useAccount({background: [traffic(lite, {requestsPerMinute: 20})]});
		expect(await run(...small).ended).toBe(0);
	});

	it('ends with 3 when an alarm rang, which stands on stderr and among the events', async () => {
		await useAccount(shared);
		const called = run(...small, '--yes', '--json', '--alert', 'requests>30', '--alert', 'tokens>1000');
		expect(await called.ended).toBe(3);
		const line =
			/^ALERT requests>30: amazon\.nova-lite-v1:0 \(cross-region, us-east-1\) uses \d+% of its requests per minute\.$/m;
		expect(called.stderr()).toMatch(line);
		expect(called.stderr().match(/ALERT/g)).toHaveLength(1);
		const {events} = JSON.parse(called.stdout()) as {events: ReadonlyArray<{kind: string; text: string}>};
		expect(events.filter(({kind}) => kind === 'alert').map(({text}) => text)).toEqual([
			called.stderr().trim().slice('ALERT '.length),
		]);
	});

	it('says why no alarm could ring', async () => {
		await useAccount({...shared, denied: ['cloudwatch:GetMetricData']});
		const called = run(...small, '--alert', 'tokens>1000');
		expect(await called.ended).toBe(0);
		expect(called.stderr()).toMatch(/--alert: .*IAM permission needed: cloudwatch:GetMetricData/);
	});

	it('with a bad alarm is refused before anything is asked', async () => {
		await expect(run('--alert', 'latency>5').ended).rejects.toMatchObject({
			exitCode: 2,
			message: expect.stringContaining('"latency>5"'),
		});
	});
});
