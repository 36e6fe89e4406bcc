import type {Family} from './family.ts';
import {completionStopReason, noEvents, withoutCache} from './family.ts';
import {numberOr, stringsOf, textSegment} from './prompt.ts';
import {templateParts} from './prompt-parts.ts';
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
		const prompt = String(body.prompt);
		return {
			segments: [textSegment(prompt)],
			...templateParts(prompt),
			maximumTokens: numberOr(body.max_tokens, model.maximumOutputTokens),
			stopSequences: stringsOf(body.stop),
			jsonSchema: undefined,
		};
	},
	whole: ({answer}, said) => ({
		choices: [{text: said, stop_reason: completionStopReason(answer.stopReason)}],
	}),
	tokensPerEvent: 2,
	reasoningTags: ['', '\n</think>\n\n'],
	opening: noEvents,
	delta: ({answer}, delta) => [
		{
			choices: [
				{text: delta.text, stop_reason: delta.isLast ? completionStopReason(answer.stopReason) : null},
			],
		},
	],
	closing: noEvents,
	reportsCache: withoutCache,
};
