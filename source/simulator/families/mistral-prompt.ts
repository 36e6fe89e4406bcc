import type {Family} from './family.ts';
import {completionStopReason, noEvents, withoutCache} from './family.ts';
import {numberOr, stringsOf, textSegment} from './prompt.ts';
import {assertShape, count, probability, type Shape, text, texts} from './shape.ts';
import {templateParts} from './template-parts.ts';

/** Mistral's text completion. */

const shape = (maximumOutputTokens: number): Shape => ({
	type: 'object',
	required: ['prompt'],
	keys: {
		prompt: text,
		max_tokens: count(maximumOutputTokens),
		stop: texts,
		temperature: probability,
		top_p: probability,
		top_k: {type: 'number', minimum: 0},
	},
});

export const mistralPromptFamily: Family = {
	name: 'mistral-prompt',
	parse(body, model) {
		assertShape(body, shape(model.maximumOutputTokens));
		const prompt = String(body.prompt);
		return {
			segments: [textSegment(prompt)],
			...templateParts(prompt),
			maximumTokens: numberOr(body.max_tokens, model.defaultOutputTokens ?? model.maximumOutputTokens),
			stopSequences: stringsOf(body.stop),
			jsonSchema: undefined,
		};
	},
	whole: ({answer}, text) => ({outputs: [{text, stop_reason: completionStopReason(answer.stopReason)}]}),
	tokensPerEvent: 1,
	opening: noEvents,
	delta: ({answer}, delta) => [
		{
			outputs: [
				{text: delta.text, stop_reason: delta.isLast ? completionStopReason(answer.stopReason) : null},
			],
		},
	],
	closing: noEvents,
	reportsCache: withoutCache,
};
