import type {BenchCase, Row} from '../helpers/bench-case.ts';
import {percent, signed} from '../helpers/format.ts';
import {runOurs} from '../helpers/our-run.ts';
import {adaptiveLoop, runSdkLoop} from '../helpers/sdk-loop.ts';
import {type ServerStats, throttlesOf, withServer} from '../helpers/simulated.ts';
import {loadFlags, plainModel, requestFlags, sixteenTokensTask} from '../helpers/workload.ts';

const leastUse = 0.98;
const windows = 3;
const tokensPerWindow = 100_000;
const maxTokens = 20;

/** A prompt of some 400 tokens, so that a request sets 0.4 % of the quota aside and needs nearly all of it. */
const task = `${sixteenTokensTask}\n\n${'The pump was out of service for a day and two fitters changed the seal. '.repeat(24)}`;

/** Parts of the quota that were used in each window but the first, by the server's own count. */
const useByWindow = ({log}: ServerStats, windowMs: number): readonly number[] => {
	const beganAt = Math.min(...log.map(({receivedAt}) => receivedAt));
	return Array.from({length: windows - 1}, (_unused, index) => {
		const fromMs = beganAt + (index + 1) * windowMs;
		return log
			.filter(({startedAt, status}) => status === 200 && startedAt >= fromMs && startedAt < fromMs + windowMs)
			.reduce((sum, {inputTokens, outputTokens}) => sum + (inputTokens + outputTokens) / tokensPerWindow, 0);
	});
};

const rowOf = (ours: ServerStats, sdk: ServerStats, windowMs: number): Row => {
	const [least, leastOfSdk] = [ours, sdk].map((stats) => Math.min(...useByWindow(stats, windowMs))) as [
		number,
		number,
	];
	return {
		name: `saturate for ${windows} windows: least use of a window`,
		ours: `${percent(least)}, ${throttlesOf(ours)} throttled`,
		comparison: `SDK adaptive ${percent(leastOfSdk)}, ${throttlesOf(sdk)} throttled`,
		relation: signed(percent(least - leastOfSdk), least - leastOfSdk),
		bound: `>= ${percent(leastUse, 0)}, 0`,
		isMet: least >= leastUse && throttlesOf(ours) === 0,
		figures: {least, leastOfSdk, throttled: throttlesOf(ours), throttledOfSdk: throttlesOf(sdk)},
	};
};

export const saturateCase: BenchCase = {
	name: 'saturate',
	group: 'engine',
	about: 'part of the quota that a saturating run uses',
	async run({windowMs}) {
		// Answers of a second in a window of a minute.
		const simulator = {tokensPerMinute: tokensPerWindow, windowMs, latencyMs: windowMs / 60};
		const durationMs = windows * windowMs;
		const workload = {model: plainModel, task, maxTokens, requests: Number.POSITIVE_INFINITY};
		const oursMade = withServer(simulator, async (server) => {
			const flags = [...requestFlags(workload), ...loadFlags({shape: 'saturate', durationMs})];
			await runOurs(server, flags, {windowMs});
			return server.stats();
		});
		const sdkMade = withServer(simulator, async (server) => {
			await runSdkLoop(server.url, adaptiveLoop, workload, {deadlineMs: durationMs});
			return server.stats();
		});
		return [rowOf(await oursMade, await sdkMade, windowMs)];
	},
};
