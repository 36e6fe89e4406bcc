import {ConverseCommand} from '@aws-sdk/client-bedrock-runtime';
import {readMessage} from '../families/converse-shape.ts';
import {withoutTags} from '../families/reasoning-tags.ts';
import {familyOf} from '../families/registry.ts';
import {at, isObject, millisecondsOf, wordOf} from '../json.ts';
import {answerOf} from './answer.ts';
import {converseRequest} from './converse-request.ts';
import type {Send} from './method.ts';
import {headersFor} from './response-headers.ts';
import {EmptyAnswer, UnreadableAnswer} from './unreadable-answer.ts';

/** What the service sends of an answer that is not there. */
const isNothing = (output: unknown): boolean =>
	output === undefined || output === null || (isObject(output) && Object.keys(output).length === 0);

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
