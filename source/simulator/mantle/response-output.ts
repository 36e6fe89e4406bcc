import {identifier, type Random} from '../answers/random.ts';
import type {Facts} from '../families/family.ts';
import type {Json} from '../families/prompt.ts';

/** The items of a response: what the model thought, and what it says. */

/** The same in every event of a response and in the response itself. */
export type ItemIds = {readonly reasoning: string; readonly text: string};

export const itemIds = (random: Random): ItemIds => ({
	reasoning: `rs_${identifier(random, 48)}`,
	text: `msg_${identifier(random, 48)}`,
});

export const reasoningPart = (text: string): Json => ({type: 'reasoning_text', text});

export const textPart = (text: string): Json => ({
	type: 'output_text',
	text,
	annotations: [],
	logprobs: [],
});

/** @param content Undefined where the model does not show what it thinks. */
export const reasoningItem = (ids: ItemIds, content: readonly Json[] | undefined): Json => ({
	id: ids.reasoning,
	type: 'reasoning',
	summary: [],
	...(content === undefined ? {} : {content}),
});

export const messageItem = (ids: ItemIds, status: string, content: readonly Json[]): Json => ({
	id: ids.text,
	type: 'message',
	status,
	role: 'assistant',
	content,
});

/** Status of an item that the model got to the end of, or was cut in. */
export const endStatus = ({answer}: Facts): string =>
	answer.stopReason === 'length' ? 'incomplete' : 'completed';

/** All items of an answer. */
export const outputOf = (facts: Facts, ids: ItemIds, hidesReasoning: boolean): readonly Json[] => {
	const {reasoning, tokens} = facts.answer;
	const thought = reasoning.join('');
	return [
		...(thought === '' ? [] : [reasoningItem(ids, hidesReasoning ? undefined : [reasoningPart(thought)])]),
		...(tokens.length === 0 && thought !== ''
			? []
			: [messageItem(ids, endStatus(facts), [textPart(tokens.join(''))])]),
	];
};

/** Input counts what came from the cache too. */
export const usageOf = ({usage, answer}: Facts): Json => {
	const inputTokens = usage.inputTokens + usage.cacheReadTokens + usage.cacheWriteTokens;
	return {
		input_tokens: inputTokens,
		input_tokens_details: {
			cached_tokens: usage.cacheReadTokens,
			cache_write_tokens: usage.cacheWriteTokens,
		},
		output_tokens: usage.outputTokens,
		output_tokens_details: {reasoning_tokens: answer.reasoning.length},
		total_tokens: inputTokens + usage.outputTokens,
	};
};
