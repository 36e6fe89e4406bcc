import type {IncomingHttpHeaders} from 'node:http';

/** Region of a request that was not signed. */
export const defaultRegion = 'us-east-1';

/** The Region that a request was signed for; nothing else of the signature is looked at. */
export const regionOf = (headers: IncomingHttpHeaders): string =>
	/Credential=[^/,]+\/\d+\/([\w-]+)\//.exec(headers.authorization ?? '')?.[1] ?? defaultRegion;

const scopeInHeader = /Credential=[^/,]+\/\d+\/[\w-]+\/([\w-]+)\//;
/** A presigned URL carries the same in its query. */
const scopeInQuery = /^[^/]+\/\d+\/[\w-]+\/([\w-]+)\//;

/** The service that a request was signed for, such as `bedrock` or `s3`. @param query Of the URL, which may be presigned. */
export const serviceOf = (headers: IncomingHttpHeaders, query?: URLSearchParams): string | undefined =>
	scopeInHeader.exec(headers.authorization ?? '')?.[1] ??
	scopeInQuery.exec(query?.get('X-Amz-Credential') ?? '')?.[1];
