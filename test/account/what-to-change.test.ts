import {describe, expect, it} from 'vitest';
import {whatToChange} from '../../source/account/what-to-change.ts';
import type {AccountBucket} from '../../source/domain/account-snapshot.ts';
import type {Limit} from '../../source/domain/target.ts';
import {accountBucketFixture, fixtureMinute, idleBucketFixture} from '../helpers/account-fixture.ts';
import {limitFixture} from '../helpers/snapshot-fixture.ts';

const nowMs = fixtureMinute + 185_000;
const sonnet = 'anthropic.claude-sonnet-4-5-20250929-v1:0';

const limit = (value: number | null, more: Partial<Limit> = {}): Limit => ({
	...limitFixture(value),
	applied: value,
	default: value,
	...more,
});

const quotaOf = (rpm: Limit, tpm: Limit, day: Limit = limitFixture(null)) => ({
	requestsPerMinute: rpm,
	tokensPerMinute: tpm,
	tokensPerDay: day,
});

const level = (requests: number, quotaTokens: number) => ({
	requests: Array.from({length: 62}, () => requests),
	quotaTokens: Array.from({length: 62}, () => quotaTokens),
});

/** A bucket whose every minute is the same: requests with so many input and output tokens. */
const bucketOf = (
	{requests, input, output}: {readonly requests: number; readonly input: number; readonly output: number},
	more: Partial<AccountBucket> = {},
): AccountBucket => {
	const burndown = more.burndown ?? {value: 1, source: 'AWS user guide'};
	const quotaTokens = requests * (input + output * burndown.value);
	const use = {requests, quotaTokens};
	return accountBucketFixture({
		model: sonnet,
		burndown,
		levers: {takesCachePoints: false, batchMinRecords: null},
		quota: quotaOf(limit(50), limit(200_000)),
		use,
		reported: {
			...accountBucketFixture().reported,
			...use,
			inputTokens: requests * input,
			outputTokens: requests * output,
		},
		peak: use,
		series: level(requests, quotaTokens),
		...more,
	});
};

const adviceOf = (bucket: AccountBucket, ...others: readonly AccountBucket[]): readonly string[] => {
	const {state, changes} = whatToChange(bucket, [bucket, ...others], nowMs);
	return [state, ...changes];
};

const noRoom = 'No other scope or Region that is shown has room; R shows more Regions.';
const small = {requests: 47, input: 400, output: 100};

