import {randomUUID} from 'node:crypto';
import {Readable} from 'node:stream';
import type {BedrockRuntimeClient, BedrockRuntimeClientConfig} from '@aws-sdk/client-bedrock-runtime';
import {eventStreamSerdeProvider} from '@smithy/core/event-streams';
import {streamCollector} from '@smithy/node-http-handler';
import {formatSpan} from '../../text/numbers.ts';
import {secretsOf} from '../../text/secrets.ts';
import {isExpiry} from '../failures/classify.ts';
import {factsOf} from '../failures/error-facts.ts';
import {at, isObject, parseJson, stringOf} from '../json.ts';
import {contentTypeOf, keepResponses} from '../methods/response-headers.ts';

/** Credentials rotate; an answer can only contain the newest few. */
const kept = 24;

/** Key ID of a signature, or a bearer token. */
const secretOf = (authorization: string): string | undefined => {
	if (/^bearer\s/i.test(authorization)) {
		return authorization.slice('bearer '.length).trim().split(/\s/, 1)[0];
	}
	const start = authorization.indexOf('Credential=');
	const end = authorization.indexOf('/', start);
	return start === -1 || end === -1 ? undefined : authorization.slice(start + 'Credential='.length, end);
};

const secretsIn = (authorization: string, token: string | undefined): readonly string[] =>
	[secretOf(authorization), token].filter((value) => value !== undefined && value.length >= 8) as string[];

/** The values that must never be shown. */
type Secrets = {
	/** Keeps values that requests were signed with. */
	readonly keep: (values: readonly string[]) => void;
	/** All of them; the same list until something new is kept. */
	readonly all: () => readonly string[];
};

/** @param environment Where credentials may be set; read again whenever something new is kept. */
export function createSecrets(environment: Readonly<Record<string, string | undefined>>): Secrets {
	const seen = new Set<string>();
	let known: readonly string[] | undefined;
	return {
		keep(values) {
			const fresh = values.filter((value) => !seen.has(value));
			if (fresh.length === 0) {
				return;
			}
			for (const value of fresh) {
				seen.add(value);
			}
			for (const old of [...seen].slice(0, Math.max(0, seen.size - kept))) {
				seen.delete(old);
			}
			known = undefined;
		},
		all() {
			known ??= [...secretsOf(environment), ...seen];
			return known;
		},
	};
}

/** Keeps what each request was signed with, so that it can be removed from an answer that repeats it. */
export function watchSecrets(client: {readonly middlewareStack: unknown}, secrets: Secrets): void {
	// Nearly every request is signed with what the one before was.
	let signer: string | undefined;
	let session: string | undefined;
	(client.middlewareStack as MiddlewareStack).add(
		(next) => (args) => {
			const headers = at(args.request, 'headers');
			const authorization =
				stringOf(at(headers, 'authorization')) ?? stringOf(at(headers, 'Authorization')) ?? '';
			const token = stringOf(at(headers, 'x-amz-security-token'));
			if (signerOf(authorization) !== signer || token !== session) {
				secrets.keep(secretsIn(authorization, token));
				signer = signerOf(authorization);
				session = token;
			}
			return next(args);
		},
		{step: 'deserialize', priority: 'low', name: 'watchSecrets', override: true},
	);
}

/** The part of a signature that stays the same until the secret changes. */
const signerOf = (authorization: string): string =>
	authorization.startsWith('AWS4-') ? authorization.slice(0, authorization.indexOf('/')) : authorization;

/** Content types of a proxy, a load balancer or a portal, never of the service. */
const foreignType = /html|xml|^text\/(?!event-stream)/i;

/** Enough of a page to recognize it. */
const maxBytes = 64 * 1024;

/**
 * Keeps the text of answers that another server sent, where errors carry the response: the SDK would only say that
 * the first character is not JSON.
 * @param limitMs How long such an answer, or an error, may take.
 */
