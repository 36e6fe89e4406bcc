import {createHash} from 'node:crypto';
import {closeSync, createReadStream, createWriteStream, openSync, readSync} from 'node:fs';
import {mkdir} from 'node:fs/promises';
import path from 'node:path';
import {pipeline} from 'node:stream/promises';
import type {ItemSource} from '../prompts/batch/records.ts';
import type {Item} from '../prompts/variant.ts';

/** The items of a batch on disk, one a line: a hundred thousand of them would not fit into the memory of a batch. */
export type ItemFile = ItemSource & {
	/** Hash of the lines. */
	readonly sha256: string;
	/** Stands for all: it has the fields that every item has. Undefined where there are no items. */
	readonly sample: Item | undefined;
	readonly close: () => void;
};

export const isItemFile = (items: ItemSource): items is ItemFile => 'sha256' in items;

/** Bytes that are read at once while items are asked for in their order. */
const windowBytes = 64 * 1024;

const lineOf = ({text, fields, expected}: Item): string => `${JSON.stringify({text, fields, expected})}\n`;

const itemOf = (line: string, index: number): Item => {
	const {text, fields, expected} = JSON.parse(line) as Omit<Item, 'index'>;
	return {index, text, fields, expected};
};

/** @param ends Where each line ends in the file, in bytes. */
const createReader = (file: string, ends: readonly number[]): ItemSource & {readonly close: () => void} => {
	let descriptor: number | undefined;
	let window = Buffer.alloc(0);
	let windowAt = 0;

	const bytesBetween = (from: number, to: number): Buffer => {
		const windowEnd = windowAt + window.length;
		if (from < windowAt || to > windowEnd) {
			const isInOrder = from >= windowAt && from <= windowEnd;
			descriptor ??= openSync(file, 'r');
			const wanted = Buffer.allocUnsafe(isInOrder ? Math.max(to - from, windowBytes) : to - from);
			window = wanted.subarray(0, readSync(descriptor, wanted, 0, wanted.length, from));
			windowAt = from;
		}
		return window.subarray(from - windowAt, to - windowAt);
	};

	return {
		length: ends.length,
		slice: (start, end) =>
			ends.slice(start, end).map((to, offset) => {
				const index = start + offset;
				return itemOf(bytesBetween(ends[index - 1] ?? 0, to).toString('utf8'), index);
			}),
		close() {
			if (descriptor !== undefined) {
				closeSync(descriptor);
				descriptor = undefined;
			}
		},
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
export type ItemPages = AsyncIterable<readonly Item[]> | Iterable<readonly Item[]>;

/** Writes items as they come. */
export const writeItems = async (file: string, pages: ItemPages): Promise<ItemFile> => {
	await mkdir(path.dirname(file), {recursive: true, mode: 0o700});
	const ends: number[] = [];
	const hash = createHash('sha256');
	let sample: Item | undefined;
	const write = async function* (): AsyncGenerator<Uint8Array> {
		for await (const items of pages) {
			const lines = items.map(lineOf);
			for (const line of lines) {
				ends.push((ends.at(-1) ?? 0) + Buffer.byteLength(line));
			}
			sample = items.reduce<Item | undefined>(common, sample);
			const bytes = Buffer.from(lines.join(''));
			hash.update(bytes);
			yield bytes;
		}
	};
	await pipeline(write, createWriteStream(file, {mode: 0o600}));
	return {...createReader(file, ends), sha256: hash.digest('hex'), sample};
};

const lineEnd = 10;

/** Opens items that `writeItems` wrote. */
export const openItems = async (file: string): Promise<ItemSource> => {
	const ends: number[] = [];
	let read = 0;
	for await (const bytes of createReadStream(file) as AsyncIterable<Buffer>) {
		for (let at = bytes.indexOf(lineEnd); at !== -1; at = bytes.indexOf(lineEnd, at + 1)) {
			ends.push(read + at + 1);
		}
		read += bytes.length;
	}
	return createReader(file, ends);
};
