import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {firstConfig, runSearch, type SearchSetup, searchPlan} from '../../../source/commands/run/search.ts';
import type {RunConfig} from '../../../source/domain/run-config.ts';
import type {Snapshot} from '../../../source/domain/snapshot.ts';
import {UserError} from '../../../source/domain/user-error.ts';
import {minBudget, planRungs} from '../../../source/metrics/decisions/search/search-state.ts';
import {
	configFixture,
	endedSnapshotFixture,
	planFixture,
	variantFixture,
} from '../../helpers/snapshot-fixture.ts';
import {variantOf} from '../../helpers/spec-fixture.ts';

const setupOf = (count: number, budget: number): SearchSetup => {
	const rungs = planRungs(count, budget);
	return {
		budget,
		combinations: count,
		candidates: Array.from({length: rungs[0]?.candidates ?? 0}, (_unused, index) => ({
			variant: variantOf(`c${index}`),
			levers: [],
		})),
		rungs,
	};
};

/** A rung as a run would end it: every candidate asked, one request more for each that is retried, within the guards. */
const ended = (config: RunConfig, retried = 0, overrides: Partial<Snapshot> = {}): Snapshot => {
	let room = config.guards.maxRequests ?? Number.POSITIVE_INFINITY;
	const variants = config.variants.map(({name}) => {
		const sent = Math.min(room, (config.load.requests ?? 0) + retried);
		room -= sent;
		const inputTokens = 100 + Number(name.slice(1));
		return variantFixture({
			name,
			inputTokens,
			outputTokens: 1,
			sent,
			useful: sent,
			firstTokenMs: 1,
			totalMs: 2,
			usefulPerMinute: 1,
		});
	});
	const isCut = room === 0;
	return endedSnapshotFixture({
		variants,
		costUsd: 0.1,
		elapsedMs: 1000,
		...(isCut ? {outcome: 'stopped', stoppedBy: 'requests'} : {}),
		...overrides,
	});
};

const quiet = {announce: async () => {}};

describe('a search', () => {
	it('never sends more than its budget, whatever is asked again', async () => {
		await fc.assert(
			fc.asyncProperty(
				fc.integer({min: 1, max: 40}),
				fc.integer({min: 6, max: 400}),
				fc.integer({min: 0, max: 9}),
				async (count, budget, retried) => {
					const {snapshot} = await runSearch(setupOf(count, budget), configFixture(), {
						...quiet,
						run: async (config) => ({snapshot: ended(config, retried), fault: undefined}),
					});
					expect(snapshot.search?.requests).toBeLessThanOrEqual(budget);
					expect(snapshot.outcome).toBe('completed');
				},
			),
		);
	});

	it('goes on with the better half and adds up time and cost', async () => {
		const asked: Array<readonly string[]> = [];
		const {snapshot, config} = await runSearch(setupOf(8, 60), configFixture(), {
			...quiet,
			async run(own) {
				asked.push(own.variants.map(({name}) => name));
				return {snapshot: ended(own), fault: undefined};
			},
		});
		expect(asked[1]).toEqual(['c0', 'c1', 'c2', 'c3']);
		expect(config.variants).toHaveLength(4);
		expect(snapshot).toMatchObject({costUsd: 0.2, elapsedMs: 2000});
		expect(snapshot.search).toMatchObject({requests: 52, front: expect.arrayContaining(['c0'])});
		expect(snapshot.search?.candidates).toHaveLength(8);
		// The second rung begins behind the items that the first one asked.
		expect(config.itemsFrom).toBeGreaterThan(0);
		expect(config.isEliminating).toBe(false);
	});

	it('a stop ends it with what was measured', async () => {
		const stopped = {outcome: 'stopped', stoppedBy: 'signal'} as const;
		let rungs = 0;
		const {snapshot} = await runSearch(setupOf(8, 60), configFixture(), {
			...quiet,
			async run(own) {
				rungs++;
				return {snapshot: ended(own, 0, stopped), fault: undefined};
			},
		});
		expect(rungs).toBe(1);
		expect(snapshot).toMatchObject(stopped);
		expect(snapshot.search?.requests).toBe(24);
	});

	it('a fault before a later rung keeps the figures of the one before', async () => {
		const fault = new UserError('The network is gone.', {exitCode: 1});
		const end = await runSearch(setupOf(8, 60), configFixture(), {
			...quiet,
			run: async (own, rung) =>
				rung === 0
					? {snapshot: ended(own), fault: undefined}
					: {
							snapshot: ended(own, 0, {variants: [], outcome: 'failed', stoppedBy: 'fault'}),
							fault,
						},
		});
		expect(end.fault).toBe(fault);
		expect(end.snapshot.variants).toHaveLength(8);
		expect(end.snapshot).toMatchObject({outcome: 'failed', stoppedBy: 'fault'});
	});

	it('the guards hold for all of its rungs together', async () => {
		const guards = {maxRequests: 40, maxCostUsd: 1, isConfirmed: false};
		const given: Array<RunConfig['guards']> = [];
		const {snapshot} = await runSearch(setupOf(8, 60), configFixture({guards}), {
			...quiet,
			async run(own) {
				given.push(own.guards);
				return {snapshot: ended(own), fault: undefined};
			},
		});
		expect(given.map(({maxRequests}) => maxRequests)).toEqual([40, 16]);
		expect(given[1]?.maxCostUsd).toBeCloseTo(0.9);
		expect(snapshot).toMatchObject({outcome: 'stopped', stoppedBy: 'requests'});
	});

	it('its plan names candidates and rungs', () => {
		const search = setupOf(8, 60);
		const config = firstConfig(search, configFixture());
		const {plan, lines} = searchPlan(search, planFixture({requests: 24}), config);
		expect(plan.requests).toBe(52);
		expect(lines.join('\n')).toContain('c0, c1, c2');
		expect(lines.slice(-2)).toEqual([
			'  rung 1        8 candidates, 3 requests each',
			'  rung 2        4 candidates, 7 requests each',
		]);
		expect(minBudget(8)).toBeLessThanOrEqual(60);
	});
});
