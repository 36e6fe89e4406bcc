import {ConverseCommand, ConverseStreamCommand} from '@aws-sdk/client-bedrock-runtime';
import {readMessage, readMessageEvent, withoutTags} from '../families/converse-shape.ts';
import {familyOf} from '../families/registry.ts';
import {at, isObject, millisecondsOf, wordOf} from '../json.ts';
import {answerOf, EmptyAnswer, type Send, UnreadableAnswer} from './answer.ts';
import {converseRequest} from './request.ts';
import {headersFor} from './response-headers.ts';
import {cutAfter, openingStream, readStream, StreamFault, streamReader} from './stream-reader.ts';

/** Converse: one schema for every chat model, usage in the body. */
export const converse: Send = async (runtime, request, {signal}) => {
	const command = new ConverseCommand(converseRequest(request));
	const output = await runtime.send(command, {abortSignal: signal});
	const reading = readMessage(output);
	if (reading === undefined) {
		throw isNothing(output.output) && output.stopReason === undefined
			? new EmptyAnswer()
			: new UnreadableAnswer();
	}
	return answerOf(withoutTags(familyOf(request.baseModel), reading, false), {
		headers: headersFor(output),
		requestId: output.$metadata.requestId,
		serverLatencyMs: millisecondsOf(at(output, 'metrics', 'latencyMs')),
		tier: wordOf(at(output, 'serviceTier', 'type')),
		latencyMode: wordOf(at(output, 'performanceConfig', 'latency')),
		usage: [{source: 'converse', counts: reading.counts ?? {}}],
	});
};

/** What the service sends for an answer without content. */
const isNothing = (output: unknown): boolean =>
	output === undefined || output === null || (isObject(output) && Object.keys(output).length === 0);

/** ConverseStream: the counts come with the last event; a stream without its end has none and counts as cut. */
export const converseStream: Send = async (runtime, request, options) => {
	const {signal, onFirstToken, onFirstAnswerToken} = options;
	const command = new ConverseStreamCommand(converseRequest(request));
	const output = await openingStream(runtime.send(command, {abortSignal: signal}));
	const reader = streamReader(onFirstToken, onFirstAnswerToken);
	let metadata: unknown;
	await readStream(
		output.stream,
		reader,
		(event) => {
			reader.add(readMessageEvent(event) ?? {});
			metadata = event.metadata ?? metadata;
			return metadata !== undefined;
		},
		options.onPiece,
	);
	const reading = reader.result();
	if (reading.stopReason === undefined && metadata === undefined) {
		throw cutAfter(new StreamFault(undefined), reader.received());
	}
	return answerOf(withoutTags(familyOf(request.baseModel), reading, false), {
		headers: headersFor(output),
		requestId: output.$metadata.requestId,
		serverLatencyMs: millisecondsOf(at(metadata, 'metrics', 'latencyMs')),
		tier: wordOf(at(metadata, 'serviceTier', 'type')),
		latencyMode: wordOf(at(metadata, 'performanceConfig', 'latency')),
		usage: [{source: 'converse', counts: reading.counts}],
	});
};
