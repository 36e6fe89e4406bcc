import type {CompletedPart, S3Client} from '@aws-sdk/client-s3';
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

type Sdk = typeof import('@aws-sdk/client-s3');
type Job = {
	readonly sdk: Sdk;
	readonly client: S3Client;
	readonly place: {readonly Bucket: string; readonly Key: string};
	readonly source: UploadSource;
	readonly options: UploadOptions;
};

/** S3's least, but for the last part; its most is 10,000 parts, which is more than a file of a job may have. */
const partBytes = 5 * 1024 * 1024;
/** Buffers that are used again and again: `lib-storage` makes a new one for each part and leaves the old to the collector. */
const partsAtOnce = 3;

const contentType = 'application/jsonl';

const uploadWhole = async ({sdk, client, place, source, options}: Job): Promise<void> => {
	const body = Buffer.allocUnsafeSlow(source.size);
	await source.read(body, 0);
	await client.send(new sdk.PutObjectCommand({...place, Body: body, ContentType: contentType}), {
		abortSignal: options.signal,
	});
	options.onBytes(source.size);
};

/** Sends the parts, a few at a time. The first fault stops them all. */
const uploadParts = async (
	{sdk, client, place, source, options}: Job,
	uploadId: string | undefined,
): Promise<readonly CompletedPart[]> => {
	const count = Math.ceil(source.size / partBytes);
	const parts: CompletedPart[] = [];
	const stop = new AbortController();
	const abortSignal = AbortSignal.any([options.signal, stop.signal]);
	let next = 0;
	let arrived = 0;
	const work = async (): Promise<void> => {
		const buffer = Buffer.allocUnsafeSlow(partBytes);
		for (let index = next++; index < count && !abortSignal.aborted; index = next++) {
			const offset = index * partBytes;
			const body = buffer.subarray(0, Math.min(partBytes, source.size - offset));
			await source.read(body, offset);
			const command = new sdk.UploadPartCommand({
				...place,
				UploadId: uploadId,
				PartNumber: index + 1,
				Body: body,
			});
			const {ETag, ChecksumCRC32} = await client.send(command, {abortSignal});
			parts[index] = {PartNumber: index + 1, ETag, ...(ChecksumCRC32 === undefined ? {} : {ChecksumCRC32})};
			arrived += body.length;
			options.onBytes(arrived);
		}
	};
	const workers = Array.from({length: Math.min(partsAtOnce, count)}, async () =>
		work().catch((error: unknown) => {
			stop.abort();
			throw error;
		}),
	);
	const ends = await Promise.allSettled(workers);
	// Whoever failed first stopped the others: their faults only say so.
	const faults = ends.flatMap((end) => (end.status === 'rejected' ? [end.reason as Error] : []));
	const fault = faults.find(({name}) => name !== 'AbortError') ?? faults[0];
	if (fault !== undefined) {
		throw fault;
	}
	options.signal.throwIfAborted();
	return parts;
};

/** Writes an object with a memory that does not grow with it. Rejects with the SDK's own error; no parts are left behind. */
export const uploadObject = async (
	client: S3Client,
	{bucket, key}: S3Place,
	source: UploadSource,
	options: UploadOptions,
): Promise<void> => {
	const sdk = await import('@aws-sdk/client-s3');
	const place = {Bucket: bucket, Key: key};
	const job = {sdk, client, place, source, options};
	if (source.size <= partBytes) {
		return uploadWhole(job);
	}
	const hasChecksums = (await client.config.requestChecksumCalculation()) === 'WHEN_SUPPORTED';
	const {UploadId} = await client.send(
		new sdk.CreateMultipartUploadCommand({
			...place,
			ContentType: contentType,
			...(hasChecksums ? {ChecksumAlgorithm: 'CRC32'} : {}),
		}),
		{abortSignal: options.signal},
	);
	try {
		const Parts = [...(await uploadParts(job, UploadId))];
		await client.send(new sdk.CompleteMultipartUploadCommand({...place, UploadId, MultipartUpload: {Parts}}));
	} catch (error) {
		// Parts that nobody completes cost money until they are removed; the fault itself is what the user must hear.
		await client.send(new sdk.AbortMultipartUploadCommand({...place, UploadId})).catch(() => {});
		throw error;
	}
};
