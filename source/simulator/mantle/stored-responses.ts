import type {Json} from '../families/prompt.ts';
import {MantleError} from './mantle-api.ts';

/** Responses that are kept, so that a conversation can go on without its history: a request keeps its own by default. */

type StoredResponse = {
	/** As it was answered. */
	readonly response: Json;
	/** Items of the whole conversation, those of the answer included. */
	readonly conversation: readonly unknown[];
};

export type StoredResponses = {
	readonly keep: (stored: StoredResponse) => void;
	readonly find: (id: string) => StoredResponse | undefined;
	/** @returns Whether it was there. */
	readonly remove: (id: string) => boolean;
	readonly clear: () => void;
};

/** The service keeps them for a time; here the newest are kept. */
const maxResponses = 1000;

export function createStoredResponses(): StoredResponses {
	const byId = new Map<string, StoredResponse>();
	return {
		keep(stored) {
			byId.set(String(stored.response.id), stored);
			const [oldest] = byId.keys();
			if (byId.size > maxResponses && oldest !== undefined) {
				byId.delete(oldest);
			}
		},
		find: (id) => byId.get(id),
		remove: (id) => byId.delete(id),
		clear: () => byId.clear(),
	};
}

/** Input as a list of items: a text is one message. */
const itemsOf = (input: unknown): readonly unknown[] =>
	Array.isArray(input) ? input : [{type: 'message', role: 'user', content: input}];

/**
 * The items that a request stands for, with those of the conversation that it goes on with.
 * @throws MantleError where nothing of that ID is kept. The words are those of OpenAI; AWS's are not known.
 */
export function conversationOf(body: Json, stored: StoredResponses): readonly unknown[] {
	const id = body.previous_response_id;
	if (typeof id !== 'string') {
		return itemsOf(body.input);
	}
	const previous = stored.find(id);
	if (previous === undefined) {
		throw new MantleError('not-found', `Previous response with id '${id}' not found.`);
	}
	return [...previous.conversation, ...itemsOf(body.input)];
}
