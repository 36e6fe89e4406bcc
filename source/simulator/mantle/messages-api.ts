import {identifier} from '../answers/random.ts';
import {anthropicFamily} from '../families/anthropic.ts';
import type {Facts, StopReason, ToolUse} from '../families/family.ts';
import {isJson, type Json} from '../families/prompt.ts';
import {type AnswerPart, type AnswerStream, type MantleApi, sse} from './mantle-api.ts';
import {anthropicErrors} from './mantle-error.ts';

/** Anthropic Messages: bodies and events as Anthropic's client types them, counts as recorded at the endpoint. */

const stopReasons: Readonly<Record<StopReason, string>> = {
	end: 'end_turn',
	length: 'max_tokens',
	'stop-sequence': 'stop_sequence',
	'tool-use': 'tool_use',
	guardrail: 'refusal',
};

/** Keys that this endpoint takes and InvokeModel does not: there they are headers, paths or unknown. */
const ownKeys = new Set(['model', 'stream', 'service_tier', 'user_profile_id', 'inference_geo']);

/** The body as InvokeModel would have it: the version is a header here, and may be in the body as well. */
const invokeBody = (body: Json): Json => ({
	...Object.fromEntries(Object.entries(body).filter(([key]) => !ownKeys.has(key))),
	anthropic_version: 'bedrock-2023-05-31',
});

/** The schema that the answer is to follow. */
const schemaOf = ({output_config: config}: Json): Json | undefined =>
	isJson(config) && isJson(config.format) && isJson(config.format.schema) ? config.format.schema : undefined;

const usageOf = ({usage, answer}: Facts, outputTokens: number): Json => ({
	input_tokens: usage.inputTokens,
	cache_creation_input_tokens: usage.cacheWriteTokens,
	cache_read_input_tokens: usage.cacheReadTokens,
	cache_creation: {
		ephemeral_5m_input_tokens: usage.cacheWriteTokens,
		ephemeral_1h_input_tokens: 0,
	},
	output_tokens: outputTokens,
	...(answer.reasoning.length === 0
		? {}
		: {output_tokens_details: {thinking_tokens: Math.min(outputTokens, answer.reasoning.length)}}),
	service_tier: 'standard',
});

/** Stands for the signature that lets a client give a thought back; nothing checks it. */
const signatureOf = (facts: Facts): string => Buffer.from(`simulated ${facts.requestId}`).toString('base64');

const message = (facts: Facts): Json => ({
	model: facts.model.id,
	id: `msg_bdrk_01${identifier(facts.random, 22)}`,
	type: 'message',
	role: 'assistant',
});

const endOf = ({answer}: Facts): Json => ({
	stop_reason: stopReasons[answer.stopReason],
	stop_sequence: answer.stopSequence ?? null,
});

const toolBlock = ({key, name, input}: ToolUse): Json => ({
	type: 'tool_use',
	id: `toolu_bdrk_01${key}`,
	name,
	input,
	caller: {type: 'direct'},
});

const contentOf = (facts: Facts): readonly Json[] => {
	const {reasoning, tokens, toolUse} = facts.answer;
	const hasText = tokens.length > 0 || (reasoning.length === 0 && toolUse === undefined);
	return [
		...(reasoning.length === 0
			? []
			: [{type: 'thinking', thinking: reasoning.join(''), signature: signatureOf(facts)}]),
		...(hasText ? [{type: 'text', text: tokens.join('')}] : []),
		...(toolUse === undefined ? [] : [toolBlock(toolUse)]),
	];
};

/** A block as it is before anything is said in it. */
const emptyBlock = (kind: AnswerPart['kind'], {answer}: Facts): Json => {
	switch (kind) {
		case 'reasoning':
			return {type: 'thinking', thinking: '', signature: ''};
		case 'text':
			return {type: 'text', text: ''};
		case 'tool':
			return answer.toolUse === undefined ? {} : toolBlock({...answer.toolUse, input: {}});
	}
};

const contentDelta = (kind: AnswerPart['kind'], text: string): Json => {
	switch (kind) {
		case 'reasoning':
			return {type: 'thinking_delta', thinking: text};
		case 'text':
			return {type: 'text_delta', text};
		case 'tool':
			return {type: 'input_json_delta', partial_json: text};
	}
};

/** An event is named like its type. */
const event = (data: Json): string => sse(data, String(data.type));

const streamOf = (facts: Facts): AnswerStream => {
	let index = -1;
	let kind: AnswerPart['kind'] | undefined;

	const delta = (content: Json): string => event({type: 'content_block_delta', index, delta: content});
	const close = (): string => {
		if (kind === undefined) {
			return '';
		}
		const signature =
			kind === 'reasoning' ? delta({type: 'signature_delta', signature: signatureOf(facts)}) : '';
		kind = undefined;
		return signature + event({type: 'content_block_stop', index});
	};
	const open = (next: AnswerPart['kind']): string => {
		if (next === kind) {
			return '';
		}
		const closed = close();
		index++;
		kind = next;
		return closed + event({type: 'content_block_start', index, content_block: emptyBlock(next, facts)});
	};

	return {
		opening: () =>
			event({
				type: 'message_start',
				message: {
					...message(facts),
					content: [],
					stop_reason: null,
					stop_sequence: null,
					usage: usageOf(facts, 1),
				},
			}),
		part: ({kind: next, tokens}) => open(next) + delta(contentDelta(next, tokens.join(''))),
		closing: (ended) =>
			(index === -1 ? open('text') : '') +
			close() +
			event({
				type: 'message_delta',
				delta: endOf(ended),
				usage: usageOf(ended, ended.usage.outputTokens),
			}) +
			event({type: 'message_stop'}),
		failure: (error, requestId) => sse(anthropicErrors.body(error, requestId), 'error'),
	};
};

export const messagesApi: MantleApi = {
	name: 'Messages',
	path: '/messages',
	errors: anthropicErrors,
	parse(body, {model}) {
		const prompt = anthropicFamily.parse(invokeBody(body), model);
		return {prompt: {...prompt, jsonSchema: schemaOf(body)}, isReasoning: prompt.isThinking === true};
	},
	whole: (facts) => ({
		...message(facts),
		content: contentOf(facts),
		...endOf(facts),
		usage: usageOf(facts, facts.usage.outputTokens),
	}),
	stream: streamOf,
};
