import {expect, it} from 'vitest';
import {planPast, readPast} from '../../source/account/past-plan.ts';
import {PastStore} from '../../source/account/past-store.ts';
import {type PastBucket, pastUse} from '../../source/account/past-use.ts';
import {type BackgroundTraffic, backgroundMinute} from '../../source/simulator/cloudwatch/background.ts';
import {directoryOf, minuteMs, never, noon, startAccount, traffic} from './account-harness.ts';

const dayMs = 86_400_000;
const lite = 'amazon.nova-lite-v1:0';

const bucketsOf = async (
	background: readonly BackgroundTraffic[],
	days: number,
): Promise<readonly PastBucket[]> => {
	const account = await startAccount({scenario: {background}});
	const store = new PastStore(undefined);
	const {models} = await account.source.listActive(never, 'kept');
	const plan = planPast(
		{nowMs: noon, sinceMs: days * dayMs, modelIds: [...models.keys()], listed: models},
		store,
	);
	await readPast(plan, store, {source: account.source, signal: never, onCall: () => {}});
	const map = await (await directoryOf(account)).map([...models.keys()]);
	return pastUse(map, {...plan, store}).buckets;
};

/** The minutes of the same traffic, from the other side of the wire. */
const sentIn = (each: BackgroundTraffic, days: number) => {
	const toMs = Math.floor((noon - 3 * minuteMs) / (5 * minuteMs)) * 5 * minuteMs + (noon % 1);
	return Array.from({length: days * 1440}, (_unused, index) => {
		const at = toMs - (index + 1) * minuteMs;
		return {at, ...backgroundMinute(each, 'us-east-1', 1, at).counts};
	});
};

it('says peaks, percentiles and throttles of each minute against the quota', async () => {
	const sent = traffic(lite, {shape: 'bursts', throttledShare: 0.2, errorShare: 0.1});
	const [bucket] = await bucketsOf([sent], 2);
	const minutes = sentIn(sent, 2);
	const active = minutes.filter(({Invocations}) => Invocations > 0);
	const sorted = active.map(({Invocations}) => Invocations).sort((one, other) => one - other);
	const nearest = (part: number) => sorted[Math.ceil(part * sorted.length) - 1];
	expect(bucket).toMatchObject({
		model: lite,
		minutes: 2880,
		activeMinutes: active.length,
		countedBy: 'service',
		requests: {
			total: sorted.reduce((sum, value) => sum + value, 0),
			p50: nearest(0.5),
			p90: nearest(0.9),
			p99: nearest(0.99),
			peak: sorted.at(-1),
			limit: 100,
			ofQuota: (sorted.at(-1) ?? 0) / 100,
		},
		quotaTokens: {peak: Math.max(...minutes.map(({EstimatedTPMQuotaUsage}) => EstimatedTPMQuotaUsage))},
		throttles: {
			total: minutes.reduce((sum, {InvocationThrottles}) => sum + InvocationThrottles, 0),
			minutes: minutes.filter(({InvocationThrottles}) => InvocationThrottles > 0).length,
		},
		tokens: {inputTokens: minutes.reduce((sum, {InputTokenCount}) => sum + InputTokenCount, 0)},
		errors: {server: minutes.reduce((sum, each) => sum + each.InvocationServerErrors, 0)},
	});
});

it('says them by hour and weekday', async () => {
	const sent = traffic(lite, {shape: 'office', throttledShare: 0.2, requestsPerMinute: 80});
	const [bucket] = await bucketsOf([sent], 14);
	const minutes = sentIn(sent, 14);
	expect(bucket?.cells).toHaveLength(168);
	for (const cell of bucket?.cells ?? []) {
		const members = minutes.filter(({at}) => {
			const date = new Date(at);
			return (date.getUTCDay() + 6) % 7 === cell.weekday && date.getUTCHours() === cell.hour;
		});
		expect(cell.minutes).toBe(members.length);
		expect(cell.minutes).toBe(120);
		expect(cell.requests.peak).toBe(Math.max(...members.map(({Invocations}) => Invocations)));
		expect(cell.throttles).toBe(members.reduce((sum, each) => sum + each.InvocationThrottles, 0));
		const tokens = Math.max(...members.map((each) => each.EstimatedTPMQuotaUsage));
		expect(cell.ofQuota).toBeCloseTo(Math.max((cell.requests.peak ?? 0) / 100, tokens / 50_000));
	}
	const throttled = bucket?.cells.filter(({throttles}) => throttles > 0) ?? [];
	expect(throttled.length).toBeGreaterThan(0);
	expect(throttled.every(({weekday, hour}) => weekday < 5 && hour >= 9 && hour < 17)).toBe(true);
});

