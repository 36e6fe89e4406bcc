import {Readable} from 'node:stream';
import type {BedrockRuntimeClient} from '@aws-sdk/client-bedrock-runtime';
import {formatSpan} from '../../text/numbers.ts';
import {at, isObject} from '../json.ts';
import {contentTypeOf} from '../methods/response-headers.ts';

type MiddlewareStack = Pick<BedrockRuntimeClient['middlewareStack'], 'add'>;

/** No service answers so; a proxy, a load balancer or a portal does. */
const foreignType = /html|xml|^text\//i;

/** Enough of a page to tell what it is. */
const maxBytes = 64 * 1024;

/** Reads a page to its end, or as far as it comes in time: its beginning says what it is. */
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

/** Errors and pages are short: one that does not end in time is broken off. */
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

const isError = (response: unknown): boolean => Number(at(response, 'statusCode')) >= 300;

const isReadable = (body: unknown): body is AsyncIterable<Uint8Array> =>
	isObject(body) && Symbol.asyncIterator in body;

const isPage = (response: unknown): boolean => foreignType.test(contentTypeOf(response) ?? '');

/** The result with the text of its response, which can still be read. */
const withText = async <Result extends {readonly response: unknown}>(result: Result): Promise<Result> => {
	const {response} = result;
	if (isObject(response) && isReadable(response.body)) {
		const bytes = await readSome(response.body);
		Object.assign(response, {body: Readable.from([bytes]), bodyText: bytes.toString('utf8')});
	}

	return result;
};

/**
 * Keeps the text of answers that are no answers of the service, where errors carry the response: the SDK would only say
 * that the first character is no JSON.
 * @param limitMs How long such an answer, or an error, may take to its end.
 */
export const keepPages = (client: {readonly middlewareStack: unknown}, limitMs: number): void => {
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
};
