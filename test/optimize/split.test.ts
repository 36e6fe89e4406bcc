import {describe, expect, it} from 'vitest';
import type {Item} from '../../source/domain/task.ts';
import {splitItems} from '../../source/optimize/state.ts';

/** Tests source/optimize/state.ts: which items the rewriter may see. */

const itemOf = (text: string, index: number): Item => ({index, text, fields: {}, expected: undefined});
const many = Array.from({length: 600}, (_, index) => itemOf(`text ${index}`, index));
const textsOf = (items: readonly Item[], indexes: readonly number[]): readonly string[] =>
	indexes.map((index) => items.find((item) => item.index === index)?.text ?? '').toSorted();

describe('the split', () => {
	it('gives train 20%, select 40%, held out 40%, each item once', () => {
		const {train, select, heldOut} = splitItems(many, 1);
		expect([train.length, select.length, heldOut.length]).toEqual([120, 240, 240]);
		expect(new Set([...train, ...select, ...heldOut]).size).toBe(600);
	});

	it('goes by seed and text, not by the order of the rows', () => {
		const moved = many.toReversed().map(({text}, index) => itemOf(text, index));
		const [one, other] = [splitItems(many, 5), splitItems(moved, 5)];
		expect(textsOf(moved, other.heldOut)).toEqual(textsOf(many, one.heldOut));
		expect(textsOf(many, splitItems(many, 6).heldOut)).not.toEqual(textsOf(many, one.heldOut));
	});

	it('keeps rows with the same text together, so that none is known from another part', () => {
		const items = Array.from({length: 200}, (_, index) => itemOf(`Text  ${index % 40}`, index));
		const {train, select, heldOut} = splitItems(items, 2);
		const [a, b, c] = [train, select, heldOut].map((part) => new Set(textsOf(items, part)));
		expect(train.length + select.length + heldOut.length).toBe(200);
		const shared = [...(a ?? []), ...(b ?? []), ...(c ?? [])];
		expect(new Set(shared).size).toBe(shared.length);
	});
});
