import {createHash} from 'node:crypto';
import {closeSync, openSync, readSync} from 'node:fs';
import {mkdir, open} from 'node:fs/promises';
import path from 'node:path';
import type {Item} from '../domain/task.ts';
import {openLineWriter} from '../terminal/line-writer.ts';
import type {ItemSource} from './records.ts';

/** The items of a batch on disk, one a line: a hundred thousand of them would not fit into the memory of a batch. */
type ItemFile = ItemSource & {
	/** Hash of the lines. */
	readonly sha256: string;
	/** Stands for all: it has the fields that every item has. Undefined where there are no items. */
	readonly sample: Item | undefined;
	readonly close: () => void;
};

export function isItemFile(items: ItemSource): items is ItemFile {
	return 'sha256' in items;
}

/** Bytes that are read at once while items are asked for in their order. */
const windowBytes = 64 * 1024;

const noFields: Item['fields'] = {};

/** A text alone is its own line. */
const lineOf = ({text, fields, expected}: Item): string => {
	const isBare = expected === undefined && Object.keys(fields).length === 0;
	return `${JSON.stringify(isBare ? text : {text, fields, expected})}\n`;
};

/** What stands in JSON as it is, without a quotation mark, a backslash or half a character, has nothing to escape. */
const isPlain = (value: string, line: string): boolean =>
	!(value.includes('"') || value.includes('\\')) && value.isWellFormed() && line.includes(value);

const bareItem = (line: string, index: number): Item => {
	if (line.includes('\\')) {
		return {index, text: JSON.parse(line) as string, fields: noFields, expected: undefined};
	}
	const text = line.slice(1, -1);
	return {index, text, fields: noFields, expected: undefined, plain: text};
};

const itemOf = (line: string, index: number): Item => {
	if (line.startsWith('"')) {
		return bareItem(line, index);
	}
	const {text, fields, expected} = JSON.parse(line) as Omit<Item, 'index'>;
	const longest = Object.values(fields).reduce(
		(before, value) => (value.length > before.length ? value : before),
		'',
	);
	const item = {index, text, fields, expected};
	return isPlain(longest, line) ? {...item, plain: longest} : item;
};

/** Text between two places of a file, read through one window that is used again and again. */
const createWindow = (file: string) => {
	let descriptor: number | undefined;
	let bytes = Buffer.alloc(0);
	let start = 0;
	let end = 0;
	return {
		textBetween(from: number, to: number): string {
			if (from < start || to > end) {
				const isInOrder = from >= start && from <= end;
				const wanted = isInOrder ? Math.max(to - from, windowBytes) : to - from;
				if (wanted > bytes.length) {
					bytes = Buffer.allocUnsafeSlow(Math.max(wanted, windowBytes));
				}
				descriptor ??= openSync(file, 'r');
				start = from;
				end = from + readSync(descriptor, bytes, 0, wanted, from);
			}
			return bytes.toString('utf8', from - start, Math.min(to, end) - start);
		},
		close() {
			if (descriptor !== undefined) {
				closeSync(descriptor);
				descriptor = undefined;
			}
		},
	};
};

/** @param ends Where each line ends in the file, in bytes. */
const createReader = (file: string, ends: readonly number[]): ItemSource & {readonly close: () => void} => {
	const window = createWindow(file);
	return {
		length: ends.length,
		slice: (start, end) =>
			ends.slice(start, end).map((to, offset) => {
				const index = start + offset;
				const line = window.textBetween(ends[index - 1] ?? 0, to);
				// Without its end, which would pass for a part of a field.
				return itemOf(line.slice(0, -1), index);
			}),
		close: window.close,
	};
};

/** What every item has: a field that one of them lacks is dropped. */
const common = (sample: Item | undefined, item: Item): Item => {
	const fields = sample === undefined ? item.fields : sample.fields;
	const lacks = Object.keys(fields).some((name) => item.fields[name] === undefined);
	if (sample !== undefined && !lacks) {
		return sample;
	}
	const shared = Object.entries(fields).filter(([name]) => item.fields[name] !== undefined);
	return {...(sample ?? item), fields: Object.fromEntries(shared)};
};

/** Pages of items. */
type ItemPages = AsyncIterable<readonly Item[]> | Iterable<readonly Item[]>;

/** Writes items as they come. */
export async function writeItems(file: string, pages: ItemPages): Promise<ItemFile> {
	await mkdir(path.dirname(file), {recursive: true, mode: 0o700});
	const ends: number[] = [];
	const hash = createHash('sha256');
	let sample: Item | undefined;
	const writer = openLineWriter(file, (bytes) => hash.update(bytes));
	let end = 0;
	try {
		for await (const items of pages) {
			for (const item of items) {
				end += writer.add(lineOf(item));
				ends.push(end);
				sample = common(sample, item);
			}
		}
	} finally {
		writer.close();
	}
	return {...createReader(file, ends), sha256: hash.digest('hex'), sample};
}

const lineEnd = 10;
/** Bytes that are read at once while the ends of the lines are looked for, into one buffer. */
const openingBytes = 256 * 1024;

/** Opens items that `writeItems` wrote. */
export async function openItems(file: string): Promise<ItemSource> {
	const ends: number[] = [];
	const handle = await open(file);
	try {
		const buffer = Buffer.allocUnsafeSlow(openingBytes);
		let read = 0;
		for (;;) {
			const {bytesRead} = await handle.read(buffer, 0, openingBytes, read);
			if (bytesRead === 0) {
				return createReader(file, ends);
			}
			const bytes = buffer.subarray(0, bytesRead);
			for (let at = bytes.indexOf(lineEnd); at !== -1; at = bytes.indexOf(lineEnd, at + 1)) {
				ends.push(read + at + 1);
			}
			read += bytesRead;
		}
	} finally {
		await handle.close();
	}
}
