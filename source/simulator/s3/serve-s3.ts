import {randomUUID} from 'node:crypto';
import {accountId} from '../catalog/profiles.ts';
import type {Simulation} from '../simulation.ts';
import {defaultRegion, type Exchange, regionOf} from '../wire/exchange.ts';
import {unchunked} from '../wire/framing.ts';
import {document, type Element, elementTexts, errorDocument} from '../wire/xml.ts';
import {S3Error, type StoredObject} from './object-store.ts';

/** One call of S3 and its reply. */
type S3Call = {
	readonly exchange: Exchange;
	readonly simulation: Simulation;
	/** Empty: all buckets. */
	readonly bucket: string;
	/** Empty: the bucket. */
	readonly key: string;
};

/** Answers with a document, or with headers alone. */
export function sendXml(
	{reply}: Exchange,
	status: number,
	body: string,
	headers: Readonly<Record<string, string>> = {},
): void {
	const bytes = Buffer.from(body);
	reply.head(status, {
		'x-amz-request-id': randomUUID(),
		'content-length': String(bytes.length),
		...(body === '' ? {} : {'content-type': 'application/xml'}),
		...headers,
	});
	reply.end(bytes);
}

/** Calls about buckets: list, create, head, location, and the lists of their objects. */

/** Pages are shorter than the service's, so that a client has to ask for more than one. */
const pageLength = 100;

/** An entry of a list: an object, or a prefix that several keys share up to the delimiter. */
type ListEntry = {readonly name: string; readonly object: StoredObject | undefined};

const entriesOf = (
	objects: readonly StoredObject[],
	prefix: string,
	delimiter: string,
): readonly ListEntry[] => {
	const entries = new Map<string, ListEntry>();
	for (const object of objects) {
		const end = delimiter === '' ? -1 : object.key.indexOf(delimiter, prefix.length);
		const name = end === -1 ? object.key : object.key.slice(0, end + delimiter.length);
		if (!entries.has(name)) {
			entries.set(name, {name, object: end === -1 ? object : undefined});
		}
	}
	return [...entries.values()];
};

const elementOf = ({name, object}: ListEntry): Element =>
	object === undefined
		? ['CommonPrefixes', [['Prefix', name]]]
		: [
				'Contents',
				[
					['Key', name],
					['LastModified', new Date(object.modifiedAtMs).toISOString()],
					['ETag', object.etag],
					['Size', object.size],
					['StorageClass', 'STANDARD'],
				],
			];

/** The token of the next page is the last name of this one, hidden as the service hides it. */
const tokenOf = (name: string): string => Buffer.from(name).toString('base64url');

const startOf = (query: URLSearchParams): string => {
	const token = query.get('continuation-token');
	return token === null
		? (query.get('start-after') ?? query.get('marker') ?? '')
		: Buffer.from(token, 'base64url').toString();
};

function serveListObjects({exchange, simulation, bucket}: S3Call): void {
	const {query} = exchange;
	const prefix = query.get('prefix') ?? '';
	const delimiter = query.get('delimiter') ?? '';
	const start = startOf(query);
	const left = entriesOf(simulation.objects.list(bucket, prefix), prefix, delimiter).filter(
		({name}) => start === '' || name > start,
	);
	const shown = left.slice(0, Math.min(pageLength, Number(query.get('max-keys') ?? pageLength)));
	const last = shown.length < left.length ? shown.at(-1)?.name : undefined;
	const isOlder = query.get('list-type') !== '2';
	const next: readonly Element[] =
		last === undefined ? [] : [isOlder ? ['NextMarker', last] : ['NextContinuationToken', tokenOf(last)]];
	const count: Element = isOlder ? ['Marker', start] : ['KeyCount', shown.length];
	sendXml(
		exchange,
		200,
		document('ListBucketResult', [
			['Name', bucket],
			['Prefix', prefix],
			...(delimiter === '' ? [] : [['Delimiter', delimiter] as const]),
			count,
			['MaxKeys', pageLength],
			['IsTruncated', last !== undefined],
			...next,
			...shown.map(elementOf),
		]),
	);
}

/** Longest list of the service. */
const maxBuckets = 10_000;

function serveListBuckets({exchange, simulation}: S3Call): void {
	const {query} = exchange;
	const prefix = query.get('prefix') ?? '';
	const start = query.get('continuation-token') ?? '';
	const left = simulation.objects
		.buckets()
		.filter(({name}) => name.startsWith(prefix) && name > start)
		.filter(({name}) => simulation.scenario.missingBuckets?.includes(name) !== true);
	const shown = left.slice(0, Math.min(maxBuckets, Number(query.get('max-buckets') ?? maxBuckets)));
	const last = shown.length < left.length ? shown.at(-1)?.name : undefined;
	const buckets = shown.map(
		({name, createdAtMs}): Element => [
			'Bucket',
			[
				['Name', name],
				['CreationDate', new Date(createdAtMs).toISOString()],
			],
		],
	);
	sendXml(
		exchange,
		200,
		document('ListAllMyBucketsResult', [
			[
				'Owner',
				[
					['ID', accountId],
					['DisplayName', 'simulated'],
				],
			],
			['Buckets', buckets],
			...(last === undefined ? [] : [['ContinuationToken', last] as const]),
		]),
	);
}

/** Serves a call about one bucket. @throws S3Error for one that is not served. */
function serveBucket(call: S3Call): void {
	const {exchange, simulation, bucket} = call;
	const region = regionOf(exchange.headers);
	switch (exchange.method) {
		case 'GET':
			if (exchange.query.has('location')) {
				sendXml(exchange, 200, locationDocument(region));
			} else {
				serveListObjects(call);
			}
			break;
		case 'HEAD':
			sendXml(exchange, 200, '', {'x-amz-bucket-region': region});
			break;
		case 'PUT':
			simulation.objects.makeBucket(bucket);
			sendXml(exchange, 200, '', {location: `/${bucket}`});
			break;
		default:
			throw notServed(exchange.method, 'a bucket');
	}
}

/** The oldest Region has no name here. */
const locationDocument = (region: string): string =>
	document('LocationConstraint', region === defaultRegion ? '' : region);

/** Error for a call that the simulator does not know. */
function notServed(call: string, subject: string): S3Error {
	return new S3Error('NotImplemented', `The simulator does not serve ${call} of ${subject}.`);
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
