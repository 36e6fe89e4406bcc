import type {
	AccountBucket,
	AccountRegion,
	AccountSnapshot,
	MinuteUse,
} from '../../source/domain/account-snapshot.ts';
import {limitFixture, targetFixture} from './snapshot-fixture.ts';

/** A made-up account, the same every time: what its table, its detail and its commands are tested with. */

/** Begin of the newest whole minute. */
export const fixtureMinute = Date.UTC(2026, 10, 20, 11, 57);

/** An hour that rises and falls up to the newest whole minute, and what is not whole yet. */
const hourOf = (value: number): readonly number[] =>
	Array.from({length: 62}, (_unused, minute) =>
		minute === 61 ? 0 : Math.round(value * (minute === 60 ? 0.4 : 0.7 + 0.3 * Math.sin((minute + 8) / 6))),
	);

const reported = (use: MinuteUse, burndown = 1): AccountBucket['reported'] => ({
	...use,
	inputTokens: Math.round(use.quotaTokens * 0.7),
	outputTokens: Math.round((use.quotaTokens * 0.3) / burndown),
	cacheReadTokens: 0,
	cacheWriteTokens: 0,
	throttles: 0,
	clientErrors: 0,
	serverErrors: 0,
});

/** The pace of a day that is used as in the last hour. */
const paceOf = (hour: readonly number[]): NonNullable<AccountBucket['dayPace']> => ({
	perMinute: hour.slice(0, -2).reduce((sum, tokens) => sum + tokens, 0) / (hour.length - 2),
	wholeToMs: fixtureMinute + 60_000,
	newestTokens: 0,
});

/** A bucket of Nova Lite that others use a third of. */
export function accountBucketFixture(overrides: Partial<AccountBucket> = {}): AccountBucket {
	const {model = 'amazon.nova-lite-v1:0', scope = 'cross-region', region = 'us-east-1'} = overrides;
	const use = overrides.use ?? {requests: 62, quotaTokens: 66_000};
	const callable = scope === 'global' ? `global.${model}` : scope === 'cross-region' ? `us.${model}` : model;
	return {
		key: `${model} ${scope}`,
		region,
		model,
		scope,
		modelIds: [callable],
		callable,
		quota: targetFixture().quota,
		burndown: {value: 1, source: 'AWS user guide'},
		levers: {takesCachePoints: true, batchMinRecords: 100},
		activity: 'active',
		minute: fixtureMinute,
		reported: reported(use, overrides.burndown?.value),
		own: {requests: 0, quotaTokens: 0},
		use,
		others: use,
		peak: {requests: Math.round(use.requests * 1.1), quotaTokens: Math.round(use.quotaTokens * 1.1)},
		hourThrottles: 0,
		hourErrors: 0,
		dayTokens: null,
		...(overrides.dayTokens == null ? {} : {dayPace: paceOf(hourOf(use.quotaTokens))}),
		costPerHourUsd: 0.42,
		disagreement: null,
		measured: null,
		durations: [
			{
				modelId: callable,
				firstTokenP50: 412,
				firstTokenP90: 690,
				latencyP50: 1310,
				latencyP90: 2480,
			},
		],
		series: {requests: hourOf(use.requests), quotaTokens: hourOf(use.quotaTokens)},
		notes: [],
		...overrides,
	};
}

/** A bucket in which nothing went on. */
export function idleBucketFixture(model: string, overrides: Partial<AccountBucket> = {}): AccountBucket {
	return accountBucketFixture({
		model,
		modelIds: [],
		activity: 'idle',
		use: {requests: 0, quotaTokens: 0},
		costPerHourUsd: null,
		durations: [],
		...overrides,
	});
}

const sonnet = 'anthropic.claude-sonnet-4-5-20250929-v1:0';

/** Buckets of every state: at its limit, throttled, half full, by the day, quiet, idle, blocked, without limits. */
export function accountBucketsFixture(region = 'us-east-1'): readonly AccountBucket[] {
	const quota = (requests: number, tokens: number, day: number | null = null) => ({
		requestsPerMinute: limitFixture(requests),
		tokensPerMinute: limitFixture(tokens),
		tokensPerDay: limitFixture(day),
	});
	const llama = {requests: 96, quotaTokens: 61_200};
	return [
		accountBucketFixture({region}),
		accountBucketFixture({
			region,
			model: 'meta.llama3-3-70b-instruct-v1:0',
			quota: quota(120, 60_000),
			use: llama,
			reported: {...reported(llama), throttles: 14},
			hourThrottles: 289,
			costPerHourUsd: 2.18,
		}),
		accountBucketFixture({
			region,
			model: sonnet,
			use: {requests: 52, quotaTokens: 105_000},
			burndown: {value: 5, source: 'AWS user guide'},
			quota: quota(100, 200_000, 144_000_000),
			dayTokens: 118_000_000,
			costPerHourUsd: 17.88,
		}),
		accountBucketFixture({
			region,
			model: sonnet,
			scope: 'global',
			activity: 'quiet',
			use: {requests: 0, quotaTokens: 0},
			durations: [],
			costPerHourUsd: 1.2,
		}),
		idleBucketFixture('amazon.nova-pro-v1:0', {region, quota: quota(100, 100_000)}),
		idleBucketFixture('mistral.mistral-large-2407-v1:0', {region, scope: 'on-demand'}),
	];
}

/** A Region in the middle of its life. */
export function accountRegionFixture(overrides: Partial<AccountRegion> = {}): AccountRegion {
	const {region = 'us-east-1'} = overrides;
	return {
		region,
		simulated: false,
		endpoint: null,
		phase: 'live',
		waitingFor: [],
		polls: 1,
		minute: fixtureMinute,
		isComplete: true,
		at: fixtureMinute + 185_000,
		buckets: accountBucketsFixture(region),
		remarks: [],
		cost: {calls: 3, metrics: 71, usd: 0.000_72, usdPerHour: 0.042},
		nextPollSeconds: 60,
		...overrides,
	};
}

export function accountFixture(...regions: ReadonlyArray<Partial<AccountRegion>>): AccountSnapshot {
	return {regions: (regions.length === 0 ? [{}] : regions).map((region) => accountRegionFixture(region))};
}
