import {Readable} from 'node:stream';
import type {S3Client} from '@aws-sdk/client-s3';
import type {S3Place} from './s3-uri.ts';

/** Bytes that can be read from anywhere, such as a range of a file. */
export type UploadSource = {
	readonly size: number;
	/** Fills a buffer from an offset on; rejects where the source ends before the buffer is full. */
	readonly read: (into: Buffer, offset: number) => Promise<void>;
};

export type UploadOptions = {
	readonly signal: AbortSignal;
	/** Told how many bytes have arrived so far. */
	readonly onBytes: (bytes: number) => void;
};

/** S3's least, but for the last part. */
const partBytes = 5 * 1024 * 1024;
/** More of them wait in memory and make it no faster. */
const partsAtOnce = 2;
/** Divides a part: a piece that lies across two of them is copied twice. */
const pieceBytes = 512 * 1024;

async function* piecesOf({size, read}: UploadSource): AsyncGenerator<Buffer> {
	for (let offset = 0; offset < size; offset += pieceBytes) {
		const piece = Buffer.allocUnsafeSlow(Math.min(pieceBytes, size - offset));
		await read(piece, offset);
		yield piece;
	}
}

/**
 * `lib-storage` hands its signal to no request: with ours, those in flight end at once. Only the removal of the parts
 * goes on, and is waited for, which an abort by the library's own means would not do.
 */
const abortable = (
	client: S3Client,
	abortSignal: AbortSignal,
	isKept: (command: object) => boolean,
): S3Client => {
	const send = async (command: Parameters<S3Client['send']>[0]): Promise<unknown> =>
		client.send(command, isKept(command) ? {} : {abortSignal});
	return Object.create(client, {send: {value: send}}) as S3Client;
};

/** Writes an object with a memory that does not grow with it. Rejects with the SDK's own error; no parts are left behind. */
export const uploadObject = async (
	client: S3Client,
	{bucket, key}: S3Place,
	source: UploadSource,
	{signal, onBytes}: UploadOptions,
): Promise<void> => {
	const [{Upload}, {AbortMultipartUploadCommand}] = await Promise.all([
		import('@aws-sdk/lib-storage'),
		import('@aws-sdk/client-s3'),
	]);
	const body = Readable.from(piecesOf(source), {objectMode: false, highWaterMark: pieceBytes});
	const upload = new Upload({
		client: abortable(client, signal, (command) => command instanceof AbortMultipartUploadCommand),
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
};
