import {describe, expect, it} from 'vitest';
import {fractionsOf, raisedAlerts} from '../../source/account/alerts.ts';
import {readAlert} from '../../source/config/values.ts';
import type {AccountBucket, AccountRegion} from '../../source/domain/account-snapshot.ts';
import type {UsageSource} from '../../source/domain/usage-source.ts';
import type {Scenario} from '../../source/simulator/options.ts';
import {
	firstPoll,
	minuteMs,
	nextPoll,
	noon,
	startAccount,
	startMonitor,
	traffic,
	until,
} from './account-harness.ts';

const lite = 'us.amazon.nova-lite-v1:0';
const liteBase = 'amazon.nova-lite-v1:0';

const bucketOf = ({buckets}: AccountRegion, model: string, scope = 'cross-region'): AccountBucket => {
	const found = buckets.find((bucket) => bucket.model === model && bucket.scope === scope);
	if (found === undefined) {
		throw new Error(`no bucket of ${model} ${scope}`);
	}
	return found;
};

/** What the monitor says after its first poll. */
const lookAt = async (scenario: Scenario) => {
	const account = await startAccount({scenario});
	const watch = startMonitor(account);
	watch.monitor.start();
	await firstPoll(watch);
	return {account, ...watch, region: watch.latest()};
};

