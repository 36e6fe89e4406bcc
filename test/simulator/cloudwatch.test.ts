import {GetMetricDataCommand} from '@aws-sdk/client-cloudwatch';
import {describe, expect, it} from 'vitest';
import type {BackgroundTraffic} from '../../source/simulator/cloudwatch/background.ts';
import {modelPath, post, readStats} from './harness.ts';
import {
	createMovableTime,
	inputOf,
	listAll,
	minuteMs,
	noon,
	pagesOf,
	query,
	readOne,
	startAt,
	valuesOf,
} from './metric-harness.ts';

/** Tests source/simulator/cloudwatch/: metric-actions.ts, metric-query.ts and metric-source.ts. */

const lite = 'us.amazon.nova-lite-v1:0';
const ask = (text: string) => ({
	messages: [{role: 'user', content: [{text}]}],
	inferenceConfig: {maxTokens: 40},
});

const traffic = (modelId: string, more: Partial<BackgroundTraffic> = {}): BackgroundTraffic => ({
	modelId,
	requestsPerMinute: 30,
	inputTokens: 500,
	outputTokens: 100,
	...more,
});

describe('metrics of what was served', () => {
	it('are the minute sums of the simulator itself, seen through the SDK', async () => {
		const time = createMovableTime();
		const {url, client} = await startAt(time);
		const expected = {requests: 0, input: 0, output: 0, quota: 0};
		for (let minute = 0; minute < 3; minute++) {
			time.moveTo(noon + minute * minuteMs + 5000);
			for (let count = 0; count <= minute; count++) {
				await post(url, modelPath(lite, 'converse'), ask(`count to ${count} in minute ${minute}`));
			}
		}
		const {requests, tokens} = await readStats(url);
		expected.requests = requests.total;
		expected.input = tokens.input;
		expected.output = tokens.output;
		expected.quota = tokens.quota;
		time.moveTo(noon + 10 * minuteMs);
		const read = async (metric: string) => readOne(client, query(metric, lite), noon, noon + 10 * minuteMs);
		const sum = (values: ReadonlyMap<number, number>) => [...values.values()].reduce((a, b) => a + b, 0);
		expect([...(await read('Invocations'))]).toEqual([
			[noon, 1],
			[noon + minuteMs, 2],
			[noon + 2 * minuteMs, 3],
		]);
		expect(sum(await read('Invocations'))).toBe(expected.requests);
		expect(sum(await read('InputTokenCount'))).toBe(expected.input);
		expect(sum(await read('OutputTokenCount'))).toBe(expected.output);
		expect(sum(await read('EstimatedTPMQuotaUsage'))).toBe(expected.quota);
		expect(expected.quota).toBeGreaterThan(0);
	});

	it('count throttles and refusals apart, and leave unknown models out', async () => {
		const time = createMovableTime();
		const {url, client} = await startAt(time, {requestsPerMinute: 2});
		for (let count = 0; count < 5; count++) {
			await post(url, modelPath(lite, 'converse'), ask('hello'));
		}
		await post(url, modelPath(lite, 'converse'), {messages: 'none'});
		await post(url, modelPath('no.such-model', 'converse'), ask('hello'));
		time.moveTo(noon + 10 * minuteMs);
		const read = async (metric: string) =>
			(await readOne(client, query(metric, lite), noon, noon + 10 * minuteMs)).get(noon);
		expect(await read('Invocations')).toBe(2);
		expect(await read('InvocationThrottles')).toBe(3);
		expect(await read('InvocationClientErrors')).toBe(1);
		expect(await read('InvocationServerErrors')).toBeUndefined();
		const {metrics} = await listAll(client);
		const modelIds = metrics.flatMap(({Dimensions}) => Dimensions?.map(({Value}) => Value) ?? []);
		expect(modelIds).not.toContain('no.such-model');
	});

	it('of an application profile stand under its ID', async () => {
		const time = createMovableTime();
		const {url, client} = await startAt(time);
		const arn = 'arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/sim0nova0lite';
		const {status} = await post(url, modelPath(arn, 'converse'), ask('hello'));
		expect(status).toBe(200);
		time.moveTo(noon + 10 * minuteMs);
		const values = await readOne(client, query('Invocations', 'sim0nova0lite'), noon, noon + minuteMs);
		expect([...values]).toEqual([[noon, 1]]);
	});

	it('know the smallest and the largest request, and how many there were', async () => {
		const time = createMovableTime();
		const {url, client} = await startAt(time, {requestsPerMinute: 3});
		const texts = ['one', 'one two three four five six', 'one two', 'too many'];
		for (const text of texts) {
			await post(url, modelPath(lite, 'converse'), ask(text));
		}
		const {log} = await readStats(url);
		const inputs = log.filter(({status}) => status === 200).map(({inputTokens}) => inputTokens);
		time.moveTo(noon + 10 * minuteMs);
		const read = async (metric: string, stat: string, period = 60) =>
			(await readOne(client, query(metric, lite, {stat, period}), noon, noon + 5 * minuteMs)).get(noon);
		for (const period of [60, 300]) {
			expect(await read('InputTokenCount', 'Minimum', period)).toBe(Math.min(...inputs));
			expect(await read('InputTokenCount', 'Maximum', period)).toBe(Math.max(...inputs));
			expect(await read('InputTokenCount', 'SampleCount', period)).toBe(3);
		}
		expect(Math.max(...inputs)).toBeGreaterThan(Math.min(...inputs));
		expect(await read('Invocations', 'Maximum')).toBe(1);
		expect(await read('InvocationThrottles', 'SampleCount')).toBe(1);
		expect(await read('InvocationThrottles', 'Average')).toBe(1);
	});

	it('tell percentiles of the latency, of streams the first token', async () => {
		const time = createMovableTime();
		const {url, client} = await startAt(time, {latencyMs: 400});
		await post(url, modelPath(lite, 'converse-stream'), ask('hello'));
		time.moveTo(noon + 10 * minuteMs);
		const read = async (metric: string, stat: string) =>
			(await readOne(client, query(metric, lite, {stat}), noon, noon + minuteMs)).get(noon);
		expect(await read('InvocationLatency', 'p50')).toBeCloseTo(400, -1);
		expect(await read('TimeToFirstToken', 'p90')).toBeCloseTo(120, -1);
	});
});

