import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {resolveRun} from '../../source/config/resolve-run.ts';
import {systemClock} from '../../source/domain/clock.ts';
import type {RunConfig} from '../../source/domain/run-config.ts';
import {createRun} from '../../source/engine/run.ts';
import {type RunningSimulator, startSimulator} from '../../source/simulator/server.ts';
import {prepare} from '../../source/threads/prepare.ts';
import {defaultOptions} from '../simulator/harness.ts';

/** A check by an LLM over HTTP: resolved, priced and planned (source/threads/prepare.ts), and asked of the simulator. */

const noFlags = {
	isSet: () => undefined,
	text: () => undefined,
	texts: () => [],
	afterPreset: () => [],
	typed: () => [],
};

const judge = 'us.anthropic.claude-haiku-4-5-20251001-v1:0';

describe('a judge over HTTP', () => {
	let simulator: RunningSimulator;
	beforeAll(async () => {
		simulator = await startSimulator(defaultOptions);
	});
	afterAll(() => simulator.stop());

	const configOf = async (model: string): Promise<RunConfig> => {
		const asked = await resolveRun('route', noFlags, async () => '');
		return {
			...asked,
			connection: {region: 'us-east-1', profile: undefined, simulatorUrl: simulator.url},
			load: {...asked.load, requests: 30},
			variants: asked.variants.filter(({name}) => name === 'bare'),
			task: {
				...asked.task,
				checks: [{judge: {model, question: 'Does it name the right team?', passIf: 'yes'}}],
			},
		};
	};

	it('is in the plan with its cost, grades every answer, and mostly agrees with the right ones', async () => {
		const prepared = await prepare(await configOf(judge), () => {}, new AbortController().signal);
		try {
			expect(prepared.plan.remarks.join('\n')).toMatch(
				/The judge us\.anthropic\.claude-haiku-4-5\S+ grades the answers with up to 60 further requests, about \$/,
			);
			const run = createRun(prepared.spec, {backend: prepared.backend, clock: systemClock});
			await run.start();
			const [figures] = run.snapshot().judges ?? [];
			const {passed = 0, failed = 0, tie = 0, none = 0} = figures?.verdicts ?? {};
			expect(passed + failed + tie + none).toBe(30);
			expect(none).toBe(0);
			expect(figures?.requests).toBe(60);
			expect(figures?.costUsd).toBeGreaterThan(0);
			expect((figures?.agreement?.same ?? 0) / (figures?.agreement?.of ?? 1)).toBeGreaterThan(0.85);
		} finally {
			prepared.backend.close();
			prepared.clients.close();
		}
	});

	it('that the Region does not list is refused before anything is sent', async () => {
		const config = await configOf('us.anthropic.claude-haiku-9');
		await expect(prepare(config, () => {}, new AbortController().signal)).rejects.toMatchObject({
			message: expect.stringContaining('lists no model "us.anthropic.claude-haiku-9"'),
			exitCode: 2,
		});
	});
});
