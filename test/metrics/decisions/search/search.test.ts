/** Tests source/metrics/decisions/search/search-state.ts and candidates.ts. */
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import type {Standing} from '../../../../source/domain/figures-schema.ts';
import type {Task} from '../../../../source/domain/task.ts';
import {chosenCandidates, combinations} from '../../../../source/metrics/decisions/search/candidates.ts';
import {
	frontOf,
	minBudget,
	planRungs,
	requestsOfRungs,
	rungWithin,
	sureFrontOf,
	survivorsOf,
	wholePlan,
} from '../../../../source/metrics/decisions/search/search-state.ts';
import {itemsOf, variantOf} from '../../../helpers/spec-fixture.ts';

const standing = (name: string, rate: number, cost: number, high = 1): Standing => ({
	name,
	usefulRate: {value: rate, low: 0, high},
	quotaTokensPerUseful: rate === 0 ? null : cost,
});

const standings = fc
	.array(fc.tuple(fc.integer({min: 0, max: 5}), fc.integer({min: 1, max: 6})), {minLength: 1, maxLength: 40})
	.map((points) => points.map(([rate, cost], index) => standing(`c${index}`, rate / 5, cost)));

const bulk: Task = {task: 'Do it.', content: undefined, items: itemsOf(10), checks: []};

describe('rungs', () => {
	it('the budget is never exceeded, every rung has about half of the candidates and more requests each', () => {
		fc.assert(
			fc.property(fc.integer({min: 1, max: 500}), fc.integer({min: 1, max: 5000}), (candidates, budget) => {
				const rungs = planRungs(candidates, budget);
				expect(requestsOfRungs(rungs)).toBeLessThanOrEqual(budget);
				for (const [index, rung] of rungs.entries()) {
					expect(rung.requests).toBeGreaterThanOrEqual(3);
					const next = rungs[index + 1];
					if (next !== undefined) {
						expect(next.candidates).toBe(Math.ceil(rung.candidates / 2));
						expect(next.requests).toBeGreaterThanOrEqual(rung.requests);
					}
				}
			}),
		);
	});

	it('as many candidates as the budget allows', () => {
		expect(planRungs(40, 200)).toEqual([
			{candidates: 16, requests: 4},
			{candidates: 8, requests: 8},
			{candidates: 4, requests: 16},
		]);
		expect(planRungs(40, minBudget(40))[0]?.candidates).toBe(40);
		expect(planRungs(40, minBudget(40) - 1)[0]?.candidates).toBeLessThan(40);
		expect(planRungs(5, 2)).toEqual([]);
	});

	it('what retried items took is missing later', () => {
		const state = {
			left: combinations([variantOf('a'), variantOf('b')], bulk, 20).slice(0, 4),
			found: new Map(),
			rungs: [{candidates: 8, requests: 3}],
			sent: 40,
			itemsAsked: 0,
			spentUsd: 0,
			elapsedMs: 0,
			startedAt: null,
		};
		const planned = [
			{candidates: 8, requests: 3},
			{candidates: 4, requests: 7},
		];
		expect(rungWithin(state, planned, 60)).toEqual({candidates: 4, requests: 5});
		expect(rungWithin({...state, sent: 24}, planned, 60)).toEqual({candidates: 4, requests: 7});
	});

	it('the plan of all: dearest request for every request, never above what the guards allow', () => {
		const plan = {
			targets: [],
			requests: 24,
			durationSeconds: null,
			quotaTokens: 240,
			quotaShare: 0.1,
			quotaMinutes: 0.1,
			costUsd: 0.24,
			dearestRequestUsd: 0.05,
			priceSource: null,
			remarks: [],
		};
		const rungs = planRungs(8, 60);
		expect(wholePlan(plan, rungs, 60)).toMatchObject({requests: 52, quotaTokens: 520, costUsd: 52 * 0.05});
		expect(wholePlan(plan, rungs, 30).requests).toBe(30);
		expect(wholePlan({...plan, costUsd: null, dearestRequestUsd: null}, rungs, 60).costUsd).toBeNull();
	});
});

