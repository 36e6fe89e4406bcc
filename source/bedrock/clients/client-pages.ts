import {Readable} from 'node:stream';
import type {BedrockRuntimeClient} from '@aws-sdk/client-bedrock-runtime';
import {isObject} from '../json.ts';
import {contentTypeOf} from '../methods/response-headers.ts';

type MiddlewareStack = Pick<BedrockRuntimeClient['middlewareStack'], 'add'>;

/** No service answers so; a proxy, a load balancer or a portal does. */
const foreignType = /html|xml|^text\//i;

/** Enough of a page to tell what it is. */
const maxBytes = 64 * 1024;

const readSome = async (body: AsyncIterable<Uint8Array>): Promise<Buffer> => {
	const pieces: Uint8Array[] = [];
	let length = 0;
	for await (const piece of body) {
		pieces.push(piece);
		length += piece.length;
		if (length >= maxBytes) {
			break;
		}
	}

	return Buffer.concat(pieces);
};

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
 */
export const keepPages = (client: {readonly middlewareStack: unknown}): void => {
	(client.middlewareStack as MiddlewareStack).add(
		(next) => (args) => next(args).then((result) => (isPage(result.response) ? withText(result) : result)),
		{step: 'deserialize', priority: 'low', name: 'keepPages', override: true},
	);
};
