import type {FailureClass} from '../../source/domain/backend.ts';
import type {Recording} from './recordings.ts';

/** What a recording says, read here by the shortest means and by no code of the program. */

type Frame = {readonly headers: Readonly<Record<string, string>>; readonly payload: Buffer};

/** Frames of an event stream: total length, header length, checksum, headers, payload, checksum. */
export const framesOf = (body: Buffer): readonly Frame[] => {
	const frames: Frame[] = [];
	for (let start = 0; start < body.length; ) {
		const total = body.readUInt32BE(start);
		const headersEnd = start + 12 + body.readUInt32BE(start + 4);
		const headers: Record<string, string> = {};
		for (let at = start + 12; at < headersEnd; ) {
			const nameEnd = at + 1 + body.readUInt8(at);
			const valueStart = nameEnd + 3;
			const valueEnd = valueStart + body.readUInt16BE(nameEnd + 1);
			headers[body.toString('utf8', at + 1, nameEnd)] = body.toString('utf8', valueStart, valueEnd);
			at = valueEnd;
		}

		frames.push({headers, payload: body.subarray(headersEnd, start + total - 4)});
		start += total;
	}

	return frames;
};

// biome-ignore lint/suspicious/noExplicitAny: recorded JSON of twenty providers
type Loose = any;

const textOfMessage = (message: Loose): string =>
	message.content.map((block: Loose) => block.text ?? '').join('');

const textOfBody = (body: Loose): string => {
	if (body.output) return textOfMessage(body.output.message);
	if (Array.isArray(body.content)) return textOfMessage(body);
	if (body.choices) return body.choices[0].message?.content ?? body.choices[0].text;
	return (
		body.results?.[0].outputText ??
		body.generation ??
		body.outputs?.[0].text ??
		body.generations?.[0].text ??
		body.completions?.[0].data.text ??
		body.completion ??
		''
	);
};

const textOfChunk = (chunk: Loose): string =>
	chunk.contentBlockDelta?.delta.text ??
	chunk.delta?.text ??
	chunk.outputText ??
	chunk.generation ??
	chunk.outputs?.[0].text ??
	chunk.generations?.[0].text ??
	chunk.choices?.[0]?.delta?.content ??
	chunk.completion ??
	chunk.text ??
	'';

const stopOf = (value: Loose): string | undefined =>
	value.stopReason ??
	value.messageStop?.stopReason ??
	value.stop_reason ??
	value.delta?.stop_reason ??
	value.results?.[0]?.completionReason ??
	value.completionReason ??
	value.outputs?.[0]?.stop_reason ??
	value.generations?.[0]?.finish_reason ??
	value.completions?.[0]?.finishReason?.reason ??
	value.choices?.[0]?.finish_reason ??
	value.finish_reason ??
	undefined;

export type Expected = {
	readonly text: string;
	readonly stopReason: string | undefined;
	readonly inputTokens: number | undefined;
	readonly outputTokens: number | undefined;
};

/** JSON documents of a recording: its body, or the payload of each frame with its event name around it. */
const documentsOf = ({operation, response}: Recording): readonly Loose[] => {
	if (operation === 'ConverseStream') {
		return framesOf(response.body).map(({headers, payload}) => ({
			[headers[':event-type'] ?? 'exception']: JSON.parse(payload.toString('utf8')),
		}));
	}

	if (operation === 'InvokeModelWithResponseStream') {
		return framesOf(response.body)
			.map(({payload}) => JSON.parse(payload.toString('utf8')))
			.filter((payload) => payload.bytes !== undefined)
			.map((payload) => JSON.parse(Buffer.from(payload.bytes, 'base64').toString('utf8')));
	}

	return [JSON.parse(response.body.toString('utf8'))];
};

/** Text, stop reason and counts as they stand in a recording that was answered. */
export const expectedOf = (recording: Recording): Expected => {
	const documents = documentsOf(recording);
	const isStream = recording.operation.endsWith('Stream');
	const usage = documents.findLast((document) => document.metadata?.usage)?.metadata.usage;
	return {
		text: documents.map((document) => (isStream ? textOfChunk(document) : textOfBody(document))).join(''),
		stopReason: documents.map(stopOf).findLast((reason) => reason),
		inputTokens: recording.observed.inputTokens ?? usage?.inputTokens,
		outputTokens: recording.observed.outputTokens ?? usage?.outputTokens,
	};
};

const classes: Readonly<Record<string, FailureClass>> = {
	ValidationException: 'validation',
	AccessDeniedException: 'access-denied',
	ExpiredTokenException: 'credentials',
	InvalidSignatureException: 'credentials',
	UnrecognizedClientException: 'credentials',
	ResourceNotFoundException: 'not-found',
	ServiceUnavailableException: 'overloaded',
	ModelErrorException: 'model-error',
	ModelTimeoutException: 'timeout',
	InternalServerException: 'model-error',
	modelStreamErrorException: 'model-error',
	internalServerException: 'model-error',
	validationException: 'validation',
	serviceUnavailableException: 'overloaded',
};

/** The class that a recorded refusal belongs to; undefined for a recording that was answered. */
export const expectedFailureOf = ({response, observed}: Recording): FailureClass | undefined => {
	const named = observed.midStreamException ?? observed.errorType;
	if (named !== undefined) {
		return classes[named];
	}

	return response.status === 400 ? 'validation' : undefined;
};
