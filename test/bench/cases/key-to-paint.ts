import type {PseudoTerminal} from '../../helpers/pseudo-terminal.ts';
import type {BenchCase} from '../helpers/bench-case.ts';
import {milliseconds, percent} from '../helpers/format.ts';
import {mainThreadCpuMs} from '../helpers/processor-time.ts';
import {openProgram, pause, shows, withTerminal} from '../helpers/screen-program.ts';
import {environmentFor, withServer} from '../helpers/simulated.ts';
import {quantile} from '../helpers/statistics.ts';
import {loadFlags, plainModel, requestFlags, sixteenTokensTask} from '../helpers/workload.ts';

const mostMs = 30;
const ratePerSecond = 100;

type Condition = (lines: readonly string[]) => boolean;

const isFrozen: Condition = shows(/FROZEN/);

/** Keys with what the screen is like once they have been obeyed, and not before. */
const steps: ReadonlyArray<readonly [key: string, isObeyed: Condition]> = [
	['f', isFrozen],
	['f', (lines) => !isFrozen(lines)],
];

/** Milliseconds from a key to the frame that obeys it, over and over. */
const paintTimes = async (terminal: PseudoTerminal, rounds: number): Promise<readonly number[]> => {
	const timesMs: number[] = [];
	for (let round = 0; round < rounds; round++) {
		for (const [key, isObeyed] of steps) {
			// Not in step with the updates that come by themselves.
			await pause(40 + ((round * 37) % 100));
			const pressedAt = performance.now();
			terminal.write(key);
			await terminal.waitFor(isObeyed, `the effect of "${key}"`);
			timesMs.push(performance.now() - pressedAt);
		}
	}
	return timesMs;
};

const flagsFor = (durationMs: number): readonly string[] => [
	...requestFlags({model: plainModel, task: sixteenTokensTask, maxTokens: 100}),
	...loadFlags({shape: 'rate', durationMs, ratePerMinute: ratePerSecond * 60}),
];

export const keyToPaintCase: BenchCase = {
	name: 'key-to-paint',
	group: 'screen',
	about: 'from a key to the frame that obeys it, while 100 requests a second are in flight',
	run: async ({isQuick}) =>
		withServer({latencyMs: 50}, async (server) => {
			const options = {columns: 120, rows: 40, environment: environmentFor(server.url)};
			const terminal = openProgram(flagsFor(isQuick ? 60_000 : 120_000), options);
			return withTerminal(terminal, async () => {
				await terminal.waitFor(shows(/READY/), 'the plan');
				terminal.write('r');
				await terminal.waitFor(shows(/RUNNING/), 'the run');
				await pause(3000);
				const startedAt = performance.now();
				const cpuBeforeMs = mainThreadCpuMs(terminal.pid);
				const {ok: okBefore} = await server.stats();
				const timesMs = await paintTimes(terminal, isQuick ? 60 : 200);
				const elapsedMs = performance.now() - startedAt;
				const part = (mainThreadCpuMs(terminal.pid) - cpuBeforeMs) / elapsedMs;
				const perSecond = ((await server.stats()).ok - okBefore) / (elapsedMs / 1000);
				const [p50, p99] = [quantile(timesMs, 0.5), quantile(timesMs, 0.99)];
				const beside = `${perSecond.toFixed(0)} answers a second, main thread ${percent(part)}`;
				return (
					[
						['median', p50],
						['p99', p99],
					] as const
				).map(([name, value]) => ({
					name: `key to paint, ${name} of ${timesMs.length}`,
					ours: milliseconds(value, 1),
					comparison: beside,
					relation: '',
					bound: `<= ${milliseconds(mostMs)}`,
					isMet: value <= mostMs,
					figures: {valueMs: value, perSecond, part},
				}));
			});
		}),
};
