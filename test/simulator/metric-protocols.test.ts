import {execFile} from 'node:child_process';
import {existsSync} from 'node:fs';
import {promisify} from 'node:util';
import {
	CloudWatchClient,
	type CloudWatchClientConfig,
	GetMetricDataCommand,
	GetMetricStatisticsCommand,
	ListMetricsCommand,
	type MetricDataQuery,
} from '@aws-sdk/client-cloudwatch';
import {AwsQueryProtocol, AwsSmithyRpcV2CborProtocol} from '@aws-sdk/core/protocols';
import {NodeHttpHandler} from '@smithy/node-http-handler';
import CloudWatch from 'aws-sdk/clients/cloudwatch.js';
import {describe, expect, it, onTestFinished, vi} from 'vitest';
import type {BackgroundTraffic} from '../../source/simulator/cloudwatch/background.ts';
import {credentials} from './harness.ts';
import {createMovableTime, inputOf, minuteMs, noon, query, startAt} from './metric-harness.ts';

/**
 * Tests source/simulator/cloudwatch/serve-cloudwatch.ts: the protocols that clients of different ages and languages
 * speak.
 */

// The older SDK says at its first use that it is old.
vi.hoisted(() => vi.stubEnv('AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE', '1'));

/** CloudWatch in the three protocols that clients of different ages and languages speak. */

const lite = 'us.amazon.nova-lite-v1:0';
const background: readonly BackgroundTraffic[] = [
	{modelId: lite, requestsPerMinute: 30, inputTokens: 500, outputTokens: 100},
];

type Settings = Pick<CloudWatchClientConfig, 'protocol' | 'protocolSettings'>;

const namespaces = {
	defaultNamespace: 'com.amazonaws.cloudwatch',
	xmlNamespace: 'http://monitoring.amazonaws.com/doc/2010-08-01/',
	version: '2010-08-01',
	serviceTarget: 'GraniteServiceVersion20100801',
};

const protocols: ReadonlyArray<readonly [name: string, settings: Settings]> = [
	['JSON 1.0', {}],
	['CBOR', {protocol: AwsSmithyRpcV2CborProtocol, protocolSettings: namespaces}],
	['query', {protocol: AwsQueryProtocol, protocolSettings: namespaces}],
];

const open = async (settings: Settings, scenario: {denied?: readonly string[]} = {}) => {
	const time = createMovableTime();
	const {url} = await startAt(time, {scenario: {background, ...scenario}});
	const client = new CloudWatchClient({
		endpoint: url,
		region: 'us-east-1',
		credentials,
		maxAttempts: 1,
		requestHandler: new NodeHttpHandler(),
		...settings,
	});
	onTestFinished(() => client.destroy());
	return {client, url};
};

/** All of these minutes are told whole. */
const [from, to] = [noon - 33 * minuteMs, noon - 3 * minuteMs];

const statisticsInput = {
	Namespace: 'AWS/Bedrock',
	MetricName: 'InvocationLatency',
	Dimensions: [{Name: 'ModelId', Value: lite}],
	StartTime: new Date(from),
	EndTime: new Date(to),
	Period: 600,
};

/** Everything that is served, asked through one client. */
const readAll = async (client: CloudWatchClient) => {
	const queries: MetricDataQuery[] = [
		query('Invocations', lite),
		query('InvocationLatency', lite, {id: 'm2', stat: 'p90', period: 300}),
		{Id: 'e1', Expression: 'm1 * 2', Label: 'twice <&"> as many'},
		{...query('InputTokenCount', lite, {id: 'm3'}), ReturnData: false},
		{Id: 'e2', Expression: 'm3 / m1'},
	];
	const first = await client.send(
		new GetMetricDataCommand({...inputOf(queries, from, to), MaxDatapoints: 40}),
	);
	const second = await client.send(
		new GetMetricDataCommand({
			...inputOf(queries, from, to),
			MaxDatapoints: 40,
			...(first.NextToken === undefined ? {} : {NextToken: first.NextToken}),
		}),
	);
	const statistics = await client.send(
		new GetMetricStatisticsCommand({
			...statisticsInput,
			Statistics: ['Sum', 'SampleCount', 'Average', 'Minimum', 'Maximum'],
			ExtendedStatistics: ['p50', 'p99.9'],
		}),
	);
	const list = await client.send(
		new ListMetricsCommand({
			Namespace: 'AWS/Bedrock',
			MetricName: 'Invocations',
			RecentlyActive: 'PT3H',
			Dimensions: [{Name: 'ModelId', Value: lite}],
		}),
	);
	return [first, second, statistics, list].map(({$metadata, ...answer}) => answer);
};

