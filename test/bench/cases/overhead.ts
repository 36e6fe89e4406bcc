import type {BenchCase, BenchOptions} from '../helpers/bench-case.ts';
import {count, milliseconds, ratio} from '../helpers/format.ts';
import {runOurs, succeeded} from '../helpers/our-run.ts';
import {bareLoop, runSdkLoop} from '../helpers/sdk-loop.ts';
import {type Server, withServer} from '../helpers/simulated.ts';
import {alternate, median} from '../helpers/statistics.ts';
import {loadFlags, plainModel, requestFlags, sixteenTokensTask, type Workload} from '../helpers/workload.ts';

const leastRatio = 0.9;
/** Half a second of work: a machine's speed changes within seconds, and a pair feels one such change at most. */
const requestsPerTurn = 300;

type Speed = {readonly perSecond: number; readonly cpuMs: number};

const ourSpeed = async (server: Server, workload: Workload, {windowMs}: BenchOptions): Promise<Speed> => {
	const load = {shape: 'concurrency', concurrency: bareLoop.inFlight, durationMs: 600_000} as const;
	const flags = [...requestFlags(workload), ...loadFlags({...load, requests: workload.requests})];
	const {elapsedMs, cpuMs, snapshot} = await runOurs(server, flags, {windowMs});
	const done = succeeded(snapshot);
	return {perSecond: (done / elapsedMs) * 1000, cpuMs: cpuMs / done};
};

const bareSpeed = async (server: Server, workload: Workload): Promise<Speed> => {
	const {ok, elapsedMs, cpuMs} = await runSdkLoop(server.url, bareLoop, workload, {deadlineMs: 600_000});
	return {perSecond: (ok / elapsedMs) * 1000, cpuMs: cpuMs / ok};
};

export const overheadCase: BenchCase = {
	name: 'overhead',
	group: 'engine',
	about: 'requests a second and processor time a request against a bare loop over the same client',
	run: async (options) =>
		withServer({latencyMs: 0, windowMs: options.windowMs}, async (server) => {
			const workload = {model: plainModel, task: sixteenTokensTask, maxTokens: 50, requests: requestsPerTurn};
			const ours = async () => ourSpeed(server, workload, options);
			const bare = async () => bareSpeed(server, workload);
			// What is compiled in the first pairs serves all others.
			await alternate(5, ours, bare);
			const speeds = await alternate(options.isQuick ? 20 : 75, ours, bare);
			const middle = (values: readonly Speed[], key: keyof Speed): number =>
				median(values.map((speed) => speed[key]));
			const ratios = speeds.first.map(
				({perSecond}, pair) => perSecond / (speeds.second[pair]?.perSecond ?? 1),
			);
			const value = median(ratios);
			const cpuRatio = middle(speeds.first, 'cpuMs') / middle(speeds.second, 'cpuMs');
			return [
				{
					name: `requests a second, ${bareLoop.inFlight} in flight`,
					ours: count(middle(speeds.first, 'perSecond')),
					comparison: `bare SDK ${count(middle(speeds.second, 'perSecond'))}`,
					relation: ratio(value),
					bound: `>= ${ratio(leastRatio)}`,
					isMet: value >= leastRatio,
					figures: {ratio: value},
				},
				{
					name: 'processor time a request',
					ours: milliseconds(middle(speeds.first, 'cpuMs'), 2),
					comparison: `bare SDK ${milliseconds(middle(speeds.second, 'cpuMs'), 2)}`,
					relation: ratio(cpuRatio),
					bound: '',
					isMet: undefined,
					figures: {cpuRatio},
				},
			];
		}),
};
