import {createHash, randomUUID} from 'node:crypto';
import {closeSync, createReadStream, openSync, rmSync, writeSync} from 'node:fs';
import {mkdtemp, rm} from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';

const errorStatuses = {
	AccessDenied: 403,
	NoSuchBucket: 404,
	NoSuchKey: 404,
	NoSuchUpload: 404,
	InvalidPart: 400,
	InvalidRange: 416,
	NotImplemented: 501,
} as const;

type S3ErrorCode = keyof typeof errorStatuses;

/** An error of S3. */
export class S3Error extends Error {
	readonly code: S3ErrorCode;
	readonly status: number;

	constructor(code: S3ErrorCode, message: string) {
		super(message);
		this.name = 'S3Error';
		this.code = code;
		this.status = errorStatuses[code];
	}
}

/** Bytes on disk. */
type Blob = {readonly file: string; readonly size: number; readonly md5: Buffer};

/** Keeps bytes in a temporary folder, so that a gigabyte of records does not fill the memory of a demo. */
type Blobs = {
	readonly write: (bytes: AsyncIterable<Uint8Array>) => Promise<Blob>;
	/** Bytes from `start` up to `end` (excluded). */
	readonly read: (blob: Blob, start: number, end: number) => AsyncIterable<Buffer>;
	readonly remove: (blob: Blob) => Promise<void>;
	/** Removes the folder. */
	readonly dispose: () => void;
};

const readBytes = 256 * 1024;

/** Synchronous: another thread for each piece costs more than writing it. */
const writeAll = (descriptor: number, bytes: Uint8Array): void => {
	for (let at = 0; at < bytes.length; ) {
		at += writeSync(descriptor, bytes, at);
	}
};

/** The folder is made with the first blob. */
function createBlobs(): Blobs {
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
}

/** An object: one blob, or those of its parts in their order. */
export type StoredObject = {
	readonly key: string;
	readonly blobs: readonly Blob[];
	readonly size: number;
	/** With its quotation marks. */
	readonly etag: string;
	readonly modifiedAtMs: number;
};

type StoredBucket = {readonly createdAtMs: number; readonly objects: Map<string, StoredObject>};

type Upload = {readonly bucket: string; readonly key: string; readonly parts: Map<number, Blob>};

/** Buckets with their objects. A bucket exists once something is written to it. */
export type ObjectStore = ReturnType<typeof createObjectStore>;

/** @param now Milliseconds since 1970. */
export function createObjectStore(now: () => number) {
	const blobs = createBlobs();
	const buckets = new Map<string, StoredBucket>();
	const uploads = new Map<string, Upload>();

	const bucketOf = (name: string): StoredBucket => {
		const bucket = buckets.get(name) ?? {createdAtMs: now(), objects: new Map()};
		buckets.set(name, bucket);
		return bucket;
	};

	const uploadOf = (id: string): Upload => {
		const upload = uploads.get(id);
		if (upload === undefined) {
			throw new S3Error('NoSuchUpload', 'The specified upload does not exist.');
		}
		return upload;
	};

	const store = async (bucket: string, key: string, parts: readonly Blob[]): Promise<StoredObject> => {
		const object = {key, blobs: parts, size: sizeOf(parts), etag: etagOf(parts), modifiedAtMs: now()};
		const {objects} = bucketOf(bucket);
		const old = objects.get(key);
		objects.set(key, object);
		await Promise.all((old?.blobs ?? []).map(blobs.remove));
		return object;
	};

	return {
		makeBucket(name: string): void {
			bucketOf(name);
		},
		/** Sorted by name. */
		buckets: (): ReadonlyArray<{readonly name: string; readonly createdAtMs: number}> =>
			[...buckets]
				.map(([name, {createdAtMs}]) => ({name, createdAtMs}))
				.sort((first, second) => (first.name < second.name ? -1 : 1)),
		put: async (bucket: string, key: string, bytes: AsyncIterable<Uint8Array>): Promise<StoredObject> =>
			store(bucket, key, [await blobs.write(bytes)]),
		find: (bucket: string, key: string): StoredObject | undefined => buckets.get(bucket)?.objects.get(key),
		/** Objects whose key begins with the prefix, sorted by key. */
		list: (bucket: string, prefix: string): readonly StoredObject[] =>
			[...(buckets.get(bucket)?.objects.values() ?? [])]
				.filter(({key}) => key.startsWith(prefix))
				.sort((first, second) => (first.key < second.key ? -1 : 1)),
		async *read({blobs: parts, size}: StoredObject, start = 0, end = size): AsyncGenerator<Buffer> {
			let offset = 0;
			for (const blob of parts) {
				const from = Math.max(0, start - offset);
				const to = Math.min(blob.size, end - offset);
				yield* blobs.read(blob, from, to);
				offset += blob.size;
			}
		},
		async remove(bucket: string, key: string): Promise<void> {
			const object = buckets.get(bucket)?.objects.get(key);
			buckets.get(bucket)?.objects.delete(key);
			await Promise.all((object?.blobs ?? []).map(blobs.remove));
		},
		beginUpload(bucket: string, key: string): string {
			const id = randomUUID();
			uploads.set(id, {bucket, key, parts: new Map()});
			return id;
		},
		async putPart(id: string, number: number, bytes: AsyncIterable<Uint8Array>): Promise<string> {
			const blob = await blobs.write(bytes);
			uploadOf(id).parts.set(number, blob);
			return etagOf([blob]);
		},
		/** @param numbers Parts in the order of the object. */
		async completeUpload(id: string, numbers: readonly number[]): Promise<StoredObject> {
			const {bucket, key, parts} = uploadOf(id);
			const chosen = numbers.map((number) => {
				const blob = parts.get(number);
				if (blob === undefined) {
					throw new S3Error('InvalidPart', 'One or more of the specified parts could not be found.');
				}
				return blob;
			});
			uploads.delete(id);
			return store(bucket, key, chosen);
		},
		async abortUpload(id: string): Promise<void> {
			const {parts} = uploadOf(id);
			uploads.delete(id);
			await Promise.all([...parts.values()].map(blobs.remove));
		},
		clear(): void {
			buckets.clear();
			uploads.clear();
			blobs.dispose();
		},
	};
}

const sizeOf = (blobs: readonly Blob[]): number => blobs.reduce((sum, {size}) => sum + size, 0);

/** The tag of several parts is the MD5 of their MD5s and their number, as S3 makes it. */
const etagOf = (blobs: readonly Blob[]): string => {
	const [only] = blobs;
	if (blobs.length === 1 && only !== undefined) {
		return `"${only.md5.toString('hex')}"`;
	}
	const hash = createHash('md5');
	for (const {md5} of blobs) {
		hash.update(md5);
	}
	return `"${hash.digest('hex')}-${blobs.length}"`;
};
