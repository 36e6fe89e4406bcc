import type {IncomingHttpHeaders} from 'node:http';

/** Region of a request that was not signed. */
export const defaultRegion = 'us-east-1';

/** The Region that a request was signed for; nothing else of the signature is looked at. */
export const regionOf = (headers: IncomingHttpHeaders): string =>
	/Credential=[^/,]+\/\d+\/([\w-]+)\//.exec(headers.authorization ?? '')?.[1] ?? defaultRegion;

/** The service that a request was signed for, such as `bedrock` or `s3`. */
export const serviceOf = (headers: IncomingHttpHeaders): string | undefined =>
	/Credential=[^/,]+\/\d+\/[\w-]+\/([\w-]+)\//.exec(headers.authorization ?? '')?.[1];
