import {identifier, type Random} from '../answers/random.ts';
import type {Facts, ToolUse} from '../families/family.ts';
import type {Json} from '../families/prompt.ts';
import type {Part} from './mantle-api.ts';
import {inputText} from './openai-request.ts';

/** The items of a response: what the model thought, and what it says or the tool that it calls. */

/** How the items of one response are written, the same in its events and in the response itself. */
export type ItemWriter = {
	readonly idOf: (kind: Part['kind']) => string;
	/** An item with all that was said in it; without a content yet where nothing was. */
	readonly item: (kind: Part['kind'], status: string, text: string | undefined) => Json;
	/** The content part that carries a text; undefined for items that have none. */
	readonly part: (kind: Part['kind'], text: string) => Json | undefined;
};

/**
 * @param toolUse The tool that is called, if any.
 * @param hidesReasoning Whether the model keeps what it thinks to itself.
 */
export const createItemWriter = (
	random: Random,
	toolUse: ToolUse | undefined,
	hidesReasoning: boolean,
): ItemWriter => {
	const ids: Readonly<Record<Part['kind'], string>> = {
		reasoning: `rs_${identifier(random, 48)}`,
		text: `msg_${identifier(random, 48)}`,
		tool: `fc_${identifier(random, 48)}`,
	};

	const part = (kind: Part['kind'], text: string): Json | undefined => {
		switch (kind) {
			case 'reasoning':
				return hidesReasoning ? undefined : {type: 'reasoning_text', text};
			case 'text':
				return {type: 'output_text', text, annotations: [], logprobs: []};
			case 'tool':
				return undefined;
		}
	};

	return {
		idOf: (kind) => ids[kind],
		part,
		item(kind, status, text) {
			const content = text === undefined ? [] : [part(kind, text)];
			const id = ids[kind];
			switch (kind) {
				case 'reasoning':
					return {id, type: 'reasoning', summary: [], ...(hidesReasoning ? {} : {content})};
				case 'text':
					return {id, type: 'message', status, role: 'assistant', content};
				case 'tool':
					return {
						id,
						type: 'function_call',
						status,
						call_id: `call_${toolUse?.key}`,
						name: toolUse?.name,
						arguments: text ?? '',
					};
			}
		},
	};
};

/** Status of a response, and of its last item: the model got to its end, or was cut. */
export const endStatus = ({answer}: Facts): string =>
	answer.stopReason === 'length' ? 'incomplete' : 'completed';

/** All items of an answer. */
export const outputOf = (facts: Facts, writer: ItemWriter): readonly Json[] => {
	const {reasoning, tokens, toolUse} = facts.answer;
	const hasText = tokens.length > 0 || (reasoning.length === 0 && toolUse === undefined);
	return [
		...(reasoning.length === 0 ? [] : [writer.item('reasoning', 'completed', reasoning.join(''))]),
		...(hasText ? [writer.item('text', endStatus(facts), tokens.join(''))] : []),
		...(toolUse === undefined ? [] : [writer.item('tool', endStatus(facts), inputText(toolUse))]),
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
