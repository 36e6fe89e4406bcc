import {identifier} from '../answers/random.ts';
import type {Model} from '../catalog/model.ts';
import {asksToThink, checkAnthropic, formatSchema, signatureOf} from './anthropic-request.ts';
import {attachmentSegment} from './attachment.ts';
import type {Delta, Facts, Family, StopReason, ToolUse} from './family.ts';
import {isJson, type Json, numberOr, type Segment, stringsOf, textSegment, withCachePoint} from './prompt.ts';
import {anthropicTools} from './tools.ts';

/** Anthropic Claude: the Messages API. */

const stopReasons: Readonly<Record<StopReason, string>> = {
	end: 'end_turn',
	length: 'max_tokens',
	'stop-sequence': 'stop_sequence',
	'tool-use': 'tool_use',
	guardrail: 'end_turn',
};

const blockText = (block: unknown): string =>
	isJson(block) && typeof block.text === 'string' ? block.text : '';

const plainText = (content: unknown): string =>
	typeof content === 'string' ? content : Array.isArray(content) ? content.map(blockText).join('\n') : '';

const blockSegments = (block: unknown): readonly Segment[] => {
	if (!isJson(block)) {
		return [];
	}
	const segments = uncachedSegments(block);
	return block.cache_control === undefined ? segments : withCachePoint(segments);
};

/** The results of a tool may hold images and documents of their own. */
const uncachedSegments = (block: Json): readonly Segment[] => {
	switch (block.type) {
		case 'image':
		case 'document':
			return [attachmentSegment(block)];
		case 'tool_result':
			return [textSegment(String(block.tool_use_id)), ...contentSegments(block.content)];
		default:
			return [textSegment(typeof block.text === 'string' ? block.text : JSON.stringify(block))];
	}
};

function contentSegments(content: unknown): readonly Segment[] {
	if (typeof content === 'string') {
		return [textSegment(content)];
	}
	return Array.isArray(content) ? content.flatMap(blockSegments) : [];
}

const segmentsOf = (body: Json): readonly Segment[] => [
	...(Array.isArray(body.tools) ? body.tools.flatMap(blockSegments) : []),
	...contentSegments(body.system),
	...(Array.isArray(body.messages)
		? body.messages.flatMap((message) => contentSegments(isJson(message) ? message.content : ''))
		: []),
];

const lastUserText = (messages: unknown): string => {
	const last = (Array.isArray(messages) ? messages : []).findLast(
		(message) => isJson(message) && message.role === 'user',
	);
	return isJson(last) ? plainText(last.content) : '';
};

const reportsCache = ({model, isCaching}: Facts): boolean => isCaching || model.traits.has('reports-cache');

const cacheCounts = (facts: Facts): Json =>
	reportsCache(facts)
		? {
				cache_creation_input_tokens: facts.usage.cacheWriteTokens,
				cache_read_input_tokens: facts.usage.cacheReadTokens,
				cache_creation: {
					ephemeral_5m_input_tokens: facts.usage.cacheWriteTokens,
					ephemeral_1h_input_tokens: 0,
				},
			}
		: {};

/** The name that Claude calls itself by: the ID without vendor and version. */
const ownName = (model: Model): string => model.id.replace(/^anthropic\./, '').replace(/-v\d+(:\d+)?$/, '');

const message = (facts: Facts): Json => ({
	id: `msg_bdrk_01${identifier(facts.random, 22)}`,
	type: 'message',
	role: 'assistant',
	model: ownName(facts.model),
});

const toolUseBlock = ({key, name, input}: ToolUse): Json => ({
	type: 'tool_use',
	id: `toolu_bdrk_01${key}`,
	name,
	input,
});

const contentOf = (facts: Facts, text: string): readonly Json[] => {
	const {reasoning, toolUse} = facts.answer;
	const isOnlyText = reasoning.length === 0 && toolUse === undefined;
	return [
		...(reasoning.length === 0
			? []
			: [{type: 'thinking', thinking: reasoning.join(''), signature: signatureOf(facts)}]),
		...(text === '' && !isOnlyText ? [] : [{type: 'text', text}]),
		...(toolUse === undefined ? [] : [toolUseBlock(toolUse)]),
	];
};

const blockStart = ({answer}: Facts, {kind}: Delta): Json => {
	switch (kind) {
		case 'reasoning':
			return {type: 'thinking', thinking: '', signature: ''};
		case 'text':
			return {type: 'text', text: ''};
		case 'tool':
			return answer.toolUse === undefined ? {} : toolUseBlock({...answer.toolUse, input: {}});
	}
};

const blockDelta = ({kind, text}: Delta): Json => {
	switch (kind) {
		case 'reasoning':
			return {type: 'thinking_delta', thinking: text};
		case 'text':
			return {type: 'text_delta', text};
		case 'tool':
			return {type: 'input_json_delta', partial_json: text};
	}
};

const blockEnd = (facts: Facts, {kind, block: index}: Delta): readonly Json[] => [
	...(kind === 'reasoning'
		? [
				{
					type: 'content_block_delta',
					index,
					delta: {type: 'signature_delta', signature: signatureOf(facts)},
				},
			]
		: []),
	{type: 'content_block_stop', index},
];

export const anthropicFamily: Family = {
	name: 'anthropic',
	parse(body, model) {
		checkAnthropic(body, model);
		return {
			segments: segmentsOf(body),
			system: plainText(body.system),
			question: lastUserText(body.messages),
			maximumTokens: numberOr(body.max_tokens, model.maximumOutputTokens),
			stopSequences: stringsOf(body.stop_sequences),
			jsonSchema: formatSchema(body),
			tools: anthropicTools(body),
			isThinking: asksToThink(body),
		};
	},
	whole: (facts, text) => ({
		...message(facts),
		content: contentOf(facts, text),
		stop_reason: stopReasons[facts.answer.stopReason],
		stop_sequence: facts.answer.stopSequence ?? null,
		usage: {
			input_tokens: facts.usage.inputTokens,
			...cacheCounts(facts),
			output_tokens: facts.usage.outputTokens,
		},
	}),
	tokensPerEvent: 4,
	opening: (facts) => [
		{
			type: 'message_start',
			message: {
				...message(facts),
				content: [],
				stop_reason: null,
				stop_sequence: null,
				usage: {input_tokens: facts.usage.inputTokens, ...cacheCounts(facts), output_tokens: 1},
			},
		},
	],
	hasThoughtBlocks: true,
	delta: (facts, delta) => [
		...(delta.opensBlock
			? [{type: 'content_block_start', index: delta.block, content_block: blockStart(facts, delta)}]
			: []),
		{type: 'content_block_delta', index: delta.block, delta: blockDelta(delta)},
		...(delta.closesBlock ? blockEnd(facts, delta) : []),
	],
	closing: (facts) => [
		{
			type: 'message_delta',
			delta: {
				stop_reason: stopReasons[facts.answer.stopReason],
				stop_sequence: facts.answer.stopSequence ?? null,
			},
			usage: {output_tokens: facts.usage.outputTokens},
		},
		{type: 'message_stop'},
	],
	reportsCache,
};
