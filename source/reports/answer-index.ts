import {type FileHandle, open} from 'node:fs/promises';
import {z} from 'zod';
import {
	emptyItemBook,
	type ItemAnswer,
	ItemCollector,
	type ItemColumn,
	type ItemTable,
	isItemOutcome,
	isLost,
	withEntries,
} from '../domain/item-results.ts';

/** Reads answers.jsonl where a screen needs it: one answer by its place, or, of an earlier run, what became of each item. */

/** Beside answers.jsonl: one line for each request that got no answer. @param answers Name of answers.jsonl. */
export function lostFile(answers: string): string {
	return `${answers.replace(/\.jsonl$/, '')}-lost.jsonl`;
}

const verdictSchema = z.object({
	item: z.number().nullable(),
	text: z.string().optional(),
	expected: z.string().optional(),
	kind: z.string(),
	answer: z.string().nullable().optional(),
	reason: z.string().optional(),
	failed: z.object({check: z.string(), why: z.string()}).optional(),
});

const answerSchema = z.object({
	variant: z.string(),
	model: z.string(),
	answer: z.string().optional(),
	verdicts: z.array(verdictSchema),
});

const lostSchema = z.object({
	variant: z.string(),
	model: z.string(),
	items: z.array(z.number()),
	reason: z.string(),
});

const lineEnd = 10;
const pieceBytes = 65_536;
/** Longest line that is read. */
const maxLineBytes = 8_000_000;

/** The line that begins at an offset; undefined where none does. */
async function lineAt(file: FileHandle, offset: number): Promise<string | undefined> {
	const pieces: Buffer[] = [];
	let length = 0;
	while (length < maxLineBytes) {
		const {buffer, bytesRead} = await file.read(Buffer.alloc(pieceBytes), 0, pieceBytes, offset + length);
		const piece = buffer.subarray(0, bytesRead);
		const end = piece.indexOf(lineEnd);
		pieces.push(end === -1 ? piece : piece.subarray(0, end));
		if (end !== -1) {
			return Buffer.concat(pieces).toString('utf8');
		}
		if (bytesRead === 0) {
			return undefined;
		}
		length += bytesRead;
	}
	return undefined;
}

function parsed<Line>(schema: z.ZodType<Line>, line: string | undefined): Line | undefined {
	try {
		return line === undefined ? undefined : schema.safeParse(JSON.parse(line)).data;
	} catch {
		return undefined;
	}
}

/**
 * Reads the answers to one item.
 * @param item Its index.
 * @param offsets Where their lines begin in the file, in bytes; -1 for one that is not kept.
 * @returns One for each offset; undefined where the file has no answer to the item there.
 * @throws Where the file can't be read.
 */
export async function readItemAnswers(
	file: string,
	item: number,
	offsets: readonly number[],
): Promise<ReadonlyArray<ItemAnswer | undefined>> {
	const handle = await open(file, 'r');
	try {
		return await Promise.all(
			offsets.map(async (offset) => {
				const line = offset < 0 ? undefined : parsed(answerSchema, await lineAt(handle, offset));
				const verdict = line?.verdicts.find((each) => (each.item ?? 0) === item);
				return line === undefined || verdict === undefined
					? undefined
					: {
							kind: verdict.kind,
							answer: verdict.answer ?? line.answer ?? '',
							failed: verdict.failed,
							reason: verdict.reason,
							text: verdict.text,
							expected: verdict.expected,
							ofItems: line.verdicts.length,
						};
			}),
		);
	} finally {
		await handle.close();
	}
}

/** Calls back with each whole line and where it begins, in bytes. A file that is not there has none. */
async function forEachLine(name: string, take: (line: string, offset: number) => void): Promise<void> {
	const file = await open(name, 'r').catch(() => undefined);
	if (file === undefined) {
		return;
	}
	try {
		let rest: Buffer = Buffer.alloc(0);
		let begin = 0;
		for (;;) {
			const {buffer, bytesRead} = await file.read(Buffer.alloc(pieceBytes), 0, pieceBytes);
			if (bytesRead === 0) {
				return;
			}
			let piece = Buffer.concat([rest, buffer.subarray(0, bytesRead)]);
			for (let end = piece.indexOf(lineEnd); end !== -1; end = piece.indexOf(lineEnd)) {
				take(piece.toString('utf8', 0, end), begin);
				begin += end + 1;
				piece = piece.subarray(end + 1);
			}
			rest = piece;
		}
	} finally {
		await file.close();
	}
}

/** Characters of an item that are kept for the list. */
const listedCharacters = 300;

/**
 * Opens the answers of an earlier run: reads through answers.jsonl and answers-lost.jsonl once, piece by piece, and keeps
 * what became of each item, where its answers are, and the beginning of its text.
 * @param file answers.jsonl; where it is missing nothing is known.
 * @param models As called, by the index of their target.
 */
export async function openItems(
	file: string,
	columns: readonly ItemColumn[],
	models: readonly string[],
): Promise<ItemTable> {
	const collector = new ItemCollector(columns);
	const items = new Map<number, ItemTable['items'][number]>();
	let book = emptyItemBook(columns.length);
	let count = 0;
	const flush = (): void => {
		const entries = collector.take();
		book = entries === undefined ? book : withEntries(book, entries);
	};
	const keep = (index: number, text = '', expected: string | undefined = undefined): void => {
		if (!items.get(index)?.text) {
			items.set(index, {index, text: text.slice(0, listedCharacters), expected});
		}
	};
	await forEachLine(file, (text, offset) => {
		const line = parsed(answerSchema, text);
		const target = line === undefined ? -1 : models.indexOf(line.model);
		for (const verdict of line?.verdicts ?? []) {
			if (line !== undefined && isItemOutcome(verdict.kind) && !isLost(verdict.kind)) {
				keep(verdict.item ?? 0, verdict.text, verdict.expected);
				collector.add({variant: line.variant, target}, verdict.item, verdict.kind, offset);
			}
		}
		count += 1;
		if (count % 1000 === 0) {
			flush();
		}
	});
	await forEachLine(lostFile(file), (text) => {
		const line = parsed(lostSchema, text);
		if (line !== undefined && isItemOutcome(line.reason) && isLost(line.reason)) {
			for (const index of line.items.length === 0 ? [0] : line.items) {
				keep(index);
				collector.add({variant: line.variant, target: models.indexOf(line.model)}, index, line.reason, -1);
			}
		}
	});
	flush();
	return {columns, items: [...items.values()].toSorted((a, b) => a.index - b.index), book, file};
}
