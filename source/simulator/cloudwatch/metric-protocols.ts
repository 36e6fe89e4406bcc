import {isJson, type Json} from '../families/prompt.ts';
import {type FieldKinds, queryError, queryResult} from '../query/query-answer.ts';
import {decodeCbor, encodeCbor} from '../wire/cbor.ts';
import {MetricError} from './metric-answer.ts';

/** The three protocols that CloudWatch speaks; which of them is used depends on the age and language of an SDK. */
export type MetricProtocol = {
	readonly headers: Readonly<Record<string, string>>;
	readonly write: (action: string, answer: Json, requestId: string) => Buffer;
	readonly writeError: (error: MetricError, requestId: string) => Buffer;
};

export const metricVersion = '2010-08-01';

const momentFields: ReadonlySet<string> = new Set(['Timestamp', 'Timestamps']);
const fieldKinds: FieldKinds = {
	isMoment: (key) => momentFields.has(key),
	isMap: (key) => key === 'ExtendedStatistics',
};

const errorBody = ({type, message}: MetricError): Json => ({__type: type, message});

/** What newer clients are sent beside the newer name of an error, so that their users may go on testing the older. */
export const olderErrorHeader = ({queryName}: MetricError): Readonly<Record<string, string>> => ({
	'x-amzn-query-error': `${queryName};Sender`,
});

export const jsonMetrics: MetricProtocol = {
	headers: {'content-type': 'application/x-amz-json-1.0'},
	write: (_action, answer) => Buffer.from(JSON.stringify(answer)),
	writeError: (error) => Buffer.from(JSON.stringify(errorBody(error))),
};

export const cborMetrics: MetricProtocol = {
	headers: {'content-type': 'application/cbor', 'smithy-protocol': 'rpc-v2-cbor'},
	write: (_action, answer) => encodeCbor(answer, fieldKinds.isMoment),
	writeError: (error) => encodeCbor(errorBody(error)),
};

const namespace = `http://monitoring.amazonaws.com/doc/${metricVersion}/`;

export const queryMetrics: MetricProtocol = {
	headers: {'content-type': 'text/xml'},
	write: (action, answer, requestId) =>
		Buffer.from(queryResult(action, answer, {namespace, requestId}, fieldKinds)),
	writeError: ({queryName, message}, requestId) =>
		Buffer.from(queryError({code: queryName, message}, requestId, namespace)),
};

const inputOf = (body: Buffer, parse: (bytes: Buffer) => unknown, name: string): Json => {
	if (body.length === 0) {
		return {};
	}
	try {
		const input = parse(body);
		return isJson(input) ? input : {};
	} catch {
		throw new MetricError('SerializationException', `The request is no ${name}.`, {
			queryName: 'MalformedInput',
		});
	}
};

/** @throws MetricError for what is no JSON. */
export const readJsonInput = (body: Buffer): Json =>
	inputOf(body, (bytes) => JSON.parse(bytes.toString('utf8')), 'JSON');

/** @throws MetricError for what is no CBOR. */
export const readCborInput = (body: Buffer): Json => inputOf(body, decodeCbor, 'CBOR');
