import {
	anthropicFamily,
	type BlockWriter,
	blockDelta,
	blockEnd,
	blockStart,
	cacheTokenCounts,
	contentBlocks,
	messageHead,
	toolUseBlock,
} from '../families/anthropic.ts';
import type {PartKind, ResponseContext, StopReason} from '../families/family.ts';
import type {Json} from '../families/prompt.ts';
import {type AnswerStream, anthropicErrors, type MantleApi, sse} from './mantle-api.ts';

/** Anthropic Messages: bodies and events as Anthropic's client types them, counts as recorded at the endpoint. */

const stopReasons: Readonly<Record<StopReason, string>> = {
	end: 'end_turn',
	length: 'max_tokens',
	'stop-sequence': 'stop_sequence',
	'tool-use': 'tool_use',
	guardrail: 'refusal',
};

/** Keys that only this endpoint takes: for InvokeModel they are headers, paths or unknown. */
const ownKeys = new Set(['model', 'stream', 'service_tier', 'user_profile_id', 'inference_geo']);

/** The body as InvokeModel expects it: here the version is a header, and may be in the body as well. */
const invokeBody = (body: Json): Json => ({
	...Object.fromEntries(Object.entries(body).filter(([key]) => !ownKeys.has(key))),
	anthropic_version: 'bedrock-2023-05-31',
});

const usageOf = ({usage, answer}: ResponseContext, outputTokens: number): Json => ({
	input_tokens: usage.inputTokens,
	...cacheTokenCounts(usage),
	output_tokens: outputTokens,
	...(answer.reasoning.length === 0
		? {}
		: {output_tokens_details: {thinking_tokens: Math.min(outputTokens, answer.reasoning.length)}}),
	service_tier: 'standard',
});

/** The signature stands for a real one; nothing checks it. */
const blocks: BlockWriter = {
	sign: ({requestId}) => Buffer.from(`simulated ${requestId}`).toString('base64'),
	toolUseBlock: (toolUse) => ({...toolUseBlock(toolUse), caller: {type: 'direct'}}),
};

const endOf = ({answer}: ResponseContext): Json => ({
	stop_reason: stopReasons[answer.stopReason],
	stop_sequence: answer.stopSequence ?? null,
});

/** An event is named like its type. */
const event = (data: Json): string => sse(data, String(data.type));

const streamOf = (facts: ResponseContext): AnswerStream => {
	let index = -1;
	let kind: PartKind | undefined;

	const close = (): string => {
		const events = kind === undefined ? [] : blockEnd(index, kind, facts, blocks);
		kind = undefined;
		return events.map(event).join('');
	};
	const open = (next: PartKind): string => {
		if (next === kind) {
			return '';
		}
		const closed = close();
		index++;
		kind = next;
		return closed + event(blockStart(index, next, facts, blocks));
	};

	return {
		opening: () =>
			event({
				type: 'message_start',
				message: {
					...messageHead(facts, facts.model.id),
					content: [],
					stop_reason: null,
					stop_sequence: null,
					usage: usageOf(facts, 1),
				},
			}),
		part: (next, text) => open(next) + event(blockDelta(index, next, text)),
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
		return {prompt, isReasoning: prompt.isThinking === true};
	},
	whole: (facts) => ({
		...messageHead(facts, facts.model.id),
		content: contentBlocks(facts, facts.answer.tokens.join(''), blocks),
		...endOf(facts),
		usage: usageOf(facts, facts.usage.outputTokens),
	}),
	stream: streamOf,
};
