import type {BenchCase, Row} from '../helpers/bench-case.ts';
import {count, percent} from '../helpers/format.ts';
import {runOurs} from '../helpers/our-run.ts';
import {adaptiveLoop, runSdkLoop} from '../helpers/sdk-loop.ts';
import {type ServerStats, throttlesOf, withServer} from '../helpers/simulated.ts';
import {loadFlags, plainModel, requestFlags, sixteenTokensTask} from '../helpers/workload.ts';

/*
 * In windows since the first request: the neighbour takes its share from 1.5 to 2.5, what it used leaves the window until
 * 3.5, and half a window later the full rate must be back.
 */
const arrivesAt = 1.5;
const leavesAt = 2.5;
const recoveredAt = 4;
const endsAt = 5;

const share = 0.5;
const leastOfWhatIsLeft = 0.9;
const leastOfFullRate = 0.95;
const mostThrottled = 0.02;

type Figures = {
	/** Part of what the neighbour leaves that was used while it was there. */
	readonly ofWhatIsLeft: number;
	/** Part of the quota that was used in the window after the recovery. */
	readonly afterwards: number;
	readonly throttled: number;
	readonly throttledShare: number;
};

const figuresOf = (stats: ServerStats, windowMs: number, quota: number): Figures => {
	const {log} = stats;
	const beganAt = Math.min(...log.map(({receivedAt}) => receivedAt));
	const requestsIn = (from: number, to: number): number =>
		log.filter(
			({startedAt, status}) =>
				status === 200 && startedAt >= beganAt + from * windowMs && startedAt < beganAt + to * windowMs,
		).length;
	const throttled = throttlesOf(stats);
	return {
		ofWhatIsLeft: requestsIn(arrivesAt, leavesAt) / (quota * (1 - share)),
		afterwards: requestsIn(recoveredAt, endsAt) / quota,
		throttled,
		throttledShare: throttled / (stats.ok + throttled),
	};
};

const rowsOf = (ours: Figures, sdk: Figures): readonly Row[] => {
	const row = (name: string, text: (figures: Figures) => string, bound: string, isMet: boolean): Row => ({
		name: `neighbour takes ${percent(share, 0)}: ${name}`,
		ours: text(ours),
		comparison: `SDK adaptive ${text(sdk)}`,
		relation: '',
		bound,
		isMet,
		figures: ours,
	});
	return [
		row(
			'use of what is left',
			({ofWhatIsLeft}) => percent(ofWhatIsLeft),
			`>= ${percent(leastOfWhatIsLeft, 0)}`,
			ours.ofWhatIsLeft >= leastOfWhatIsLeft,
		),
		row(
			'throttled',
			({throttled, throttledShare}) => `${count(throttled)} (${percent(throttledShare)})`,
			`<= ${percent(mostThrottled, 0)}`,
			ours.throttledShare <= mostThrottled,
		),
		row(
			'rate half a window after it is gone',
			({afterwards}) => percent(afterwards),
			`>= ${percent(leastOfFullRate, 0)}`,
			ours.afterwards >= leastOfFullRate,
		),
	];
};

export const neighbourCase: BenchCase = {
	name: 'neighbour',
	group: 'engine',
	about: 'another application takes half of the quota for one window',
	async run({windowMs, isQuick}) {
		// Ten and twenty requests a second: the machine must not be what limits it.
		const quota = isQuick ? 120 : 600;
		const simulator = {
			requestsPerMinute: quota,
			windowMs,
			faults: {
				neighbour: {afterMs: arrivesAt * windowMs, forMs: (leavesAt - arrivesAt) * windowMs, share},
			},
		};
		const durationMs = endsAt * windowMs;
		const workload = {
			model: plainModel,
			task: sixteenTokensTask,
			maxTokens: 50,
			requests: Number.POSITIVE_INFINITY,
		};
		const oursMade = withServer(simulator, async (server) => {
			const load = loadFlags({shape: 'saturate', durationMs, burst: 'even'});
			await runOurs(server, [...requestFlags(workload), ...load], {windowMs});
			return server.stats();
		});
		const sdkMade = withServer(simulator, async (server) => {
			await runSdkLoop(server.url, adaptiveLoop, workload, {deadlineMs: durationMs});
			return server.stats();
		});
		return rowsOf(figuresOf(await oursMade, windowMs, quota), figuresOf(await sdkMade, windowMs, quota));
	},
};
