import {describe, expect, it} from 'vitest';
import {createRandom} from '../../../source/domain/clock.ts';
import {
	itemsForMargin,
	marginOfItems,
	normalBelow,
	type PairedCounts,
	pairedDifference,
} from '../../../source/metrics/statistics/intervals.ts';

/** Tests source/metrics/statistics/intervals.ts: two variants asked for the same items. */

describe('the difference of paired shares', () => {
	it('has the bounds of the score test where none differs', () => {
		const z2 = 1.6449 ** 2;
		const found = pairedDifference({items: 100, gained: 0, lost: 0});
		expect(found?.mean).toBe(0);
		expect(found?.low).toBeCloseTo(-z2 / (100 + z2), 3);
		expect(found?.high).toBeCloseTo(z2 / (100 + z2), 3);
	});

	it('is the same from both sides, and nothing without items', () => {
		const one = pairedDifference({items: 60, gained: 7, lost: 2});
		const other = pairedDifference({items: 60, gained: 2, lost: 7});
		expect(one?.low).toBeCloseTo(-(other?.high ?? 0), 9);
		expect(pairedDifference({items: 0, gained: 0, lost: 0})).toBeUndefined();
	});

	it('claims "as good" of a loss of exactly the margin in about one of twenty cases', () => {
		const random = createRandom(3);
		const runs = 3000;
		/** Items on which only the newer, or only the older one is right. */
		const draw = (items: number, gain: number, loss: number): PairedCounts => {
			const draws = Array.from({length: items}, random);
			return {
				items,
				gained: draws.filter((each) => each >= 1 - gain).length,
				lost: draws.filter((each) => each < loss).length,
			};
		};
		for (const [items, margin, differing] of [
			[240, 0.1, 0.14],
			[40, 0.1, 0.12],
			[240, 0.03, 0.05],
		] as const) {
			const [gain, loss] = [(differing - margin) / 2, (differing + margin) / 2];
			const bounds = Array.from({length: runs}, () => pairedDifference(draw(items, gain, loss))?.low ?? -1);
			expect(bounds.filter((low) => low >= -margin).length / runs).toBeLessThan(0.065);
		}
	});

	it('says what so many items can prove', () => {
		expect(itemsForMargin(0.1, 0.05)).toBe(43);
		expect(marginOfItems(240, 0.05)).toBeCloseTo(0.0423, 3);
	});

	it('knows the normal distribution', () => {
		expect(normalBelow(0)).toBeCloseTo(0.5, 6);
		expect(normalBelow(1.959964)).toBeCloseTo(0.975, 5);
		expect(normalBelow(-1.644854)).toBeCloseTo(0.05, 5);
	});
});
