import {randomUUID} from 'node:crypto';
import {accountId} from '../catalog/profiles.ts';
import type {Simulation} from '../simulation.ts';
import {defaultRegion, type Exchange, regionOf} from '../wire/exchange.ts';
import {document, type Element} from '../wire/xml.ts';
import {S3Error, type StoredObject} from './object-store.ts';

/** One call of S3 and its reply. */
export type S3Call = {
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

export function serveListBuckets({exchange, simulation}: S3Call): void {
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
export function serveBucket(call: S3Call): void {
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
export function notServed(call: string, subject: string): S3Error {
	return new S3Error('NotImplemented', `The simulator does not serve ${call} of ${subject}.`);
}
