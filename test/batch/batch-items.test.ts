import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import {describe, expect, it, onTestFinished} from 'vitest';
import {openItems, writeItems} from '../../source/batch/batch-items.ts';
import {streamItems} from '../../source/config/item-stream.ts';
import {loadItems} from '../../source/config/items.ts';
import type {Item} from '../../source/domain/variant.ts';

const temporaryFolder = (): string => {
	const folder = mkdtempSync(path.join(os.tmpdir(), 'bedrock-top-test-'));
	onTestFinished(() => rmSync(folder, {recursive: true, force: true}));
	return folder;
};

const itemsOf = (texts: readonly string[]): readonly Item[] =>
	texts.map((text, index) => ({
		index,
		text,
		fields: index % 5 === 4 ? {} : {text, ...(index % 3 === 0 ? {} : {rare: 'x'})},
		expected: index % 2 === 0 ? undefined : text,
	}));

/** The item as it was given; what is said to be plain must be a part of it that JSON leaves alone. */
const checked = ({plain, ...item}: Item): Item => {
	if (plain !== undefined) {
		expect(JSON.stringify(plain)).toBe(`"${plain}"`);
		expect([item.text, ...Object.values(item.fields), '']).toContain(plain);
	}
	return item;
};

const collect = async <T>(pages: AsyncIterable<readonly T[]>): Promise<readonly T[]> => {
	const all: T[] = [];
	for await (const page of pages) {
		all.push(...page);
	}
	return all;
};

/** Of all kinds: whole characters, halves of them, controls, and what looks like JSON. */
const texts = fc.oneof(
	fc.string({unit: 'grapheme', maxLength: 200}),
	fc.string({unit: 'binary', maxLength: 20}),
	fc.string({unit: fc.constantFrom('"', '\\', ',', 'a', '}', '\n', '\u2028', '\ud800'), maxLength: 12}),
);

describe('the items of a batch on disk', () => {
	it('are the same in any order, also when the file is opened again', async () => {
		const file = path.join(temporaryFolder(), 'new', 'items.jsonl');
		await fc.assert(
			fc.asyncProperty(
				fc.array(texts, {minLength: 1, maxLength: 60}),
				fc.array(fc.tuple(fc.nat(60), fc.nat(9)), {maxLength: 20}),
				async (texts, slices) => {
					const items = itemsOf(texts);
					const written = await writeItems(file, [items.slice(0, 7), items.slice(7)]);
					const opened = await openItems(file);
					for (const [start, count] of slices) {
						const wanted = items.slice(start, start + count);
						expect(written.slice(start, start + count).map(checked)).toEqual(wanted);
						expect(opened.slice(start, start + count).map(checked)).toEqual(wanted);
					}
					expect(opened.length).toBe(items.length);
					written.close();
				},
			),
			{numRuns: 40},
		);
	});

	it('say what needs no escape, of texts and of fields', async () => {
		const file = path.join(temporaryFolder(), 'items.jsonl');
		const fields = {id: '7', body: 'a plain ü text', note: 'a\nb'};
		const whole = JSON.stringify(fields);
		const written = await writeItems(file, [
			[
				{index: 0, text: 'plain', fields: {}, expected: undefined},
				{index: 1, text: 'two\nlines', fields: {}, expected: undefined},
				{index: 2, text: whole, fields, expected: 'x'},
				{index: 3, text: 'a", "b', fields: {left: 'a', right: 'a", "b'}, expected: 'b'},
				// As the end of its line looks.
				{index: 4, text: '}\n', fields: {only: '}\n'}, expected: undefined},
				{index: 5, text: '😀', fields: {half: '\ud83d'}, expected: undefined},
			],
		]);
		expect(written.slice(0, 6).map(({plain}) => plain)).toEqual([
			'plain',
			undefined,
			'a plain ü text',
			undefined,
			undefined,
			undefined,
		]);
		written.close();
	});

	it('are known by their hash, and stand for each other in what all of them have', async () => {
		const file = path.join(temporaryFolder(), 'items.jsonl');
		const items = itemsOf(['a', 'b', 'c']);
		const first = await writeItems(file, [items]);
		expect(
			(
				await writeItems(
					file,
					items.map((item) => [item]),
				)
			).sha256,
		).toBe(first.sha256);
		expect((await writeItems(file, [items.slice(1)])).sha256).not.toBe(first.sha256);
		expect(first.sample?.fields).toEqual({text: 'a'});
	});
});

describe('items that are read page by page', () => {
	it.each([
		['rows.csv', 'text,label\n"two\nlines, one cell",x\né,y\n'.repeat(400), '{{item.label}}'],
		['rows.jsonl', '{"a": 1, "b": {"c": [2]}}\n\n"plain é"\n'.repeat(9000), undefined],
		['rows.txt', '  one \n\n\n  zwei ü\nlast', undefined],
	])('are those of %s as it is read at once', async (name, text, expected) => {
		const folder = temporaryFolder();
		writeFileSync(path.join(folder, name), text);
		const streamed = await collect(streamItems({file: name}, folder, expected));
		expect(streamed).toEqual(loadItems({file: name}, folder, expected));
		expect(streamed.length).toBeGreaterThan(1);
	});

	it.each([
		['empty.txt', '\n \n'],
		['wrong.jsonl', '{"a": 1}\n{"a"\n'],
		['wrong.csv', 'a,b\n1,2\n3\n'],
		['wrong.xml', '<a/>'],
		['absent.txt', undefined],
		['../outside.txt', undefined],
	])('are refused as at once: %s', async (name, text) => {
		const folder = temporaryFolder();
		if (text !== undefined) {
			writeFileSync(path.join(folder, name), text);
		}
		let wanted: unknown;
		try {
			loadItems({file: name}, folder, undefined);
		} catch (error) {
			wanted = error;
		}
		expect(wanted).toBeInstanceOf(Error);
		await expect(collect(streamItems({file: name}, folder, undefined))).rejects.toEqual(wanted);
	});
});
