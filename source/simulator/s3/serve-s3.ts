import {randomUUID} from 'node:crypto';
import type {Simulation} from '../runtime/simulation.ts';
import type {Exchange} from '../wire/exchange.ts';
import {unchunked} from './aws-chunked.ts';
import type {StoredObject} from './object-store.ts';
import {S3Error} from './s3-error.ts';
import {document, type Element, errorDocument, textsOf} from './xml.ts';

/** S3 with the bucket in the path: the calls that a batch job needs, and no others. */

/** Signing name of the service, by which its requests are told from those of Bedrock. */
export const s3Service = 's3';

/** Pages are shorter than the service's, so that a client has to ask for more than one. */
const pageLength = 100;

type Call = {
	readonly exchange: Exchange;
	readonly simulation: Simulation;
	readonly bucket: string;
	readonly key: string;
};

const send = (
	{reply}: Exchange,
	status: number,
	body: string,
	headers: Readonly<Record<string, string>> = {},
): void => {
	const bytes = Buffer.from(body);
	reply.head(status, {
		'x-amz-request-id': randomUUID(),
		'content-length': String(bytes.length),
		...(body === '' ? {} : {'content-type': 'application/xml'}),
		...headers,
	});
	reply.end(bytes);
};

const bodyOf = ({headers, body}: Exchange): AsyncIterable<Buffer> => {
	const isChunked =
		String(headers['content-encoding'] ?? '').includes('aws-chunked') ||
		String(headers['x-amz-content-sha256'] ?? '').startsWith('STREAMING-');
	return isChunked ? unchunked(body) : body;
};

const drain = async (body: AsyncIterable<Buffer>): Promise<string> => {
	const chunks: Buffer[] = [];
	for await (const chunk of body) {
		chunks.push(chunk);
	}
	return Buffer.concat(chunks).toString('utf8');
};

const findObject = ({simulation, bucket, key}: Call): StoredObject => {
	const object = simulation.objects.find(bucket, key);
	if (object === undefined) {
		throw new S3Error('NoSuchKey', 'The specified key does not exist.');
	}
	return object;
};

/** First byte and the one behind the last, from a header such as `bytes=100-199`. */
const rangeOf = (header: string | undefined, size: number): readonly [number, number] | undefined => {
	const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(header ?? '') ?? [];
	if (first === undefined) {
		return undefined;
	}
	const start = Number(first);
	if (start >= size) {
		throw new S3Error('InvalidRange', 'The requested range is not satisfiable');
	}
	return [start, last === '' ? size : Math.min(size, Number(last) + 1)];
};

const serveObject = async (call: Call): Promise<void> => {
	const {exchange, simulation} = call;
	const object = findObject(call);
	const range = rangeOf(exchange.headers.range, object.size);
	const [start, end] = range ?? [0, object.size];
	exchange.reply.head(range === undefined ? 200 : 206, {
		'x-amz-request-id': randomUUID(),
		'content-length': String(end - start),
		'content-type': 'application/octet-stream',
		etag: object.etag,
		'last-modified': new Date(object.modifiedAtMs).toUTCString(),
		...(range === undefined ? {} : {'content-range': `bytes ${start}-${end - 1}/${object.size}`}),
	});
	if (exchange.method === 'GET') {
		for await (const bytes of simulation.objects.read(object, start, end)) {
			await exchange.reply.writeAll(bytes);
		}
	}
	exchange.reply.end();
};

