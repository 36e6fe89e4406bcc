import type {PromptMessage} from '../../domain/backend.ts';
import {at, isObject, stringOf, wordOf} from '../json.ts';
import {type Family, namedLike, type Reading} from './family.ts';
import {renamed, stopField, withoutSystem} from './request-parts.ts';

const promptOf = (messages: readonly PromptMessage[]): string => {
	const [first] = messages;
	return messages.length === 1 && first !== undefined
		? first.text
		: [
				...messages.map(({role, text}) => `${role === 'user' ? 'User' : 'Chatbot'}: ${text}`),
				'Chatbot:',
			].join('\n');
};

/** The model's own end mark, which comes as a piece of text before the last chunk. */
const endOfSequence = '<EOS_TOKEN>';

const readGenerations = (value: unknown): Reading | undefined => {
	const generations = at(value, 'generations');
	return Array.isArray(generations)
		? {
				text: stringOf(at(generations, 0, 'text')),
				stopReason: wordOf(at(generations, 0, 'finish_reason')),
			}
		: undefined;
};

/** Cohere Command and Command Light (legacy): one prompt, several generations of which the first is read. */
export const command: Family = {
	name: 'command',
	serves: namedLike('cohere\\.command-(?:text|light)'),
	takesSystem: () => false,
	holdsConversation: false,
	build: (request, isStreamed) => ({
		prompt: promptOf(withoutSystem(request)),
		max_tokens: request.maxTokens,
		...stopField('stop_sequences', request.stop),
		...renamed(request.parameters, {topP: 'p', topK: 'k'}),
		// Without it the whole answer comes as a single chunk.
		...(isStreamed ? {stream: true} : {}),
	}),
	readBody: readGenerations,
	readChunk(chunk) {
		if (isObject(chunk) && typeof at(chunk, 'is_finished') === 'boolean') {
			const text = stringOf(at(chunk, 'text'));
			// Of several generations only the first is read.
			const isOther = (at(chunk, 'index') ?? 0) !== 0;
			return {
				text: text === endOfSequence || isOther ? undefined : text,
				stopReason: wordOf(at(chunk, 'finish_reason')),
			};
		}

		return readGenerations(chunk);
	},
};
