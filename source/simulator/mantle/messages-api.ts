import {identifier} from '../answers/random.ts';
import {anthropicFamily} from '../families/anthropic.ts';
import type {Facts, StopReason} from '../families/family.ts';
import {isJson, type Json} from '../families/prompt.ts';
import {anthropicTools, forcedTool, parseInput, type Tool} from './forced-tool.ts';
import {type AnswerStream, type MantleApi, type Part, sse} from './mantle-api.ts';
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
	// A forced call is answered here, by its schema; the family counts the definitions.
	...(body.tools === undefined ? {} : {tool_choice: {type: 'none'}}),
	anthropic_version: 'bedrock-2023-05-31',
});

const thinks = ({thinking}: Json): boolean =>
	isJson(thinking) && (thinking.type === 'enabled' || thinking.type === 'adaptive');

const toolOf = (body: Json): Tool | undefined => forcedTool(anthropicTools(body.tools), body.tool_choice);

/** The schema that the answer is to follow: that of the tool that must be called, or of the format. */
const schemaOf = (body: Json): Json | undefined => {
	const {output_config: config} = body;
	const format = isJson(config) && isJson(config.format) ? config.format : {};
	return toolOf(body)?.schema ?? (isJson(format.schema) ? format.schema : undefined);
};

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

const endOf = ({answer}: Facts, tool: Tool | undefined): Json => ({
	stop_reason:
		tool !== undefined && answer.stopReason !== 'length' ? 'tool_use' : stopReasons[answer.stopReason],
	stop_sequence: answer.stopSequence ?? null,
});

const toolUse = ({random}: Facts, {name}: Tool, input: Json): Json => ({
	type: 'tool_use',
	id: `toolu_bdrk_01${identifier(random, 22)}`,
	name,
	input,
	caller: {type: 'direct'},
});

const contentOf = (facts: Facts, tool: Tool | undefined): readonly Json[] => {
	const {reasoning, tokens} = facts.answer;
	const text = tokens.join('');
	return [
		...(reasoning.length === 0
			? []
			: [{type: 'thinking', thinking: reasoning.join(''), signature: signatureOf(facts)}]),
		...(tokens.length === 0 && reasoning.length > 0
			? []
			: [tool === undefined ? {type: 'text', text} : toolUse(facts, tool, parseInput(text))]),
	];
};

/** An event is named like its type. */
const event = (data: Json): string => sse(data, String(data.type));

const streamOf = (facts: Facts, body: Json): AnswerStream => {
	const tool = toolOf(body);
	let index = -1;
	let kind: Part['kind'] | undefined;

	const blockOf = (next: Part['kind']): Json => {
		if (next === 'reasoning') {
			return {type: 'thinking', thinking: '', signature: ''};
		}
		return tool === undefined ? {type: 'text', text: ''} : toolUse(facts, tool, {});
	};
	const contentDelta = (next: Part['kind'], text: string): Json => {
		if (next === 'reasoning') {
			return {type: 'thinking_delta', thinking: text};
		}
		return tool === undefined ? {type: 'text_delta', text} : {type: 'input_json_delta', partial_json: text};
	};
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
	const open = (next: Part['kind']): string => {
		if (next === kind) {
			return '';
		}
		const closed = close();
		index++;
		kind = next;
		return closed + event({type: 'content_block_start', index, content_block: blockOf(next)});
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
				delta: endOf(ended, tool),
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
	parse: (body, {model}) => ({
		prompt: {...anthropicFamily.parse(invokeBody(body), model), jsonSchema: schemaOf(body)},
		isReasoning: thinks(body),
	}),
	whole(facts, body) {
		const tool = toolOf(body);
		return {
			...message(facts),
			content: contentOf(facts, tool),
			...endOf(facts, tool),
			usage: usageOf(facts, facts.usage.outputTokens),
		};
	},
	stream: streamOf,
};
