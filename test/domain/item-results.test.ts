import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {
	emptyItemBook,
	hasItemFailed,
	ItemCollector,
	itemCell,
	itemColumns,
	withEntries,
} from '../../source/domain/item-results.ts';

const a = {variant: 'a', target: 0};
const b = {variant: 'b', target: 0};
const columns = itemColumns([a, b, {...a}]);

const bookOf = (...added: ReadonlyArray<Parameters<ItemCollector['add']>>) => {
	const collector = new ItemCollector(columns);
	for (const each of added) {
		collector.add(...each);
	}
	return withEntries(emptyItemBook(columns.length), collector.take() ?? new Float64Array());
};

describe('the outcomes of items', () => {
	it('has one column for a variant that is in two lanes', () => {
		expect(columns).toEqual([a, b]);
	});

	it('counts answers, and shows a failed one where there is one', () => {
		const book = bookOf([b, 300, 'useful', 10], [b, 300, 'check-failed', 20], [b, 300, 'useful', 30]);
		expect(itemCell(book, 300, 1)).toEqual({passed: 2, answered: 3, outcome: 'check-failed', offset: 20});
		expect(hasItemFailed(book, 300, 1)).toBe(true);
		expect(itemCell(book, 300, 0)).toEqual({passed: 0, answered: 0, outcome: undefined, offset: -1});
		expect(hasItemFailed(book, 299, 1)).toBe(false);
	});

	it('shows the class of a lost request until there is an answer', () => {
		const lost = bookOf([a, null, 'throttled-day', -1]);
		expect(itemCell(lost, 0, 0)).toMatchObject({answered: 0, outcome: 'throttled-day'});
		expect(hasItemFailed(lost, 0, 0)).toBe(true);
		const answered = bookOf([a, 0, 'throttled-day', -1], [a, 0, 'useful', 7], [a, 0, 'timeout', -1]);
		expect(itemCell(answered, 0, 0)).toEqual({passed: 1, answered: 1, outcome: 'useful', offset: 7});
	});

	it('gives the same book however the entries are cut, and changes none before', () => {
		const entry = fc.tuple(
			fc.constantFrom(a, b),
			fc.nat(1000),
			fc.constantFrom('useful', 'truncated', 'timeout'),
			fc.nat(),
		);
		fc.assert(
			fc.property(fc.array(entry), fc.nat(20), (entries, at) => {
				const collector = new ItemCollector(columns);
				let book = emptyItemBook(columns.length);
				let before = book;
				for (const [index, [column, item, outcome, offset]] of entries.entries()) {
					collector.add(column, item, outcome, offset);
					if (index === at) {
						book = withEntries(book, collector.take() ?? new Float64Array());
						before = structuredClone(book);
					}
				}
				const later = withEntries(book, collector.take() ?? new Float64Array());
				expect(later).toEqual(bookOf(...entries));
				if (entries.length > at) {
					expect(book).toEqual(before);
				}
			}),
		);
	});
});
