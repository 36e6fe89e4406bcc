import {accountId} from '../catalog/profiles.ts';
import {defaultRegion, regionOf} from '../wire/region.ts';
import type {Element} from '../wire/xml.ts';
import {serveListObjects} from './list-objects.ts';
import {S3Error} from './s3-error.ts';
import {type S3Call, sendXml} from './s3-reply.ts';
import {document} from './xml.ts';

/** Calls about buckets: list them, make one, see whether and where it is, list what is in it. */

/** More than that the service does not list at once. */
const mostBuckets = 10_000;

export const serveListBuckets = ({exchange, simulation}: S3Call): void => {
	const {query} = exchange;
	const prefix = query.get('prefix') ?? '';
	const start = query.get('continuation-token') ?? '';
	const left = simulation.objects
		.buckets()
		.filter(({name}) => name.startsWith(prefix) && name > start)
		.filter(({name}) => simulation.scenario.missingBuckets?.includes(name) !== true);
	const shown = left.slice(0, Math.min(mostBuckets, Number(query.get('max-buckets') ?? mostBuckets)));
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
};

/** Serves a call about one bucket. @throws S3Error for one that is not served. */
export const serveBucket = (call: S3Call): void => {
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
};

/** The oldest Region has no name here. */
const locationDocument = (region: string): string =>
	document('LocationConstraint', region === defaultRegion ? '' : region);

/** A call that the simulator does not know. */
export const notServed = (call: string, subject: string): S3Error =>
	new S3Error('NotImplemented', `The simulator does not serve ${call} of ${subject}.`);
