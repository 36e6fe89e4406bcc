import type {Family} from './family.ts';
import {completionStopReason} from './family.ts';
import {numberOr} from './prompt.ts';
import {templatePrompt} from './prompt-parts.ts';
import {assertShape, count, probability, type Shape, text, texts} from './shape.ts';

/** Meta Llama: one prompt with the model's own template, no stop sequences. */

const shape = (maximumOutputTokens: number): Shape => ({
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
		assertShape(body, shape(model.maximumOutputTokens));
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