export function keepErrorPages(client: {readonly middlewareStack: unknown}, limitMs: number): void {
	(client.middlewareStack as MiddlewareStack).add(
		(next) => (args) =>
			next(args).then((result) => {
				const {response} = result;
				const isForeign = isPage(response);
				if (isForeign || isError(response)) {
					limitBody(response, limitMs);
				}
				return isForeign ? withText(result) : result;
			}),
		{step: 'deserialize', priority: 'low', name: 'keepPages', override: true},
	);
}

const isPage = (response: unknown): boolean => foreignType.test(contentTypeOf(response) ?? '');

const isError = (response: unknown): boolean => Number(at(response, 'statusCode')) >= 300;

/** Errors and pages are short: one that does not end in time is cut. */
const limitBody = (response: unknown, limitMs: number): void => {
	const body = isObject(response) ? response.body : undefined;
	if (!(body instanceof Readable)) {
		return;
	}
	const timer = setTimeout(() => {
		const late = new Error(`The answer did not end within ${formatSpan(limitMs)}.`);
		body.destroy(Object.assign(late, {name: 'TimeoutError'}));
	}, limitMs);
	body.once('close', () => clearTimeout(timer));
};

/** The result with the text of its response, which stays readable. */
const withText = async <Result extends {readonly response: unknown}>(result: Result): Promise<Result> => {
	const {response} = result;
	if (isObject(response) && isReadable(response.body)) {
		const bytes = await readSome(response.body);
		Object.assign(response, {body: Readable.from([bytes]), bodyText: bytes.toString('utf8')});
	}
	return result;
};

/**
 * The text of an error, or of a page of another server, by a client that is not the SDK's; undefined for an answer, whose
 * body is still to come.
 * @param limitMs How long it may take: an error fails then, a page is cut.
 */
export async function textBesideAnswer(response: unknown, limitMs: number): Promise<string | undefined> {
	const body = isObject(response) ? response.body : undefined;
	if (!isReadable(body) || !(isPage(response) || isError(response))) {
		return undefined;
	}
	limitBody(response, limitMs);
	return isPage(response) ? (await readSome(body)).toString('utf8') : readText(body);
}

/** Reads a body to its end. */
export async function readText(body: AsyncIterable<Uint8Array>): Promise<string> {
	const pieces: Uint8Array[] = [];
	for await (const piece of body) {
		pieces.push(piece);
	}
	return Buffer.concat(pieces).toString('utf8');
}

const isReadable = (body: unknown): body is AsyncIterable<Uint8Array> =>
	isObject(body) && Symbol.asyncIterator in body;

/** Reads a page to its end, or as far as it comes in time: its beginning is enough to recognize it. */
const readSome = async (body: AsyncIterable<Uint8Array>): Promise<Buffer> => {
	const pieces: Uint8Array[] = [];
	let length = 0;
	try {
		for await (const piece of body) {
			pieces.push(piece);
			length += piece.length;
			if (length >= maxBytes) {
				break;
			}
		}
	} catch (error) {
		if (length === 0) {
			throw error;
		}
	}
	return Buffer.concat(pieces);
};

type MiddlewareStack = Pick<BedrockRuntimeClient['middlewareStack'], 'add' | 'remove'>;

/** Steps of the SDK that only cost time here: nothing is logged, and no Lambda function calls itself. */
const idleSteps = ['loggerMiddleware', 'recursionDetectionMiddleware'];

/** Installs our middleware: records signing secrets and raw responses, removes idle steps. */
export function addMiddleware(client: {readonly middlewareStack: unknown}, secrets: Secrets): void {
	for (const step of idleSteps) {
		(client.middlewareStack as MiddlewareStack).remove(step);
	}
	watchSecrets(client, secrets);
	keepResponses(client);
}

/**
 * Sends every request once: retries are the engine's, hidden ones would sit inside the latency and hide the
 * throttles. The requests are the same as with the SDK's own step and `maxAttempts: 1`, for about 5% less processor
 * time.
 */
