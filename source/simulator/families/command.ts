import {uuid} from '../answers/random.ts';
import type {Facts, Family, StopReason} from './family.ts';
import {noEvents, withoutCache} from './family.ts';
import {type Json, numberOr, stringsOf, textSegment} from './prompt.ts';
import {anything, assertShape, count, probability, type Shape, text, texts} from './shape.ts';

/** Cohere Command, the older prompt form: a stream is one event for a short answer. */

const finishReasons: Readonly<Record<StopReason, string>> = {
	end: 'COMPLETE',
	length: 'MAX_TOKENS',
	'stop-sequence': 'COMPLETE',
	'tool-use': 'COMPLETE',
	guardrail: 'COMPLETE',
};

const shape = (maximumOutputTokens: number): Shape => ({
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

const generations = (facts: Facts, generated: string): Json => ({
	id: facts.requestId,
	generations: [
		{id: uuid(facts.random), text: generated, finish_reason: finishReasons[facts.answer.stopReason]},
	],
	prompt: facts.prompt.question,
});

export const commandFamily: Family = {
	name: 'command',
	parse(body, model) {
		assertShape(body, shape(model.maximumOutputTokens));
		const prompt = String(body.prompt);
		return {
			segments: [textSegment(prompt)],
			system: '',
			question: prompt,
			maximumTokens: numberOr(body.max_tokens, model.maximumOutputTokens),
			stopSequences: stringsOf(body.stop_sequences),
			jsonSchema: undefined,
		};
	},
	whole: generations,
	tokensPerEvent: Number.MAX_SAFE_INTEGER,
	opening: noEvents,
	delta: (facts, delta) => [generations(facts, delta.text)],
	closing: noEvents,
	reportsCache: withoutCache,
};
