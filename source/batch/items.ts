import {createHash} from 'node:crypto';
import {closeSync, openSync, readSync} from 'node:fs';
import {mkdir, open} from 'node:fs/promises';
import path from 'node:path';
import type {Item} from '../domain/task.ts';
import {openLineWriter} from '../text/private-file.ts';
import type {ItemSource} from './records.ts';

/** The items of a batch on disk, one per line: a hundred thousand of them would take too much memory. */
type ItemFile = ItemSource & {
	/** Hash of the lines. */
	readonly sha256: string;
	/** An item with only the fields that every item has. Undefined where there are no items. */
	readonly sample: Item | undefined;
	readonly close: () => void;
};

export function isItemFile(items: ItemSource): items is ItemFile {
	return 'sha256' in items;
}

/** An item that is only a text becomes a JSON string. */
const lineOf = ({text, fields, expected}: Item): string => {
	const isBare = expected === undefined && Object.keys(fields).length === 0;
	return `${JSON.stringify(isBare ? text : {text, fields, expected})}\n`;
};

const itemOf = (line: string, index: number): Item => {
	const kept = JSON.parse(line) as string | Pick<Item, 'text' | 'fields' | 'expected'>;
	return typeof kept === 'string'
		? {index, text: kept, fields: {}, expected: undefined}
		: {index, text: kept.text, fields: kept.fields, expected: kept.expected};
};

/** @param ends Where each line ends in the file, in bytes. */
const createReader = (file: string, ends: readonly number[]): ItemSource & {readonly close: () => void} => {
	let descriptor: number | undefined;
	return {
		length: ends.length,
		slice(start, end) {
			const own = ends.slice(start, end);
			const from = ends[start - 1] ?? 0;
			const bytes = Buffer.allocUnsafe(Math.max(0, (own.at(-1) ?? from) - from));
			descriptor ??= openSync(file, 'r');
			readSync(descriptor, bytes, 0, bytes.length, from);
			return own.map((to, offset) => {
				const index = start + offset;
				return itemOf(bytes.toString('utf8', (ends[index - 1] ?? 0) - from, to - from), index);
			});
		},
		close() {
			if (descriptor !== undefined) {
				closeSync(descriptor);
				descriptor = undefined;
			}
		},
	};
};

/** Drops the fields of the sample that an item lacks. */
const common = (sample: Item | undefined, item: Item): Item => {
	const fields = sample === undefined ? item.fields : sample.fields;
	const lacks = Object.keys(fields).some((name) => item.fields[name] === undefined);
	if (sample !== undefined && !lacks) {
		return sample;
	}
	const shared = Object.entries(fields).filter(([name]) => item.fields[name] !== undefined);
	return {...(sample ?? item), fields: Object.fromEntries(shared)};
};

type ItemPages = AsyncIterable<readonly Item[]> | Iterable<readonly Item[]>;

/** Writes items page by page. */
export async function writeItems(file: string, pages: ItemPages): Promise<ItemFile> {
	await mkdir(path.dirname(file), {recursive: true, mode: 0o700});
	const ends: number[] = [];
	const hash = createHash('sha256');
	let sample: Item | undefined;
	const writer = openLineWriter(file, (text) => hash.update(text));
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
/** Bytes that are read at once to find the ends of the lines. */
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
