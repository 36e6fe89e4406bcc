/** Tests source/account/region-poller.ts against a recorded answer of CloudWatch. */
import {existsSync, readFileSync} from 'node:fs';
import {createServer} from 'node:http';
import type {AddressInfo} from 'node:net';
import {describe, expect, it, onTestFinished} from 'vitest';
import {createClients} from '../../source/bedrock/clients/clients.ts';
import {createUsageSource} from '../../source/bedrock/cloudwatch/usage-reader.ts';
import {FakeClock} from '../helpers/fake-clock.ts';
import {minuteMs, never} from './account-harness.ts';

const recordings = new URL('../../../shared/recordings/control-plane/', import.meta.url);
const isAbsent = !existsSync(recordings);

type Result = {readonly [key: string]: unknown; readonly Values?: readonly number[]};
type Recorded = {readonly MetricDataResults: readonly Result[]};
type BotoDate = Record<'year' | 'month' | 'day' | 'hour' | 'minute' | 'second', number>;

const epochOf = ({year, month, day, hour, minute, second}: BotoDate): number =>
	Date.UTC(year, month - 1, day, hour, minute, second);

/** Serves one recorded answer over HTTP, its queries named as ours are. */
const serve = async (recorded: Recorded): Promise<string> => {
	const body = JSON.stringify({
		...recorded,
		MetricDataResults: recorded.MetricDataResults.map((result, index) => ({...result, Id: `q${index}`})),
	});
	const server = createServer((request, response) => {
		request.resume().on('end', () => {
			response.writeHead(200, {'content-type': 'application/x-amz-json-1.0'}).end(body);
		});
	});
	await new Promise<void>((resolve) => {
		server.listen(0, '127.0.0.1', resolve);
	});
	onTestFinished(() => {
		server.close();
	});
	return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
};

const read = async (recorded: Recorded) => {
	const clients = createClients(
		{region: 'us-east-1', profile: undefined, simulatorUrl: await serve(recorded)},
		{maxSockets: 1},
	);
	onTestFinished(clients.close);
	const queries = recorded.MetricDataResults.map((_, index) => ({
		modelId: `model-${index}`,
		series: 'inputTokens' as const,
	}));
	const window = {fromMs: Date.UTC(2026, 0, 1), toMs: Date.UTC(2026, 0, 2)};
	return createUsageSource(clients, new FakeClock()).read(queries, window, minuteMs, never);
};

/** Every GetMetricData answer within a value, wherever it stands. */
const answersIn = (value: unknown): readonly Recorded[] => {
	if (typeof value !== 'object' || value === null) {
		return [];
	}
	const isAnswer = 'MetricDataResults' in value && Array.isArray(value.MetricDataResults);
	return isAnswer ? [value as unknown as Recorded] : Object.values(value).flatMap(answersIn);
};

describe.skipIf(isAbsent)('recorded answers of CloudWatch (skipped without ../shared/recordings)', () => {
	it.each(['monitoring.GetMetricData_1.json', 'monitoring.GetMetricData_2.json'])(
		'%s of a Bedrock account is read',
		async (name) => {
			const file = new URL(`cloud-custodian/bedrock_inference_profile_token_metrics/${name}`, recordings);
			const {data} = JSON.parse(readFileSync(file, 'utf8')) as {data: Recorded};
			const [result] = data.MetricDataResults;
			const at = ((result?.Timestamps ?? []) as readonly BotoDate[]).map(epochOf);
			const onWire = {MetricDataResults: [{...result, Timestamps: at.map((each) => each / 1000)}]};
			const {series, failure} = await read(onWire);
			expect(failure).toBeUndefined();
			expect(series).toEqual([
				{modelId: 'model-0', series: 'inputTokens', at, values: [15], isPartial: false},
			]);
		},
	);

	it('every validated answer is read, values as they stand and none where there are none', async () => {
		const file = new URL('localstack/cloudwatch/test_cloudwatch.snapshot.json', recordings);
		const answers = answersIn(JSON.parse(readFileSync(file, 'utf8')));
		expect(answers.length).toBeGreaterThan(30);
		// The recorder replaced the timestamps by a word: each value gets a minute of its own.
		for (const {MetricDataResults} of answers) {
			const wire = MetricDataResults.map((result) => {
				const Values = result.Values ?? [];
				return {...result, Values, Timestamps: Values.map((_, minute) => 1_767_225_600 + minute * 60)};
			});
			const {series, failure} = await read({MetricDataResults: wire});
			expect(failure).toBeUndefined();
			expect(series.map(({values}) => values)).toEqual(wire.map(({Values}) => Values));
			expect(series.every(({isPartial}) => !isPartial)).toBe(true);
		}
	}, 60_000);
});