describe('what to change', () => {
	const situations: ReadonlyArray<
		readonly [name: string, advice: readonly string[], expected: readonly string[]]
	> = [
		[
			'nothing, where there is room',
			adviceOf(bucketOf({requests: 10, input: 400, output: 100})),
			['40 of 50 RPM free. Nothing has to change.'],
		],
		[
			'another scope with room, and the roomier one first',
			adviceOf(
				bucketOf(small),
				idleBucketFixture(sonnet, {scope: 'on-demand', quota: quotaOf(limit(100), limit(400_000))}),
				idleBucketFixture(sonnet, {scope: 'global', quota: quotaOf(limit(10_000), limit(5_000_000))}),
				idleBucketFixture('amazon.nova-pro-v1:0', {quota: quotaOf(limit(10_000), limit(5_000_000))}),
			).slice(0, 3),
			[
				'3 of 50 RPM free.',
				`Also call global.${sonnet} (may run in any Region): 10k of 10k RPM, 5M of 5M TPM free: 10k more requests like these per minute.`,
				`Also call ${sonnet} (stays in its Region): 100 of 100 RPM, 400k of 400k TPM free: 100 more requests like these per minute.`,
			],
		],
		[
			'the same scope of another Region',
			adviceOf(
				bucketOf(small),
				idleBucketFixture(sonnet, {region: 'us-west-2', quota: quotaOf(limit(50), limit(200_000))}),
			).slice(1, 2),
			[
				`Also call us.${sonnet} in us-west-2 (may leave the Region): 50 of 50 RPM, 200k of 200k TPM free: 50 more requests like these per minute.`,
			],
		],
		[
			'a bucket that is full or unknown is no way out',
			adviceOf(
				bucketOf(small),
				bucketOf(small, {scope: 'global'}),
				idleBucketFixture(sonnet, {scope: 'on-demand', minute: null}),
			),
			[
				'3 of 50 RPM free.',
				'Pack several items into a request: RPM is the limit, 88% of TPM is free.',
				noRoom,
			],
		],
		[
			'a quota far below the default, with its code',
			adviceOf(
				bucketOf(small, {
					quota: quotaOf(limit(50, {default: 10_000, code: 'L-4A6BFAB1', adjustable: true}), limit(200_000)),
				}),
			).slice(1, 2),
			[
				'Ask AWS for its default: 50 RPM applied, 10k by default (L-4A6BFAB1). Service Quotas takes the request; b, r and u write its figures.',
			],
		],
		[
			'one that Service Quotas does not raise',
			adviceOf(
				bucketOf(small, {
					quota: quotaOf(limit(50, {default: 10_000, code: 'L-1', adjustable: false}), limit(200_000)),
				}),
			).slice(1, 2),
			['Ask AWS for its default: 50 RPM applied, 10k by default (L-1). Only AWS Support raises it.'],
		],
		[
			'cache, then answers that count five times, then max tokens and batch',
			adviceOf(
				bucketOf(
					{requests: 40, input: 2600, output: 400},
					{
						burndown: {value: 5, source: 'AWS user guide'},
						levers: {takesCachePoints: true, batchMinRecords: 100},
					},
				),
			),
			[
				'16k of 200k TPM free.',
				'Cache what repeats: 2.6k input tokens per request, 0 cache reads; those are reserved, but not charged.',
				'Ask for shorter answers: 400 output tokens per request, counted 5x, are 43% of the quota tokens; a tenth less frees 8k TPM.',
				'Lower max tokens: they are reserved until an answer ends. Answers have 400 tokens, max tokens – (not in CloudWatch).',
				'Send bulk work as batch jobs (bedrock-top batch): a quota of their own, from 100 records.',
				noRoom,
			],
		],
		[
			'max tokens first, where requests were refused below every limit',
			adviceOf(bucketOf({requests: 20, input: 3000, output: 400}, {hourThrottles: 14})).slice(0, 2),
			[
				'30 of 50 RPM free; 14 throttled in the last hour. Busiest minute: 40% of RPM.',
				'Lower max tokens: 14 throttled with at most 40% of RPM counted: they are reserved until an answer ends. Answers have 400 tokens, max tokens – (not in CloudWatch).',
			],
		],
		[
			'what its busiest minute was limited by, where it was throttled then',
			adviceOf(
				bucketOf(
					{requests: 10, input: 400, output: 100},
					{hourThrottles: 3, peak: {requests: 49, quotaTokens: 24_500}},
				),
			).slice(0, 2),
			[
				'40 of 50 RPM free; 3 throttled in the last hour. Busiest minute: 98% of RPM.',
				'Pack several items into a request: RPM is the limit, 88% of TPM is free.',
			],
		],
		[
			'the day, which is used up until midnight',
			adviceOf(
				bucketOf(
					{requests: 10, input: 400, output: 100},
					{quota: quotaOf(limit(50), limit(200_000), limit(2_000_000)), dayTokens: 35_000_000},
				),
			).slice(0, 1),
			['Full: 35M of 2M tokens of the day used, until 00:00 UTC (assumed).'],
		],
		[
			'nothing of an idle bucket',
			adviceOf(
				idleBucketFixture(sonnet, {
					quota: quotaOf(limit(50), limit(200_000), limit(2_000_000)),
					dayTokens: 0,
				}),
			),
			['Idle for three hours: 50 of 50 RPM and 200k of 200k TPM free.'],
		],
		[
			'another scope of a blocked one',
			adviceOf(
				idleBucketFixture(sonnet, {
					quota: quotaOf({...limitFixture(0), state: 'blocked', value: 0}, limit(200_000)),
				}),
				idleBucketFixture(sonnet, {scope: 'global', quota: quotaOf(limit(10_000), limit(5_000_000))}),
			),
			[
				'Blocked: RPM is 0.',
				`Also call global.${sonnet} (may run in any Region): 10k of 10k RPM, 5M of 5M TPM free.`,
			],
		],
		[
			'only its quota, where its use is not known',
			adviceOf(
				bucketOf(small, {
					minute: null,
					quota: quotaOf(limit(50, {default: 10_000, code: 'L-1'}), limit(200_000)),
				}),
			),
			[
				'Use –: CloudWatch was not read.',
				'Ask AWS for its default: 50 RPM applied, 10k by default (L-1). Service Quotas takes the request; b, r and u write its figures.',
			],
		],
		[
			'nothing without a limit',
			adviceOf(
				bucketOf(small, {
					quota: quotaOf(
						{...limitFixture(null), state: 'unknown'},
						{...limitFixture(null), state: 'unknown'},
					),
				}),
			),
			['Free –: no limit is known.'],
		],
	];

	it.each(situations)('%s', (_name, advice, expected) => {
		expect(advice).toEqual(expected);
	});
});
