import {at, isObject, type JsonObject, joined, stringOf, wordOf} from '../json.ts';
import {countsIn} from '../usage.ts';
import {cachedMessageIndex, type Family, namedLike, type Reading, renamed, stopField} from './family.ts';

const textBlock = (text: string, isCached: boolean): JsonObject =>
	isCached ? {type: 'text', text, cache_control: {type: 'ephemeral'}} : {type: 'text', text};

const readLegacy = (body: unknown): Reading | undefined => {
	const text = stringOf(at(body, 'completion'));
	return text === undefined ? undefined : {text, stopReason: wordOf(at(body, 'stop_reason'))};
};

const readBody = (body: unknown): Reading | undefined => {
	const content = at(body, 'content');
	if (!Array.isArray(content)) {
		return readLegacy(body);
	}
	return {
		text: joined(content.map((block) => stringOf(at(block, 'text')))),
		reasoning: joined(content.map((block) => stringOf(at(block, 'thinking')))),
		stopReason: wordOf(at(body, 'stop_reason')),
		counts: countsIn(at(body, 'usage')),
	};
};

const readChunk = (chunk: unknown): Reading | undefined => {
	switch (at(chunk, 'type')) {
		case 'message_start': {
			// The output count at the start is that of an answer just begun.
			const {output: _, ...counts} = countsIn(at(chunk, 'message', 'usage'));
			return {counts};
		}
		case 'content_block_start': {
			const block = at(chunk, 'content_block');
			return {text: stringOf(at(block, 'text')), reasoning: stringOf(at(block, 'thinking'))};
		}
		case 'content_block_delta': {
			const delta = at(chunk, 'delta');
			return {text: stringOf(at(delta, 'text')), reasoning: stringOf(at(delta, 'thinking'))};
		}
		case 'message_delta':
			return {
				stopReason: wordOf(at(chunk, 'delta', 'stop_reason')),
				counts: countsIn(at(chunk, 'usage')),
			};
		case 'error': {
			const error = at(chunk, 'error');
			return {
				fault: {
					name: stringOf(at(error, 'type')) ?? 'error',
					message: stringOf(at(error, 'message')) ?? 'The model ended the stream with an error.',
				},
			};
		}
		case 'content_block_stop':
		case 'message_stop':
		case 'ping':
			return {};
		default:
			return isObject(chunk) ? readLegacy(chunk) : undefined;
	}
};

/** Anthropic Claude: the Messages format, with the system prompt at the top level. */
export const claude: Family = {
	name: 'claude',
	serves: namedLike('anthropic\\.'),
	takesSystem: () => true,
	knowsCachePoints: true,
	build(request) {
		const cached = cachedMessageIndex(request);
		return {
			anthropic_version: 'bedrock-2023-05-31',
			max_tokens: request.maxTokens,
			...(request.system ? {system: [textBlock(request.system, request.cache)]} : {}),
			messages: request.messages.map((message, index) => ({
				role: message.role,
				content: [textBlock(message.text, index === cached)],
			})),
			...stopField('stop_sequences', request.stop),
			...renamed(request.parameters, {topP: 'top_p', topK: 'top_k'}),
		};
	},
	readBody,
	readChunk,
};
