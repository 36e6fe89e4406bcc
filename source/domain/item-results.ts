import {failureClasses} from './backend.ts';
import type {Item, ItemVerdict} from './task.ts';

/**
 * What became of each item with each variant: small numbers alone, so that ten thousand items take little memory and
 * messages. The texts stay in answers.jsonl; a cell knows where.
 */

/** A column of the table of items: a variant on a target, in whatever lane. */
export type ItemColumn = {readonly variant: string; readonly target: number};

/** The columns of some cells, each once, in their order. */
export function itemColumns(cells: readonly ItemColumn[]): readonly ItemColumn[] {
	const byKey = new Map(cells.map(({variant, target}) => [`${target} ${variant}`, {variant, target}]));
	return [...byKey.values()];
}

/** Verdicts on an answer, then the classes of failure of a request without one. */
const outcomes = [
	'useful',
	'check-failed',
	'unparsed',
	'refused',
	'truncated',
	'malformed',
	'tool-call',
	...failureClasses,
	'stopped',
] as const satisfies ReadonlyArray<ItemVerdict['kind'] | (typeof failureClasses)[number] | 'stopped'>;

type ItemOutcome = (typeof outcomes)[number];

const firstLost = outcomes.indexOf('tool-call') + 1;

/** Whether a text names an outcome. */
export function isItemOutcome(text: string): text is ItemOutcome {
	return (outcomes as readonly string[]).includes(text);
}

/** Whether an outcome is that of a request without an answer. */
export function isLost(outcome: ItemOutcome): boolean {
	return outcomes.indexOf(outcome) >= firstLost;
}

/** Numbers of an entry: item, column, outcome, and where its line begins in answers.jsonl, in bytes (-1: not kept). */
const entrySize = 4;

/** Outcomes since the last time, as they cross threads. */
export type ItemEntries = Float64Array;

/** Collects outcomes until they are taken. */
export class ItemCollector {
	readonly #columns: ReadonlyMap<string, number>;
	#numbers: number[] = [];

	constructor(columns: readonly ItemColumn[]) {
		this.#columns = new Map(columns.map(({variant, target}, index) => [`${target} ${variant}`, index]));
	}

	/**
	 * @param item Its index; null for a task without items.
	 * @param offset Of its line in answers.jsonl; -1 where there is none.
	 */
	add({variant, target}: ItemColumn, item: number | null, outcome: ItemOutcome, offset: number): void {
		const column = this.#columns.get(`${target} ${variant}`);
		if (column !== undefined) {
			this.#numbers.push(item ?? 0, column, outcomes.indexOf(outcome), offset);
		}
	}

