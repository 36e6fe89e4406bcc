import {createHash} from 'node:crypto';
import {createReadStream, createWriteStream, rmSync} from 'node:fs';
import {mkdtemp, rm} from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import {pipeline} from 'node:stream/promises';

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
			await pipeline(
				bytes,
				async function* measure(source) {
					for await (const chunk of source as AsyncIterable<Uint8Array>) {
						hash.update(chunk);
						size += chunk.length;
						yield chunk;
					}
				},
				createWriteStream(file),
			);
			return {file, size, md5: hash.digest()};
		},
		async *read({file}, start, end) {
			if (end > start) {
				yield* createReadStream(file, {start, end: end - 1}) as AsyncIterable<Buffer>;
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