describe('the newest minutes', () => {
	it('are not there, then in part, then whole', async () => {
		const time = createMovableTime();
		const {client} = await startAt(time, {scenario: {background: [traffic(lite)]}});
		const at = async (nowMs: number) => {
			time.moveTo(nowMs);
			return (await readOne(client, query('Invocations', lite), noon, nowMs)).get(noon);
		};
		const whole = await at(noon + 60 * minuteMs);
		expect(whole).toBeGreaterThan(20);
		expect(await at(noon + 1.5 * minuteMs)).toBeUndefined();
		expect(await at(noon + 2.5 * minuteMs)).toBe(Math.floor((whole ?? 0) * 0.6));
		expect(await at(noon + 3 * minuteMs)).toBe(whole);
	});
});

describe('background traffic', () => {
	it('is the same for a seed, and another one for another', async () => {
		const read = async (seed: number) => {
			const time = createMovableTime();
			const scenario = {background: [traffic(lite, {shape: 'waves'})]};
			const {client} = await startAt(time, {seed, scenario});
			return [...(await readOne(client, query('Invocations', lite), noon - 60 * minuteMs, noon))];
		};
		expect(await read(1)).toEqual(await read(1));
		expect(await read(2)).not.toEqual(await read(1));
	});

	it('is published under several sets of dimensions that must not be added up', async () => {
		const time = createMovableTime();
		const {client} = await startAt(time, {scenario: {background: [traffic(lite)]}});
		const more = [
			{Name: 'ServiceTier', Value: 'default'},
			{Name: 'ResolvedServiceTier', Value: 'default'},
		];
		const exact = await readOne(client, query('Invocations', lite), noon - 30 * minuteMs, noon);
		const decoy = await readOne(client, query('Invocations', lite, {more}), noon - 30 * minuteMs, noon);
		expect(decoy).toEqual(exact);
		const none = query('Invocations', lite, {more: more.slice(0, 1)});
		expect((await readOne(client, none, noon - 30 * minuteMs, noon)).size).toBe(0);
		const {metrics} = await listAll(client, {RecentlyActive: 'PT3H', MetricName: 'Invocations'});
		expect(metrics.map(({Dimensions}) => Dimensions?.length)).toEqual([1, 3]);
	});

	it('fills the bucket that it draws from', async () => {
		const time = createMovableTime();
		const full = traffic(lite, {requestsPerMinute: 150});
		const {url} = await startAt(time, {requestsPerMinute: 100, scenario: {background: [full]}});
		const crowded = await post(url, modelPath(lite, 'converse'), ask('hello'));
		const free = await post(url, modelPath('amazon.nova-lite-v1:0', 'converse'), ask('hello'));
		expect([crowded.status, free.status]).toEqual([429, 200]);
	});

	it('has no estimate of the quota tokens for some models', async () => {
		const time = createMovableTime();
		const titan = 'amazon.titan-text-express-v1';
		const {client} = await startAt(time, {scenario: {background: [traffic(lite), traffic(titan)]}});
		const {metrics} = await listAll(client, {MetricName: 'EstimatedTPMQuotaUsage'});
		const modelIds = new Set(metrics.map(({Dimensions}) => Dimensions?.[0]?.Value));
		expect([...modelIds]).toEqual([lite]);
		const values = await readOne(client, query('EstimatedTPMQuotaUsage', titan), noon - 30 * minuteMs, noon);
		expect(values.size).toBe(0);
	});

	it('that has ended long ago is not recently active', async () => {
		const time = createMovableTime(Math.ceil(noon / (240 * minuteMs)) * 240 * minuteMs - minuteMs);
		const scenario = {background: [traffic(lite, {shape: 'ended'})]};
		const {client} = await startAt(time, {scenario});
		expect((await listAll(client, {RecentlyActive: 'PT3H'})).metrics.length).toBeGreaterThan(0);
		time.moveTo(time.now() + 20 * minuteMs);
		expect((await listAll(client)).metrics.length).toBeGreaterThan(0);
	});
});

