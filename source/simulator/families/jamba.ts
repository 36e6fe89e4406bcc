import {uuid} from '../answers/random.ts';
import {chatMessages, chatParts} from './chat-messages.ts';
import type {Facts, Family} from './family.ts';
import {noEvents, withoutCache} from './family.ts';
import {type Json, numberOr, stringsOf} from './prompt.ts';
import {anything, assertShape, count, type Shape, texts} from './shape.ts';

/** AI21 Jamba. */

const shape = (maximumOutputTokens: number): Shape => ({
	type: 'object',
	required: ['messages'],
	keys: {
		messages: chatMessages(['system', 'user', 'assistant', 'tool']),
		max_tokens: count(maximumOutputTokens),
		temperature: {type: 'number', minimum: 0, maximum: 2},
		top_p: {type: 'number', minimum: 0, maximum: 1},
		stop: texts,
		n: count(16),
		tools: anything,
		response_format: anything,
		documents: anything,
	},
});

const finishReason = (reason: string): string => (reason === 'length' ? 'length' : 'stop');

const usage = ({usage: {inputTokens, outputTokens}}: Facts): Json => ({
	prompt_tokens: inputTokens,
	completion_tokens: outputTokens,
	total_tokens: inputTokens + outputTokens,
});

const streamId = ({requestId}: Facts): string => `chat-${requestId}`;

export const jambaFamily: Family = {
	name: 'jamba',
	parse(body, model) {
		assertShape(body, shape(model.maximumOutputTokens));
		return {
			...chatParts(body.messages),
			maximumTokens: numberOr(body.max_tokens, model.maximumOutputTokens),
			stopSequences: stringsOf(body.stop),
			jsonSchema: undefined,
		};
	},
	whole: (facts, content) => ({
		id: `chat-${uuid(facts.random)}`,
		choices: [
			{
				index: 0,
				message: {role: 'assistant', content},
				finish_reason: finishReason(facts.answer.stopReason),
			},
		],
		usage: usage(facts),
	}),
	tokensPerEvent: 1,
	opening: noEvents,
	delta: (facts, delta) => [
		{
			id: streamId(facts),
			choices: [
				{
					index: 0,
					delta: delta.isFirst ? {role: 'assistant', content: delta.text} : {content: delta.text},
					finish_reason: delta.isLast ? finishReason(facts.answer.stopReason) : null,
				},
			],
			...(delta.isLast ? {usage: usage(facts)} : {}),
		},
	],
	closing: noEvents,
	hasMetricsApart: true,
	reportsCache: withoutCache,
};
