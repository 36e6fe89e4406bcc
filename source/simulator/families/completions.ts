import {completionStopReason, type Family} from './family.ts';
import {numberOr, stringsOf} from './prompt.ts';
import {templatePrompt} from './prompt-parts.ts';
import {assertShape, count, probability, type Shape, text, texts} from './shape.ts';

/** Models that continue one text: a prompt in the model's own template, no messages. */

/** Meta Llama: one prompt with the model's own template, no stop sequences. */

const llamaShape = (maximumOutputTokens: number): Shape => ({
	type: 'object',
	required: ['prompt'],
	keys: {
		prompt: text,
		max_gen_len: count(maximumOutputTokens),
		temperature: probability,
		top_p: probability,
		images: texts,
	},
});

export const llamaFamily: Family = {
	name: 'llama',
	parse(body, model) {
		assertShape(body, llamaShape(model.maximumOutputTokens));
		return {
			...templatePrompt(String(body.prompt)),
			maximumTokens: numberOr(body.max_gen_len, model.defaultOutputTokens ?? model.maximumOutputTokens),
			stopSequences: [],
		};
	},
	whole: ({usage, answer}, generation) => ({
		generation,
		prompt_token_count: usage.inputTokens,
		generation_token_count: usage.outputTokens,
		stop_reason: completionStopReason(answer.stopReason),
	}),
	tokensPerEvent: 1,
	delta: ({usage, answer}, delta) => [
		{
			generation: delta.text,
			prompt_token_count: delta.isFirst ? usage.inputTokens : null,
			generation_token_count: delta.outputTokens,
			stop_reason: delta.isLast ? completionStopReason(answer.stopReason) : null,
		},
	],
};

/** DeepSeek R1: a text completion whose thoughts end with `</think>`. */

const deepSeekShape = (maximumOutputTokens: number): Shape => ({
	type: 'object',
	required: ['prompt'],
	keys: {
		prompt: text,
		max_tokens: count(maximumOutputTokens),
		temperature: probability,
		top_p: probability,
		stop: texts,
	},
});

export const deepSeekFamily: Family = {
	name: 'deepseek',
	parse(body, model) {
		assertShape(body, deepSeekShape(model.maximumOutputTokens));
		return {
			...templatePrompt(String(body.prompt)),
			maximumTokens: numberOr(body.max_tokens, model.maximumOutputTokens),
			stopSequences: stringsOf(body.stop),
		};
	},
	whole: ({answer}, said) => ({
		choices: [{text: said, stop_reason: completionStopReason(answer.stopReason)}],
	}),
	tokensPerEvent: 2,
	reasoningTags: ['', '\n</think>\n\n'],
	delta: ({answer}, delta) => [
		{
			choices: [
				{text: delta.text, stop_reason: delta.isLast ? completionStopReason(answer.stopReason) : null},
			],
		},
	],
};
