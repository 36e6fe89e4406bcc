import {mkdtempSync, rmSync} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import {describe, expect, it, onTestFinished} from 'vitest';
import {linesOf} from '../../source/batch/fetch.ts';
import {
	type BatchTask,
	batchRecords,
	countRecords,
	indexAt,
	itemsAt,
	openItems,
	parseRecordId,
	recordId,
	splitBatch,
	writeItems,
} from '../../source/batch/records.ts';
import {type BatchLimits, usualLimits} from '../../source/bedrock/jobs/batch-records.ts';
import {assumedText} from '../../source/commands/batch.ts';
import type {Item} from '../../source/domain/task.ts';

const taskOf = (items: number, sizes: readonly number[]): BatchTask => ({
	task: {
		task: 'Route',
		content: undefined,
		checks: [],
		items: Array.from({length: items}, (_unused, index) => ({
			index,
			text: `item ${index}`,
			fields: {},
			expected: undefined,
		})),
	},
	variants: sizes.map((itemsPerRequest, index) => ({
		name: `v${index}`,
		instruction: '{{task}} {{item}}',
		system: undefined,
		maxTokens: undefined,
		stop: [],
		parameters: {},
		itemsPerRequest,
		cache: false,
		compress: [],
	})),
});

const anyTask = fc
	.tuple(fc.nat(200), fc.array(fc.integer({min: 1, max: 12}), {minLength: 1, maxLength: 5}))
	.map(([items, sizes]) => taskOf(items, sizes));

describe('records', () => {
	it('carry every item of every variant once', () => {
		fc.assert(
			fc.property(anyTask, (batch) => {
				const all = [...batchRecords(batch)];
				expect(all).toHaveLength(countRecords(batch));
				for (const [index] of batch.variants.entries()) {
					const own = all.filter(({position}) => position.variant === index);
					const items = own.flatMap((record) => record.items.map((item) => item.index));
					expect(items).toEqual(Array.from({length: batch.task.items.length}, (_unused, index) => index));
				}
			}),
		);
	});

	it('are found again by their names, from any position', () => {
		fc.assert(
			fc.property(anyTask, fc.nat(), (batch, random) => {
				const all = [...batchRecords(batch)];
				const index = random % all.length;
				const [record] = batchRecords(batch, index, 1);
				expect(record).toEqual(all[index]);
				const position = parseRecordId(record?.id ?? '');
				expect(position).toEqual(record?.position);
				expect(position && indexAt(batch, position)).toBe(index);
				expect(position && itemsAt(batch, position)).toEqual(record?.items);
			}),
		);
	});

	it.each(['', 'r0000000000', 'r000000000000', 'R0000000000', 'abc', 'r00-0000001'])(
		'of other names are not ours: "%s"',
		(name) => {
			expect(name === 'r0000000000' ? parseRecordId(name)?.request : parseRecordId(name)).toBe(
				name === 'r0000000000' ? 0 : undefined,
			);
		},
	);

	it('are named with eleven letters and digits', () => {
		expect(recordId({variant: 37, request: 99_999})).toMatch(/^[0-9a-z]{11}$/);
		expect(indexAt(taskOf(3, [1]), {variant: 0, request: 3})).toBeUndefined();
		expect(indexAt(taskOf(3, [1]), {variant: 1, request: 0})).toBeUndefined();
	});
});

const limits = (more: Partial<BatchLimits>): BatchLimits => ({...usualLimits, assumed: [], ...more});

