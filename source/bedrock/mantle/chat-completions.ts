import {chatBody, chatReading} from '../families/chat-completions.ts';
import {at, stringOf, wordOf} from '../json.ts';
import {type Dialect, surfaceOf} from './dialect.ts';

/** OpenAI's models name their limit otherwise than those that only speak like them. */
const isOpenAi = /^openai\./;

/** OpenAI Chat Completions. A stream is asked for its counts, which come in a chunk without an answer. */
export const chatCompletions: Dialect = {
	path: (model) => `${surfaceOf(model)}/chat/completions`,
	headers: {},
	build: (request, isStream) => ({
		model: request.model,
		...chatBody(request, isOpenAi.test(request.model) ? 'max_completion_tokens' : 'max_tokens'),
		...(request.tier === undefined ? {} : {service_tier: request.tier}),
		...(isStream ? {stream: true, stream_options: {include_usage: true}} : {}),
	}),
	readBody: chatReading.readBody,
	readEvent({data}) {
		// The only data that is not JSON.
		if (data === '[DONE]') {
			return {isLast: true};
		}
		const error = at(data, 'error');
		if (error !== undefined && error !== null) {
			return {
				fault: {
					name: wordOf(at(error, 'code')) ?? wordOf(at(error, 'type')) ?? 'error',
					message: stringOf(at(error, 'message')) ?? 'The model ended the stream with an error.',
				},
			};
		}
		return chatReading.readChunk(data);
	},
};
