import {
	CloudWatchClient,
	GetMetricDataCommand,
	type GetMetricDataCommandInput,
	type MetricDataQuery,
	type MetricDataResult,
	paginateGetMetricData,
	paginateListMetrics,
} from '@aws-sdk/client-cloudwatch';
import {NodeHttpHandler} from '@smithy/node-http-handler';
import {onTestFinished} from 'vitest';
import type {SimulatorOptions} from '../../source/simulator/options.ts';
import {startSimulator} from '../../source/simulator/server.ts';
import type {Time} from '../../source/simulator/time.ts';
import {credentials, defaultOptions} from './harness.ts';

/** The begin of a minute in the middle of a day. */
export const noon = Date.UTC(2026, 10, 20, 12, 0, 0);
export const minuteMs = 60_000;

/** A clock that stands still until it is moved; whoever sleeps moves it. */
export type MovableTime = Time & {readonly moveTo: (atMs: number) => void};

export const createMovableTime = (startMs = noon): MovableTime => {
	let nowMs = startMs;
	return {
		now: () => nowMs,
		async sleep(delayMs) {
			nowMs += Math.max(0, delayMs);
		},
		moveTo(atMs) {
			nowMs = atMs;
		},
	};
};

export const startAt = async (
	time: Time,
	options: Partial<SimulatorOptions> = {},
): Promise<{url: string; client: CloudWatchClient}> => {
	const {url, stop} = await startSimulator({...defaultOptions, ...options}, time);
	onTestFinished(stop);
	const client = new CloudWatchClient({
		endpoint: url,
		region: 'us-east-1',
		credentials,
		maxAttempts: 1,
		requestHandler: new NodeHttpHandler(),
	});
	onTestFinished(() => client.destroy());
	return {url, client};
};

export const query = (
	metric: string,
	modelId: string,
	{
		id = 'm1',
		stat = 'Sum',
		period = 60,
		more = [],
	}: Partial<Record<'id' | 'stat', string>> & {
		readonly period?: number;
		readonly more?: ReadonlyArray<{readonly Name: string; readonly Value: string}>;
	} = {},
): MetricDataQuery => ({
	Id: id,
	MetricStat: {
		Metric: {
			Namespace: 'AWS/Bedrock',
			MetricName: metric,
			Dimensions: [{Name: 'ModelId', Value: modelId}, ...more],
		},
		Period: period,
		Stat: stat,
	},
});

export const inputOf = (
	queries: MetricDataQuery[],
	fromMs: number,
	toMs: number,
): GetMetricDataCommandInput => ({
	MetricDataQueries: queries,
	StartTime: new Date(fromMs),
	EndTime: new Date(toMs),
	ScanBy: 'TimestampAscending',
});

/** Values of one query by the begin of the minute. */
export const valuesOf = (result: MetricDataResult | undefined): ReadonlyMap<number, number> =>
	new Map(
		(result?.Timestamps ?? []).map((at, index) => [at.getTime(), result?.Values?.[index] ?? Number.NaN]),
	);

export const readOne = async (
	client: CloudWatchClient,
	one: MetricDataQuery,
	fromMs: number,
	toMs: number,
): Promise<ReadonlyMap<number, number>> => {
	const {MetricDataResults} = await client.send(new GetMetricDataCommand(inputOf([one], fromMs, toMs)));
	return valuesOf(MetricDataResults?.[0]);
};

export const pagesOf = async (client: CloudWatchClient, input: GetMetricDataCommandInput) => {
	const pages = [];
	for await (const page of paginateGetMetricData({client}, input)) {
		pages.push(page);
	}
	return pages;
};

export const listAll = async (client: CloudWatchClient, input = {}) => {
	const metrics = [];
	let pages = 0;
	for await (const page of paginateListMetrics({client}, {Namespace: 'AWS/Bedrock', ...input})) {
		pages++;
		metrics.push(...(page.Metrics ?? []));
	}
	return {metrics, pages};
};
