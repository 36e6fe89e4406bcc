import {HttpRequest} from '@smithy/core/protocols';
import {Hash} from '@smithy/core/serde';
import type {NodeHttpHandler} from '@smithy/node-http-handler';
import {SignatureV4} from '@smithy/signature-v4';
import type {AwsCredentialIdentity} from '@smithy/types';
import {textBesideAnswer} from '../clients/middleware.ts';
import type {JsonObject} from '../json.ts';
import {headersOf, type ResponseHeaders} from '../methods/response-headers.ts';

/** A call of the endpoint. */
type MantleCall = {
	/** Below the host. */
	readonly path: string;
	readonly headers: Readonly<Record<string, string>>;
	/** Absent: a GET. */
	readonly body?: JsonObject;
	readonly signal: AbortSignal;
};

/** An answer with a status below 300, whose body is still to come. */
export type MantleReply = {
	readonly headers: ResponseHeaders;
	readonly body: AsyncIterable<Uint8Array>;
};

/** The endpoint bedrock-mantle of a Region. */
export type MantleEndpoint = {
	/** Rejects with an error that names the service's own kind of failure, or with the network's. */
	readonly call: (call: MantleCall) => Promise<MantleReply>;
};

type EndpointOptions = {
	/** Scheme and host. */
	readonly url: URL;
	readonly region: string;
	readonly handler: NodeHttpHandler;
	/** A Bedrock API key; it goes before the keys. */
	readonly token: string | undefined;
	readonly credentials: () => Promise<AwsCredentialIdentity>;
	/** Each value that a request was signed with: it must never be shown. */
	readonly onSecrets: (values: readonly string[]) => void;
	readonly now: () => Date;
	/** How long an error or a page may take, in milliseconds. */
	readonly errorMs: number;
};

/** An answer of 300 and above in the words of the API that was called, or a page of another server. */
class MantleFault extends Error {
	/** Where the SDK's own errors have it. */
	declare readonly $response: object;

	constructor(statusCode: number, headers: ResponseHeaders, bodyText: string) {
		super('');
		Object.defineProperty(this, '$response', {value: {statusCode, headers, bodyText}, enumerable: false});
	}
}

/** Calls the endpoint, signed for `bedrock-mantle` with SigV4 or with a Bedrock API key. */
export function createMantleEndpoint(options: EndpointOptions): MantleEndpoint {
	const {url, region, handler, token, credentials, onSecrets, now, errorMs} = options;
	const signer = new SignatureV4({
		service: 'bedrock-mantle',
		region,
		credentials,
		sha256: Hash.bind(null, 'sha256'),
	});

	const signed = async (request: HttpRequest): Promise<HttpRequest> => {
		if (token !== undefined) {
			onSecrets([token]);
			request.headers.authorization = `Bearer ${token}`;
			return request;
		}
		const {accessKeyId, sessionToken} = await credentials();
		onSecrets([accessKeyId, ...(sessionToken === undefined ? [] : [sessionToken])]);
		return (await signer.sign(request, {signingDate: now()})) as HttpRequest;
	};

	return {
		async call({path, headers, body, signal}) {
			const text = body === undefined ? undefined : JSON.stringify(body);
			const request = new HttpRequest({
				method: text === undefined ? 'GET' : 'POST',
				protocol: url.protocol,
				hostname: url.hostname,
				...(url.port === '' ? {} : {port: Number(url.port)}),
				path: `${url.pathname.replace(/\/$/, '')}${path}`,
				headers: {
					host: url.host,
					...(text === undefined
						? {}
						: {'content-type': 'application/json', 'content-length': String(Buffer.byteLength(text))}),
					...headers,
				},
				...(text === undefined ? {} : {body: text}),
			});
			const {response} = await handler.handle(await signed(request), {abortSignal: signal});
			const replied = {headers: headersOf(response), body: response.body as AsyncIterable<Uint8Array>};
			const insteadOfAnswer = await textBesideAnswer(response, errorMs);
			if (insteadOfAnswer !== undefined) {
				throw new MantleFault(response.statusCode, replied.headers, insteadOfAnswer);
			}
			return replied;
		},
	};
}
