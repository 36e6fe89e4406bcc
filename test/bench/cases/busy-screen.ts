import {writeFileSync} from 'node:fs';
import path from 'node:path';
import {newFolder} from '../../helpers/built-program.ts';
import type {BenchCase} from '../helpers/bench-case.ts';
import {count, percent} from '../helpers/format.ts';
import {mainThreadCpuMs} from '../helpers/processor-time.ts';
import {openProgram, pause, shows, withTerminal} from '../helpers/screen-program.ts';
import {environmentFor, withServer} from '../helpers/simulated.ts';
import {plainModel, sixteenTokensTask} from '../helpers/workload.ts';

const mostPart = 0.03;
const ratePerSecond = 100;
const variantCount = 8;

/** A preset of eight variants, all of them short. */
const writePreset = (): string => {
	const file = path.join(newFolder(), 'eight.yaml');
	const variants = Array.from({length: variantCount}, (_, index) => ({
		name: `variant-${index + 1}`,
		instruction: '{{task}}',
		system: `You are the one with number ${index + 1}.`,
	}));
	// JSON is YAML.
	writeFileSync(file, JSON.stringify({name: 'eight', task: sixteenTokensTask, variants, maxTokens: 100}));
	return file;
};

export const busyScreenCase: BenchCase = {
	name: 'busy-screen',
	group: 'screen',
	about: 'processor time of the main thread at 100 requests a second, 8 variants, 120x40',
	run: async ({isQuick}) =>
		withServer({latencyMs: 50}, async (server) => {
			const forMs = isQuick ? 15_000 : 30_000;
			const load = [
				'--load',
				'rate',
				'--rate',
				String(ratePerSecond * 60),
				'--duration',
				`${forMs / 1000 + 20}s`,
			];
			const options = {columns: 120, rows: 40, environment: environmentFor(server.url)};
			return withTerminal(
				openProgram([writePreset(), '-m', plainModel, ...load], options),
				async (terminal) => {
					await terminal.waitFor(shows(/READY/), 'the plan');
					terminal.write('r');
					await terminal.waitFor(shows(/RUNNING/), 'the run');
					// What is compiled once at the start is not the cost of a steady screen.
					await pause(5000);
					const {ok: okBefore} = await server.stats();
					const bytesBefore = terminal.raw().length;
					const startedAt = performance.now();
					const cpuBeforeMs = mainThreadCpuMs(terminal.pid);
					await pause(forMs);
					const part = (mainThreadCpuMs(terminal.pid) - cpuBeforeMs) / (performance.now() - startedAt);
					const perSecond = ((await server.stats()).ok - okBefore) / (forMs / 1000);
					const bytesPerSecond = (terminal.raw().length - bytesBefore) / (forMs / 1000);
					return [
						{
							name: `main thread at ${perSecond.toFixed(0)} requests a second, ${variantCount} variants, 120x40`,
							ours: `${percent(part)} of a core`,
							comparison: `${count(bytesPerSecond)} characters a second written`,
							relation: '',
							bound: `< ${percent(mostPart, 0)}`,
							isMet: part < mostPart,
							figures: {part, perSecond, bytesPerSecond},
						},
					];
				},
			);
		}),
};
