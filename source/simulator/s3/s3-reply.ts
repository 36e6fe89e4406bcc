import {randomUUID} from 'node:crypto';
import type {Simulation} from '../runtime/simulation.ts';
import type {Exchange} from '../wire/exchange.ts';

/** One call of S3: what it is about and the way to answer it. */
export type S3Call = {
	readonly exchange: Exchange;
	readonly simulation: Simulation;
	/** Empty: all buckets. */
	readonly bucket: string;
	/** Empty: the bucket. */
	readonly key: string;
};

/** Answers with a document, or with headers alone. */
export const sendXml = (
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
