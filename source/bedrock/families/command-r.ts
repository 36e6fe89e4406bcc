import {at, isObject, stringOf, wordOf} from '../json.ts';
import {countsIn} from '../usage.ts';
import {type Family, namedLike} from './family.ts';
import {renamed, stopField} from './request-parts.ts';

/** Keys of which an answer of Command R has at least one beside `text`. */
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
