import type {BenchCase} from '../helpers/bench-case.ts';
import {milliseconds, signed} from '../helpers/format.ts';
import {runOurs} from '../helpers/our-run.ts';
import {pause} from '../helpers/screen-program.ts';
import {bareLoop, converse, createSdkClient} from '../helpers/sdk-loop.ts';
import {withServer} from '../helpers/simulated.ts';
import {quantile} from '../helpers/statistics.ts';
import {loadFlags, plainModel, requestFlags, sixteenTokensTask} from '../helpers/workload.ts';

const mostShare = 0.05;
const mostMs = 4;
const perSecond = 50;
const durationMs = 10_000;
const shares = [0.5, 0.9, 0.99] as const;

const simulator = {latencyMs: 3, faults: {faults: [{kind: 'stall', afterMs: 4000, forMs: 2000}]}};
const workload = {model: plainModel, task: sixteenTokensTask, maxTokens: 50};

/** What a closed loop says: ten workers, each pausing as long as the rate asks, so that a stall stops the asking too. */
const closedLoopTimes = async (url: string): Promise<readonly number[]> => {
	const client = createSdkClient(url, bareLoop);
	const endsAt = performance.now() + durationMs;
	const timesMs: number[] = [];
	const gapMs = (bareLoop.inFlight * 1000) / perSecond;
	const work = async (index: number): Promise<void> => {
		await pause((gapMs * index) / bareLoop.inFlight);
		while (performance.now() < endsAt) {
			const sentAt = performance.now();
			await converse(client, workload);
			timesMs.push(performance.now() - sentAt);
			await pause(Math.max(0, gapMs - (performance.now() - sentAt)));
		}
	};
	await Promise.all(Array.from({length: bareLoop.inFlight}, async (_unused, index) => work(index)));
	client.destroy();
	return timesMs;
};

export const stallCase: BenchCase = {
	name: 'stall',
	group: 'engine',
	about: 'a server that stands still for 2 s in an open loop of 50 requests a second',
	async run({windowMs}) {
		const common = [...requestFlags(workload), '--method', 'converse'];
		// What is compiled in the first requests is not the latency of a request, and the closed loop comes second.
		await withServer({latencyMs: 0}, async (server) => {
			const load = {
				shape: 'concurrency',
				concurrency: bareLoop.inFlight,
				durationMs,
				requests: 1000,
			} as const;
			return runOurs(server, [...common, ...loadFlags(load)], {windowMs});
		});
		const ours = await withServer(simulator, async (server) => {
			const load = loadFlags({shape: 'rate', durationMs, ratePerMinute: perSecond * 60});
			const flags = [...common, ...load];
			const run = await runOurs(server, flags, {windowMs});
			return {...run, stats: await server.stats()};
		});
		const closed = await withServer(simulator, async ({url}) => closedLoopTimes(url));
		const serverTimes = ours.stats.log.map(({receivedAt, endedAt}) => endedAt - receivedAt);
		const total = ours.snapshot.variants[0]?.latencyMs.total;
		const stated = {0.5: total?.p50, 0.9: total?.p90, 0.99: total?.p99};
		return shares.map((share) => {
			const oursMs = stated[share] ?? Number.NaN;
			const truthMs = quantile(serverTimes, share);
			const differenceMs = oursMs - truthMs;
			const allowedMs = Math.max(mostMs, truthMs * mostShare);
			return {
				name: `stall of 2 s: total p${share * 100}`,
				ours: milliseconds(oursMs, 1),
				comparison: `server's log ${milliseconds(truthMs, 1)}, closed loop ${milliseconds(quantile(closed, share), 1)}`,
				relation: signed(milliseconds(differenceMs, 1), differenceMs),
				bound: `+-${milliseconds(allowedMs, 1)}`,
				isMet: Math.abs(differenceMs) <= allowedMs,
				figures: {oursMs, truthMs, differenceMs},
			};
		});
	},
};
