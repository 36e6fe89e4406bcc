/** Tests source/account/region-poller.ts: calls for many ModelIds. */
import {expect, it} from 'vitest';
import {createUsageSource} from '../../source/bedrock/cloudwatch/usage-reader.ts';
import {FakeClock} from '../helpers/fake-clock.ts';
import {firstPoll, minuteMs, noon, startMonitor} from './account-harness.ts';

/** What each ModelId has, in CloudWatch's names. */
const metricNames = [
	'Invocations',
	'InvocationThrottles',
	'InvocationServerErrors',
	'InputTokenCount',
	'OutputTokenCount',
	'CacheReadInputTokenCount',
	'CacheWriteInputTokenCount',
	'EstimatedTPMQuotaUsage',
	'InvocationLatency',
	'TimeToFirstToken',
];
const modelIds = Array.from({length: 500}, (_unused, index) => `team${index}`);
const metrics = modelIds.flatMap((modelId) =>
	metricNames.map((MetricName) => ({MetricName, Dimensions: [{Name: 'ModelId', Value: modelId}]})),
);

type Input = {
	readonly NextToken?: string;
	readonly StartTime?: Date;
	readonly MetricDataQueries?: ReadonlyArray<{readonly Id: string}>;
};

/** A CloudWatch of 500 busy ModelIds that answers at once. @returns the client, and the queries of each call. */
const busyCloudWatch = () => {
	const asked: number[] = [];
	const windows = new Set<number>();
	const send = async ({input}: {readonly input: Input}) => {
		const {NextToken = '0', StartTime, MetricDataQueries: queries} = input;
		if (queries === undefined) {
			const from = Number(NextToken);
			const next = from + 500 < metrics.length ? {NextToken: String(from + 500)} : {};
			return {Metrics: metrics.slice(from, from + 500), ...next};
		}
		asked.push(queries.length);
		windows.add(noon - Number(StartTime));
		const MetricDataResults = queries.map(({Id}) => ({
			Id,
			Timestamps: [new Date(noon - 3 * minuteMs)],
			Values: [4],
			StatusCode: 'Complete',
		}));
		return {MetricDataResults};
	};
	return {asked, windows, clients: {cloudwatch: async () => ({send}), secrets: () => []}};
};

it('500 ModelIds over 3 hours are read with at most 16 calls of GetMetricData', async () => {
	const {asked, windows, clients} = busyCloudWatch();
	const clock = new FakeClock(noon);
	const watch = startMonitor(
		{clock, url: '', source: createUsageSource(clients as never, clock), clients: clients as never},
		{
			readDirectory: async () => ({
				candidates: [],
				provisioned: [],
				remarks: [],
				assertReachable: async () => {},
				map: async () => ({buckets: new Map(), owners: new Map(modelIds.map((each) => [each, 'bucket']))}),
			}),
		},
	);
	watch.monitor.setOnScreen(['bucket']);
	watch.monitor.start();
	await firstPoll(watch);
	expect(watch.latest().remarks).toEqual([]);
	expect(windows).toContain(180 * minuteMs);
	expect(Math.max(...asked)).toBe(500);
	expect(asked.reduce((sum, queries) => sum + queries, 0)).toBeGreaterThan(500 * 8);
	expect(asked.length).toBeLessThanOrEqual(16);
});
