import {describe, expect, it} from 'vitest';
import {createRandom} from '../../source/domain/clock.ts';
import {hopelessNatures, labRun, plantedNatures} from '../helpers/optimize-lab.ts';

/** Whole optimisations in memory, a few seeds each; test/bench has two hundred. */

const seeds = [1, 2, 3, 4, 5, 6];

describe('an optimisation', () => {
	it('finds a planted saving of 40% among worse ones, within its requests', async () => {
		for (const seed of seeds) {
			const {proven, requests} = await labRun({seed, natures: plantedNatures(createRandom(seed))});
			expect(requests).toBeLessThanOrEqual(900);
			expect(proven?.saving, `seed ${seed}`).toBeGreaterThanOrEqual(0.32);
			expect(proven?.loss).toBe(0);
		}
	});

	it('proves nothing where nothing is better, and nothing that is worse', async () => {
		for (const seed of seeds) {
			const natures = hopelessNatures(createRandom(seed), seed % 2 === 0 ? 0.2 : undefined);
			const {proven, state} = await labRun({seed, natures});
			expect(proven, `seed ${seed}`).toBeUndefined();
			expect(state.endedBy).toBeUndefined();
		}
	});

	it('shows no select and no held-out item to the rewriter', async () => {
		const {prompts, setup} = await labRun({seed: 2, natures: plantedNatures(createRandom(2))});
		const hidden = new Set([...setup.split.select, ...setup.split.heldOut]);
		const texts = setup.task.items.filter(({index}) => hidden.has(index)).map(({text}) => text);
		expect(prompts.length).toBeGreaterThanOrEqual(5);
		expect(texts.filter((text) => prompts.some((prompt) => prompt.includes(text)))).toEqual([]);
	});

	it('drops leaks, lost placeholders and nonsense with the reason, and goes on', async () => {
		const natures = [
			{saving: 0.9, loss: 0, trap: 'leak'},
			{saving: 0.9, loss: 0, trap: 'placeholder'},
			{saving: 0.9, loss: 0, trap: 'nonsense'},
			{saving: 0, loss: 0},
			{saving: 0.4, loss: 0},
			{saving: 0.1, loss: 0},
		] as const;
		const {state, proven} = await labRun({seed: 4, natures});
		expect(state.dropped.map(({reason}) => reason)).toEqual(
			expect.arrayContaining([
				'it holds the text of an item',
				'it lost the placeholder {{item}}',
				'the rewriter answered no JSON with rewrites',
			]),
		);
		expect(proven?.saving).toBe(0.4);
	});

	it.each([100, 137, 200, 400, 900])('never sends more than %i requests', async (requests) => {
		for (const seed of [1, 2]) {
			const end = await labRun({seed, requests, natures: plantedNatures(createRandom(seed))});
			expect(end.requests).toBeLessThanOrEqual(requests);
			expect(end.state.model.requests + end.state.rewriter.requests).toBe(end.requests);
		}
	});

	it('keeps within its money, and takes fewer held-out items for it', async () => {
		const costUsd = 1;
		const end = await labRun({seed: 3, costUsd, natures: plantedNatures(createRandom(3))});
		expect(end.costUsd).toBeLessThanOrEqual(costUsd);
		expect(end.proven?.saving).toBeGreaterThan(0);
		expect(end.state.proof?.items).toBeLessThan(240);
	});

	it('comes to the same end when it is stopped at any step and goes on', async () => {
		const scene = {seed: 5, natures: plantedNatures(createRandom(5))};
		const whole = await labRun(scene);
		for (const stopAt of [1, 2, 3, 5]) {
			const first = await labRun({...scene, stopAt});
			expect(first.state.endedBy).toBe('it was stopped');
			const second = await labRun({...scene, begun: first});
			expect(second.proven).toEqual(whole.proven);
			expect(second.requests).toBeLessThanOrEqual(900);
		}
	});

	it('asks no held-out item before its candidate is named, and of no other candidate', async () => {
		const {state, outcomes, setup} = await labRun({seed: 1, natures: plantedNatures(createRandom(1))});
		const heldOut = new Set(setup.split.heldOut);
		const asked = [...outcomes].filter(([, own]) => [...own.keys()].some((item) => heldOut.has(item)));
		expect(asked.map(([name]) => name).toSorted()).toEqual(['base', state.chosen?.name].toSorted());
	});
});
