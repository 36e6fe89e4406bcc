import type {Family, StopReason} from './family.ts';
import {noEvents, withoutCache} from './family.ts';
import {isJson, numberOr, stringsOf, textSegment} from './prompt.ts';
import {assertShape, count, probability, type Shape, text, texts} from './shape.ts';

/** Amazon Titan Text. */

const completionReasons: Readonly<Record<StopReason, string>> = {
	end: 'FINISH',
	length: 'LENGTH',
	'stop-sequence': 'STOP_CRITERIA_MET',
	'tool-use': 'FINISH',
	guardrail: 'CONTENT_FILTERED',
};

const shape = (maximumOutputTokens: number): Shape => ({
	type: 'object',
	required: ['inputText'],
	keys: {
		inputText: text,
		textGenerationConfig: {
			type: 'object',
			keys: {
				maxTokenCount: count(maximumOutputTokens),
				temperature: probability,
				topP: probability,
				stopSequences: texts,
			},
		},
	},
});

export const titanFamily: Family = {
	name: 'titan',
	parse(body, model) {
		assertShape(body, shape(model.maximumOutputTokens));
		const config = isJson(body.textGenerationConfig) ? body.textGenerationConfig : {};
		const input = String(body.inputText);
		return {
			segments: [textSegment(input)],
			system: '',
			question: input,
			maximumTokens: numberOr(config.maxTokenCount, model.defaultOutputTokens ?? model.maximumOutputTokens),
			stopSequences: stringsOf(config.stopSequences),
			jsonSchema: undefined,
		};
	},
	whole: ({usage, answer}, outputText) => ({
		inputTextTokenCount: usage.inputTokens,
		results: [
			{
				tokenCount: usage.outputTokens,
				outputText,
				completionReason: completionReasons[answer.stopReason],
			},
		],
	}),
	tokensPerEvent: 60,
	opening: noEvents,
	delta: ({usage, answer}, delta) => [
		{
			outputText: delta.text,
			index: 0,
			totalOutputTextTokenCount: delta.isLast ? usage.outputTokens : null,
			completionReason: delta.isLast ? completionReasons[answer.stopReason] : null,
			inputTextTokenCount: delta.isFirst ? usage.inputTokens : null,
		},
	],
	closing: noEvents,
	reportsCache: withoutCache,
};
