import {InvokeModelCommand, InvokeModelWithResponseStreamCommand} from '@aws-sdk/client-bedrock-runtime';
import {familyOf, readBody, readChunk} from '../families/registry.ts';
import {at, isObject, listOf, millisecondsOf, parseJson, wordOf} from '../json.ts';
import {countsIn} from '../usage.ts';
import {answerOf, EmptyAnswer, type Send, UnreadableAnswer} from './answer.ts';
import {finished, invokeRequest, isIntervention} from './request.ts';
import {countsInHeaders, headersFor, latencyInHeaders} from './response-headers.ts';
import {cutAfter, openingStream, readStream, StreamFault, streamReader} from './stream-reader.ts';

/** InvokeModel: the model's own body; Bedrock counts in the headers. */
export const invoke: Send = async (runtime, request, {signal}) => {
	const family = familyOf(request.baseModel);
	const command = new InvokeModelCommand(invokeRequest(request, family.build(request, false)));
	const output = await runtime.send(command, {abortSignal: signal});
	const headers = headersFor(output);
	// The SDK turns an answer without a body into an empty object.
	const text = output.body instanceof Uint8Array ? new TextDecoder().decode(output.body) : '';
	const body = parseJson(text);
	const isGuarded = isIntervention(body);
	const read = isObject(body) ? readBody(family, body) : undefined;
	// An empty answer in place of an unreadable one would count as an answer.
	if (read === undefined && !isGuarded && /^\s*(?:null|\{\s*\})?\s*$/.test(text)) {
		throw new EmptyAnswer();
	}
	if (read === undefined && !isGuarded && !isWithoutText(body)) {
		throw new UnreadableAnswer({headers, bodyText: text});
	}
	const reading = finished(family, read ?? {}, isGuarded);
	return answerOf(reading, {
		headers,
		requestId: output.$metadata.requestId,
		serverLatencyMs: latencyInHeaders(headers),
		tier: wordOf(output.serviceTier),
		latencyMode: wordOf(output.performanceConfigLatency),
		usage: [
			{source: 'header', counts: countsInHeaders(headers)},
			{source: 'body', counts: isVector(body) ? {output: 0} : (reading.counts ?? {})},
			{source: 'metrics', counts: countsIn(at(body, 'amazon-bedrock-invocationMetrics'))},
		],
	});
};

/** Embeddings, rankings and pictures are answers that have no text. */
const isWithoutText = (body: unknown): boolean => isVector(body) || isRanking(body) || isPicture(body);

/** Answers of models that write no text, which have no output tokens. */
const isVector = (body: unknown): boolean =>
	isObject(body) &&
	(['embedding', 'embeddings', 'embeddingsByType'].some((key) => Object.hasOwn(body, key)) ||
		Array.isArray(at(body, 'data', 0, 'embedding')));

/** Scores of a model that ranks documents. */
const isRanking = (body: unknown): boolean =>
	listOf(at(body, 'results')).some((result) => at(result, 'relevance_score') !== undefined);

/** Pictures of Amazon Nova Canvas, Amazon Titan and Stability AI, whose older models call them artifacts. */
const isPicture = (body: unknown): boolean =>
	Array.isArray(at(body, 'images')) || at(body, 'artifacts', 0, 'base64') !== undefined;

/**
 * InvokeModelWithResponseStream: the model's own chunks. Bedrock's counts come in the last one, beside the model's
 * own, which are read only where Bedrock's are missing.
 */
export const invokeStream: Send = async (runtime, request, options) => {
	const {signal, onFirstToken, onFirstAnswerToken} = options;
	const family = familyOf(request.baseModel);
	const command = new InvokeModelWithResponseStreamCommand(
		invokeRequest(request, family.build(request, true)),
	);
	const output = await openingStream(runtime.send(command, {abortSignal: signal}));
	const reader = streamReader(onFirstToken, onFirstAnswerToken);
	const decoder = new TextDecoder();
	let metrics: unknown;
	let isGuarded = false;
	let isRead = false;
	await readStream(
		output.body,
		reader,
		(event) => {
			const chunk = parseJson(decoder.decode(event.chunk?.bytes));
			const reading = readChunk(family, chunk);
			if (reading?.fault !== undefined) {
				throw reportedFault(reading.fault);
			}
			reader.add(reading ?? {});
			isRead ||= reading !== undefined;
			metrics = at(chunk, 'amazon-bedrock-invocationMetrics') ?? metrics;
			isGuarded ||= isIntervention(chunk);
			return metrics !== undefined;
		},
		options.onPiece,
	);
	const folded = reader.result();
	if (folded.stopReason === undefined && metrics === undefined && !isGuarded) {
		throw cutAfter(new StreamFault(undefined), reader.received());
	}
	if (!isRead && !isGuarded) {
		throw new StreamFault(new UnreadableAnswer());
	}
	const reading = finished(family, folded, isGuarded);
	return answerOf(reading, {
		headers: headersFor(output),
		requestId: output.$metadata.requestId,
		serverLatencyMs: millisecondsOf(at(metrics, 'invocationLatency')),
		tier: wordOf(output.serviceTier),
		latencyMode: wordOf(output.performanceConfigLatency),
		usage: [
			{source: 'metrics', counts: countsIn(metrics)},
			{source: 'body', counts: reading.counts ?? {}},
		],
	});
};

/** An error that a model reported inside its stream, under its own name. */
const reportedFault = ({name, message}: {readonly name: string; readonly message: string}): StreamFault =>
	new StreamFault(Object.assign(new Error(message), {name}));
