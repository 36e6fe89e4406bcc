import type {Family} from './family.ts';
import {completionStopReason} from './family.ts';
import {numberOr, stringsOf} from './prompt.ts';
import {templatePrompt} from './prompt-parts.ts';
import {assertShape, count, probability, type Shape, text, texts} from './shape.ts';

/** DeepSeek R1: a text completion whose thoughts end with `</think>`. */

const shape = (maximumOutputTokens: number): Shape => ({
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
		assertShape(body, shape(model.maximumOutputTokens));
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
