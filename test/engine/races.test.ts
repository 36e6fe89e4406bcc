/** Tests source/engine/run.ts: commands in quick succession. */
import {describe, expect, it} from 'vitest';
import {createRun} from '../../source/engine/run.ts';
import {FakeClock} from '../helpers/fake-clock.ts';
import {enforcements, ModelServer} from '../helpers/model-server.ts';
import {cellOf, loadOf, quotaOf, specOf, targetOf} from '../helpers/spec-fixture.ts';

const networks = [0, 20, 200] as const;

describe.each(enforcements)('races against a server that counts with %s windows', (enforcement) => {
	it.each(networks)('200 requests through 100 a minute, %i ms one way', async (delayMs) => {
		const clock = new FakeClock();
		const server = new ModelServer({
			clock,
			enforcement,
			requestsPerWindow: 100,
			tokensPerWindow: 1_000_000,
			delayMs: () => delayMs,
		});
		const run = createRun(
			specOf({
				targets: [targetOf(quotaOf(100, 1_000_000))],
				load: loadOf('saturate', {requests: 200}),
			}),
			{backend: server, clock},
		);
		await clock.settle(run.start());
		const {variants, outcome} = run.snapshot();
		expect(server.throttles).toEqual([]);
		expect(outcome).toBe('completed');
		expect(variants[0]?.requests.succeeded).toBe(200);
		expect(clock.now()).toBeLessThan(60_300 + 4 * delayMs + 600 + 500);
	});

	it.each(networks)(
		'100 requests of 4,096 max tokens through 20,000 a minute, %i ms one way',
		async (delayMs) => {
			const timeOf = async (isMaxTokensAuto: boolean): Promise<number> => {
				const clock = new FakeClock();
				const server = new ModelServer({
					clock,
					enforcement,
					requestsPerWindow: 10_000,
					tokensPerWindow: 20_000,
					burndown: 5,
					delayMs: () => delayMs,
				});
				const run = createRun(
					specOf({
						targets: [targetOf(quotaOf(10_000, 20_000), 'test.model', 5)],
						cells: [cellOf({maxTokens: 4096})],
						load: loadOf('saturate', {requests: 100}),
						isMaxTokensAuto,
					}),
					{backend: server, clock},
				);
				await clock.settle(run.start());
				expect(server.throttles).toEqual([]);
				expect(run.snapshot().variants[0]?.requests).toMatchObject({succeeded: 100, truncated: 0});
				return clock.now();
			};
			const fixed = await timeOf(false);
			const auto = await timeOf(true);
			// Four requests fit at first, then three, then two: 34 rounds, whoever knows the answers in advance.
			expect(fixed).toBeLessThanOrEqual(1.05 * 34 * (300 + 2 * delayMs));
			expect(fixed / auto).toBeGreaterThan(3);
		},
	);
});
