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
import type {RunConfig} from '../domain/run-config.ts';
import type {Item} from '../domain/task.ts';
import {itemFingerprint, type VariantParts, variantParts} from '../engine/attempts/request-records.ts';
import {withoutMark} from '../text/as-written.ts';

/**
 * Reads answers.jsonl and what stands beside it back: for `--resume` what was answered and what has changed since it was
 * asked, for the screen one answer by its place, or what became of each item of an earlier run.
 */

/** A line of answers.jsonl: only which item was answered by which variant. */
const answerSchema = z.object({
	/** Absent in what versions before 0.2 wrote. */
	run: z.string().optional(),
	variant: z.string(),
	variantFingerprint: z.string().optional(),
	model: z.string(),
	verdicts: z.array(
		z.object({
			item: z.number().nullable(),
			fingerprint: z.string().optional(),
			text: z.string().optional(),
			kind: z.string(),
			judged: z.array(z.string()).optional(),
		}),
	),
});

export type AnsweredLine = z.infer<typeof answerSchema>;

type AnswerLines = {
	readonly lines: readonly AnsweredLine[];
	/** Numbers of lines, from 1, that are not answers of bedrock-top. */
	readonly foreign: readonly number[];
};

/**
 * Reads all whole lines; a last line without its end is left out, because a kill may have cut it anywhere. A mark
 * before the first and blank lines, which editors leave, are ignored.
 */
export function readLines<Line>(
	text: string,
	schema: z.ZodType<Line>,
): {readonly lines: readonly Line[]; readonly foreign: readonly number[]} {
	const whole = withoutMark(text.slice(0, text.lastIndexOf('\n') + 1));
	const read = (line: string): Line | undefined => {
		try {
			return schema.parse(JSON.parse(line));
		} catch {
			return undefined;
		}
	};
	const parsed = whole
		.split('\n')
		.map((line, index) => ({line, number: index + 1}))
		.filter(({line}) => line.trim() !== '')
		.map(({line, number}) => ({number, answer: read(line)}));
	return {
		lines: parsed.flatMap(({answer}) => (answer === undefined ? [] : [answer])),
		foreign: parsed.flatMap(({answer, number}) => (answer === undefined ? [number] : [])),
	};
}

/** Reads answers.jsonl. */
export function readAnswerLines(text: string): AnswerLines {
	return readLines(text, answerSchema);
}

type Verdict = AnsweredLine['verdicts'][number];

/** An item that a packed reply leaves out has no answer; one that a judge gave no verdict on is as good as none. */
const isAnswer = ({item, kind, judged}: Verdict): boolean =>
	item !== null && kind !== 'unparsed' && judged?.includes('none') !== true;

/** Which rows have an answer, by their content and not by their position. */
export type Answered = {
	/** Decides, row by row in their order, which have an answer of a variant on a model. */
	readonly of: (model: string, variant: string) => (item: Item) => boolean;
	/** Fingerprints of all items with an answer. */
	readonly fingerprints: ReadonlySet<string>;
	/** Answers whose item cannot be recognised: an older version wrote only its position. */
	readonly unknown: number;
	/** Answers that were recognised by their text alone. */
	readonly byText: number;
};

/** @param items As they are now; rows with equal content follow each other. */
export function answeredRows(lines: readonly AnsweredLine[], items: readonly Item[]): Answered {
	const byText = new Map(items.map((item) => [item.text, itemFingerprint(item)]));
	/** Of each model, variant and fingerprint: the rows, each once however often it was asked. */
	const rows = new Map<string, Set<string>>();
	const fingerprints = new Set<string>();
	const counts = {unknown: 0, byText: 0};
	for (const {run, model, variant, verdicts} of lines) {
		for (const {item, text, fingerprint} of verdicts.filter(isAnswer)) {
			const print = fingerprint ?? byText.get(text ?? '');
			counts.unknown += fingerprint === undefined && text === undefined ? 1 : 0;
			counts.byText += fingerprint === undefined && print !== undefined ? 1 : 0;
			if (print !== undefined) {
				fingerprints.add(print);
				const key = JSON.stringify([model, variant, print]);
				rows.set(key, (rows.get(key) ?? new Set()).add(`${run} ${item}`));
			}
		}
	}
	return {
		...counts,
		fingerprints,
		of(model, variant) {
			const taken = new Map<string, number>();
			return (item) => {
				const key = JSON.stringify([model, variant, itemFingerprint(item)]);
				const before = taken.get(key) ?? 0;
				taken.set(key, before + 1);
				return before < (rows.get(key)?.size ?? 0);
			};
		},
	};
}