describe('weeks', () => {
	it('are kept by the minute for 15 days, then by five minutes, then by the hour', async () => {
		const {client} = await startAt(createMovableTime(), {scenario: {background: [traffic(lite)]}});
		const day = 1440 * minuteMs;
		const at = async (period: number, daysAgo: number) =>
			(
				await readOne(
					client,
					query('Invocations', lite, {period}),
					noon - daysAgo * day,
					noon - daysAgo * day + 60 * minuteMs,
				)
			).size;
		expect([await at(60, 14), await at(60, 16), await at(300, 16)]).toEqual([60, 0, 12]);
		expect([await at(300, 64), await at(3600, 64), await at(3600, 456)]).toEqual([0, 1, 0]);
	});

	it('have the same sums at every period, and as a whole minute and as one count', async () => {
		const scenario = {background: [traffic(lite, {shape: 'office', throttledShare: 0.3, errorShare: 0.1})]};
		const {client} = await startAt(createMovableTime(), {scenario});
		const [fromMs, toMs] = [noon - 26 * 60 * minuteMs, noon - 2 * 60 * minuteMs];
		for (const metric of ['Invocations', 'InvocationThrottles', 'EstimatedTPMQuotaUsage']) {
			const sums = [];
			for (const period of [60, 300, 3600]) {
				const values = await readOne(client, query(metric, lite, {period}), fromMs, toMs);
				sums.push([...values.values()].reduce((sum, value) => sum + value, 0));
			}
			// Averages are made of whole minutes, of which each has its samples.
			const average = await readOne(
				client,
				query(metric, lite, {stat: 'Average', period: 86_400}),
				fromMs,
				toMs,
			);
			expect(new Set(sums).size).toBe(1);
			expect(sums[0]).toBeGreaterThan(0);
			expect(average.size).toBeGreaterThan(0);
		}
	});

	it('show an office: busy on workdays, nearly still at night and at the weekend', async () => {
		const scenario = {background: [traffic(lite, {shape: 'office', requestsPerMinute: 100})]};
		const {client} = await startAt(createMovableTime(), {scenario});
		const hours = await readOne(
			client,
			query('Invocations', lite, {period: 3600}),
			noon - 14 * 1440 * minuteMs,
			noon - 180 * minuteMs,
		);
		for (const [at, sum] of hours) {
			const date = new Date(at);
			const isNoon = date.getUTCHours() === 12;
			const isWorkday = date.getUTCDay() % 6 > 0;
			if (isNoon) {
				expect(sum > 60 * 50).toBe(isWorkday);
			}
		}
	});
});

