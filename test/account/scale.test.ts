import {setFlagsFromString} from 'node:v8';
import {runInNewContext} from 'node:vm';
import {expect, onTestFinished, test} from 'vitest';
import {createClients} from '../../source/bedrock/clients.ts';
import {createUsageSource} from '../../source/bedrock/metrics/usage-reader.ts';
import {systemClock} from '../../source/engine/clock.ts';
import type {
	SeriesName,
	SeriesQuery,
	UsageReading,
	UsageSource,
} from '../../source/metrics/account/usage-source.ts';
import {startSimulatorThread} from '../../source/threads/simulator-handle.ts';
import {FakeClock} from '../helpers/fake-clock.ts';
import {defaultOptions} from '../simulator/harness.ts';
import {firstLook, minuteMs, nextLook, noon, startMonitor, traffic} from './account-harness.ts';

const copiedFrom = 'us.amazon.nova-lite-v1:0';
const teams = Array.from({length: 500}, (_, index) =>
	traffic(`team${index}`, {
		copiedFrom,
		requestsPerMinute: 5,
		cacheReadTokens: 50,
		cacheWriteTokens: 5,
		throttledShare: 0.1,
		errorShare: 0.1,
	}),
);

test('500 ModelIds over 3 hours are read with at most 16 calls of GetMetricData', async () => {
	const simulator = await startSimulatorThread({...defaultOptions, scenario: {background: teams}});
	onTestFinished(simulator.stop);
	const clients = createClients(
		{region: 'us-east-1', profile: undefined, simulatorUrl: simulator.url},
		{maxSockets: 4},
	);
	onTestFinished(clients.close);
	const real = createUsageSource(clients, systemClock);
	let dataCalls = 0;
	let queries = 0;
	const source: UsageSource = {
		...real,
		async read(...asked) {
			const reading = await real.read(...asked);
			dataCalls += reading.cost.calls;
			queries += asked[0].length;
			return reading;
		},
	};
	const watch = startMonitor({clock: systemClock as never, url: simulator.url, source, clients});
	watch.monitor.look(['amazon.nova-lite-v1:0 cross-region']);
	watch.monitor.start();
	await firstLook(watch);
	const {buckets, remarks} = watch.latest();
	const bucket = buckets.find(
		({model, scope}) => model === 'amazon.nova-lite-v1:0' && scope === 'cross-region',
	);
	expect(bucket?.modelIds.length).toBe(500);
	expect(bucket?.told.requests).toBeGreaterThan(1500);
	expect(remarks).toEqual([]);
	expect(queries).toBeGreaterThan(4000);
	expect(dataCalls).toBeLessThanOrEqual(16);
}, 60_000);

/** Metrics made up on the spot: what is measured is the monitor and nothing below it. */
const endlessSource = (clock: FakeClock): UsageSource => {
	const names: ReadonlySet<SeriesName> = new Set(['requests', 'inputTokens', 'outputTokens', 'latencyP50']);
	const cost = {calls: 1, metrics: 1};
	const clockAheadMs = 0;
	const failure = undefined;
	return {
		async listActive() {
			// Half of the ModelIds come and go.
			const epoch = Math.floor(clock.epoch() / (240 * minuteMs));
			const modelIds = Array.from({length: 100}, (_, index) =>
				index < 50 ? `team${index}` : `guest${index}-${epoch}`,
			);
			return {models: new Map(modelIds.map((modelId) => [modelId, names])), cost, failure, clockAheadMs};
		},
		async read(queries: readonly SeriesQuery[], {fromMs, toMs}, periodMs): Promise<UsageReading> {
			const at: number[] = [];
			for (let moment = fromMs; moment < toMs; moment += periodMs) {
				at.push(moment);
			}
			return {
				series: queries.map((query) => ({...query, at, values: at.map(() => 7), isPartial: false})),
				cost,
				failure,
				clockAheadMs,
			};
		},
	};
};

test('a day of watching leaves the heap as it was', async () => {
	setFlagsFromString('--expose-gc');
	const collect = runInNewContext('gc') as () => void;
	const clock = new FakeClock(noon);
	const clients = createClients(
		{region: 'us-east-1', profile: undefined, simulatorUrl: 'http://127.0.0.1:1'},
		{maxSockets: 1},
	);
	onTestFinished(clients.close);
	const watch = startMonitor(
		{clock, url: '', source: endlessSource(clock), clients},
		{
			readDirectory: async () => ({
				candidates: [],
				remarks: [],
				map: async (active) => ({
					buckets: new Map(),
					owners: new Map(active.map((modelId) => [modelId, modelId])),
				}),
			}),
		},
	);
	watch.monitor.start();
	await firstLook(watch);
	const heap = async (looks: number): Promise<number> => {
		for (let look = 0; look < looks; look++) {
			await nextLook({clock} as never, watch);
		}
		collect();
		return process.memoryUsage().heapUsed;
	};
	const early = await heap(300);
	const late = await heap(1440);
	expect((late - early) / 1_000_000).toBeLessThan(5);
}, 120_000);
