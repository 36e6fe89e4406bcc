import {InvokeModelWithResponseStreamCommand} from '@aws-sdk/client-bedrock-runtime';
import {familyOf, readChunk} from '../families/registry.ts';
import {at, millisecondsOf, parseJson, wordOf} from '../json.ts';
import {countsIn} from '../usage.ts';
import {answerOf} from './answer.ts';
import {finished, invokeRequest, isIntervention} from './invoke-request.ts';
import type {Send} from './method.ts';
import {headersFor} from './response-headers.ts';
import {cutAfter, openingStream, readStream, StreamFault, streamReader} from './stream-reader.ts';
import {UnreadableAnswer} from './unreadable-answer.ts';

/** An error that a model told inside its stream, under the name it gave. */
const toldFault = ({name, message}: {readonly name: string; readonly message: string}): StreamFault =>
	new StreamFault(Object.assign(new Error(message), {name}));

/**
 * InvokeModelWithResponseStream: the model's own chunks. Bedrock's counts come in the last one, with the model's own
 * beside them; those are only read where Bedrock's are missing.
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
				throw toldFault(reading.fault);
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