describe('CloudWatch of the simulator in every protocol', () => {
	it('gives the same answers', async () => {
		const answers = await Promise.all(
			protocols.map(async ([, settings]) => readAll((await open(settings)).client)),
		);
		const [json, ...others] = answers;
		expect(json?.[0]).toMatchObject({
			MetricDataResults: [{Id: 'm1'}, {Id: 'm2'}, {Id: 'e1', StatusCode: 'PartialData'}],
		});
		expect(json?.[1]).toMatchObject({
			MetricDataResults: [
				{Id: 'e1', Label: 'twice <&"> as many', StatusCode: 'Complete'},
				{Id: 'e2', StatusCode: 'PartialData'},
			],
		});
		expect(json?.[2]).toMatchObject({
			Label: 'InvocationLatency',
			Datapoints: [{}, {}, {}, {ExtendedStatistics: {p50: expect.any(Number)}}],
		});
		expect(json?.[3]).toMatchObject({Metrics: [{MetricName: 'Invocations'}, {}]});
		for (const other of others) {
			expect(other).toEqual(json);
		}
	});

	const refusals: ReadonlyArray<readonly [words: string, name: RegExp, input: object]> = [
		[
			'an unknown statistic',
			/^Validation(?:Error|Exception)$/,
			{...query('Invocations', lite, {stat: 'tm90'})},
		],
		['an odd period', /^Validation(?:Error|Exception)$/, {...query('Invocations', lite, {period: 61})}],
		[
			'a search',
			/^Validation(?:Error|Exception)$/,
			{Id: 'e1', Expression: "SEARCH('{AWS/Bedrock}', 'Sum', 60)"},
		],
	];

	describe.each(protocols)('%s', (_name, settings) => {
		it.each(refusals)('refuses %s', async (_words, name, input) => {
			const {client} = await open(settings);
			const refused = client.send(new GetMetricDataCommand(inputOf([input as MetricDataQuery], from, to)));
			await expect(refused).rejects.toMatchObject({
				name: expect.stringMatching(name),
				$metadata: {httpStatusCode: 400},
			});
		});

		it('refuses a wrong token, a wrong page and what is denied by the names that clients know', async () => {
			const {client} = await open(settings, {denied: ['cloudwatch:ListMetrics']});
			const input = inputOf([query('Invocations', lite)], from, to);
			await expect(
				client.send(new GetMetricDataCommand({...input, NextToken: 'none'})),
			).rejects.toMatchObject({name: 'InvalidNextToken'});
			await expect(
				client.send(new GetMetricDataCommand({...input, MaxDatapoints: 200_000})),
			).rejects.toMatchObject({name: expect.stringMatching(/^InvalidParameterValue/)});
			await expect(client.send(new ListMetricsCommand({}))).rejects.toMatchObject({
				name: expect.stringMatching(/^AccessDenied/),
				$metadata: {httpStatusCode: 403},
			});
		});

		it('refuses more than 1,440 datapoints at once', async () => {
			const {client} = await open(settings);
			const long = {...statisticsInput, StartTime: new Date(to - 7 * 24 * 60 * minuteMs), Period: 60};
			await expect(
				client.send(new GetMetricStatisticsCommand({...long, Statistics: ['Sum']})),
			).rejects.toMatchObject({
				name: expect.stringMatching(/^InvalidParameterCombination/),
				message: expect.stringContaining('You have requested up to 10,080 datapoints'),
			});
		});
	});
});

describe('the older SDK for JavaScript', () => {
	it('reads metrics', async () => {
		const {url} = await open({});
		const client = new CloudWatch({endpoint: url, region: 'us-east-1', ...credentials, maxRetries: 0});
		const {MetricDataResults} = await client
			.getMetricData(inputOf([query('Invocations', lite)], from, to) as CloudWatch.GetMetricDataInput)
			.promise();
		expect(MetricDataResults?.[0]?.Values).toHaveLength(30);
		expect(MetricDataResults?.[0]?.Timestamps?.[0]).toEqual(new Date(from));
		const {Metrics} = await client.listMetrics({Namespace: 'AWS/Bedrock'}).promise();
		expect(Metrics?.length).toBeGreaterThan(4);
		await expect(client.describeAlarms().promise()).rejects.toMatchObject({
			code: 'InvalidAction',
			message: 'The simulator does not serve DescribeAlarms of CloudWatch.',
		});
	});
});

const python = '/usr/bin/python3';
const script = `
import sys, json, datetime, botocore.session
session = botocore.session.Session()
def client(name):
    return session.create_client(name, region_name='us-east-1', endpoint_url=sys.argv[1],
        aws_access_key_id='simulated', aws_secret_access_key='simulated')
moment = lambda text: datetime.datetime.fromtimestamp(int(text) / 1000, datetime.timezone.utc)
span = {'StartTime': moment(sys.argv[2]), 'EndTime': moment(sys.argv[3])}
metric = {'Namespace': 'AWS/Bedrock', 'MetricName': 'Invocations', 'Dimensions': [{'Name': 'ModelId', 'Value': sys.argv[4]}]}
watch = client('cloudwatch')
data = watch.get_metric_data(MetricDataQueries=[
    {'Id': 'm1', 'MetricStat': {'Metric': metric, 'Period': 60, 'Stat': 'Sum'}},
    {'Id': 'e1', 'Expression': 'm1 / 2'}], **span)
statistics = watch.get_metric_statistics(Period=60, Statistics=['Sum'], **metric, **span)
print(json.dumps({
    'account': client('sts').get_caller_identity()['Account'],
    'values': [result['Values'] for result in data['MetricDataResults']],
    'sums': [point['Sum'] for point in statistics['Datapoints']],
    'metrics': len(watch.list_metrics(Namespace='AWS/Bedrock')['Metrics']),
    'quotas': len(client('service-quotas').list_service_quotas(ServiceCode='bedrock')['Quotas']),
    'buckets': client('s3').list_buckets()['Buckets'],
}))
`;

const hasBotocore =
	existsSync(python) && ['/usr/lib/python3/dist-packages/botocore'].some((folder) => existsSync(folder));

describe.skipIf(!hasBotocore)('botocore of an older year (skipped without python3-botocore)', () => {
	it('reads who it is, metrics, quotas and buckets', async () => {
		const {url} = await open({});
		const {stdout} = await promisify(execFile)(python, ['-c', script, url, String(from), String(to), lite]);
		const answer = JSON.parse(stdout);
		expect(answer).toMatchObject({account: '123456789012', quotas: 100, buckets: []});
		expect(answer.values[0]).toHaveLength(30);
		expect(answer.values[1]).toEqual(answer.values[0].map((value: number) => value / 2));
		expect(answer.sums).toEqual(answer.values[0].toReversed());
		expect(answer.metrics).toBeGreaterThan(4);
	});
});