	/** What came since the last time; undefined: nothing. */
	take(): ItemEntries | undefined {
		if (this.#numbers.length === 0) {
			return undefined;
		}
		const entries = Float64Array.from(this.#numbers);
		this.#numbers = [];
		return entries;
	}
}

/** Items of a chunk: a change copies its chunk alone. */
const chunkItems = 256;

type Chunk = {
	readonly passed: Uint16Array;
	readonly answered: Uint16Array;
	/** Number of the outcome that is shown, from 1; 0: none yet. */
	readonly outcome: Uint8Array;
	readonly offset: Float64Array;
};

/** The outcomes of a run. Immutable; items are known by their index. */
type ItemBook = {
	readonly columnCount: number;
	readonly chunks: ReadonlyArray<Chunk | undefined>;
};

/** What is known of an item with a variant. */
export type ItemCell = {
	/** Answers that passed, and all answers. */
	readonly passed: number;
	readonly answered: number;
	/** Of the newest answer that failed, else of the newest; without an answer, of the newest lost request. */
	readonly outcome: ItemOutcome | undefined;
	/** Where the line of that answer begins in answers.jsonl; -1: it is not kept. */
	readonly offset: number;
};

export function emptyItemBook(columnCount: number): ItemBook {
	return {columnCount, chunks: []};
}

/** The book with some more outcomes. */
export function withEntries(book: ItemBook, entries: ItemEntries): ItemBook {
	const chunks = [...book.chunks];
	const own = new Set<number>();
	for (let at = 0; at + entrySize <= entries.length; at += entrySize) {
		const [item = 0, column = 0, outcome = 0, offset = -1] = entries.subarray(at, at + entrySize);
		const number = Math.floor(item / chunkItems);
		if (!own.has(number)) {
			own.add(number);
			chunks[number] = copyOf(chunks[number], book.columnCount);
		}
		const chunk = chunks[number];
		if (chunk !== undefined) {
			enter(chunk, (item % chunkItems) * book.columnCount + column, outcome, offset);
		}
	}
	return {...book, chunks};
}

function copyOf(chunk: Chunk | undefined, columnCount: number): Chunk {
	const length = chunkItems * columnCount;
	return {
		passed: chunk?.passed.slice() ?? new Uint16Array(length),
		answered: chunk?.answered.slice() ?? new Uint16Array(length),
		outcome: chunk?.outcome.slice() ?? new Uint8Array(length),
		offset: chunk?.offset.slice() ?? new Float64Array(length).fill(-1),
	};
}

/** A failed answer stays shown; one that passed is shown until one failed. */
function enter({passed, answered, outcome, offset}: Chunk, cell: number, entered: number, at: number): void {
	const before = {passed: passed[cell] ?? 0, answered: answered[cell] ?? 0};
	if (entered >= firstLost) {
		outcome[cell] = before.answered === 0 ? entered + 1 : (outcome[cell] ?? 0);
		return;
	}
	const hasFailed = before.answered > before.passed;
	answered[cell] = Math.min(0xff_ff, before.answered + 1);
	passed[cell] = Math.min(0xff_ff, before.passed + (entered === 0 ? 1 : 0));
	if (entered !== 0 || !hasFailed) {
		outcome[cell] = entered + 1;
		offset[cell] = at;
	}
}

const nothing: ItemCell = {passed: 0, answered: 0, outcome: undefined, offset: -1};

export function itemCell(book: ItemBook, item: number, column: number): ItemCell {
	const chunk = book.chunks[Math.floor(item / chunkItems)];
	if (chunk === undefined || column >= book.columnCount) {
		return nothing;
	}
	const cell = (item % chunkItems) * book.columnCount + column;
	return {
		passed: chunk.passed[cell] ?? 0,
		answered: chunk.answered[cell] ?? 0,
		outcome: outcomes[(chunk.outcome[cell] ?? 0) - 1],
		offset: chunk.offset[cell] ?? -1,
	};
}

/** Whether an item failed with a variant: an answer did, or no request got one. */
export function hasItemFailed(book: ItemBook, item: number, column: number): boolean {
	const chunk = book.chunks[Math.floor(item / chunkItems)];
	const cell = (item % chunkItems) * book.columnCount + column;
	return chunk !== undefined && (chunk.outcome[cell] ?? 0) > 1;
}

/** The items of a run, and what became of each. */
export type ItemTable = {
	readonly columns: readonly ItemColumn[];
	readonly items: ReadonlyArray<Pick<Item, 'index' | 'text' | 'expected'>>;
	readonly book: ItemBook;
	/** answers.jsonl; null where answers are not kept. */
	readonly file: string | null;
};

/** The answer to one item, as answers.jsonl has it. */
export type ItemAnswer = {
	readonly kind: string;
	/** Its own part of a packed reply. */
	readonly answer: string;
	/** The check that failed, and what it wanted; undefined where none did, or an older version wrote the file. */
	readonly failed: {readonly check: string; readonly why: string} | undefined;
	/** Why its check could not finish. */
	readonly reason: string | undefined;
	readonly text: string | undefined;
	readonly expected: string | undefined;
	/** Items of its request. */
	readonly ofItems: number;
	/** What judges said of the answer; undefined: none was asked. */
	readonly judged?: readonly string[] | undefined;
};
