import {chatMessages, chatParts} from './chat-messages.ts';
import type {Family} from './family.ts';
import {completionStopReason, noEvents, withoutCache} from './family.ts';
import {numberOr, stringsOf} from './prompt.ts';
import {anything, assertShape, count, probability, type Shape, texts} from './shape.ts';

/** Mistral's chat completion. */

const shape = (maximumOutputTokens: number): Shape => ({
	type: 'object',
	required: ['messages'],
	keys: {
		messages: chatMessages(['system', 'user', 'assistant', 'tool']),
		max_tokens: count(maximumOutputTokens),
		stop: texts,
		temperature: probability,
		top_p: probability,
		tools: anything,
		tool_choice: anything,
	},
});

export const mistralChatFamily: Family = {
	name: 'mistral-chat',
	parse(body, model) {
		assertShape(body, shape(model.maximumOutputTokens));
		return {
			...chatParts(body.messages),
			maximumTokens: numberOr(body.max_tokens, model.maximumOutputTokens),
			stopSequences: stringsOf(body.stop),
			jsonSchema: undefined,
		};
	},
	whole: ({answer}, content) => ({
		choices: [
			{index: 0, message: {role: 'assistant', content}, stop_reason: completionStopReason(answer.stopReason)},
		],
	}),
	tokensPerEvent: 1,
	opening: noEvents,
	delta: ({answer}, delta) => [
		{
			choices: [
				{
					index: 0,
					message: {role: 'assistant', content: delta.text},
					stop_reason: delta.isLast ? completionStopReason(answer.stopReason) : null,
				},
			],
		},
	],
	closing: noEvents,
	reportsCache: withoutCache,
};
