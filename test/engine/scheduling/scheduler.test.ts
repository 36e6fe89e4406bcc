import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {createRandom} from '../../../source/domain/clock.ts';
import {bursts, type CellSpec, type RunSpec} from '../../../source/domain/run-config.ts';
import {createRun} from '../../../source/engine/run.ts';
import {FakeClock} from '../../helpers/fake-clock.ts';
import {ModelServer} from '../../helpers/model-server.ts';
import {cellOf, loadOf, quotaOf, specOf, targetOf, variantOf} from '../../helpers/spec-fixture.ts';

const windowMs = 6000;

const play = async (cells: readonly CellSpec[], overrides: Partial<RunSpec> = {}, seed = 1) => {
	const clock = new FakeClock();
	const random = createRandom(seed);
	const server = new ModelServer({
		clock,
		windowMs,
		requestsPerWindow: 100,
		tokensPerWindow: 10_000,
		delayMs: () => 5,
		serviceMs: () => 50 + 400 * random(),
		outputTokens: ({maxTokens}) => Math.round(maxTokens * random()),
	});
	const run = createRun(
		specOf({
			windowMs,
			seed,
			targets: [targetOf(quotaOf(100, 10_000))],
			variants: cells.map((_cell, index) => variantOf(`v${index}`)),
			cells: cells.map((cell, variant) => ({...cell, variant})),
			load: loadOf('saturate', {durationMs: 30_000}),
			...overrides,
		}),
		{backend: server, clock},
	);
	await clock.settle(run.start());
	expect(server.throttles).toEqual([]);
	return run.snapshot().variants;
};

describe('lanes', () => {
	it('give everything to the highest that wants it', async () => {
		const [high, low] = await play([cellOf({lane: 'high'}), cellOf({lane: 'low'})]);
		expect(high?.requests.succeeded).toBeGreaterThan(400);
		expect(low?.requests.sent).toBe(0);
	});

	it('do not let small requests below pass a large one above that waits for room', async () => {
		const large = cellOf({lane: 'normal', maxTokens: 5000, ratePerMinute: 10});
		const alone = await play([large]);
		const beside = await play([large, cellOf({lane: 'low', maxTokens: 20})]);
		expect(beside[0]?.requests.sent).toBeGreaterThan(0.9 * (alone[0]?.requests.sent ?? 0));
		expect(beside[1]?.requests.succeeded).toBeGreaterThan(0);
	});

	it('never starve what is in the same lane, however the sizes differ', async () => {
		await fc.assert(
			fc.asyncProperty(
				fc.integer(),
				fc.constantFrom(...bursts),
				fc.array(fc.integer({min: 1, max: 9000}), {minLength: 2, maxLength: 4}),
				async (seed, burst, sizes) => {
					const variants = await play(
						sizes.map((maxTokens) => cellOf({maxTokens})),
						{burst},
						seed,
					);
					const sent = variants.map(({requests}) => requests.sent);
					// Blocks hold one request of each.
					expect(Math.max(...sent) - Math.min(...sent)).toBeLessThanOrEqual(1);
					expect(Math.min(...sent)).toBeGreaterThan(0);
				},
			),
			{numRuns: 30},
		);
	}, 30_000);
});