/** A line of asked.jsonl: the items and variants of a run into the folder, by fingerprint. */
const askedSchema = z.object({
	run: z.string(),
	/** Index in the preset and fingerprint. */
	items: z.array(z.tuple([z.number(), z.string()])),
	variants: z.record(z.string(), z.record(z.string(), z.string())),
});

export type AskedLine = z.infer<typeof askedSchema>;

/** The parts of each variant, by its name. */
export function partsOf({
	variants,
	task,
	maxTokens,
	isMaxTokensAuto,
}: Pick<RunConfig, 'variants' | 'task' | 'maxTokens' | 'isMaxTokensAuto'>): Readonly<
	Record<string, VariantParts>
> {
	return Object.fromEntries(
		variants.map((variant) => [
			variant.name,
			variantParts(variant, task, isMaxTokensAuto ? 'auto' : maxTokens),
		]),
	);
}

export function askedLine(run: string, config: RunConfig): string {
	const line: AskedLine = {
		run,
		items: config.task.items.map((item) => [item.index, itemFingerprint(item)]),
		variants: partsOf(config),
	};
	return `${JSON.stringify(line)}\n`;
}

/** Damaged lines are left out: they could only add changes. */
export function readAskedLines(text: string): readonly AskedLine[] {
	return text.split('\n').flatMap((line) => {
		try {
			return [askedSchema.parse(JSON.parse(line))];
		} catch {
			return [];
		}
	});
}

/** Beside answers.jsonl: one line for each request that got no answer. @param answers Name of answers.jsonl. */
export function lostFile(answers: string): string {
	return `${answers.replace(/\.jsonl$/, '')}-lost.jsonl`;
}

const shownVerdictSchema = z.object({
	item: z.number().nullable(),
	text: z.string().optional(),
	expected: z.string().optional(),
	kind: z.string(),
	answer: z.string().nullable().optional(),
	reason: z.string().optional(),
	failed: z.object({check: z.string(), why: z.string()}).optional(),
	judged: z.array(z.string()).optional(),
});

const shownSchema = z.object({
	variant: z.string(),
	model: z.string(),
	answer: z.string().optional(),
	verdicts: z.array(shownVerdictSchema),
});

const lostSchema = z.object({
	variant: z.string(),
	model: z.string(),
	items: z.array(z.number()),
	reason: z.string(),
});

const lineEnd = 10;
const pieceBytes = 65_536;
/** Most lines are not longer. */
const firstPieceBytes = 4096;
/** Longest line that is read. */
const maxLineBytes = 8_000_000;

/** The line that begins at an offset; undefined where none does. */
async function lineAt(file: FileHandle, offset: number): Promise<string | undefined> {
	const pieces: Buffer[] = [];
	let length = 0;
	while (length < maxLineBytes) {
		const wanted = length === 0 ? firstPieceBytes : pieceBytes;
		const {buffer, bytesRead} = await file.read(Buffer.allocUnsafe(wanted), 0, wanted, offset + length);
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
 * @param source answers.jsonl by its path, or open.
 * @param item Its index.
 * @param offsets Where their lines begin in the file, in bytes; -1 for one that is not kept.
 * @returns One for each offset; undefined where the file has no answer to the item there.
 * @throws Where the file can't be read.
 */
export async function readItemAnswers(
	source: string | FileHandle,
	item: number,
	offsets: readonly number[],
): Promise<ReadonlyArray<ItemAnswer | undefined>> {
	const handle = typeof source === 'string' ? await open(source, 'r') : source;
	try {
		return await Promise.all(
			offsets.map(async (offset) => {
				const line = offset < 0 ? undefined : parsed(shownSchema, await lineAt(handle, offset));
				const verdict = line?.verdicts.find((each) => (each.item ?? 0) === item);
				return line === undefined || verdict === undefined
					? undefined
					: {
							kind: verdict.kind,
							answer: verdict.answer ?? line.answer ?? '',
							failed: verdict.failed,
							reason: verdict.reason,
							judged: verdict.judged,
							text: verdict.text,
							expected: verdict.expected,
							ofItems: line.verdicts.length,
						};
			}),
		);
	} finally {
		if (typeof source === 'string') {
			await handle.close();
		}
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
		const line = parsed(shownSchema, text);
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
