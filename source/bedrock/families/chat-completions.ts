import type {InferenceRequest} from '../../domain/backend.ts';
import {at, type JsonObject, joined, listOf, stringOf, wordOf} from '../json.ts';
import {countsIn} from '../usage.ts';
import {type Family, namedLike, type Reading, renamed, stopField} from './family.ts';

/** The body of a chat completion: the system prompt is the first message. */
export function chatBody(
	request: InferenceRequest,
	maxTokensField: 'max_tokens' | 'max_completion_tokens' = 'max_tokens',
): JsonObject {
	return {
		messages: [
			...(request.system ? [{role: 'system', content: request.system}] : []),
			...request.messages.map(({role, text}) => ({role, content: text})),
		],
		[maxTokensField]: request.maxTokens,
		...stopField('stop', request.stop),
		...renamed(request.parameters, {topP: 'top_p', topK: 'top_k'}),
	};
}

/** Content is a string, or a list of parts that have text. */
const textIn = (content: unknown): string | undefined =>
	stringOf(content) ?? joined(listOf(content).map((part) => stringOf(at(part, 'text'))));

/** Reasoning as a part of the content: `{type: 'thinking', thinking: [{type: 'text', text}]}`. */
const thinkingIn = (content: unknown): string | undefined =>
	joined(listOf(content).map((part) => textIn(at(part, 'thinking'))));

/** Whole answers carry `message` (or `text`), chunks `delta`; some providers put `message` into chunks as well. */
const readChoice = (value: unknown): Reading | undefined => {
	const choices = at(value, 'choices');
	if (!Array.isArray(choices)) {
		return undefined;
	}
	// Of several answers to one prompt only the first is read, whichever a chunk begins with.
	const choice: unknown = choices.find((candidate) => (at(candidate, 'index') ?? 0) === 0);
	const message = at(choice, 'message') ?? at(choice, 'delta');
	const usage = at(value, 'usage');
	return {
		text: textIn(at(message, 'content')) ?? stringOf(at(choice, 'text')),
		reasoning:
			stringOf(at(message, 'reasoning_content')) ??
			stringOf(at(message, 'reasoning')) ??
			thinkingIn(at(message, 'content')),
		stopReason: wordOf(at(choice, 'finish_reason')) ?? wordOf(at(choice, 'stop_reason')),
		counts: usage === undefined || usage === null ? undefined : countsIn(usage),
		isRefused: wordOf(at(message, 'refusal')) !== undefined,
	};
};

/** Reading that every family with chat completions shares. */
export const chatReading = {readBody: readChoice, readChunk: readChoice};

/**
 * Any model without a family here: newer providers on Bedrock take chat completions. Where one does not, Converse is
 * the way to call it.
 */
export const openAiStyle: Family = {
	name: 'openai-style',
	serves: () => true,
	takesSystem: () => true,
	build: (request) => chatBody(request),
	...chatReading,
	tagsReasoning: true,
};

/** OpenAI gpt-oss and GPT: chat completions; reasoning comes in tags before the answer. */
export const gpt: Family = {
	name: 'gpt',
	serves: namedLike('openai\\.'),
	takesSystem: () => true,
	build: (request, isStreamed) => ({
		...chatBody(request, 'max_completion_tokens'),
		...(isStreamed ? {stream: true} : {}),
	}),
	...chatReading,
	tagsReasoning: true,
};

/** Qwen: chat completions; reasoning in a separate field or in tags before the answer. */
export const qwen: Family = {
	name: 'qwen',
	serves: namedLike('qwen\\.'),
	takesSystem: () => true,
	build: (request) => chatBody(request),
	...chatReading,
	tagsReasoning: true,
};

/** DeepSeek R1's own special tokens; the prompt ends where its reasoning starts (Bedrock user guide). */
const reasoningPrompt = ({system, messages}: Pick<InferenceRequest, 'system' | 'messages'>): string =>
	[
		'<｜begin▁of▁sentence｜>',
		system ?? '',
		...messages.map(({role, text}) =>
			role === 'user' ? `<｜User｜>${text}` : `<｜Assistant｜>${text}<｜end▁of▁sentence｜>`,
		),
		'<｜Assistant｜><think>\n',
	].join('');

/** DeepSeek: R1 completes a prompt, V3 and later take chat completions. */
export const deepseek: Family = {
	name: 'deepseek',
	serves: namedLike('deepseek\\.'),
	takesSystem: () => true,
	build: (request) =>
		/deepseek\.r1/.test(request.baseModel)
			? {
					prompt: reasoningPrompt(request),
					max_tokens: request.maxTokens,
					...stopField('stop', request.stop),
					...renamed(request.parameters, {topP: 'top_p', topK: 'top_k'}),
				}
			: chatBody(request),
	...chatReading,
	tagsReasoning: true,
};

/** AI21 Jamba: chat completions. */
export const jamba: Family = {
	name: 'jamba',
	serves: namedLike('ai21\\.jamba'),
	takesSystem: () => true,
	build: (request) => chatBody(request),
	...chatReading,
};
