import type {BedrockRuntimeClient, BedrockRuntimeClientConfig} from '@aws-sdk/client-bedrock-runtime';
import {eventStreamSerdeProvider} from '@smithy/core/event-streams';
import {streamCollector} from '@smithy/node-http-handler';
import {at, isObject, parseJson} from '../json.ts';

/**
 * Cache counts come under two spellings, of which the SDK's model has one; what its model does not name it drops, and a
 * count of cached tokens would silently become 0. So the usage is read once more from what came over the wire: of an
 * answer only where the other spelling is in it, of a stream from its one event with metadata.
 */

type MiddlewareStack = Pick<BedrockRuntimeClient['middlewareStack'], 'add'>;
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
export const keepUsageSpellings = (client: {readonly middlewareStack: unknown}): void => {
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
};