const serveList = ({exchange, simulation, bucket}: Call): void => {
	const {query} = exchange;
	const prefix = query.get('prefix') ?? '';
	const all = simulation.objects.list(bucket, prefix);
	const start = Number(query.get('continuation-token') ?? 0);
	const end = start + Math.min(pageLength, Number(query.get('max-keys') ?? pageLength));
	const shown = all.slice(start, end);
	const isTruncated = end < all.length;
	send(
		exchange,
		200,
		document('ListBucketResult', [
			['Name', bucket],
			['Prefix', prefix],
			['KeyCount', shown.length],
			['MaxKeys', pageLength],
			['IsTruncated', isTruncated],
			...(isTruncated ? [['NextContinuationToken', String(end)] as const] : []),
			...shown.map(
				({key, modifiedAtMs, etag, size}): Element => [
					'Contents',
					[
						['Key', key],
						['LastModified', new Date(modifiedAtMs).toISOString()],
						['ETag', etag],
						['Size', size],
						['StorageClass', 'STANDARD'],
					],
				],
			),
		]),
	);
};

const servePut = async ({exchange, simulation, bucket, key}: Call): Promise<void> => {
	const upload = exchange.query.get('uploadId');
	const bytes = bodyOf(exchange);
	const etag =
		upload === null
			? (await simulation.objects.put(bucket, key, bytes)).etag
			: await simulation.objects.putPart(upload, Number(exchange.query.get('partNumber')), bytes);
	send(exchange, 200, '', {etag});
};

const servePost = async ({exchange, simulation, bucket, key}: Call): Promise<void> => {
	const {query} = exchange;
	const text = await drain(bodyOf(exchange));
	const names: readonly Element[] = [
		['Bucket', bucket],
		['Key', key],
	];
	const upload = query.get('uploadId');
	if (upload !== null) {
		const numbers = textsOf(text, 'PartNumber').map(Number);
		const {etag} = await simulation.objects.completeUpload(upload, numbers);
		send(exchange, 200, document('CompleteMultipartUploadResult', [...names, ['ETag', etag]]));
		return;
	}
	if (!query.has('uploads')) {
		throw new S3Error('NotImplemented', 'The simulator does not serve this call of S3.');
	}
	const id = simulation.objects.beginUpload(bucket, key);
	send(exchange, 200, document('InitiateMultipartUploadResult', [...names, ['UploadId', id]]));
};

const serveDelete = async ({exchange, simulation, bucket, key}: Call): Promise<void> => {
	const upload = exchange.query.get('uploadId');
	await (upload === null ? simulation.objects.remove(bucket, key) : simulation.objects.abortUpload(upload));
	send(exchange, 204, '');
};

/** IAM actions behind the methods, for a scenario that denies one. */
const actions: Readonly<Record<string, string>> = {
	GET: 's3:GetObject',
	HEAD: 's3:GetObject',
	PUT: 's3:PutObject',
	POST: 's3:PutObject',
	DELETE: 's3:DeleteObject',
};

const act = async (call: Call): Promise<void> => {
	const {exchange, simulation, bucket, key} = call;
	const action = key === '' ? 's3:ListBucket' : actions[exchange.method];
	if (action !== undefined && simulation.scenario.denied?.includes(action)) {
		throw new S3Error('AccessDenied', `User is not authorized to perform: ${action}`);
	}
	if (simulation.scenario.missingBuckets?.includes(bucket)) {
		throw new S3Error('NoSuchBucket', 'The specified bucket does not exist');
	}
	if (key === '') {
		serveList(call);
		return;
	}
	switch (exchange.method) {
		case 'PUT':
			return servePut(call);
		case 'POST':
			return servePost(call);
		case 'DELETE':
			return serveDelete(call);
		default:
			return serveObject(call);
	}
};

/** Serves a request that was signed for S3. */
export const serveS3 = async (
	exchange: Exchange,
	simulation: Simulation,
	[bucket = '', key = '']: readonly string[],
): Promise<void> => {
	try {
		await act({exchange, simulation, bucket, key});
	} catch (error) {
		if (!(error instanceof S3Error)) {
			throw error;
		}
		const body = errorDocument([
			['Code', error.code],
			['Message', error.message],
			['RequestId', randomUUID()],
		]);
		send(exchange, error.status, exchange.method === 'HEAD' ? '' : body);
	}
};
