import type {Element} from '../wire/xml.ts';
import type {StoredObject} from './object-store.ts';
import {type S3Call, sendXml} from './s3-reply.ts';
import {document} from './xml.ts';

/** ListObjectsV2, and ListObjects as older clients call it. */

/** Pages are shorter than the service's, so that a client has to ask for more than one. */
const pageLength = 100;

/** What a list shows: an object, or the beginning that several keys have in common up to the delimiter. */
type Entry = {readonly name: string; readonly object: StoredObject | undefined};

const entriesOf = (objects: readonly StoredObject[], prefix: string, delimiter: string): readonly Entry[] => {
	const entries = new Map<string, Entry>();
	for (const object of objects) {
		const end = delimiter === '' ? -1 : object.key.indexOf(delimiter, prefix.length);
		const name = end === -1 ? object.key : object.key.slice(0, end + delimiter.length);
		if (!entries.has(name)) {
			entries.set(name, {name, object: end === -1 ? object : undefined});
		}
	}
	return [...entries.values()];
};

const elementOf = ({name, object}: Entry): Element =>
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

export const serveListObjects = ({exchange, simulation, bucket}: S3Call): void => {
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
};
