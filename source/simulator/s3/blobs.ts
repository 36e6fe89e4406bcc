import {createHash} from 'node:crypto';
import {closeSync, createReadStream, openSync, rmSync, writeSync} from 'node:fs';
import {mkdtemp, rm} from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';

/** Bytes on disk. */
export type Blob = {readonly file: string; readonly size: number; readonly md5: Buffer};

/** Keeps bytes in a temporary folder, so that a gigabyte of records does not sit in the memory of a demo. */
export type Blobs = {
	readonly write: (bytes: AsyncIterable<Uint8Array>) => Promise<Blob>;
	/** Bytes from `start` up to `end`, which is not included. */
	readonly read: (blob: Blob, start: number, end: number) => AsyncIterable<Buffer>;
	readonly remove: (blob: Blob) => Promise<void>;
	/** Removes the folder. */
	readonly dispose: () => void;
};

const readBytes = 256 * 1024;

/** At once: to hand a piece to another thread costs more than to write it. */
const writeAll = (descriptor: number, bytes: Uint8Array): void => {
	for (let at = 0; at < bytes.length; ) {
		at += writeSync(descriptor, bytes, at);
	}
};

/** The folder is made with the first blob. */
export const createBlobs = (): Blobs => {
	let folder: Promise<string> | undefined;
	let made: string | undefined;
	let count = 0;
	const open = async (): Promise<string> => {
		folder ??= mkdtemp(path.join(os.tmpdir(), 'bedrock-top-s3-'));
		made = await folder;
		return made;
	};
	return {
		async write(bytes) {
			const file = path.join(await open(), String(++count));
			const hash = createHash('md5');
			let size = 0;
			const descriptor = openSync(file, 'wx', 0o600);
			try {
				for await (const chunk of bytes) {
					hash.update(chunk);
					size += chunk.length;
					writeAll(descriptor, chunk);
				}
			} finally {
				closeSync(descriptor);
			}
			return {file, size, md5: hash.digest()};
		},
		async *read({file}, start, end) {
			if (end > start) {
				const options = {start, end: end - 1, highWaterMark: readBytes};
				yield* createReadStream(file, options) as AsyncIterable<Buffer>;
			}
		},
		remove: async ({file}) => rm(file, {force: true}),
		dispose() {
			if (made !== undefined) {
				rmSync(made, {recursive: true, force: true});
			}
			folder = undefined;
			made = undefined;
		},
	};
};
