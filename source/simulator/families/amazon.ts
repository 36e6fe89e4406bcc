import {contentText, converseSegments, lastQuestion} from './converse.ts';
import type {Delta, Family, ResponseContext, StopReason, ToolUse} from './family.ts';
import {isJson, type Json, numberOr, stringsOf} from './prompt.ts';
import {converseTools, plainPrompt} from './prompt-parts.ts';
import {anything, assertShape, count, probability, type Shape, text, texts} from './shape.ts';

/** Amazon: Titan Text and Nova. */

const titanReasons: Readonly<Record<StopReason, string>> = {
	end: 'FINISH',
	length: 'LENGTH',
	'stop-sequence': 'STOP_CRITERIA_MET',
	'tool-use': 'FINISH',
	guardrail: 'CONTENT_FILTERED',
};

const titanShape = (maximumOutputTokens: number): Shape => ({
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
		assertShape(body, titanShape(model.maximumOutputTokens));
		const config = isJson(body.textGenerationConfig) ? body.textGenerationConfig : {};
		return {
			...plainPrompt(String(body.inputText)),
			maximumTokens: numberOr(config.maxTokenCount, model.defaultOutputTokens ?? model.maximumOutputTokens),
			stopSequences: stringsOf(config.stopSequences),
		};
	},
	whole: ({usage, answer}, outputText) => ({
		inputTextTokenCount: usage.inputTokens,
		results: [
			{
				tokenCount: usage.outputTokens,
				outputText,
				completionReason: titanReasons[answer.stopReason],
			},
		],
	}),
	tokensPerEvent: 60,
	delta: ({usage, answer}, delta) => [
		{
			outputText: delta.text,
			index: 0,
			totalOutputTextTokenCount: delta.isLast ? usage.outputTokens : null,
			completionReason: delta.isLast ? titanReasons[answer.stopReason] : null,
			inputTextTokenCount: delta.isFirst ? usage.inputTokens : null,
		},
	],
};

/** Amazon Nova: Converse's format with its own spelling of the token counts. */

const novaStopReasons: Readonly<Record<StopReason, string>> = {
	end: 'end_turn',
	length: 'max_tokens',
	'stop-sequence': 'stop_sequence',
	'tool-use': 'tool_use',
	guardrail: 'guardrail_intervened',
};

const novaBlocks: Shape = {
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

const novaShape = (maximumOutputTokens: number): Shape => ({
	type: 'object',
	required: ['messages'],
	keys: {
		schemaVersion: text,
		system: novaBlocks,
		messages: {
			type: 'array',
			items: {
				type: 'object',
				required: ['role', 'content'],
				keys: {role: {type: 'string', values: ['user', 'assistant']}, content: novaBlocks},
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

const novaUsage = ({
	usage: {inputTokens, outputTokens, cacheReadTokens, cacheWriteTokens},
}: ResponseContext): Json => ({
	inputTokens,
	outputTokens,
	cacheReadInputTokenCount: cacheReadTokens,
	cacheWriteInputTokenCount: cacheWriteTokens,
});

const toolUseId = ({key}: ToolUse): string => `tooluse_${key}`;

const novaContent = ({answer: {toolUse}}: ResponseContext, text: string): readonly Json[] => [
	...(text === '' && toolUse !== undefined ? [] : [{text}]),
	...(toolUse === undefined
		? []
		: [{toolUse: {name: toolUse.name, toolUseId: toolUseId(toolUse), input: toolUse.input}}]),
];

const toolEvents = ({answer: {toolUse}}: ResponseContext, delta: Delta): readonly Json[] => {
	const contentBlockIndex = delta.block;
	const start = toolUse === undefined ? {} : {toolUse: {toolUseId: toolUseId(toolUse), name: toolUse.name}};
	return [
		...(delta.opensBlock ? [{contentBlockStart: {start, contentBlockIndex}}] : []),
		{contentBlockDelta: {delta: {toolUse: {input: delta.text}}, contentBlockIndex}},
		...(delta.closesBlock ? [{contentBlockStop: {contentBlockIndex}}] : []),
	];
};

export const novaFamily: Family = {
	name: 'nova',
	parse(body, model) {
		assertShape(body, novaShape(model.maximumOutputTokens));
		const config = isJson(body.inferenceConfig) ? body.inferenceConfig : {};
		return {
			segments: converseSegments(body),
			system: contentText(body.system),
			question: lastQuestion(body.messages),
			maximumTokens: numberOr(config.maxTokens ?? config.max_new_tokens, model.maximumOutputTokens),
			stopSequences: stringsOf(config.stopSequences),
			tools: converseTools(body),
		};
	},
	whole: (facts, answer) => ({
		output: {message: {content: novaContent(facts, answer), role: 'assistant'}},
		stopReason: novaStopReasons[facts.answer.stopReason],
		usage: {...novaUsage(facts), totalTokens: facts.usage.inputTokens + facts.usage.outputTokens},
	}),
	tokensPerEvent: 3,
	opening: () => [{messageStart: {role: 'assistant'}}],
	// Nova closes a block of text after every delta and numbers the blocks.
	delta: (facts, delta) =>
		delta.kind === 'tool'
			? toolEvents(facts, delta)
			: [
					{contentBlockDelta: {delta: {text: delta.text}, contentBlockIndex: delta.index}},
					{contentBlockStop: {contentBlockIndex: delta.index}},
				],
	closing: (facts) => [
		{messageStop: {stopReason: novaStopReasons[facts.answer.stopReason]}},
		{metadata: {usage: novaUsage(facts), metrics: {}, trace: {}}},
	],
	reportsCache: () => true,
};
