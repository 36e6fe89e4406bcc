import {at, stringOf, wordOf} from '../json.ts';
import {chatBody, chatReading} from './chat-completions.ts';
import {type Family, namedLike, type Reading, renamed, stopField} from './family.ts';
import {mistralPrompt} from './prompt-templates.ts';

/** The models of the text completion page; every later one takes chat completions. */
const isPrompted = (baseModel: string): boolean =>
	/mistral-7b|mixtral-8x7b|mistral-(?:small|large)-2402/.test(baseModel);

/** 7B and Mixtral have no system prompt, in Converse neither. */
const takesSystem = (baseModel: string): boolean => !/mistral-7b|mixtral-8x7b/.test(baseModel);

const readOutputs = (value: unknown): Reading | undefined => {
	const outputs = at(value, 'outputs');
	return Array.isArray(outputs)
		? {
				text: stringOf(at(outputs, 0, 'text')),
				stopReason: wordOf(at(outputs, 0, 'stop_reason')),
			}
		: undefined;
};

/** Mistral AI: text completion for the first models, chat completion since. */
export const mistral: Family = {
	name: 'mistral',
	serves: namedLike('mistral\\.'),
	takesSystem,
	build: (request) =>
		isPrompted(request.baseModel)
			? {
					prompt: mistralPrompt(request),
					max_tokens: request.maxTokens,
					...stopField('stop', request.stop),
					...renamed(request.parameters, {topP: 'top_p', topK: 'top_k'}),
				}
			: chatBody(request),
	readBody: (body) => readOutputs(body) ?? chatReading.readBody(body),
	readChunk: (chunk) => readOutputs(chunk) ?? chatReading.readChunk(chunk),
	tagsReasoning: true,
};
