import {randomUUID} from 'node:crypto';
import type {Simulation} from '../simulation.ts';
import type {Exchange} from '../wire/exchange.ts';
import {document, type Element, elementTexts, errorDocument} from '../wire/xml.ts';
import {S3Error, type StoredObject} from './object-store.ts';
import {notServed, type S3Call, sendXml, serveBucket, serveListBuckets} from './serve-buckets.ts';

/** Decodes `aws-chunked` bodies: hexadecimal length, CRLF, data, CRLF, ..., a chunk of length 0 and trailers. */

const lineEnd = Buffer.from('\r\n');

/** Yields the data of the chunks as it arrives; signatures, checksums and trailers are dropped unread. */
async function* unchunked(body: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
	let waiting: Buffer = Buffer.alloc(0);
	let left = 0;
	let isAfterData = false;
	let isOver = false;
	for await (const bytes of body) {
		waiting = waiting.length === 0 ? bytes : Buffer.concat([waiting, bytes]);
		while (!isOver && waiting.length > 0) {
			if (left > 0) {
				const data = waiting.subarray(0, left);
				waiting = waiting.subarray(data.length);
				left -= data.length;
				isAfterData = left === 0;
				yield data;
				continue;
			}
			const skipped = isAfterData ? lineEnd.length : 0;
			const end = waiting.indexOf(lineEnd, skipped);
			if (end === -1) {
				break;
			}
			left = Number.parseInt(waiting.toString('latin1', skipped, end), 16);
			waiting = waiting.subarray(end + lineEnd.length);
			isAfterData = false;
			isOver = !(left > 0);
		}
	}
}

/** S3 with the bucket in the path: the calls of a batch job, and those that list. */

/** Signing name of the service, which separates its requests from those of Bedrock. */
export const s3Service = 's3';

/** Parameters that turn a call into another one, about a property of a bucket or an object. */
const subresources: ReadonlySet<string> = new Set([
	...['accelerate', 'acl', 'analytics', 'attributes', 'cors', 'delete', 'encryption', 'intelligent-tiering'],
	...['inventory', 'legal-hold', 'lifecycle', 'logging', 'metadataTable', 'metrics', 'notification'],
	...['object-lock', 'ownershipControls', 'policy', 'policyStatus', 'publicAccessBlock', 'replication'],
	...['renameObject', 'requestPayment', 'restore', 'retention', 'select', 'session', 'tagging', 'torrent'],
	...['versioning', 'versions', 'website'],
]);

/** @throws S3Error for a call that would otherwise be taken for a simpler one. */
const assertServed = ({exchange: {method, query, headers}, bucket, key}: S3Call): void => {
	if (bucket === '' && method !== 'GET') {
		throw notServed(method, 'all buckets');
	}
	const subresource = [...query.keys()].find((name) => subresources.has(name));
	if (subresource !== undefined) {
		throw notServed(`${method} ?${subresource}`, 'S3');
	}
	if (headers['x-amz-copy-source'] !== undefined) {
		throw notServed('copying', 'S3');
	}
	if (method === 'GET' && (query.has('uploads') || (key !== '' && query.has('uploadId')))) {
		throw notServed('a list of uploads and parts', 'S3');
	}
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

const findObject = ({simulation, bucket, key}: S3Call): StoredObject => {
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

const serveObject = async (call: S3Call): Promise<void> => {
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

const servePut = async ({exchange, simulation, bucket, key}: S3Call): Promise<void> => {
	const upload = exchange.query.get('uploadId');
	const bytes = bodyOf(exchange);
	const etag =
		upload === null
			? (await simulation.objects.put(bucket, key, bytes)).etag
			: await simulation.objects.putPart(upload, Number(exchange.query.get('partNumber')), bytes);
	sendXml(exchange, 200, '', {etag});
};

const servePost = async ({exchange, simulation, bucket, key}: S3Call): Promise<void> => {
	const {query} = exchange;
	const text = await drain(bodyOf(exchange));
	const names: readonly Element[] = [
		['Bucket', bucket],
		['Key', key],
	];
	const upload = query.get('uploadId');
	if (upload !== null) {
		const numbers = elementTexts(text, 'PartNumber').map(Number);
		const {etag} = await simulation.objects.completeUpload(upload, numbers);
		sendXml(exchange, 200, document('CompleteMultipartUploadResult', [...names, ['ETag', etag]]));
		return;
	}
	if (!query.has('uploads')) {
		throw notServed('POST', 'S3');
	}
	const id = simulation.objects.beginUpload(bucket, key);
	sendXml(exchange, 200, document('InitiateMultipartUploadResult', [...names, ['UploadId', id]]));
};

const serveDelete = async ({exchange, simulation, bucket, key}: S3Call): Promise<void> => {
	const upload = exchange.query.get('uploadId');
	await (upload === null ? simulation.objects.remove(bucket, key) : simulation.objects.abortUpload(upload));
	sendXml(exchange, 204, '');
};

/** IAM actions of the methods, for a scenario that denies one. */
const objectActions: Readonly<Record<string, string>> = {
	GET: 's3:GetObject',
	HEAD: 's3:GetObject',
	PUT: 's3:PutObject',
	POST: 's3:PutObject',
	DELETE: 's3:DeleteObject',
};

/** Serves a request that was signed for S3. */
export async function serveS3(
	exchange: Exchange,
	simulation: Simulation,
	[bucket = '', key = '']: readonly string[],
): Promise<void> {
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
		sendXml(exchange, error.status, exchange.method === 'HEAD' ? '' : body);
	}
}

const act = async (call: S3Call): Promise<void> => {
	const {exchange, simulation, bucket, key} = call;
	const action = actionOf(call);
	if (action !== undefined && simulation.scenario.denied?.includes(action)) {
		throw new S3Error('AccessDenied', `User is not authorized to perform: ${action}`);
	}
	if (simulation.scenario.missingBuckets?.includes(bucket)) {
		throw new S3Error('NoSuchBucket', 'The specified bucket does not exist');
	}
	assertServed(call);
	if (bucket === '' || key === '') {
		(bucket === '' ? serveListBuckets : serveBucket)(call);
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

const actionOf = ({exchange: {method, query}, bucket, key}: S3Call): string | undefined => {
	if (bucket === '') {
		return 's3:ListAllMyBuckets';
	}
	if (key !== '') {
		return objectActions[method];
	}
	return method === 'PUT'
		? 's3:CreateBucket'
		: query.has('location')
			? 's3:GetBucketLocation'
			: 's3:ListBucket';
};
