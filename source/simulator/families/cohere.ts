import {uuid} from '../answers/random.ts';
import type {Family, ResponseContext, StopReason} from './family.ts';
import {isJson, type Json, numberOr, stringsOf, textSegment} from './prompt.ts';
import {plainPrompt} from './prompt-parts.ts';
import {anything, assertShape, count, probability, type Shape, text, texts} from './shape.ts';

/** Cohere: Command (the older prompt form; a short answer is streamed as one event) and Command R. */

const finishReasons: Readonly<Record<StopReason, string>> = {
	end: 'COMPLETE',
	length: 'MAX_TOKENS',
	'stop-sequence': 'COMPLETE',
	'tool-use': 'COMPLETE',
	guardrail: 'COMPLETE',
};

const commandShape = (maximumOutputTokens: number): Shape => ({
	type: 'object',
	required: ['prompt'],
	keys: {
		prompt: text,
		max_tokens: count(maximumOutputTokens),
		temperature: {type: 'number', minimum: 0, maximum: 5},
		p: probability,
		k: {type: 'number', minimum: 0, maximum: 500},
		stop_sequences: texts,
		return_likelihoods: text,
		stream: {type: 'boolean'},
		num_generations: count(5),
		logit_bias: anything,
		truncate: text,
	},
});

const generations = (facts: ResponseContext, generated: string): Json => ({
	id: facts.requestId,
	generations: [
		{id: uuid(facts.random), text: generated, finish_reason: finishReasons[facts.answer.stopReason]},
	],
	prompt: facts.prompt.question,
});

export const commandFamily: Family = {
	name: 'command',
	parse(body, model) {
		assertShape(body, commandShape(model.maximumOutputTokens));
		return {
			...plainPrompt(String(body.prompt)),
			maximumTokens: numberOr(body.max_tokens, model.maximumOutputTokens),
			stopSequences: stringsOf(body.stop_sequences),
		};
	},
	whole: generations,
	tokensPerEvent: Number.MAX_SAFE_INTEGER,
	delta: (facts, delta) => [generations(facts, delta.text)],
};

const commandRShape = (maximumOutputTokens: number): Shape => ({
	type: 'object',
	required: ['message'],
	keys: {
		message: text,
		chat_history: {
			type: 'array',
			items: {
				type: 'object',
				required: ['role', 'message'],
				keys: {role: {type: 'string', values: ['USER', 'CHATBOT', 'SYSTEM']}, message: text},
			},
		},
		preamble: text,
		documents: anything,
		search_queries_only: {type: 'boolean'},
		max_tokens: count(maximumOutputTokens),
		temperature: probability,
		p: probability,
		k: {type: 'number', minimum: 0, maximum: 500},
		prompt_truncation: text,
		frequency_penalty: probability,
		presence_penalty: probability,
		seed: {type: 'number'},
		return_prompt: {type: 'boolean'},
		tools: anything,
		tool_results: anything,
		stop_sequences: texts,
		raw_prompting: {type: 'boolean'},
	},
});

const historyOf = (body: Json): readonly Json[] =>
	Array.isArray(body.chat_history) ? body.chat_history.filter(isJson) : [];

const response = (facts: ResponseContext, said: string): Json => ({
	response_id: uuid(facts.random),
	text: said,
	generation_id: uuid(facts.random),
	chat_history: [
		{role: 'USER', message: facts.prompt.question},
		{role: 'CHATBOT', message: said},
	],
	finish_reason: finishReasons[facts.answer.stopReason],
});

export const commandRFamily: Family = {
	name: 'command-r',
	parse(body, model) {
		assertShape(body, commandRShape(model.maximumOutputTokens));
		const preamble = typeof body.preamble === 'string' ? body.preamble : '';
		const said = [preamble, ...historyOf(body).map((turn) => String(turn.message)), String(body.message)];
		return {
			segments: said.filter((part) => part !== '').map(textSegment),
			system: preamble,
			question: String(body.message),
			maximumTokens: numberOr(body.max_tokens, model.maximumOutputTokens),
			stopSequences: stringsOf(body.stop_sequences),
		};
	},
	whole: response,
	tokensPerEvent: 1,
	delta: (_facts, delta) => [{is_finished: false, event_type: 'text-generation', text: delta.text}],
	closing: (facts) => [
		{
			is_finished: true,
			event_type: 'stream-end',
			response: response(facts, facts.answer.tokens.join('')),
			finish_reason: finishReasons[facts.answer.stopReason],
		},
	],
};