describe('pages and bounds', () => {
	it('a result goes on, under its Id, on the next page', async () => {
		const time = createMovableTime();
		const scenario = {background: [traffic(lite)], metrics: {pageDatapoints: 25}};
		const {client} = await startAt(time, {scenario});
		const queries = [query('Invocations', lite), query('InputTokenCount', lite, {id: 'm2'})];
		const pages = await pagesOf(client, inputOf(queries, noon - 60 * minuteMs, noon - 10 * minuteMs));
		expect(pages.length).toBe(4);
		const results = pages.flatMap(({MetricDataResults}) => MetricDataResults ?? []);
		expect(results.filter(({Id}) => Id === 'm1').map(({StatusCode}) => StatusCode)).toEqual([
			'PartialData',
			'Complete',
		]);
		const minutes = (id: string) =>
			new Set(results.filter(({Id}) => Id === id).flatMap((result) => [...valuesOf(result).keys()])).size;
		expect([minutes('m1'), minutes('m2')]).toEqual([50, 50]);
	});

	it('lists 500 metrics a page', async () => {
		const time = createMovableTime();
		const background = Array.from({length: 120}, (_, index) =>
			traffic(`team${index}`, {copiedFrom: lite, errorShare: 0.1}),
		);
		const {client} = await startAt(time, {scenario: {background}});
		const {metrics, pages} = await listAll(client, {RecentlyActive: 'PT3H'});
		expect([metrics.length, pages]).toEqual([120 * 7 * 2, 4]);
	});

	it.each([
		[
			'501 queries',
			{MetricDataQueries: Array.from({length: 501}, (_, id) => query('Invocations', lite, {id: `m${id}`}))},
			/500/,
		],
		[
			'two queries of one Id',
			{MetricDataQueries: [query('Invocations', lite), query('Invocations', lite)]},
			/not unique/,
		],
		['an Id with a capital', {MetricDataQueries: [query('Invocations', lite, {id: 'M1'})]}, /not matching/],
		[
			'a period of half a minute',
			{MetricDataQueries: [query('Invocations', lite, {period: 30})]},
			/multiple of 60/,
		],
		['an end before the start', {EndTime: new Date(noon - 120 * minuteMs)}, /must be less/],
		['more datapoints than allowed', {MaxDatapoints: 100_801}, /100800/],
		['a token that was never given out', {NextToken: 'abc'}, /nextToken/],
	])('refuses %s', async (_name, wrong, message) => {
		const {client} = await startAt(createMovableTime());
		const input = inputOf([query('Invocations', lite)], noon - 60 * minuteMs, noon);
		await expect(client.send(new GetMetricDataCommand({...input, ...wrong}))).rejects.toThrow(message);
	});
});

describe('scripted trouble', () => {
	it('throttles, then answers', async () => {
		const time = createMovableTime();
		const {client} = await startAt(time, {faults: {metrics: {throttleFirst: 1}}});
		const input = inputOf([query('Invocations', lite)], noon - 60 * minuteMs, noon);
		await expect(client.send(new GetMetricDataCommand(input))).rejects.toThrow('Rate exceeded');
		const {MetricDataResults} = await client.send(new GetMetricDataCommand(input));
		expect(MetricDataResults).toMatchObject([{Label: 'Invocations', StatusCode: 'Complete'}]);
	});

	it('denies one action and allows the other', async () => {
		const {client} = await startAt(createMovableTime(), {faults: {denied: ['cloudwatch:GetMetricData']}});
		const input = inputOf([query('Invocations', lite)], noon - 60 * minuteMs, noon);
		await expect(client.send(new GetMetricDataCommand(input))).rejects.toMatchObject({
			message: expect.stringContaining('not authorized to perform: cloudwatch:GetMetricData'),
			$metadata: {httpStatusCode: 403},
		});
		expect((await listAll(client)).metrics).toEqual([]);
	});

	it('tells a part for a part', async () => {
		const scenario = {background: [traffic(lite)], metrics: {partialFirst: 1}};
		const {client} = await startAt(createMovableTime(), {scenario});
		const input = inputOf([query('Invocations', lite)], noon - 60 * minuteMs, noon - 10 * minuteMs);
		const first = await client.send(new GetMetricDataCommand(input));
		const second = await client.send(new GetMetricDataCommand(input));
		expect(first.MetricDataResults?.[0]?.StatusCode).toBe('PartialData');
		expect(first.MetricDataResults?.[0]?.Values?.length).toBe(25);
		expect(second.MetricDataResults?.[0]?.StatusCode).toBe('Complete');
		expect(second.MetricDataResults?.[0]?.Values?.length).toBe(50);
	});
});
