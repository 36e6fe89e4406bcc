import type {SimulatorOptions} from '../../../source/simulator/options.ts';
import type {BenchOptions, Row} from './bench-case.ts';
import {ratio, seconds} from './format.ts';
import {offlineScheduleMs} from './offline-schedule.ts';
import {runOurs, succeeded} from './our-run.ts';
import {adaptiveLoop, runSdkLoop, type SdkLoop, serialLoop, standardLoop} from './sdk-loop.ts';
import {type ServerStats, throttlesOf, unlimited, withServer} from './simulated.ts';
import {
	burningModel,
	loadFlags,
	plainModel,
	requestFlags,
	sixteenTokensTask,
	type Workload,
} from './workload.ts';

/** The same work through the same quota, by us and by the loops that people write. */
export type Race = {
	readonly name: string;
	readonly workload: Workload;
	readonly burndown: number;
	readonly requestsPerWindow: number;
	readonly tokensPerWindow: number;
	readonly enforcement: SimulatorOptions['enforcement'];
	/** One way. */
	readonly delayMs: number;
};

export const serviceMs = 300;

/** 200 requests through a quota of 100. */
export const requestsRace: Race = {
	name: 'requests race',
	workload: {model: plainModel, task: sixteenTokensTask, maxTokens: 100, requests: 200},
	burndown: 1,
	requestsPerWindow: 100,
	tokensPerWindow: unlimited,
	enforcement: 'sliding',
	delayMs: 0,
};

/** 100 requests that each set 4,096 tokens aside and need 16, through a quota of 20,000. */
export const tokensRace: Race = {
	name: 'tokens race',
	workload: {model: burningModel, task: sixteenTokensTask, maxTokens: 4096, requests: 100},
	burndown: 5,
	requestsPerWindow: unlimited,
	tokensPerWindow: 20_000,
	enforcement: 'sliding',
	delayMs: 0,
};

/** How one client did. */
export type Finish = {
	readonly name: string;
	readonly elapsedMs: number;
	readonly ok: number;
	readonly lost: number;
	/** As the server counted. */
	readonly throttled: number;
	/** Stopped by the deadline before it was done. */
	readonly isCut: boolean;
	readonly stats: ServerStats;
};

const simulatorOf = (race: Race, windowMs: number): Partial<SimulatorOptions> => ({
	requestsPerMinute: race.requestsPerWindow,
	tokensPerMinute: race.tokensPerWindow,
	enforcement: race.enforcement,
	windowMs,
	latencyMs: serviceMs,
	faults: {networkDelayMs: race.delayMs},
});

/** @param isAuto With `--max-tokens auto`, from the workload's on. */
export const raceOurs = async (race: Race, {windowMs}: BenchOptions, isAuto = false): Promise<Finish> =>
	withServer(simulatorOf(race, windowMs), async (server) => {
		const {requests} = race.workload;
		const load = loadFlags({shape: 'saturate', durationMs: 600_000, requests});
		const {elapsedMs, snapshot} = await runOurs(server, [...requestFlags(race.workload), ...load], {
			windowMs,
			adjust: (config) => ({...config, isMaxTokensAuto: isAuto}),
		});
		const stats = await server.stats();
		const ok = succeeded(snapshot);
		return {
			name: isAuto ? '--max-tokens auto' : race.name,
			elapsedMs,
			ok,
			lost: requests - ok,
			throttled: throttlesOf(stats),
			isCut: false,
			stats,
		};
	});

const raceLoop = async (race: Race, loop: SdkLoop, {windowMs, isQuick}: BenchOptions): Promise<Finish> =>
	withServer(simulatorOf(race, windowMs), async (server) => {
		const deadlineMs = isQuick ? 20_000 : 150_000;
		const {elapsedMs, ok, lost} = await runSdkLoop(server.url, loop, race.workload, {deadlineMs});
		const stats = await server.stats();
		const isCut = ok + lost < race.workload.requests;
		return {name: loop.name, elapsedMs, ok, lost, throttled: throttlesOf(stats), isCut, stats};
	});

/**
 * The loops side by side: each has a server of its own, and waiting is most of what they do. Not beside ours: they begin
 * with everything at once, in the same thread.
 */
export const raceLoops = async (race: Race, options: BenchOptions): Promise<readonly Finish[]> =>
	Promise.all([standardLoop, adaptiveLoop, serialLoop].map((loop) => raceLoop(race, loop, options)));

/** The time of a schedule that knows every answer, from the tokens that the server really counted. */
export const idealMs = (race: Race, {stats}: Finish, {windowMs}: BenchOptions): number =>
	offlineScheduleMs(
		stats.log
			.filter(({status}) => status === 200)
			.map(({inputTokens, outputTokens}) => ({
				reservedTokens: inputTokens + race.workload.maxTokens,
				settledTokens: inputTokens + outputTokens * race.burndown,
			})),
		{...race, windowMs, serviceMs},
	);

export const describe = ({elapsedMs, ok, lost, throttled, isCut}: Finish): string =>
	isCut
		? `${ok} done in ${seconds(elapsedMs)}, ${throttled} throttled`
		: `${seconds(elapsedMs)}, ${throttled} throttled, ${lost} lost`;

const figuresOf = ({elapsedMs, ok, lost, throttled}: Finish): Row['figures'] => ({
	elapsedMs,
	ok,
	lost,
	throttled,
});

/** Our row of a race: in time, without a throttle, with nothing lost. */
export const ourRow = (name: string, finish: Finish, ideal: number, boundMs: number): Row => ({
	name,
	ours: describe(finish),
	comparison: `ideal ${seconds(ideal)}`,
	relation: ratio(finish.elapsedMs / ideal),
	bound: `<= ${seconds(boundMs)}, 0, 0`,
	isMet: finish.elapsedMs <= boundMs && finish.throttled === 0 && finish.lost === 0,
	figures: {...figuresOf(finish), idealMs: ideal, boundMs},
});

/** The row of a loop, beside ours. */
export const loopRow = (loop: Finish, ours: Finish): Row => ({
	name: `  ${loop.name}`,
	ours: '',
	comparison: describe(loop),
	relation: `${loop.isCut ? '> ' : ''}${ratio(loop.elapsedMs / ours.elapsedMs)}`,
	bound: '',
	isMet: undefined,
	figures: figuresOf(loop),
});