describe('the first poll', () => {
	it('tells what each bucket uses of its limits in the newest whole minute', async () => {
		const {region} = await lookAt({background: [traffic(lite, {cacheWriteTokens: 50})]});
		const {reported, use, minute, quota, activity, burndown} = bucketOf(region, liteBase);
		expect(minute).toBe(noon - 3 * minuteMs);
		expect(region.minute).toBe(minute);
		expect(region.isComplete).toBe(true);
		expect(activity).toBe('active');
		expect(reported.requests).toBeGreaterThan(20);
		expect(reported.quotaTokens).toBe(
			reported.inputTokens + reported.cacheWriteTokens + reported.outputTokens * burndown.value,
		);
		expect(use).toEqual({requests: reported.requests, quotaTokens: reported.quotaTokens});
		expect(quota.requestsPerMinute.value).toBe(200);
		expect(region.remarks).toEqual([]);
	});

	/** A source that has the requests of the newest minutes, and of their tokens nothing. */
	const withGap = (source: UsageSource, minutes: number, metrics: readonly string[]): UsageSource => ({
		...source,
		async read(...asked) {
			const told = await source.read(...asked);
			const fromMs = noon - (2 + minutes) * minuteMs;
			return {
				...told,
				series: told.series.map((each) =>
					metrics.includes(each.series)
						? {
								...each,
								values: each.values.map((value, index) => ((each.at[index] ?? 0) >= fromMs ? 0 : value)),
							}
						: each,
				),
			};
		},
	});

	it.each([
		['of all tokens', ['inputTokens', 'outputTokens', 'estimatedQuotaTokens']],
		['of the input', ['inputTokens', 'estimatedQuotaTokens']],
		['of the output', ['outputTokens', 'estimatedQuotaTokens']],
	])(
		'a gap %s is none of 0 %%: the minute before it is told, and no alert takes it for nothing',
		async (_name, metrics) => {
			const account = await startAccount({scenario: {background: [traffic(lite)]}});
			const watch = startMonitor(account, {source: withGap(account.source, 2, metrics)});
			watch.monitor.start();
			await firstPoll(watch);
			const {minute, reported, use} = bucketOf(watch.latest(), liteBase);
			expect(minute).toBe(noon - 5 * minuteMs);
			expect(reported.inputTokens * reported.outputTokens).toBeGreaterThan(0);
			expect(use.quotaTokens).toBeGreaterThan(0);
			expect(watch.latest().isComplete).toBe(false);
			expect(raisedAlerts([readAlert('tokens>0')], watch.latest())).toHaveLength(1);
		},
	);

	it('where no minute has tokens, nothing is told, and the price neither', async () => {
		const account = await startAccount({scenario: {background: [traffic(lite)]}});
		const metrics = ['inputTokens', 'outputTokens', 'estimatedQuotaTokens'];
		const watch = startMonitor(account, {source: withGap(account.source, 200, metrics)});
		watch.monitor.start();
		await firstPoll(watch);
		const bucket = bucketOf(watch.latest(), liteBase);
		expect(bucket).toMatchObject({minute: null, costPerHourUsd: null});
		expect(fractionsOf(bucket)).toMatchObject({requests: null, tokens: null});
	});

	it('is about the minute that it asked for, although the next one begins while it waits', async () => {
		const account = await startAccount({scenario: {background: [traffic(lite)]}});
		const watch = startMonitor(account, {
			source: {
				...account.source,
				async read(...asked) {
					account.clock.skip(minuteMs);
					return account.source.read(...asked);
				},
			},
		});
		watch.monitor.start();
		await firstPoll(watch);
		const {minute, isComplete, buckets} = watch.latest();
		expect({minute, isComplete}).toEqual({minute: noon - 3 * minuteMs, isComplete: true});
		expect(new Set(buckets.map((bucket) => bucket.minute))).toEqual(new Set([minute]));
	});

	it('says what it waits for', async () => {
		const account = await startAccount({scenario: {background: [traffic(lite)]}});
		const seen = new Set<string>();
		const watch = startMonitor(account, {
			publish: ({phase, waitingFor, polls}) => seen.add(`${polls} ${phase}: ${waitingFor.join(' + ')}`),
		});
		watch.monitor.start();
		await until(() => [...seen].some((each) => each.startsWith('1 ')));
		const [models, listing, reading] = [
			'models and quotas of the Region',
			'CloudWatch: which models are in use',
			'CloudWatch: requests and tokens of the last three hours',
		];
		expect(seen).toContain(`0 loading: ${models} + ${listing}`);
		expect([...seen].some((each) => each.includes(reading))).toBe(true);
		expect([...seen].at(-1)).toBe('1 live: ');
	});

	it('adds application profiles to the bucket that they draw from', async () => {
		const {region} = await lookAt({
			background: [traffic(lite, {requestsPerMinute: 20}), traffic('sim0nova0lite', {requestsPerMinute: 40})],
		});
		const bucket = bucketOf(region, liteBase);
		expect(bucket.modelIds).toEqual(['sim0nova0lite', lite]);
		expect(bucket.reported.requests).toBeGreaterThan(45);
		expect(bucket.callable).toBe(lite);
	});

	it('has a row for every limit that is known, and says where one is 0', async () => {
		const {region} = await lookAt({});
		const premier = bucketOf(region, 'amazon.nova-premier-v1:0');
		expect(premier.activity).toBe('idle');
		expect(premier.use.requests).toBe(0);
		expect(premier.notes.join(' ')).toMatch(/^Blocked: AWS has set .* to 0/);
		expect(region.buckets.length).toBeGreaterThan(40);
		expect(region.remarks).toEqual([
			expect.stringMatching(/^CloudWatch has no request to Bedrock in the last three hours: .*--region/),
		]);
	});

	it('has an hour of minutes, of which the newest are not whole', async () => {
		const {region} = await lookAt({background: [traffic(lite)]});
		const {series} = bucketOf(region, liteBase);
		expect(series.requests.length).toBe(62);
		expect(series.requests.slice(0, 60).every((value) => value > 20)).toBe(true);
		expect(series.requests[60]).toBeLessThan(25);
		expect(series.requests[61]).toBe(0);
	});

	it('tells the use of the day and the cost of an hour', async () => {
		const {region} = await lookAt({background: [traffic('amazon.nova-lite-v1:0')]});
		const {dayTokens, costPerHourUsd, reported, quota} = bucketOf(region, liteBase, 'on-demand');
		expect(quota.tokensPerDay.state).toBe('known');
		// Twelve hours at about the same pace.
		expect(dayTokens).toBeGreaterThan(reported.quotaTokens * 600);
		expect(dayTokens).toBeLessThan(reported.quotaTokens * 900);
		expect(costPerHourUsd).toBeGreaterThan(0);
	});

	it('asks for percentiles only of what is on screen', async () => {
		const {monitor, latest, region, published} = await lookAt({background: [traffic(lite)]});
		const bucket = bucketOf(region, liteBase);
		expect(bucket.durations).toEqual([]);
		const before = published();
		monitor.setOnScreen([bucket.key]);
		await until(() => published() > before);
		const [durations] = bucketOf(latest(), liteBase).durations;
		expect(durations?.modelId).toBe(lite);
		expect(durations?.firstTokenP50).toBeGreaterThan(100);
		expect(durations?.latencyP90).toBeGreaterThan(durations?.latencyP50 ?? Number.NaN);
		expect(latest().cost.metrics).toBe(region.cost.metrics + 4);
	});

	it('shows both counts where they disagree, and the burndown that explains it', async () => {
		// The simulated service counts Claude 3's output once; what we assume is five times.
		const {region} = await lookAt({background: [traffic('us.anthropic.claude-3-haiku-20240307-v1:0')]});
		const {burndown, disagreement} = bucketOf(region, 'anthropic.claude-3-haiku-20240307-v1:0');
		expect(burndown).toEqual({value: 5, source: 'assumed'});
		expect(disagreement?.burndown).toBeCloseTo(1, 1);
		expect(disagreement?.computed).toBeGreaterThan((disagreement?.estimated ?? 0) * 1.5);
	});

	it('shows none where they agree', async () => {
		const {region} = await lookAt({background: [traffic(lite)]});
		expect(bucketOf(region, liteBase).disagreement).toBeNull();
	});
});

