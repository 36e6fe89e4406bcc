import {describe, expect, it} from 'vitest';
import {createRandom} from '../../source/simulator/answers/random.ts';
import {type Model, paceOf} from '../../source/simulator/catalog/model.ts';
import {findModel} from '../../source/simulator/catalog/models.ts';
import {startSimulator} from '../../source/simulator/server.ts';
import type {Time} from '../../source/simulator/time.ts';
import {defaultOptions, modelPath, readStats} from './harness.ts';

/** Tests source/simulator/runtime/deliver.ts, and the pace of source/simulator/catalog/model.ts. */

const model = (id: string): Model => findModel(id) as Model;

const medianOf = (values: readonly number[]): number =>
	[...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] as number;

describe('realistic times', () => {
	const paces = (id: string, outputTokens: number) => {
		const random = createRandom(1);
		return Array.from({length: 500}, () => paceOf(random, model(id), 100, outputTokens, undefined));
	};

	it('of the first token grow with the model', () => {
		const [small, medium, large] = [
			'amazon.nova-micro-v1:0',
			'amazon.nova-pro-v1:0',
			'anthropic.claude-opus-5',
		].map((id) => medianOf(paces(id, 100).map(({firstTokenMs}) => firstTokenMs)));
		expect(small).toBeGreaterThan(250);
		expect(medium).toBeGreaterThan((small ?? 0) * 1.5);
		expect(large).toBeGreaterThan((medium ?? 0) * 1.3);
		expect(large).toBeLessThan(1100);
	});

	it('in all grow with the answer', () => {
		const total = (outputTokens: number) =>
			medianOf(paces('amazon.nova-pro-v1:0', outputTokens).map(({totalMs}) => totalMs));
		expect(total(400) - total(1)).toBeGreaterThan(3000);
	});

	it('are exactly what was asked for when they are fixed', () => {
		const pace = paceOf(createRandom(1), model('amazon.nova-pro-v1:0'), 100, 400, 250);
		expect(pace.totalMs).toBe(250);
		expect(pace.firstTokenMs).toBeLessThan(125);
	});
});

/** A clock that goes on by itself to the next sleeper, as soon as nothing else is going on. */
const createSteppedTime = (): Time => {
	let nowMs = 1_000_000;
	let sleepers: Array<{readonly atMs: number; readonly wake: () => void}> = [];
	const step = (): void => {
		const next = sleepers.reduce<(typeof sleepers)[number] | undefined>(
			(first, sleeper) => (first === undefined || sleeper.atMs < first.atMs ? sleeper : first),
			undefined,
		);
		if (next !== undefined) {
			sleepers = sleepers.filter((sleeper) => sleeper !== next);
			nowMs = Math.max(nowMs, next.atMs);
			next.wake();
		}
	};
	return {
		now: () => nowMs,
		sleep: (delayMs) =>
			delayMs <= 0
				? Promise.resolve()
				: new Promise((resolve) => {
						sleepers.push({atMs: nowMs + delayMs, wake: resolve});
						setImmediate(step);
					}),
	};
};

describe('on a clock of its own', () => {
	const body = JSON.stringify({
		messages: [{role: 'user', content: [{text: 'Explain rain in detail.'}]}],
		inferenceConfig: {maxTokens: 200},
	});

	it.each([
		['converse', 8000],
		['converse-stream', 8000],
		['invoke-with-response-stream', 12_345],
	])('%s takes exactly its fixed time', async (operation, latencyMs) => {
		const time = createSteppedTime();
		const simulator = await startSimulator({...defaultOptions, latencyMs}, time);
		try {
			const response = await fetch(simulator.url + modelPath('us.amazon.nova-lite-v1:0', operation), {
				method: 'POST',
				body: operation.startsWith('invoke') ? body.replace('maxTokens', 'max_new_tokens') : body,
			});
			await response.arrayBuffer();
			expect(response.status).toBe(200);
			const entry = (await readStats(simulator.url)).log[0];
			expect((entry?.endedAt ?? 0) - (entry?.startedAt ?? 0)).toBeCloseTo(latencyMs, 6);
		} finally {
			await simulator.stop();
		}
	});

	it('a stall holds requests until it is over', async () => {
		const time = createSteppedTime();
		const faults = [{kind: 'stall', forMs: 2000}];
		const simulator = await startSimulator({...defaultOptions, latencyMs: 3, faults}, time);
		try {
			const send = async () =>
				(
					await fetch(simulator.url + modelPath('us.amazon.nova-lite-v1:0', 'converse'), {
						method: 'POST',
						body,
					})
				).status;
			expect(await send()).toBe(200);
			expect(await send()).toBe(200);
			const log = (await readStats(simulator.url)).log.map(({receivedAt, endedAt}) => endedAt - receivedAt);
			expect(log[0]).toBeCloseTo(2003, 6);
			expect(log[1]).toBeCloseTo(3, 6);
		} finally {
			await simulator.stop();
		}
	});
});
