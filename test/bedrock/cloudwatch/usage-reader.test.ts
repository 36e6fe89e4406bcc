import {describe, expect, it} from 'vitest';
import {usageMetrics} from '../../../source/domain/usage-source.ts';
import {minuteMs, never, noon, startAccount, traffic} from '../../account/account-harness.ts';

const lite = 'us.amazon.nova-lite-v1:0';
const hour = {fromMs: noon - 60 * minuteMs, toMs: noon - 5 * minuteMs};

describe('what is active', () => {
	it('is told by ModelId with its series, each once', async () => {
		const background = [traffic(lite, {cacheReadTokens: 10}), traffic('amazon.titan-text-express-v1')];
		const {source} = await startAccount({scenario: {background}});
		const {models, cost, failure, clockAheadMs} = await source.listActive(never);
		expect(failure).toBeUndefined();
		expect([...models.keys()].toSorted()).toEqual(['amazon.titan-text-express-v1', lite]);
		expect([...(models.get(lite) ?? [])].toSorted()).toEqual(
			[
				'requests',
				'inputTokens',
				'outputTokens',
				'cacheReadTokens',
				'estimatedQuotaTokens',
				'firstTokenP50',
				'firstTokenP90',
				'latencyP50',
				'latencyP90',
			].toSorted(),
		);
		expect(models.get('amazon.titan-text-express-v1')?.has('estimatedQuotaTokens')).toBe(false);
		// One for each endpoint.
		expect(cost).toEqual({calls: 2, metrics: 0});
		expect(clockAheadMs).toBe(0);
	});
});

describe('bedrock-mantle', () => {
	const opus = 'mantle/anthropic.claude-opus-5';

	it('has metrics of its own, by the model alone; what it has none of costs nothing', async () => {
		const {source} = await startAccount({scenario: {background: [traffic(opus), traffic(lite)]}});
		const {models} = await source.listActive(never);
		expect([...(models.get(opus) ?? [])].toSorted()).toEqual(['inputTokens', 'outputTokens', 'requests']);
		const queries = usageMetrics.map((series) => ({modelId: opus, series}));
		const {series, cost, failure} = await source.read(queries, hour, minuteMs, never);
		expect(failure).toBeUndefined();
		expect(cost.metrics).toBe(4);
		expect(series.map((each) => each.series).toSorted()).toEqual([...usageMetrics].toSorted());
		const valuesOf = (name: string) => series.find((each) => each.series === name)?.values ?? [];
		expect(valuesOf('requests').length).toBe(55);
		expect(valuesOf('inputTokens')[0]).toBeGreaterThan((valuesOf('requests')[0] ?? 0) * 400);
		expect([valuesOf('throttles'), valuesOf('estimatedQuotaTokens')]).toEqual([[], []]);
	});

	it('counts what was served there, and nothing that was throttled', async () => {
		const {source, clock, url} = await startAccount({
			faults: {faults: [{kind: 'throttle-tokens', count: 1}]},
		});
		for (let index = 0; index < 3; index++) {
			const answer = await fetch(`${url}/anthropic/v1/messages`, {
				method: 'POST',
				headers: {'x-api-key': 'key', 'content-type': 'application/json'},
				body: JSON.stringify({
					model: 'anthropic.claude-opus-5',
					max_tokens: 50,
					messages: [{role: 'user', content: 'Hi'}],
				}),
			});
			expect(answer.status).toBe(index === 0 ? 429 : 200);
			await answer.arrayBuffer();
		}
		await clock.advance(10 * minuteMs);
		const {models} = await source.listActive(never);
		expect([...models.keys()]).toEqual([opus]);
		const window = {fromMs: noon - minuteMs, toMs: noon + 5 * minuteMs};
		const {series} = await source.read([{modelId: opus, series: 'requests'}], window, minuteMs, never);
		expect(series[0]?.values).toEqual([2]);
	});
});