describe('later polls', () => {
	it('go on once a minute, cheaper than the first, and every minute is whole in the end', async () => {
		const account = await startAccount({scenario: {background: [traffic(lite, {shape: 'waves'})]}});
		const watch = startMonitor(account);
		watch.monitor.start();
		await firstPoll(watch);
		const first = watch.latest().cost.metrics;
		const minutes: Array<readonly [number, number]> = [];
		for (let look = 0; look < 6; look++) {
			await nextPoll(account, watch);
			const {minute, reported} = bucketOf(watch.latest(), liteBase);
			minutes.push([minute ?? 0, reported.requests]);
		}
		expect(minutes.map(([minute]) => minute)).toEqual(
			Array.from({length: 6}, (_, index) => noon - (2 - index) * minuteMs),
		);
		expect(watch.latest().cost.metrics - first).toBeLessThanOrEqual(6 * first);
	});

	it('leave quiet ModelIds alone unless they are on screen', async () => {
		const background = [traffic(lite), traffic('us.amazon.nova-pro-v1:0', {shape: 'ended'})];
		// Twenty minutes after its end.
		const quietAt = Math.ceil(noon / (240 * minuteMs)) * 240 * minuteMs - 90 * minuteMs + 20 * minuteMs;
		const account = await startAccount({scenario: {background}});
		account.clock.skip(quietAt - account.clock.epoch());
		const watch = startMonitor(account);
		watch.monitor.start();
		await firstPoll(watch);
		const pro = bucketOf(watch.latest(), 'amazon.nova-pro-v1:0');
		expect(pro.activity).toBe('quiet');
		const spent = async () => {
			const before = watch.latest().cost.metrics;
			await nextPoll(account, watch);
			return watch.latest().cost.metrics - before;
		};
		const alone = await spent();
		watch.monitor.setOnScreen([pro.key]);
		await until(() => bucketOf(watch.latest(), 'amazon.nova-pro-v1:0').durations.length > 0);
		expect(await spent()).toBeGreaterThan(alone);
	});
});

