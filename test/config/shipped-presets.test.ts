import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {loadPreset} from '../../source/config/load-preset.ts';
import {shippedNames} from '../../source/config/preset-files.ts';
import {resolveRun} from '../../source/config/resolve-run.ts';
import {systemClock} from '../../source/domain/clock.ts';
import {createRun} from '../../source/engine/run.ts';
import {type RunningSimulator, startSimulator} from '../../source/simulator/server.ts';
import {prepare} from '../../source/threads/prepare.ts';
import {defaultOptions} from '../simulator/harness.ts';

/** Tests source/config/load-preset.ts: every shipped preset is read, and a few of its requests are answered by the simulator. */

const noFlags = {
	isSet: () => undefined,
	text: () => undefined,
	texts: () => [],
	afterPreset: () => [],
	typed: () => [],
};

/** Least part of the items that the simulator's answers are useful for, in every variant. */
const leastUseful = 0.1;

describe('shipped presets', () => {
	it('cover the situations that people come with', () => {
		expect(shippedNames()).toEqual(
			expect.arrayContaining([
				'chat',
				'classify',
				'extract-json',
				'high-volume',
				'hybrid',
				'quota-limits',
				'route',
				'summarize',
			]),
		);
	});

	it.each(shippedNames())('%s is named after its file, described, and says what model it is for', (name) => {
		const {preset} = loadPreset(name);
		expect(preset.name).toBe(name);
		expect(preset.description?.length).toBeGreaterThan(20);
		expect(preset.models).not.toHaveLength(0);
	});

	/** One service for all of them, which run side by side: most of their time is waiting. */
	let simulator: RunningSimulator;
	beforeAll(async () => {
		simulator = await startSimulator(defaultOptions);
	});
	afterAll(() => simulator.stop());

	it.concurrent.each(shippedNames())('%s runs, and every variant does useful work', async (name) => {
		const {url} = simulator;
		const asked = await resolveRun(name, noFlags, async () => '');
		const connection = {region: 'us-east-1', profile: undefined, simulatorUrl: url};
		const load = {...asked.load, shape: 'measure' as const, requests: 8, durationMs: null};
		// Quotas have tests of their own; here they would only make the test slow.
		const override = {requestsPerMinute: 100_000, tokensPerMinute: 100_000_000, burndown: undefined};
		// Nobody has to think.
		const {chat} = asked.task;
		const task = chat === undefined ? asked.task : {...asked.task, chat: {...chat, thinkMs: 10}};
		const config = {...asked, task, connection, load, override, isEliminating: false};
		const prepared = await prepare(config, () => {}, new AbortController().signal);
		try {
			const run = createRun(prepared.spec, {backend: prepared.backend, clock: systemClock});
			await run.start();
			const {variants, outcome, simulated} = run.snapshot();
			expect({outcome, simulated}).toEqual({outcome: 'completed', simulated: true});
			for (const {name: variant, items, requests} of variants) {
				expect({variant, succeeded: requests.succeeded}).toEqual({variant, succeeded: 8});
				expect(items.useful / items.sent, variant).toBeGreaterThan(leastUseful);
			}
		} finally {
			prepared.backend.close();
			prepared.clients.close();
		}
	});
});
