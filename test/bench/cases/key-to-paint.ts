import type {PseudoTerminal} from '../../helpers/pseudo-terminal.ts';
import type {BenchCase} from '../helpers/bench-case.ts';
import {milliseconds, percent} from '../helpers/format.ts';
import {mainThreadCpuMs, mainThreadTimes} from '../helpers/processor-time.ts';
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

type Paint = {
	/** Milliseconds from a key to the frame that obeys it. */
	readonly elapsedMs: number;
	/** What the main thread has used of a processor in them: the same on a busy machine. */
	readonly cpuMs: number;
	/** How long it was ready in them and did not get one. */
	readonly waitedMs: number;
};

/** From a key to the frame that obeys it, over and over. */
const paintTimes = async (terminal: PseudoTerminal, rounds: number): Promise<readonly Paint[]> => {
	const paints: Paint[] = [];
	for (let round = 0; round < rounds; round++) {
		for (const [key, isObeyed] of steps) {
			// Not in step with the updates that come by themselves.
			await pause(40 + ((round * 37) % 100));
			const before = mainThreadTimes(terminal.pid);
			const pressedAt = performance.now();
			terminal.write(key);
			await terminal.waitFor(isObeyed, `the effect of "${key}"`);
			const elapsedMs = performance.now() - pressedAt;
			const {cpuMs, waitedMs} = mainThreadTimes(terminal.pid);
			paints.push({elapsedMs, cpuMs: cpuMs - before.cpuMs, waitedMs: waitedMs - before.waitedMs});
		}
	}
	return paints;
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
				const paints = await paintTimes(terminal, isQuick ? 60 : 200);
				const elapsedMs = performance.now() - startedAt;
				const part = (mainThreadCpuMs(terminal.pid) - cpuBeforeMs) / elapsedMs;
				const perSecond = ((await server.stats()).ok - okBefore) / (elapsedMs / 1000);
				const of = (key: keyof Paint, share: number): number =>
					quantile(
						paints.map((paint) => paint[key]),
						share,
					);
				const beside = `${perSecond.toFixed(0)} answers a second, main thread ${percent(part)}`;
				return (
					[
						['key to paint, median', of('elapsedMs', 0.5)],
						['key to paint, p99', of('elapsedMs', 0.99)],
						['its processor time, p99', of('cpuMs', 0.99)],
						['its wait for a processor, p99', of('waitedMs', 0.99), false],
					] as const
				).map(([name, value, isBound = true]) => ({
					name: `${name} of ${paints.length}`,
					ours: milliseconds(value, 1),
					comparison: beside,
					relation: '',
					bound: isBound ? `<= ${milliseconds(mostMs)}` : '',
					isMet: isBound ? value <= mostMs : undefined,
					figures: {valueMs: value, perSecond, part},
				}));
			});
		}),
};
