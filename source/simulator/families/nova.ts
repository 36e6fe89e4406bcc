import {contentText, converseSegments, lastQuestion} from './converse-content.ts';
import type {Facts, Family, StopReason} from './family.ts';
import {isJson, type Json, numberOr, stringsOf} from './prompt.ts';
import {anything, assertShape, count, probability, type Shape, text, texts} from './shape.ts';

/** Amazon Nova: Converse's words with its own spelling of the token counts. */

const stopReasons: Readonly<Record<StopReason, string>> = {
	end: 'end_turn',
	length: 'max_tokens',
	'stop-sequence': 'stop_sequence',
};

const blocks: Shape = {
	type: 'array',
	items: {
		type: 'object',
		keys: {
			text,
			image: anything,
			document: anything,
			video: anything,
			toolUse: {type: 'object', keys: {}, isOpen: true},
			toolResult: {type: 'object', keys: {}, isOpen: true},
			cachePoint: anything,
			reasoningContent: anything,
		},
	},
};

const shape = (maximumOutputTokens: number): Shape => ({
	type: 'object',
	required: ['messages'],
	keys: {
		schemaVersion: text,
		system: blocks,
		messages: {
			type: 'array',
			items: {
				type: 'object',
				required: ['role', 'content'],
				keys: {role: {type: 'string', values: ['user', 'assistant']}, content: blocks},
			},
		},
		inferenceConfig: {
			type: 'object',
			keys: {
				maxTokens: count(maximumOutputTokens),
				max_new_tokens: count(maximumOutputTokens),
				temperature: probability,
				topP: probability,
				top_p: probability,
				topK: {type: 'number', minimum: 0},
				top_k: {type: 'number', minimum: 0},
				stopSequences: texts,
				reasoningConfig: anything,
			},
		},
		toolConfig: anything,
		additionalModelRequestFields: anything,
		reasoningConfig: anything,
	},
});

const usage = ({usage: {inputTokens, outputTokens, cacheReadTokens, cacheWriteTokens}}: Facts): Json => ({
	inputTokens,
	outputTokens,
	cacheReadInputTokenCount: cacheReadTokens,
	cacheWriteInputTokenCount: cacheWriteTokens,
});

export const novaFamily: Family = {
	name: 'nova',
	parse(body, model) {
		assertShape(body, shape(model.maximumOutputTokens));
		const config = isJson(body.inferenceConfig) ? body.inferenceConfig : {};
		return {
			segments: converseSegments(body),
			system: contentText(body.system),
			question: lastQuestion(body.messages),
			maximumTokens: numberOr(config.maxTokens ?? config.max_new_tokens, model.maximumOutputTokens),
			stopSequences: stringsOf(config.stopSequences),
			jsonSchema: undefined,
		};
	},
	whole: (facts, answer) => ({
		output: {message: {content: [{text: answer}], role: 'assistant'}},
		stopReason: stopReasons[facts.answer.stopReason],
		usage: {...usage(facts), totalTokens: facts.usage.inputTokens + facts.usage.outputTokens},
	}),
	tokensPerEvent: 3,
	opening: () => [{messageStart: {role: 'assistant'}}],
	// Nova closes a block after every delta and counts the blocks up.
	delta: (_facts, delta) => [
		{contentBlockDelta: {delta: {text: delta.text}, contentBlockIndex: delta.index}},
		{contentBlockStop: {contentBlockIndex: delta.index}},
	],
	closing: (facts) => [
		{messageStop: {stopReason: stopReasons[facts.answer.stopReason]}},
		{metadata: {usage: usage(facts), metrics: {}, trace: {}}},
	],
	reportsCache: () => true,
};