describe('values', () => {
	it('are read in batches of 500 queries, and pages are put together', async () => {
		const background = Array.from({length: 120}, (_, index) => traffic(`team${index}`, {copiedFrom: lite}));
		const {source} = await startAccount({scenario: {background, metrics: {pageDatapoints: 9000}}});
		const queries = background.flatMap(({modelId}) =>
			usageMetrics.slice(0, 5).map((series) => ({modelId, series})),
		);
		const reading = await source.read(queries, hour, minuteMs, never);
		expect(reading.failure).toBeUndefined();
		expect(reading.series.length).toBe(600);
		expect(reading.series.every(({isPartial}) => !isPartial)).toBe(true);
		const [requests] = reading.series.filter(
			({series, modelId}) => series === 'requests' && modelId === 'team0',
		);
		expect(requests?.at.length).toBe(55);
		expect(new Set(requests?.at).size).toBe(55);
		expect(reading.cost).toEqual({calls: 3 + 0, metrics: 600});
	});

	it('of a whole minute are those of the simulator, however they were paged', async () => {
		const background = [traffic(lite)];
		const read = async (pageDatapoints: number) => {
			const {source} = await startAccount({scenario: {background, metrics: {pageDatapoints}}});
			const queries = [{modelId: lite, series: 'inputTokens' as const}];
			return (await source.read(queries, hour, minuteMs, never)).series;
		};
		expect(await read(7)).toEqual(await read(100_000));
	});
});

describe('trouble is a value', () => {
	it('a denied action is named', async () => {
		const {source} = await startAccount({
			scenario: {denied: ['cloudwatch:ListMetrics', 'cloudwatch:GetMetricData']},
		});
		const listed = await source.listActive(never);
		expect(listed.failure).toMatchObject({action: 'cloudwatch:ListMetrics', kind: 'denied'});
		const reading = await source.read([{modelId: lite, series: 'requests'}], hour, minuteMs, never);
		expect(reading).toMatchObject({
			series: [],
			failure: {action: 'cloudwatch:GetMetricData', kind: 'denied'},
			cost: {calls: 1, metrics: 1},
		});
	});

	it('a throttled batch is tried again after a pause, and the tries are counted', async () => {
		const {source, clock} = await startAccount({
			scenario: {background: [traffic(lite)], metrics: {throttleFirst: 2}},
		});
		const reading = source.read([{modelId: lite, series: 'requests'}], hour, minuteMs, never);
		const until = async (timers: number) => {
			while (clock.timers < timers) {
				await new Promise(setImmediate);
			}
		};
		await until(1);
		await clock.advance(1000);
		await until(1);
		await clock.advance(2000);
		const {series, cost, failure} = await reading;
		expect(failure).toBeUndefined();
		expect(series.length).toBe(1);
		expect(cost.calls).toBe(3);
	});

	it('partial data is marked', async () => {
		const {source} = await startAccount({
			scenario: {background: [traffic(lite)], metrics: {partialFirst: 1}},
		});
		const {series} = await source.read([{modelId: lite, series: 'requests'}], hour, minuteMs, never);
		expect(series.map(({isPartial}) => isPartial)).toEqual([true]);
	});

	it('a clock that is off is measured', async () => {
		const {source} = await startAccount({scenario: {metrics: {clockAheadMs: 10 * minuteMs}}});
		expect((await source.listActive(never)).clockAheadMs).toBe(10 * minuteMs);
	});

	it('an endpoint that does not listen is a failure of the network', async () => {
		const {createClients} = await import('../../../source/bedrock/clients/clients.ts');
		const {createUsageSource} = await import('../../../source/bedrock/cloudwatch/usage-reader.ts');
		const {systemClock} = await import('../../../source/domain/clock.ts');
		const clients = createClients(
			{region: 'us-east-1', profile: undefined, simulatorUrl: 'http://127.0.0.1:1'},
			{maxSockets: 1},
		);
		const {failure} = await createUsageSource(clients, systemClock).listActive(never);
		clients.close();
		expect(failure).toMatchObject({kind: 'network'});
	});
});
