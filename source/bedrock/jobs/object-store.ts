import {addAbortSignal, Readable} from 'node:stream';
import type {S3Client} from '@aws-sdk/client-s3';
import type {Clients} from '../clients/clients.ts';
import {abortedBy, callError} from './job-service.ts';

/** An object or a prefix in S3. */
export type S3Location = {readonly bucket: string; readonly key: string};

const uriPattern = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/(.*))?$/;

/** @returns undefined where the text is not an S3 URI, or its bucket has no valid name. */
export function parseS3Uri(uri: string): S3Location | undefined {
	const [, bucket, key] = uriPattern.exec(uri) ?? [];
	return bucket === undefined ? undefined : {bucket, key: key ?? ''};
}

export function s3Uri({bucket, key}: S3Location): string {
	return `s3://${bucket}/${key}`;
}

/** A location below another. */
export function below({bucket, key}: S3Location, name: string): S3Location {
	return {
		bucket,
		key: key === '' || key.endsWith('/') ? key + name : `${key}/${name}`,
	};
}

/** Bytes that can be read from anywhere, such as a range of a file. */
export type UploadSource = {
	readonly size: number;
	/** Fills a buffer from an offset on; rejects where the source ends before the buffer is full. */
	readonly read: (into: Buffer, offset: number) => Promise<void>;
};

type UploadOptions = {
	readonly signal: AbortSignal;
	/** Called with the number of bytes that have arrived so far. */
	readonly onBytes: (bytes: number) => void;
};

/** S3's minimum, except for the last part. */
const partBytes = 5 * 1024 * 1024;
/** More of them use memory and are not faster. */
const partsAtOnce = 2;
/** Divides a part: a piece across two parts is copied twice. */
const pieceBytes = 256 * 1024;
/** `lib-storage` copies the pieces of a part together as soon as it has one piece more; a few are read ahead. */
const piecesInUse = partBytes / pieceBytes + 8;

/** Pieces of the source, in buffers that are reused once the part of a piece has been copied together. */
async function* piecesOf({size, read}: UploadSource): AsyncGenerator<Buffer> {
	const count = Math.min(piecesInUse, Math.ceil(size / pieceBytes));
	const ring = Array.from({length: count}, () => Buffer.allocUnsafeSlow(Math.min(pieceBytes, size)));
	for (let offset = 0; offset < size; offset += pieceBytes) {
		const buffer = ring[(offset / pieceBytes) % count] ?? Buffer.alloc(0);
		const piece = buffer.subarray(0, Math.min(pieceBytes, size - offset));
		await read(piece, offset);
		yield piece;
	}
}

/**
 * Frees the memory of a part once it has been sent: the garbage collector would keep a whole file of them. The bytes
 * behind a part in its buffer belong to the next one, which has been copied out by then.
 */
const createPartRelease = () => {
	const bodies = new Map<number, ArrayBuffer>();
	const finished = new Set<number>();
	const release = (part: number): void => {
		const [own, next] = [bodies.get(part), bodies.get(part + 1)];
		// The last part may be just what was behind the one before, and still be in that buffer.
		if (finished.has(part) && next !== undefined && next !== own) {
			own?.transfer(0);
			bodies.set(part, new ArrayBuffer(0));
		}
	};
	return {
		began(part: number, body: Uint8Array): void {
			bodies.set(part, body.buffer as ArrayBuffer);
			release(part - 1);
		},
		ended(part: number): void {
			finished.add(part);
			release(part);
		},
	};
};

/**
 * `lib-storage` hands its signal to no request: with ours, those in flight end at once. Only the removal of the parts
 * continues, and is waited for, which the library's own abort would not do.
 */
const abortable = (
	client: S3Client,
	abortSignal: AbortSignal,
	{AbortMultipartUploadCommand, UploadPartCommand}: typeof import('@aws-sdk/client-s3'),
): S3Client => {
	const parts = createPartRelease();
	const send = async (command: Parameters<S3Client['send']>[0]): Promise<unknown> => {
		if (!(command instanceof UploadPartCommand)) {
			return client.send(command, command instanceof AbortMultipartUploadCommand ? {} : {abortSignal});
		}
		const {PartNumber = 0, Body} = command.input;
		parts.began(PartNumber, Body as Uint8Array);
		const sent = await client.send(command, {abortSignal});
		parts.ended(PartNumber);
		return sent;
	};
	return Object.create(client, {send: {value: send}}) as S3Client;
};

/** Writes an object with constant memory. Rejects with the SDK's own error; no parts are left behind. */
async function uploadObject(
	client: S3Client,
	{bucket, key}: S3Location,
	source: UploadSource,
	{signal, onBytes}: UploadOptions,
): Promise<void> {
	const [{Upload}, commands] = await Promise.all([
		import('@aws-sdk/lib-storage'),
		import('@aws-sdk/client-s3'),
	]);
	const body = Readable.from(piecesOf(source), {objectMode: false, highWaterMark: pieceBytes});
	const upload = new Upload({
		client: abortable(client, signal, commands),
		params: {Bucket: bucket, Key: key, Body: body, ContentType: 'application/jsonl'},
		partSize: partBytes,
		queueSize: partsAtOnce,
		leavePartsOnError: false,
	});
	upload.on('httpUploadProgress', ({loaded}) => onBytes(loaded ?? 0));
	try {
		await upload.done();
	} finally {
		body.destroy();
	}
}

/** S3 as a batch needs it. Every method rejects with a UserError (exit 1). */
export type ObjectStore = {
	/** Writes an object, in parts where it is large, and replaces what was there. */
	readonly write: (place: S3Location, source: UploadSource, options: UploadOptions) => Promise<void>;
	/** Keys of all objects whose key begins with that of the location. */
	readonly list: (place: S3Location, signal?: AbortSignal) => Promise<readonly string[]>;
	/** The bytes of an object as they arrive. */
	readonly read: (place: S3Location, signal?: AbortSignal) => AsyncGenerator<Uint8Array>;
};

export function createObjectStore(clients: Clients): ObjectStore {
	return {
		async write(place, source, options) {
			try {
				await uploadObject(await clients.s3(), place, source, options);
			} catch (error) {
				throw callError(error, clients, {
					what: `${s3Uri(place)} could not be written`,
					action: 's3:PutObject',
				});
			}
		},
		async list({bucket, key}, signal) {
			const {paginateListObjectsV2} = await import('@aws-sdk/client-s3');
			const keys: string[] = [];
			try {
				const input = {Bucket: bucket, Prefix: key};
				const pages = paginateListObjectsV2({client: await clients.s3()}, input, abortedBy(signal));
				for await (const page of pages) {
					keys.push(...(page.Contents ?? []).flatMap(({Key}) => (Key === undefined ? [] : [Key])));
				}
			} catch (error) {
				throw callError(error, clients, {
					what: `s3://${bucket} could not be listed`,
					action: 's3:ListBucket',
				});
			}
			return keys;
		},
		async *read(place, signal) {
			try {
				const {GetObjectCommand} = await import('@aws-sdk/client-s3');
				const client = await clients.s3();
				const command = new GetObjectCommand({Bucket: place.bucket, Key: place.key});
				const {Body} = await client.send(command, abortedBy(signal));
				if (Body instanceof Readable) {
					yield* (signal === undefined ? Body : addAbortSignal(signal, Body)) as AsyncIterable<Uint8Array>;
				}
			} catch (error) {
				throw callError(error, clients, {what: `${s3Uri(place)} could not be read`, action: 's3:GetObject'});
			}
		},
	};
}
