import type {AccountBucket, AccountRegion} from '../domain/account-snapshot.ts';
import {type Metric, prometheusText, type Sample} from '../text/prometheus.ts';

/** The account's use against its quotas for Prometheus, as CloudWatch reported it. */

const labelsOf = ({region, model, scope}: AccountBucket) => ({region, model, scope});

/** What was never read is not there. */
const samplesOf = (
	buckets: readonly AccountBucket[],
	pick: (bucket: AccountBucket) => number | null,
): readonly Sample[] =>
	buckets.flatMap((bucket) => {
		const value = pick(bucket);
		return value === null ? [] : [{labels: labelsOf(bucket), value}];
	});

const gauge = (name: string, help: string, samples: readonly Sample[]): Metric => ({
	name: `bedrock_top_account_${name}`,
	help,
	type: 'gauge',
	samples,
});

const reported =
	(pick: (use: AccountBucket['reported']) => number) =>
	({minute, reported: use}: AccountBucket): number | null =>
		minute === null ? null : pick(use);

/** The page of the buckets that had traffic in the last three hours. */
export function accountMetrics(regions: readonly AccountRegion[]): string {
	const buckets = regions.flatMap((region) => region.buckets.filter(({activity}) => activity !== 'idle'));
	const of = (pick: (bucket: AccountBucket) => number | null): readonly Sample[] => samplesOf(buckets, pick);
	return prometheusText([
		gauge(
			'minute_timestamp_seconds',
			'Begin of the minute that the other values are about.',
			regions.flatMap(({region, minute}) =>
				minute === null ? [] : [{labels: {region}, value: minute / 1000}],
			),
		),
		gauge(
			'requests_per_minute',
			'Requests of the account in that minute.',
			of(reported(({requests}) => requests)),
		),
		gauge(
			'requests_per_minute_limit',
			'Requests per minute that the quota allows.',
			of(({quota}) => quota.requestsPerMinute.value),
		),
		gauge(
			'quota_tokens_per_minute',
			'Quota tokens of the account in that minute.',
			of(reported(({quotaTokens}) => quotaTokens)),
		),
		gauge(
			'quota_tokens_per_minute_limit',
			'Quota tokens per minute that the quota allows.',
			of(({quota}) => quota.tokensPerMinute.value),
		),
		gauge(
			'quota_tokens_per_day',
			'Quota tokens since midnight UTC.',
			of(({dayTokens}) => dayTokens),
		),
		gauge(
			'quota_tokens_per_day_limit',
			'Quota tokens per day that the quota allows.',
			of(({quota}) => quota.tokensPerDay.value),
		),
		gauge(
			'throttled_requests_per_minute',
			'Requests that the service throttled in that minute.',
			of(reported(({throttles}) => throttles)),
		),
	]);
}
