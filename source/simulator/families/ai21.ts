import {hashText, type Random, uuid} from '../answers/random.ts';
import type {Family, ResponseContext, StopReason} from './family.ts';
import {type Json, numberOr, stringsOf, tokenize} from './prompt.ts';
import {chatMessages, chatParts, plainPrompt} from './prompt-parts.ts';
import {anything, assertShape, count, probability, type Shape, text, texts} from './shape.ts';

/** AI21 Labs: Jurassic-2 (one prompt; the answer lists its tokens instead of counting them) and Jamba (chat). */

const finishReasons: Readonly<Record<StopReason, string>> = {
	end: 'endoftext',
	length: 'length',
	'stop-sequence': 'stop',
	'tool-use': 'endoftext',
	guardrail: 'endoftext',
};

const jurassicShape = (maximumOutputTokens: number): Shape => ({
	type: 'object',
	required: ['prompt'],
	keys: {
		prompt: text,
		maxTokens: count(maximumOutputTokens),
		minTokens: {type: 'number', minimum: 0},
		temperature: probability,
		topP: probability,
		topKReturn: {type: 'number', minimum: 0},
		numResults: count(16),
		stopSequences: texts,
		countPenalty: anything,
		presencePenalty: anything,
		frequencyPenalty: anything,
	},
});

/** The tokens with their positions in the text and their likelihoods. */
const tokenList = (random: Random, tokens: readonly string[]): readonly Json[] => {
	let start = 0;
	return tokens.map((token) => {
		const textRange = {start, end: start + token.length};
		start = textRange.end;
		const logprob = Math.log(1 - random());
		return {
			generatedToken: {token: token.replaceAll(' ', '▁'), logprob, raw_logprob: logprob},
			topTokens: null,
			textRange,
		};
	});
};

const jurassicFinishReason = ({answer, usage}: ResponseContext): Json => ({
	reason: finishReasons[answer.stopReason],
	...(answer.stopReason === 'length' ? {length: usage.outputTokens} : {}),
	...(answer.stopSequence === undefined ? {} : {sequence: answer.stopSequence}),
});

export const jurassicFamily: Family = {
	name: 'jurassic',
	parse(body, model) {
		assertShape(body, jurassicShape(model.maximumOutputTokens));
		return {
			...plainPrompt(String(body.prompt)),
			maximumTokens: numberOr(body.maxTokens, model.defaultOutputTokens ?? model.maximumOutputTokens),
			stopSequences: stringsOf(body.stopSequences),
		};
	},
	whole: (facts, said) => ({
		// A number, as the service writes it.
		id: hashText(facts.requestId),
		prompt: {
			text: facts.prompt.question,
			tokens: tokenList(facts.random, tokenize(facts.prompt.question)),
		},
		completions: [
			{
				data: {text: said, tokens: tokenList(facts.random, facts.answer.tokens)},
				finishReason: jurassicFinishReason(facts),
			},
		],
	}),
	tokensPerEvent: 1,
	// It is never streamed: the operation is refused before.
	delta: () => [],
};

const jambaShape = (maximumOutputTokens: number): Shape => ({
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

const jambaFinishReason = (reason: string): string => (reason === 'length' ? 'length' : 'stop');

const jambaUsage = ({usage: {inputTokens, outputTokens}}: ResponseContext): Json => ({
	prompt_tokens: inputTokens,
	completion_tokens: outputTokens,
	total_tokens: inputTokens + outputTokens,
});

const streamId = ({requestId}: ResponseContext): string => `chat-${requestId}`;

export const jambaFamily: Family = {
	name: 'jamba',
	parse(body, model) {
		assertShape(body, jambaShape(model.maximumOutputTokens));
		return {
			...chatParts(body.messages),
			maximumTokens: numberOr(body.max_tokens, model.maximumOutputTokens),
			stopSequences: stringsOf(body.stop),
		};
	},
	whole: (facts, content) => ({
		id: `chat-${uuid(facts.random)}`,
		choices: [
			{
				index: 0,
				message: {role: 'assistant', content},
				finish_reason: jambaFinishReason(facts.answer.stopReason),
			},
		],
		usage: jambaUsage(facts),
	}),
	tokensPerEvent: 1,
	delta: (facts, delta) => [
		{
			id: streamId(facts),
			choices: [
				{
					index: 0,
					delta: delta.isFirst ? {role: 'assistant', content: delta.text} : {content: delta.text},
					finish_reason: delta.isLast ? jambaFinishReason(facts.answer.stopReason) : null,
				},
			],
			...(delta.isLast ? {usage: jambaUsage(facts)} : {}),
		},
	],
	hasMetricsApart: true,
};