it('adds the models of a bucket, and makes quota tokens of tokens where the service estimates none', async () => {
	const titan = 'amazon.titan-text-express-v1';
	const profile = traffic('team-a', {copiedFrom: 'us.amazon.nova-lite-v1:0'});
	const system = traffic('us.amazon.nova-lite-v1:0');
	const buckets = await bucketsOf([profile, system, traffic(titan)], 1);
	const shared = buckets.find(({scope}) => scope === 'cross-region');
	const sum = [profile, system]
		.flatMap((each) => sentIn(each, 1))
		.reduce((all, {Invocations}) => all + Invocations, 0);
	expect(shared?.modelIds.toSorted()).toEqual(['team-a', 'us.amazon.nova-lite-v1:0']);
	expect(shared?.requests.total).toBe(sum);
	const computed = buckets.find(({model}) => model === titan);
	expect(computed?.countedBy).toBe('formula');
	const sums = sentIn(traffic(titan), 1).map((each) => each.InputTokenCount + each.OutputTokenCount);
	expect(computed?.quotaTokens.peak).toBe(Math.max(...sums));
});

it('takes the mean of older sums, so that a peak is never too high', async () => {
	const sent = traffic(lite, {shape: 'bursts'});
	const [bucket] = await bucketsOf([sent], 20);
	const peak = Math.max(...sentIn(sent, 20).map(({Invocations}) => Invocations));
	expect(bucket?.requests.peak).toBeLessThanOrEqual(peak);
	expect(bucket?.minutes).toBe(20 * 1440);
	const total = sentIn(sent, 20).reduce((sum, {Invocations}) => sum + Invocations, 0);
	expect(bucket?.requests.total).toBeCloseTo(total, 3);
});

it('measures the limit from throttled minutes, and leaves out five of each in which the service failed', async () => {
	const full = traffic(lite, {requestsPerMinute: 100, throttledShare: 0.3});
	const buckets = await bucketsOf(
		[
			full,
			{...full, modelId: 'amazon.nova-micro-v1:0', errorShare: 0.1},
			{...full, modelId: 'amazon.nova-pro-v1:0', throttledShare: 0},
		],
		1,
	);
	const measured = new Map(buckets.map((bucket) => [bucket.model, bucket.measured]));
	expect(measured.get(lite)).toMatchObject({requests: {value: expect.closeTo(100, -1)}});
	expect(measured.get('amazon.nova-micro-v1:0')).toBeNull();
	expect(measured.get('amazon.nova-pro-v1:0')).toBeNull();
});

it('sets the output of bedrock-mantle against the quota that it has there', async () => {
	const opus = 'mantle/anthropic.claude-opus-5';
	const sent = traffic(opus, {requestsPerMinute: 20, inputTokens: 1000, outputTokens: 400});
	const [bucket] = await bucketsOf([sent], 1);
	const peak = Math.max(...sentIn(sent, 1).map(({OutputTokenCount}) => OutputTokenCount));
	expect(bucket?.outputTokens).toMatchObject({peak, limit: bucket?.quota.outputTokensPerMinute?.value});
	const limit = bucket?.outputTokens?.limit ?? 0;
	expect(limit).toBeGreaterThan(0);
	expect(bucket?.outputTokens?.ofQuota).toBeCloseTo(peak / limit);
	expect(bucket?.ofQuota).toBeGreaterThanOrEqual(peak / limit);
	expect(Math.max(...(bucket?.cells ?? []).map(({ofQuota}) => ofQuota ?? 0))).toBeCloseTo(
		bucket?.ofQuota ?? -1,
	);
});
