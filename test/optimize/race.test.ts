import {describe, expect, it} from 'vitest';
import {createRandom} from '../../source/domain/clock.ts';
import type {ItemRecord, Outcomes} from '../../source/optimize/outcomes.ts';
import {compare, planRace, proofOf} from '../../source/optimize/race.ts';
import {variantOf} from '../helpers/spec-fixture.ts';

const bar = {margin: 0.1, minSaving: 0};

const recordOf = (isUseful: boolean, quotaTokens: number, request?: number): ItemRecord => ({
	isUseful,
	quotaTokens,
	answer: '',
	failed: isUseful ? undefined : 'expected',
	tokens: {input: 1, output: 1},
	isLost: false,
	isUnjudged: false,
	...(request === undefined ? {} : {request}),
});

const outcomesOf = (count: number, newer: (item: number) => ItemRecord): Outcomes => {
	const items = Array.from({length: count}, (_, item) => item);
	return new Map([
		['old', new Map(items.map((item) => [item, recordOf(true, 100 + (item % 7))]))],
		['new', new Map(items.map((item) => [item, newer(item)]))],
	]);
};

const proofFor = (count: number, newer: (item: number) => ItemRecord) =>
	proofOf(
		compare(
			outcomesOf(count, newer),
			'old',
			'new',
			Array.from({length: count}, (_, item) => item),
		),
		bar,
	);

describe('a proof', () => {
	it('holds for answers as good with fewer quota tokens', () => {
		const proof = proofFor(100, (item) => recordOf(item % 50 !== 0, 60 + (item % 5)));
		expect(proof).toMatchObject({items: 100, isAsGood: true, isSaving: true});
		expect(proof?.saving.mean).toBeCloseTo(0.39, 1);
		expect(proof?.saving.low).toBeGreaterThan(0.3);
	});

	it('does not hold for what saves nothing, or loses twice the margin', () => {
		expect(proofFor(100, (item) => recordOf(true, 100 + (item % 7)))?.isSaving).toBe(false);
		expect(proofFor(100, (item) => recordOf(item % 5 !== 0, 50))?.isAsGood).toBe(false);
	});

	it('is no surer of packed items than their requests allow', () => {
		// A twentieth of the items fails, always those of whole requests.
		const alone = proofFor(200, (item) => recordOf(item % 20 !== 0, 50));
		const packed = proofFor(200, (item) => recordOf(Math.floor(item / 10) !== 3, 50, Math.floor(item / 10)));
		expect(packed?.difference.mean).toBe(alone?.difference.mean);
		expect(alone?.isAsGood).toBe(true);
		expect(packed?.difference.low).toBeLessThan(-0.1);
		expect(packed?.isAsGood).toBe(false);
	});

	it('leaves out what the older one got no answer to, and counts it against the newer one', () => {
		const outcomes = new Map(outcomesOf(40, () => recordOf(true, 50)));
		outcomes.set(
			'old',
			new Map([...(outcomes.get('old') ?? []), [0, {...recordOf(false, 0), isLost: true}]]),
		);
		outcomes.set(
			'new',
			new Map([...(outcomes.get('new') ?? []), [1, {...recordOf(false, 0), isLost: true}]]),
		);
		const comparison = compare(
			outcomes,
			'old',
			'new',
			Array.from({length: 40}, (_, item) => item),
		);
		expect(comparison).toMatchObject({items: 39, gained: 0, lost: 1});
	});

	it('leaves out what a judge gave no verdict on, of either', () => {
		const unjudged = {...recordOf(false, 50), isUnjudged: true};
		const outcomes = new Map(outcomesOf(40, () => recordOf(true, 50)));
		outcomes.set('old', new Map([...(outcomes.get('old') ?? []), [0, unjudged]]));
		outcomes.set('new', new Map([...(outcomes.get('new') ?? []), [1, unjudged]]));
		const all = Array.from({length: 40}, (_, item) => item);
		expect(compare(outcomes, 'old', 'new', all)).toMatchObject({items: 38, gained: 0, lost: 0});
	});
});

describe('the rungs of a race', () => {
	it('never cost more than they may, and take in as many candidates as that allows', () => {
		const random = createRandom(9);
		for (let run = 0; run < 200; run++) {
			const candidates = Array.from({length: 1 + Math.floor(random() * 12)}, (_, index) =>
				variantOf(`c${index}`, {itemsPerRequest: random() < 0.3 ? 5 : 1}),
			);
			const requests = Math.floor(random() * 400);
			const {candidates: count, rungs} = planRace(candidates, requests, 240, 0);
			let [cost, before] = [0, 0];
			for (const {candidates: own, items} of rungs) {
				cost += own * (items - before) + (items - before);
				before = items;
			}
			expect(count).toBeLessThanOrEqual(candidates.length);
			// Packed ones cost less than counted here.
			if (candidates.every(({itemsPerRequest}) => itemsPerRequest === 1)) {
				expect(cost).toBeLessThanOrEqual(requests);
			}
		}
	});
});