describe('trouble', () => {
	const actions = [
		[
			'cloudwatch:ListMetrics',
			/Cannot list the models in use \(IAM permission needed: cloudwatch:ListMetrics\)/,
		],
		['cloudwatch:GetMetricData', /could not be read \(IAM permission needed: cloudwatch:GetMetricData\)/],
		['servicequotas:ListServiceQuotas', /IAM permission needed: servicequotas:ListServiceQuotas/],
		['servicequotas:ListAWSDefaultServiceQuotas', /servicequotas:ListAWSDefaultServiceQuotas/],
		['bedrock:ListFoundationModels', /IAM permission needed: bedrock:ListFoundationModels/],
		['bedrock:ListInferenceProfiles', /IAM permission needed: bedrock:ListInferenceProfiles/],
	] as const;

	it.each(actions)('%s denied is named, and the rest is shown', async (action, remark) => {
		const {region} = await lookAt({background: [traffic(lite)], denied: [action]});
		expect(region.phase).toBe('live');
		expect(region.remarks.join('\n')).toMatch(remark);
		const bucket = bucketOf(region, liteBase);
		if (action === 'cloudwatch:GetMetricData') {
			expect(bucket.minute).toBeNull();
			expect(region.isComplete).toBe(false);
		} else {
			expect(bucket.reported.requests).toBeGreaterThan(20);
		}
	});

	it('everything denied leaves sentences and no fault', async () => {
		const {region} = await lookAt({
			background: [traffic(lite)],
			denied: actions.map(([action]) => action),
		});
		expect(region.phase).toBe('live');
		expect(region.buckets).toEqual([]);
		expect(region.remarks.length).toBeGreaterThanOrEqual(3);
	});

	it('a ModelId that hides its model has a row with a sentence', async () => {
		const {region} = await lookAt({
			background: [traffic('abc123xyz')],
			denied: ['bedrock:ListInferenceProfiles'],
		});
		const hidden = region.buckets.find(({model}) => model === 'abc123xyz');
		expect(hidden?.reported.requests).toBeGreaterThan(20);
		expect(hidden?.quota.requestsPerMinute.state).toBe('unknown');
		expect(hidden?.callable).toBeNull();
		expect(hidden?.notes.join(' ')).toMatch(/bedrock:ListInferenceProfiles/);
	});

	it('a throttled CloudWatch is asked more and more rarely', async () => {
		const account = await startAccount({scenario: {metrics: {throttleFirst: 1000}}});
		const watch = startMonitor(account);
		watch.monitor.start();
		const seen = new Set<number>();
		while (watch.latest().nextPollSeconds < 240) {
			await account.clock.advance(1000);
			seen.add(watch.latest().nextPollSeconds);
		}
		expect(watch.latest().remarks.join(' ')).toMatch(/throttles/);
		expect(seen).toContain(120);
		expect(watch.latest().nextPollSeconds).toBe(240);
	});

	it('partial data keeps the older figure, says so, and mends itself', async () => {
		const account = await startAccount({
			scenario: {background: [traffic(lite)], metrics: {partialFirst: 1}},
		});
		const watch = startMonitor(account);
		watch.monitor.start();
		await firstPoll(watch);
		expect(bucketOf(watch.latest(), liteBase).minute).toBeNull();
		expect(watch.latest().remarks.join(' ')).toMatch(/only in part/);
		await nextPoll(account, watch);
		expect(bucketOf(watch.latest(), liteBase).reported.requests).toBeGreaterThan(20);
		expect(watch.latest().remarks).toEqual([]);
	});

	it('a clock that is off is put right', async () => {
		const {region} = await lookAt({
			background: [traffic(lite)],
			metrics: {clockAheadMs: -20 * minuteMs},
		});
		expect(region.at).toBe(noon - 20 * minuteMs);
		expect(bucketOf(region, liteBase).minute).toBe(noon - 23 * minuteMs);
		expect(region.remarks.join(' ')).toMatch(/clock is 20m 00s ahead of AWS's/);
	});

	it('credentials that cannot be read leave a sentence, and it is tried again', async () => {
		const account = await startAccount({scenario: {background: [traffic(lite)]}});
		let tries = 0;
		const real = startMonitor(account);
		real.monitor.stop();
		const watch = startMonitor(account, {
			readDirectory: async () => {
				tries++;
				throw new Error('No AWS credentials were found.');
			},
		});
		watch.monitor.start();
		await until(() => watch.latest().phase === 'failed');
		expect(watch.latest().remarks[0]).toBe('No AWS credentials were found.');
		await until(() => account.clock.timers > 0);
		await account.clock.advance(minuteMs + 10_000);
		await until(() => tries === 2);
	});
});
