import {hashText, type Random} from '../answers/random.ts';
import {tokenize} from '../answers/tokens.ts';
import type {Facts, Family, StopReason} from './family.ts';
import {noEvents, withoutCache} from './family.ts';
import {type Json, numberOr, stringsOf, textSegment} from './prompt.ts';
import {anything, assertShape, count, probability, type Shape, text, texts} from './shape.ts';

/** AI21 Jurassic-2: one prompt; the answer lists its tokens instead of counting them. */

const finishReasons: Readonly<Record<StopReason, string>> = {
	end: 'endoftext',
	length: 'length',
	'stop-sequence': 'stop',
	'tool-use': 'endoftext',
	guardrail: 'endoftext',
};

const shape = (maximumOutputTokens: number): Shape => ({
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

/** The tokens with where each begins and ends in the text, and how likely it was. */
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

const finishReason = ({answer, usage}: Facts): Json => ({
	reason: finishReasons[answer.stopReason],
	...(answer.stopReason === 'length' ? {length: usage.outputTokens} : {}),
	...(answer.stopSequence === undefined ? {} : {sequence: answer.stopSequence}),
});

export const jurassicFamily: Family = {
	name: 'jurassic',
	parse(body, model) {
		assertShape(body, shape(model.maximumOutputTokens));
		const prompt = String(body.prompt);
		return {
			segments: [textSegment(prompt)],
			system: '',
			question: prompt,
			maximumTokens: numberOr(body.maxTokens, model.defaultOutputTokens ?? model.maximumOutputTokens),
			stopSequences: stringsOf(body.stopSequences),
			jsonSchema: undefined,
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
				finishReason: finishReason(facts),
			},
		],
	}),
	tokensPerEvent: 1,
	// It is never streamed: the operation is refused before.
	opening: noEvents,
	delta: noEvents,
	closing: noEvents,
	reportsCache: withoutCache,
};