export function sendOnce(client: {readonly middlewareStack: unknown}): void {
	(client.middlewareStack as MiddlewareStack).add(
		(next) => (args) => {
			const {request} = args;
			if (isObject(request) && isObject(request.headers)) {
				Object.assign(request.headers, {
					'amz-sdk-invocation-id': randomUUID(),
					'amz-sdk-request': 'attempt=1; max=1',
				});
			}
			return next(args);
		},
		// Step, priority and name of the SDK's own middleware, which this replaces.
		{step: 'finalizeRequest', priority: 'high', name: 'retryMiddleware', override: true},
	);
}

/**
 * Retries a call for lists or figures once when its keys had expired and there are new ones. Calls of the runtime are
 * never repeated here.
 */
export function renewExpired(
	client: {readonly middlewareStack: unknown},
	renew: (sinceMs: number) => Promise<boolean>,
): void {
	(client.middlewareStack as MiddlewareStack).add(
		(next) => async (args) => {
			const sentAtMs = performance.now();
			try {
				return await next(args);
			} catch (error) {
				if (isExpiry(factsOf(error)) && (await renew(sentAtMs))) {
					return next(args);
				}
				throw error;
			}
		},
		{step: 'initialize', priority: 'low', name: 'renewExpired', override: true},
	);
}

type Marshaller = ReturnType<NonNullable<BedrockRuntimeClientConfig['eventStreamSerdeProvider']>>;

/** The end of both names that the SDK does not know. */
const unmodelled = Buffer.from('InputTokenCount"');

const parsed = (bytes: Uint8Array): unknown => parseJson(Buffer.from(bytes).toString('utf8'));

/** Adds to an output, or an event, what its usage had and the SDK has dropped. */
const addCounts = (output: unknown, raw: unknown): void => {
	const counts = at(raw, 'usage');
	if (isObject(output) && isObject(counts)) {
		const modelled = at(output, 'usage');
		Object.assign(output, {usage: {...counts, ...(isObject(modelled) ? modelled : {})}});
	}
};

/** Bodies with the other spelling, by the stream that they came from. */
const bodies = new WeakMap<object, Uint8Array>();

/** Collects the body of an answer, and keeps it where its usage has to be read again. */
const collect: NonNullable<BedrockRuntimeClientConfig['streamCollector']> = async (stream) => {
	const bytes = await streamCollector(stream);
	if (Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).includes(unmodelled)) {
		bodies.set(stream, bytes);
	}
	return bytes;
};

/** The SDK's own reader of streams; of all events only those with metadata are read twice. */
const marshaller = (options: Parameters<typeof eventStreamSerdeProvider>[0]): Marshaller => {
	const own: Marshaller = eventStreamSerdeProvider(options);
	const deserialize: Marshaller['deserialize'] = (body, deserializer) =>
		own.deserialize(body, (event) => {
			const read = deserializer(event);
			const {metadata} = event;
			return metadata === undefined ? read : read.then((result) => withCounts(result, metadata.body));
		});
	return {deserialize, serialize: (input, serializer) => own.serialize(input, serializer)};
};

const withCounts = <Event>(event: Event, body: Uint8Array): Event => {
	addCounts(at(event, 'metadata'), parsed(body));
	return event;
};

/** Settings of a runtime client that can see the counts of streams, and keeps the answers that need it. */
export const usageSettings = {
	streamCollector: collect,
	eventStreamSerdeProvider: marshaller,
} satisfies BedrockRuntimeClientConfig;

/** Lets a client with these settings keep every spelling of the counts in its answers. */
export function keepUsageSpellings(client: {readonly middlewareStack: unknown}): void {
	(client.middlewareStack as MiddlewareStack).add(
		(next) => (args) =>
			next(args).then((result) => {
				const stream = at(result.response, 'body');
				const body = isObject(stream) ? bodies.get(stream) : undefined;
				if (body !== undefined) {
					addCounts(result.output, parsed(body));
				}
				return result;
			}),
		{step: 'deserialize', priority: 'high', name: 'keepUsageSpellings', override: true},
	);
}
