import {setImmediate as nextTurn} from 'node:timers/promises';
import {createAccountMonitor, nextPollMs} from '../../../source/account/account-monitor.ts';
import {OwnUse} from '../../../source/account/own-traffic-registry.ts';
import type {AccountRegion} from '../../../source/domain/account-snapshot.ts';
import type {SeriesName, UsageSource} from '../../../source/domain/usage-source.ts';
import {FakeClock} from '../../helpers/fake-clock.ts';

/**
 * A monitor with metrics made up on the spot: what is measured is the monitor and nothing below it. Arguments: at which
 * numbers of looks, one a minute, the heap is measured. Prints the heaps in bytes. Needs --expose-gc.
 */

const minuteMs = 60_000;
const clock = new FakeClock(Date.UTC(2026, 10, 20, 12));
const names: ReadonlySet<SeriesName> = new Set(['requests', 'inputTokens', 'outputTokens', 'latencyP50']);
const told = {cost: {calls: 1, metrics: 1}, failure: undefined, clockAheadMs: 0};

const source: UsageSource = {
	async listActive() {
		// Half of the ModelIds come and go.
		const epoch = Math.floor(clock.epoch() / (240 * minuteMs));
		const modelIds = Array.from({length: 100}, (_unused, index) =>
			index < 50 ? `team${index}` : `guest${index}-${epoch}`,
		);
		return {...told, models: new Map(modelIds.map((modelId) => [modelId, names]))};
	},
	async read(queries, {fromMs, toMs}, periodMs) {
		const at = Array.from(
			{length: Math.ceil((toMs - fromMs) / periodMs)},
			(_unused, index) => fromMs + index * periodMs,
		);
		const values = at.map(() => 7);
		return {...told, series: queries.map((query) => ({...query, at, values, isPartial: false}))};
	},
};

let latest: AccountRegion | undefined;
const monitor = createAccountMonitor({
	region: 'us-east-1',
	endpoint: null,
	isSimulated: () => true,
	clock,
	source,
	readDirectory: async () => ({
		candidates: [],
		provisioned: [],
		remarks: [],
		assertReachable: async () => {},
		map: async (active) => ({
			buckets: new Map(),
			owners: new Map(active.map((modelId) => [modelId, modelId])),
		}),
	}),
	own: new OwnUse(),
	isEverything: true,
	isAllOnScreen: false,
	publish(region) {
		latest = region;
	},
});
monitor.start();

const heaps: number[] = [];
let looks = 0;
for (const mark of process.argv.slice(2).map(Number)) {
	for (; looks < mark; looks++) {
		while ((latest?.polls ?? 0) <= looks || clock.timers === 0) {
			await nextTurn();
		}
		await clock.advance(nextPollMs(clock.epoch(), 0));
	}
	globalThis.gc?.();
	heaps.push(process.memoryUsage().heapUsed);
}
process.stdout.write(JSON.stringify({heaps}));
process.exit(0);
