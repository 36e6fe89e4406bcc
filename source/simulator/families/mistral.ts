import {type Answer, completionStopReason, type Family} from './family.ts';
import {type Json, numberOr, stringsOf} from './prompt.ts';
import {
	chatMessages,
	chatParts,
	functionTools,
	templatePrompt,
	toolCallDelta,
	toolCallOf,
} from './prompt-parts.ts';
import {anything, assertShape, count, probability, type Shape, text, texts} from './shape.ts';

/** Mistral: text completion for the first models, chat completion since. */

const promptShape = (maximumOutputTokens: number): Shape => ({
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
		assertShape(body, promptShape(model.maximumOutputTokens));
		return {
			...templatePrompt(String(body.prompt)),
			maximumTokens: numberOr(body.max_tokens, model.defaultOutputTokens ?? model.maximumOutputTokens),
			stopSequences: stringsOf(body.stop),
		};
	},
	whole: ({answer}, text) => ({outputs: [{text, stop_reason: completionStopReason(answer.stopReason)}]}),
	tokensPerEvent: 1,
	delta: ({answer}, delta) => [
		{
			outputs: [
				{text: delta.text, stop_reason: delta.isLast ? completionStopReason(answer.stopReason) : null},
			],
		},
	],
};

const chatShape = (maximumOutputTokens: number): Shape => ({
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

const stopReason = ({stopReason: reason}: Answer): string =>
	reason === 'tool-use' ? 'tool_calls' : completionStopReason(reason);

const messageOf = ({toolUse}: Answer, content: string): Json =>
	toolUse === undefined
		? {role: 'assistant', content}
		: {role: 'assistant', content, tool_calls: [toolCallOf(toolUse)]};

export const mistralChatFamily: Family = {
	name: 'mistral-chat',
	parse(body, model) {
		assertShape(body, chatShape(model.maximumOutputTokens));
		return {
			...chatParts(body.messages),
			maximumTokens: numberOr(body.max_tokens, model.maximumOutputTokens),
			stopSequences: stringsOf(body.stop),
			tools: functionTools(body),
		};
	},
	whole: ({answer}, content) => ({
		choices: [{index: 0, message: messageOf(answer, content), stop_reason: stopReason(answer)}],
	}),
	tokensPerEvent: 1,
	delta: ({answer}, delta) => [
		{
			choices: [
				{
					index: 0,
					message:
						delta.kind === 'tool'
							? {role: 'assistant', content: '', ...toolCallDelta(answer.toolUse, delta)}
							: {role: 'assistant', content: delta.text},
					stop_reason: delta.isLast ? stopReason(answer) : null,
				},
			],
		},
	],
};
