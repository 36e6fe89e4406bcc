import {HttpRequest} from '@smithy/core/protocols';
import {Hash} from '@smithy/core/serde';
import type {NodeHttpHandler} from '@smithy/node-http-handler';
import {SignatureV4} from '@smithy/signature-v4';
import type {AwsCredentialIdentity} from '@smithy/types';
import {createParser} from 'eventsource-parser';
import type {InferenceRequest, InvokeOptions, MantleMethod} from '../../domain/backend.ts';
import {readText, textBesideAnswer} from '../clients/middleware.ts';
import type {Reading} from '../families/family.ts';
import {at, countOf, isObject, type JsonObject, parseJson, wordOf} from '../json.ts';
import {answerOf, type BedrockAnswer, EmptyAnswer, UnreadableAnswer} from '../methods/answer.ts';
import {contentTypeOf, headersOf, type ResponseHeaders} from '../methods/response-headers.ts';
import {cutAfter, readStream, StreamFault, streamReader} from '../methods/stream-reader.ts';
import {chatCompletions, type Dialect, type MantleEvent, messages, responses} from './dialect.ts';

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
type MantleReply = {
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

/** The API of each method. */
const dialects: Readonly<Record<MantleMethod, Dialect>> = {
	messages,
	'messages-stream': messages,
	'chat-completions': chatCompletions,
	'chat-completions-stream': chatCompletions,
	responses,
	'responses-stream': responses,
};

/** How a method asks and is answered. */
export function dialectOf(method: MantleMethod): Dialect {
	return dialects[method];
}

/** One way to send a request to bedrock-mantle. */
type MantleSend = (
	dialect: Dialect,
	endpoint: MantleEndpoint,
	request: InferenceRequest,
	options: InvokeOptions,
) => Promise<BedrockAnswer>;

const requestIdOf = (headers: ResponseHeaders): string | undefined =>
	headers['x-amzn-requestid'] ?? headers['request-id'] ?? headers['x-request-id'];

const mantleAnswer = (reading: Reading, headers: ResponseHeaders, tier: string | undefined): BedrockAnswer =>
	answerOf(reading, {
		headers,
		requestId: requestIdOf(headers),
		serverLatencyMs: undefined,
		tier,
		latencyMode: undefined,
		usage: [{source: 'body', counts: reading.counts ?? {}}],
	});

/** The tier that served it, in whichever place the API writes it. */
const tierIn = (body: unknown): string | undefined =>
	wordOf(at(body, 'service_tier')) ?? wordOf(at(body, 'usage', 'service_tier'));

const open = async (
	dialect: Dialect,
	endpoint: MantleEndpoint,
	request: InferenceRequest,
	{signal}: InvokeOptions,
	isStream: boolean,
): Promise<MantleReply> =>
	endpoint.call({
		path: dialect.path(request.model),
		headers: {...dialect.headers, accept: isStream ? 'text/event-stream' : 'application/json'},
		body: dialect.build(request, isStream),
		signal,
	});

const faultError = ({name, message}: NonNullable<Reading['fault']>): Error =>
	Object.assign(new Error(message), {name});

/** Sends a request by a method of bedrock-mantle. */
export async function sendToMantle(
	endpoint: MantleEndpoint,
	method: MantleMethod,
	request: InferenceRequest,
	options: InvokeOptions,
): Promise<BedrockAnswer> {
	const send = method.endsWith('-stream') ? askForStream : askForWhole;
	return send(dialects[method], endpoint, request, options);
}

const askForWhole: MantleSend = async (dialect, endpoint, request, options) => {
	const {headers, body} = await open(dialect, endpoint, request, options, false);
	const text = await readText(body);
	const parsed = parseJson(text);
	const reading = isObject(parsed) ? dialect.readBody(parsed) : undefined;
	if (reading === undefined) {
		throw /^\s*(?:null|\{\s*\})?\s*$/.test(text)
			? new EmptyAnswer()
			: new UnreadableAnswer({headers, bodyText: text});
	}
	if (reading.fault !== undefined) {
		throw faultError(reading.fault);
	}
	return mantleAnswer(reading, headers, tierIn(parsed));
};

/** Reads server-sent events from the bytes of a stream. */
export function eventParser(onEvent: (event: MantleEvent) => void): {
	readonly push: (chunk: Uint8Array) => void;
	readonly end: () => void;
} {
	const decoder = new TextDecoder();
	const parser = createParser({
		onEvent: ({event, data}) => onEvent({name: event, data: parseJson(data) ?? data}),
	});
	return {
		push: (chunk) => parser.feed(decoder.decode(chunk, {stream: true})),
		end: () => parser.reset({consume: true}),
	};
}

/** The events of a stream, in order. */
async function* eventsOf(body: AsyncIterable<Uint8Array>): AsyncGenerator<MantleEvent> {
	let events: MantleEvent[] = [];
	const parser = eventParser((event) => events.push(event));
	for await (const chunk of body) {
		parser.push(chunk);
		const arrived = events;
		events = [];
		yield* arrived;
	}
	parser.end();
	yield* events;
}

const askForStream: MantleSend = async (dialect, endpoint, request, options) => {
	const {headers, body} = await open(dialect, endpoint, request, options, true);
	if (!/event-stream/i.test(contentTypeOf({headers}) ?? 'text/event-stream')) {
		throw new UnreadableAnswer({headers, bodyText: await readText(body)});
	}
	const reader = streamReader(options.onFirstToken, options.onFirstAnswerToken);
	let isRead = false;
	let isEnded = false;
	let tier: string | undefined;
	await readStream(
		eventsOf(body),
		reader,
		(event) => {
			const reading = dialect.readEvent(event);
			if (reading?.fault !== undefined) {
				throw new StreamFault(faultError(reading.fault));
			}
			reader.add(reading ?? {});
			isRead ||= reading !== undefined;
			tier =
				tierIn(event.data) ?? tierIn(at(event.data, 'response')) ?? tierIn(at(event.data, 'message')) ?? tier;
			isEnded ||= reading?.isLast === true;
			return isEnded;
		},
		options.onPiece,
	);
	const folded = reader.result();
	if (!isEnded && folded.stopReason === undefined) {
		throw cutAfter(new StreamFault(undefined), reader.received());
	}
	if (!isRead) {
		throw new StreamFault(new UnreadableAnswer());
	}
	return mantleAnswer(folded, headers, tier);
};

/**
 * Input tokens of a request, which costs no quota: Messages has a call for it, the other APIs have none.
 * @returns Undefined where the endpoint can't count.
 */
export async function countByMantle(
	endpoint: MantleEndpoint,
	method: MantleMethod,
	request: InferenceRequest,
	signal: AbortSignal,
): Promise<number | undefined> {
	const dialect = dialects[method];
	if (dialect !== messages) {
		return undefined;
	}
	const {model, system, messages: turns} = dialect.build(request, false);
	const {body} = await endpoint.call({
		path: `${dialect.path(request.model)}/count_tokens`,
		headers: dialect.headers,
		body: {model, messages: turns, ...(system === undefined ? {} : {system})},
		signal,
	});
	return countOf(at(parseJson(await readText(body)), 'input_tokens'));
}
