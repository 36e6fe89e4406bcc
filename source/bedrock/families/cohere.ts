import type {PromptMessage} from '../../domain/backend.ts';
import {at, isObject, stringOf, wordOf} from '../json.ts';
import {countsIn} from '../usage.ts';
import {type Family, namedLike, type Reading, renamed, stopField, withoutSystem} from './family.ts';

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

/** Keys of an answer of Command R, at least one of them beside `text`. */
const marks = ['generation_id', 'response_id', 'chat_history', 'finish_reason'];

/** Cohere Command R and R+: the last message apart from the history, the system prompt as preamble. */
export const commandR: Family = {
	name: 'command-r',
	serves: namedLike('cohere\\.command-r'),
	takesSystem: () => true,
	build(request) {
		const last = request.messages.at(-1);
		const history = request.messages.slice(0, -1);
		return {
			message: last?.text ?? '',
			...(history.length === 0
				? {}
				: {
						chat_history: history.map(({role, text}) => ({
							role: role === 'user' ? 'USER' : 'CHATBOT',
							message: text,
						})),
					}),
			...(request.system ? {preamble: request.system} : {}),
			max_tokens: request.maxTokens,
			...stopField('stop_sequences', request.stop),
			...renamed(request.parameters, {topP: 'p', topK: 'k'}),
		};
	},
	readBody(body) {
		const text = stringOf(at(body, 'text'));
		if (text === undefined || !isObject(body) || !marks.some((mark) => Object.hasOwn(body, mark))) {
			return undefined;
		}
		return {
			text,
			stopReason: wordOf(at(body, 'finish_reason')),
			counts: countsIn(at(body, 'meta', 'billed_units')),
		};
	},
	readChunk(chunk) {
		const event = stringOf(at(chunk, 'event_type'));
		if (event === undefined) {
			return undefined;
		}
		// The last event repeats the whole text below `response`; only generated pieces are text of the stream.
		return {
			text: event === 'text-generation' ? stringOf(at(chunk, 'text')) : undefined,
			stopReason: wordOf(at(chunk, 'finish_reason')),
			counts: countsIn(at(chunk, 'response', 'meta', 'billed_units')),
		};
	},
};