describe('splitBatch', () => {
	it('keeps every limit and loses no record', () => {
		const bounds = fc.record({
			recordsPerFile: fc.integer({min: 1, max: 60}),
			recordsPerJob: fc.integer({min: 1, max: 120}),
			bytesPerFile: fc.integer({min: 50, max: 2000}),
			bytesPerJob: fc.integer({min: 50, max: 5000}),
		});
		const sizes = fc.array(fc.integer({min: 1, max: 50}), {minLength: 1, maxLength: 400});
		fc.assert(
			fc.property(sizes, bounds, (lengths, bound) => {
				const split = splitBatch(lengths, limits({...bound, minRecords: 1}));
				if ('fault' in split) {
					throw new Error(split.fault.kind);
				}
				let next = 0;
				for (const job of split.jobs) {
					expect(job.count).toBeLessThanOrEqual(bound.recordsPerJob);
					expect(job.bytes).toBeLessThanOrEqual(bound.bytesPerJob);
					for (const file of job.files) {
						expect(file.first).toBe(next);
						next += file.count;
						expect(file.count).toBeLessThanOrEqual(bound.recordsPerFile);
						expect(file.bytes).toBeLessThanOrEqual(bound.bytesPerFile);
						expect(file.bytes).toBe(lengths.slice(file.first, next).reduce((sum, length) => sum + length, 0));
					}
				}
				expect(next).toBe(lengths.length);
			}),
		);
	});

	it('leaves no last job with too few records', () => {
		const split = splitBatch(
			Array.from({length: 50_010}, () => 10),
			limits({}),
		);
		expect('jobs' in split && split.jobs.map(({count}) => count)).toEqual([25_005, 25_005]);
	});

	it('says how many records are needed', () => {
		expect(splitBatch([10, 10], limits({}))).toEqual({
			fault: {kind: 'too-few', records: 2, jobs: 1, minRecords: 100, enough: 100},
		});
	});

	it('counts with the further job that more records make', () => {
		const some = Array.from({length: 150}, () => 10);
		expect(splitBatch(some, limits({recordsPerJob: 120}))).toEqual({
			fault: {kind: 'too-few', records: 150, jobs: 2, minRecords: 100, enough: 200},
		});
		// Records of 10 bytes: a job of 650 never holds 70 of them.
		expect(splitBatch(some.slice(0, 60), limits({minRecords: 70, bytesPerJob: 650}))).toEqual({
			fault: {kind: 'too-few', records: 60, jobs: 1, minRecords: 70, enough: null},
		});
	});

	it('names a number that is enough, and the least one', () => {
		const bounds = fc.record({
			minRecords: fc.integer({min: 2, max: 24}),
			recordsPerJob: fc.integer({min: 1, max: 36}),
		});
		fc.assert(
			fc.property(fc.integer({min: 1, max: 160}), bounds, (count, bound) => {
				const splitOf = (length: number) =>
					splitBatch(
						Array.from({length}, () => 10),
						limits(bound),
					);
				const split = splitOf(count);
				if ('jobs' in split || split.fault.kind !== 'too-few') {
					return;
				}
				const {enough} = split.fault;
				expect(enough === null).toBe(bound.recordsPerJob < bound.minRecords);
				if (enough !== null) {
					// Every number between would take seconds to try: one of them, and the last.
					const between = [count + Math.ceil((enough - count) / 2), enough - 1];
					for (const fewer of between.filter((each) => each < enough)) {
						expect('fault' in splitOf(fewer)).toBe(true);
					}
				}
				expect(enough === null || 'jobs' in splitOf(enough)).toBe(true);
			}),
		);
	});

	it('names a record that is larger than a file may be', () => {
		expect(splitBatch([10, 501, 10], limits({minRecords: 1, bytesPerFile: 500}))).toEqual({
			fault: {kind: 'too-large', index: 1, bytes: 501, max: 500},
		});
	});
});

describe('lines', () => {
	it('come back as they were, however the bytes are cut', async () => {
		await fc.assert(
			fc.asyncProperty(
				fc.array(fc.string({unit: 'grapheme'}).map((text) => text.replaceAll('\n', ''))),
				fc.integer({min: 1, max: 9}),
				async (lines, size) => {
					const chunks: Buffer[] = [];
					const whole = Buffer.from(lines.map((line) => `${line}\n`).join(''));
					for (let at = 0; at < whole.length; at += size) {
						chunks.push(whole.subarray(at, at + size));
					}
					const read: string[] = [];
					const source = (async function* () {
						yield* chunks;
					})();
					for await (const line of linesOf(source)) {
						read.push(line);
					}
					expect(read).toEqual(lines);
				},
			),
		);
	});

	it('pass on an error of their source', async () => {
		const broken = (async function* () {
			yield Buffer.from('one\ntw');
			throw new Error('cut');
		})();
		const read: string[] = [];
		await expect(
			(async () => {
				for await (const line of linesOf(broken)) {
					read.push(line);
				}
			})(),
		).rejects.toThrow('cut');
		expect(read).toEqual(['one']);
	});
});

it('assumed limits are named with their values', () => {
	expect(assumedText({assumed: ['recordsPerFile', 'bytesPerJob']})).toBe(
		'records per file 50,000, size of a job 5 GB',
	);
});

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
