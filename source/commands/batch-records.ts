import {createWriteStream} from 'node:fs';
import {pipeline} from 'node:stream/promises';
import {bytesOf} from '../prompts/batch/lines.ts';
import type {BatchRecord} from '../prompts/batch/records.ts';

/** What was written of a batch. */
export type Written = {
	/** Bytes of each record's line, its end included. */
	readonly sizes: readonly number[];
	/** Characters of all prompts. */
	readonly characters: number;
};

/** Writes the input lines of records into one file, once: they are uploaded from there, part by part. */
export const writeRecords = async (
	file: string,
	records: Iterable<BatchRecord>,
	lineOf: (record: BatchRecord) => string,
): Promise<Written> => {
	const sizes: number[] = [];
	let characters = 0;
	const lines = function* (): Generator<string> {
		for (const record of records) {
			const {system, user} = record.prompt;
			const line = lineOf(record);
			sizes.push(Buffer.byteLength(line));
			characters += (system ?? '').length + user.length;
			yield line;
		}
	};
	await pipeline(bytesOf(lines()), createWriteStream(file, {mode: 0o600}));
	return {sizes, characters};
};
