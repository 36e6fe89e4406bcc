import {identifier} from '../answers/random.ts';
import type {Model} from '../catalog/model.ts';
import {asksToThink, checkAnthropic, formatSchema, signatureOf} from './anthropic-request.ts';
import type {Family, PartKind, ResponseContext, StopReason, ToolUse, Usage} from './family.ts';
import {isJson, type Json, numberOr, type Segment, stringsOf, textSegment, withCachePoint} from './prompt.ts';
import {anthropicTools, attachmentSegment} from './prompt-parts.ts';

/** Anthropic Claude: the Messages API. bedrock-mantle writes the same blocks and counts. */

const stopReasons: Readonly<Record<StopReason, string>> = {
	end: 'end_turn',
	length: 'max_tokens',
	'stop-sequence': 'stop_sequence',
	'tool-use': 'tool_use',
	guardrail: 'end_turn',
};

/** The members of a usage object that count cached tokens. */
export function cacheTokenCounts({cacheReadTokens, cacheWriteTokens}: Usage): Json {
	return {
		cache_creation_input_tokens: cacheWriteTokens,
		cache_read_input_tokens: cacheReadTokens,
		cache_creation: {ephemeral_5m_input_tokens: cacheWriteTokens, ephemeral_1h_input_tokens: 0},
	};
}

/** A message without its content. */
export function messageHead({random}: ResponseContext, model: string): Json {
	return {model, id: `msg_bdrk_01${identifier(random, 22)}`, type: 'message', role: 'assistant'};
}

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

/** The results of a tool may contain images and documents. */
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

const reportsCache = ({model, isCaching}: ResponseContext): boolean =>
	isCaching || model.traits.has('reports-cache');

const cacheCounts = (facts: ResponseContext): Json =>
	reportsCache(facts) ? cacheTokenCounts(facts.usage) : {};

/** The model's own name: the ID without vendor and version. */
const ownName = (model: Model): string => model.id.replace(/^anthropic\./, '').replace(/-v\d+(:\d+)?$/, '');

/** How an API writes thoughts and calls of tools: the two that speak Messages differ in these. */
export type BlockWriter = {
	/** The signature that lets a client send a thought back. */
	readonly sign: (facts: ResponseContext) => string | undefined;
	readonly toolUseBlock: (toolUse: ToolUse) => Json;
};

/** A call of a tool as InvokeModel writes it. */
export function toolUseBlock({key, name, input}: ToolUse): Json {
	return {type: 'tool_use', id: `toolu_bdrk_01${key}`, name, input};
}

const ownBlocks: BlockWriter = {sign: signatureOf, toolUseBlock};

/** The content of a complete answer. An empty text is left out beside thoughts or a tool. */
export function contentBlocks(facts: ResponseContext, text: string, blocks: BlockWriter): readonly Json[] {
	const {reasoning, toolUse} = facts.answer;
	const isOnlyText = reasoning.length === 0 && toolUse === undefined;
	return [
		...(reasoning.length === 0
			? []
			: [{type: 'thinking', thinking: reasoning.join(''), signature: blocks.sign(facts)}]),
		...(text === '' && !isOnlyText ? [] : [{type: 'text', text}]),
		...(toolUse === undefined ? [] : [blocks.toolUseBlock(toolUse)]),
	];
}

/** The event that begins a block of a stream. */
export function blockStart(index: number, kind: PartKind, facts: ResponseContext, blocks: BlockWriter): Json {
	return {type: 'content_block_start', index, content_block: emptyBlock(kind, facts, blocks)};
}

const emptyBlock = (kind: PartKind, {answer}: ResponseContext, blocks: BlockWriter): Json => {
	switch (kind) {
		case 'reasoning':
			return {type: 'thinking', thinking: '', signature: ''};
		case 'text':
			return {type: 'text', text: ''};
		case 'tool':
			return answer.toolUse === undefined ? {} : blocks.toolUseBlock({...answer.toolUse, input: {}});
	}
};

/** The event that adds to a block of a stream. */
export function blockDelta(index: number, kind: PartKind, text: string): Json {
	return {type: 'content_block_delta', index, delta: deltaOf(kind, text)};
}

const deltaOf = (kind: PartKind, text: string): Json => {
	switch (kind) {
		case 'reasoning':
			return {type: 'thinking_delta', thinking: text};
		case 'text':
			return {type: 'text_delta', text};
		case 'tool':
			return {type: 'input_json_delta', partial_json: text};
	}
};

/** The events that end a block of a stream. */
export function blockEnd(
	index: number,
	kind: PartKind,
	facts: ResponseContext,
	{sign}: BlockWriter,
): readonly Json[] {
	const stop = {type: 'content_block_stop', index};
	const signed = () => ({type: 'signature_delta', signature: sign(facts)});
	return kind === 'reasoning' ? [{type: 'content_block_delta', index, delta: signed()}, stop] : [stop];
}

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
		...messageHead(facts, ownName(facts.model)),
		content: contentBlocks(facts, text, ownBlocks),
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
				...messageHead(facts, ownName(facts.model)),
				content: [],
				stop_reason: null,
				stop_sequence: null,
				usage: {input_tokens: facts.usage.inputTokens, ...cacheCounts(facts), output_tokens: 1},
			},
		},
	],
	hasThoughtBlocks: true,
	delta: (facts, {block, kind, text, opensBlock, closesBlock}) => [
		...(opensBlock ? [blockStart(block, kind, facts, ownBlocks)] : []),
		blockDelta(block, kind, text),
		...(closesBlock ? blockEnd(block, kind, facts, ownBlocks) : []),
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
