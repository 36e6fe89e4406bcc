import {describe, expect, it} from 'vitest';
import {createRandom} from '../../../source/domain/clock.ts';
import {type Lab, logNormal, runLab, type Source, shareOf, variantWith} from '../../helpers/contest-lab.ts';
import {isSoak} from '../../helpers/random-cases.ts';

/** Tests source/metrics/decisions/elimination.ts: no false winners among equal variants. */

/**
 * How often the decision is wrong, looked at after every block: short versions of the table in the benchmark, with fixed
 * seeds. A rate of 6 % in so few runs may be seen as 10 %.
 */

const runs = isSoak ? 100 : 40;
const most = 0.1;

const equals = (count: number, usefulShare: number, sigma: number, more: Partial<Lab> = {}): Lab => ({
	sources: () => Array.from({length: count}, () => variantWith(logNormal(200, sigma), usefulShare)),
	blocks: 120,
	...more,
});

describe('among equal variants', () => {
	it.each([
		[2, 0.02, 0.6],
		[2, 0.3, 0.6],
		[2, 1, 0.3],
		[2, 1, 1],
		[4, 0.1, 0.6],
		[4, 1, 0.6],
	])('%i of them, useful %d, spread %d: a winner is named in few runs', (count, useful, sigma) => {
		expect(shareOf(equals(count, useful, sigma), runs, ({decided}) => decided === 'winner')).toBeLessThan(
			most,
		);
	});

	it('ends with a tie where the spread allows it', () => {
		const lab = equals(2, 1, 0.3, {blocks: 300});
		expect(shareOf(lab, 40, ({decided}) => decided === 'tie')).toBeGreaterThan(0.85);
	});

	it('decides nothing before six blocks, however clear it is', () => {
		const constant =
			(tokens: number): Source =>
			() => ({tokens, isUseful: true});
		const lab: Lab = {sources: () => [constant(10), constant(1000), constant(2000)], blocks: 500};
		expect(runLab(lab, 1).blocks).toBeGreaterThanOrEqual(6);
		expect(runLab(lab, 1).decided).toBe('winner');
	});

	it('names no winner at a gate that both miss, or that one meets by luck', () => {
		for (const quality of [0.85, 0.9]) {
			const lab = equals(2, quality, 0.5, {minQuality: 0.9, blocks: 250});
			expect(shareOf(lab, runs, ({decided}) => decided === 'winner')).toBeLessThan(most);
		}
	});

	it('hardly ever fails a variant that is above the gate', () => {
		const lab = equals(2, 0.92, 0.5, {minQuality: 0.9, blocks: 250});
		const failed = shareOf(lab, 60, ({contest}) => contest.gateOf(0) === 'failed');
		expect(failed).toBeLessThan(0.05);
	});
});

/** Twelve items of which a variant always says the same: half of the items are useful. */
const repeated = (): Lab => ({
	sources: (random) =>
		[0, 1].map((): Source => {
			const natures = Array.from({length: 12}, () => ({
				tokens: Math.round(50 + 300 * random()),
				isUseful: random() < 0.7,
			}));
			return (_random, item) => ({...(natures[item] ?? {tokens: 0, isUseful: false}), text: `${item}`});
		}),
	blocks: 240,
	items: 12,
});

describe('items that come round again', () => {
	it('are no new evidence', () => {
		expect(shareOf(repeated(), runs, ({decided}) => decided === 'winner')).toBeLessThan(most);
	});

	it('are not paid for once it is seen that the answers repeat', () => {
		for (let seed = 1; seed <= 20; seed++) {
			const {blocks, decided} = runLab(repeated(), seed);
			expect(decided === 'no' ? blocks : 12).toBeLessThanOrEqual(24);
		}
	});

	it('are looked at in whole passes only', () => {
		const random = createRandom(3);
		const noisy: Source = () => ({tokens: Math.round(100 + 200 * random()), isUseful: true});
		const {contest, blocks} = runLab({sources: () => [noisy, noisy], blocks: 30, items: 12, least: 30}, 3);
		expect(blocks).toBe(30);
		const lead = [...(contest.standings?.leads.values() ?? [])][0];
		expect(lead?.count ?? 12).toBe(12);
	});
});

describe('a clear difference', () => {
	it('is found with few requests, and those that are far behind cost little', () => {
		const sources = () => [100, 115, 300, 400].map((mean) => variantWith(logNormal(mean, 0.5), 0.9));
		const ends = Array.from({length: 30}, (_, seed) => runLab({sources, blocks: 2000}, seed + 1));
		expect(ends.filter(({left}) => left[0] === 0).length).toBeGreaterThanOrEqual(29);
		const far = ends.map(({blocksOf}) => (blocksOf[3] ?? 0) / (blocksOf[0] ?? 1));
		expect(far.reduce((sum, part) => sum + part, 0) / far.length).toBeLessThan(0.3);
	});

	it('puts out a variant that never answers usefully', () => {
		const sources = () => [variantWith(logNormal(200, 0.3), 1), variantWith(logNormal(20, 0.3), 0)];
		const {decided, left} = runLab({sources, blocks: 500}, 1);
		expect([decided, left]).toEqual(['winner', [0]]);
	});

	it.each(['throughput', 'efficiency', 'cost', 'latency'] as const)('is found for %s', (goal) => {
		const slow =
			(factor: number): Source =>
			(random) => {
				const tokens = logNormal(100 * factor, 0.4)(random);
				return {tokens, isUseful: true, totalMs: 10 * tokens};
			};
		const lab: Lab = {sources: () => [slow(1), slow(3)], blocks: 200, goal};
		expect(shareOf(lab, 20, ({decided, left}) => decided === 'winner' && left[0] === 0)).toBe(1);
	});
});