describe('the front', () => {
	it('is beaten by nobody, and beats everybody else', () => {
		fc.assert(
			fc.property(standings, (all) => {
				const front = frontOf(all);
				const beats = (one: Standing, other: Standing): boolean => {
					const rates = [one, other].map(({usefulRate}) => usefulRate.value ?? 0) as [number, number];
					const costs = [one, other].map((each) => each.quotaTokensPerUseful ?? Number.POSITIVE_INFINITY) as [
						number,
						number,
					];
					const isAsGood = rates[0] >= rates[1] && costs[0] <= costs[1];
					return isAsGood && (rates[0] > rates[1] || costs[0] < costs[1]);
				};
				expect(front.length).toBeGreaterThan(0);
				for (const each of all) {
					const isBeaten = all.some((other) => beats(other, each));
					expect(front.includes(each)).toBe(!isBeaten);
				}
			}),
		);
	});

	it('without noise the best candidate gets through every rung', () => {
		fc.assert(
			fc.property(
				fc.uniqueArray(fc.integer({min: 1, max: 1000}), {minLength: 2, maxLength: 60}),
				fc.infiniteStream(fc.integer({min: 1, max: 10})),
				fc.integer({min: 30, max: 2000}),
				(costs, rates, budget) => {
					const all = costs.map((cost, index) => standing(`c${index}`, rates.next().value / 10, cost));
					const rungs = planRungs(all.length, budget);
					let left = all.slice(0, rungs[0]?.candidates);
					const cheapest = left.toSorted(
						(one, other) => (one.quotaTokensPerUseful ?? 0) - (other.quotaTokensPerUseful ?? 0),
					)[0];
					for (const rung of rungs) {
						left = [...survivorsOf(left, rung.candidates, null)];
						expect(left).toHaveLength(rung.candidates);
					}
					expect(left).toContain(cheapest);
					expect(frontOf(left)).toContain(cheapest);
				},
			),
		);
	});

	it('what is shown holds all that no other surely beats', () => {
		const known = (
			name: string,
			rate: readonly [number, number, number],
			cost: readonly [number, number, number],
		) => ({
			name,
			usefulRate: {low: rate[0], value: rate[1], high: rate[2]},
			quotaTokensPerUseful: cost[1],
			quotaTokensPerUsefulWithin: {low: cost[0], high: cost[2]},
		});
		const best = known('best', [0.8, 0.9, 0.95], [90, 100, 110]);
		const equal = known('equal', [0.7, 0.85, 0.92], [95, 105, 120]);
		const dearer = known('dearer', [0.7, 0.85, 0.92], [140, 150, 160]);
		const worse = known('worse', [0.3, 0.5, 0.7], [100, 120, 150]);
		expect(frontOf([best, equal, dearer, worse])).toEqual([best]);
		expect(sureFrontOf([dearer, worse, equal, best])).toEqual([best, equal]);
	});

	it('both ends of it go on, and what is surely too bad comes last', () => {
		const front = [standing('cheap', 0.5, 1), standing('middle', 0.7, 2), standing('good', 1, 3)];
		expect(survivorsOf(front, 2, null).map(({name}) => name)).toEqual(['cheap', 'good']);
		const bad = standing('bad', 0.2, 0.5, 0.4);
		const names = survivorsOf([bad, ...front], 4, 0.9).map(({name}) => name);
		expect(names).toEqual(['cheap', 'middle', 'good', 'bad']);
		expect(survivorsOf([bad, ...front], 3, 0.9)).not.toContain(bad);
	});
});

describe('candidates', () => {
	it('are the variants and every combination of the levers that apply', () => {
		const names = combinations([variantOf('a')], bulk, 200).map(({variant}) => variant.name);
		expect(names).toEqual(['a', 'a+pack5', 'a+max50', 'a+pack5+max260']);
		expect(combinations([variantOf('a')], {...bulk, items: []}, 20)).toHaveLength(1);
	});

	it('compression where it shortens, caching where the prefix is long enough', () => {
		const wordy = variantOf('w', {
			instruction: 'Could you please do this in order to help.  {{task}}',
			maxTokens: 8,
		});
		const [, compressed] = combinations([wordy], {...bulk, items: []}, 200);
		expect(compressed?.variant).toMatchObject({
			name: 'w+compress',
			compress: ['whitespace', 'boilerplate', 'examples'],
		});
		const long = variantOf('l', {system: 'rule '.repeat(500), maxTokens: 8});
		const [, cached] = combinations([long], {...bulk, items: []}, 200);
		expect(cached).toMatchObject({levers: ['cache'], variant: {name: 'l+cache', cache: true}});
	});

	it('never share a name, the variants of the preset first', () => {
		const all = combinations([variantOf('a'), variantOf('a+pack5')], bulk, 20);
		const names = all.map(({variant}) => variant.name);
		expect(new Set(names).size).toBe(names.length);
		expect(names.slice(0, 2)).toEqual(['a', 'a+pack5']);
	});

	it('a choice has every variant as it is, and is the same for the same seed', () => {
		const all = combinations([variantOf('a'), variantOf('b')], bulk, 200);
		const chosen = chosenCandidates(all, 5, 7);
		expect(chosen).toHaveLength(5);
		expect(chosen.slice(0, 2).map(({variant}) => variant.name)).toEqual(['a', 'b']);
		expect(chosenCandidates(all, 5, 7)).toEqual(chosen);
	});
});
