import {setImmediate} from 'node:timers/promises';
import {utf8Bytes} from '../domain/utf8-bytes.ts';
import {openLineWriter} from '../terminal/line-writer.ts';
import type {BatchRecord} from './records.ts';

/** What was written of a batch. */
export type Written = {
	/** Bytes of each record's line, its end included. */
	readonly sizes: readonly number[];
	/** UTF-8 bytes of all prompts. */
	readonly bytes: number;
};

/** Records between two moments in which the program hears signals and keys. */
const recordsAtOnce = 500;

/** Writes the input lines of records into one file, once: they are uploaded from there, part by part. */
export const writeRecords = async (
	file: string,
	records: Iterable<BatchRecord>,
	lineOf: (record: BatchRecord) => string,
): Promise<Written> => {
	const sizes: number[] = [];
	let bytes = 0;
	const writer = openLineWriter(file);
	try {
		for (const record of records) {
			const {system, user} = record.prompt;
			sizes.push(writer.add(lineOf(record)));
			bytes += utf8Bytes(system ?? '') + utf8Bytes(user);
			if (sizes.length % recordsAtOnce === 0) {
				await setImmediate();
			}
		}
	} finally {
		writer.close();
	}
	return {sizes, bytes};
};
