import {mkdtempSync, rmSync} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import {describe, expect, it, onTestFinished} from 'vitest';
import {openItems, writeItems} from '../../source/batch/items.ts';
import type {Item} from '../../source/domain/task.ts';

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
						expect(written.slice(start, start + count)).toEqual(wanted);
						expect(opened.slice(start, start + count)).toEqual(wanted);
					}
					expect(opened.length).toBe(items.length);
					written.close();
				},
			),
			{numRuns: 40},
		);
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
