import {encodeCbor} from './wire/cbor.ts';
import {type Exchange, sendError, serviceOf} from './wire/exchange.ts';
import type {ErrorType, ServiceError} from './wire/service-error.ts';
import {computeError, errorDocument, isQuery, queryError} from './wire/xml.ts';

/**
 * Errors in the protocol of the caller. With one endpoint for all services clients of other services come here too,
 * and an error that they cannot parse would hide that the simulator does not serve them.
 */

type Protocol = 'cbor' | 'compute' | 'json' | 'query' | 'rest-json' | 'rest-xml' | 's3';

/** Signing names of services that speak XML over REST. */
const xmlServices: ReadonlySet<string> = new Set(['cloudfront', 'route53', 'route53domains']);
const s3Services: ReadonlySet<string> = new Set(['s3', 's3express', 's3-outposts', 's3-object-lambda']);

const protocolOf = (exchange: Exchange): Protocol => {
	const {headers, query} = exchange;
	const service = serviceOf(headers, query) ?? '';
	if (headers['smithy-protocol'] === 'rpc-v2-cbor') {
		return 'cbor';
	}
	if (headers['x-amz-target'] !== undefined) {
		return 'json';
	}
	if (isQuery(exchange)) {
		return service === 'ec2' ? 'compute' : 'query';
	}
	return s3Services.has(service) ? 's3' : xmlServices.has(service) ? 'rest-xml' : 'rest-json';
};

/** Names of the older protocols for the same errors. */
const olderCodes: Partial<Record<ErrorType, string>> = {
	AccessDeniedException: 'AccessDenied',
	InternalServerException: 'InternalFailure',
	ThrottlingException: 'Throttling',
	UnknownOperationException: 'InvalidAction',
	ValidationException: 'ValidationError',
};

/** Answers with an error. */
export function sendRefusal(exchange: Exchange, error: ServiceError, requestId: string): void {
	const code = olderCodes[error.type] ?? error.type;
	const {message} = error;
	switch (protocolOf(exchange)) {
		case 'rest-json':
			sendError(exchange.reply, error, requestId);
			break;
		case 'json':
			sendBytes(
				exchange,
				error.status,
				Buffer.from(JSON.stringify({__type: error.type, message, ...error.details})),
				{
					'content-type': exchange.headers['content-type'] ?? 'application/x-amz-json-1.1',
					'x-amzn-requestid': requestId,
				},
			);
			break;
		case 'cbor':
			sendBytes(exchange, error.status, encodeCbor({__type: error.type, message}), {
				'content-type': 'application/cbor',
				'smithy-protocol': 'rpc-v2-cbor',
				'x-amzn-requestid': requestId,
			});
			break;
		case 'query':
		case 'rest-xml': {
			const isOfCaller = error.status < 500;
			const text = queryError({code, message, isOfCaller}, requestId);
			sendXml(exchange, olderStatus(error), text, requestId);
			break;
		}
		case 'compute':
			sendXml(exchange, olderStatus(error), computeError(code, message, requestId), requestId);
			break;
		case 's3': {
			const isUnknown = error.type === 'UnknownOperationException';
			const text = errorDocument([
				['Code', isUnknown ? 'NotImplemented' : code],
				['Message', message],
				['RequestId', requestId],
			]);
			sendXml(exchange, isUnknown ? 501 : error.status, text, requestId);
			break;
		}
	}
}

const sendBytes = (
	{reply, method}: Exchange,
	status: number,
	body: Buffer,
	headers: Readonly<Record<string, string>>,
): void => {
	reply.head(status, {...headers, 'content-length': String(body.length)});
	reply.end(method === 'HEAD' ? undefined : body);
};

const sendXml = (exchange: Exchange, status: number, text: string, requestId: string): void =>
	sendBytes(exchange, status, Buffer.from(text), {
		'content-type': 'text/xml',
		'x-amzn-requestid': requestId,
	});

const olderStatus = (error: ServiceError): number =>
	error.type === 'UnknownOperationException' || error.type === 'ThrottlingException' ? 400 : error.status;
