import {signatureOf} from '../families/anthropic-request.ts';
import {parseConverse} from '../families/converse.ts';
import type {ResponseContext, StopReason, ToolUse} from '../families/family.ts';
import type {Json} from '../families/prompt.ts';
import {encodeEvent, paddedJson} from '../wire/event-stream.ts';
import {
	chunkParts,
	type Dialect,
	dueShareOf,
	type PartChunk,
	partsOf,
	type RequestedSettings,
	type StreamDelta,
} from './dialect.ts';
import {assessment} from './guardrails.ts';

/** Converse and ConverseStream: one form for all models, token counts in the body. */

const stopReasons: Readonly<Record<StopReason, string>> = {
	end: 'end_turn',
	length: 'max_tokens',
	'stop-sequence': 'stop_sequence',
	'tool-use': 'tool_use',
	guardrail: 'guardrail_intervened',
};

const tokensPerEvent = 3;

/** Both spellings of the cache counts, as the service sends them. */
const cacheCounts = ({usage}: ResponseContext): Json => ({
	cacheReadInputTokenCount: usage.cacheReadTokens,
	cacheReadInputTokens: usage.cacheReadTokens,
	cacheWriteInputTokenCount: usage.cacheWriteTokens,
	cacheWriteInputTokens: usage.cacheWriteTokens,
});

const usageOf = (facts: ResponseContext, hasCacheCounts: boolean): Json => {
	const {inputTokens, outputTokens, cacheReadTokens, cacheWriteTokens} = facts.usage;
	return {
		...(hasCacheCounts ? cacheCounts(facts) : {}),
		inputTokens,
		outputTokens,
		...(facts.model.traits.has('reports-server-tools') ? {serverToolUsage: {}} : {}),
		totalTokens: inputTokens + outputTokens + cacheReadTokens + cacheWriteTokens,
	};
};

/** Settings of the request that the answer repeats. */
const echo = ({body}: RequestedSettings): Json => ({
	...(body.serviceTier === undefined ? {} : {serviceTier: body.serviceTier}),
	...(body.performanceConfig === undefined ? {} : {performanceConfig: body.performanceConfig}),
});

const traceOf = ({guardrail}: ResponseContext): Json =>
	guardrail?.hasTrace ? {trace: {guardrail: {inputAssessment: assessment(guardrail)}}} : {};

const toolUseId = ({key}: ToolUse): string => `tooluse_${key}`;

const thoughtOf = (facts: ResponseContext): Json => {
	const signature = signatureOf(facts);
	const text = facts.answer.reasoning.join('');
	return {reasoningContent: {reasoningText: {...(signature === undefined ? {} : {signature}), text}}};
};

const contentOf = (facts: ResponseContext): readonly Json[] => {
	const {reasoning, tokens, toolUse} = facts.answer;
	return [
		...(reasoning.length === 0 ? [] : [thoughtOf(facts)]),
		...(tokens.length === 0 ? [] : [{text: tokens.join('')}]),
		...(toolUse === undefined
			? []
			: [{toolUse: {input: toolUse.input, name: toolUse.name, toolUseId: toolUseId(toolUse)}}]),
	];
};

const encode = (facts: ResponseContext, eventType: string, payload: Json): Buffer =>
	encodeEvent(eventType, paddedJson(payload, facts.random));

const deltaOf = ({kind, text}: PartChunk): Json => {
	switch (kind) {
		case 'reasoning':
			return {reasoningContent: {text}};
		case 'text':
			return {text};
		case 'tool':
			return {toolUse: {input: text}};
	}
};

/** The events of a chunk: the start of a tool's call, the delta, the signature of thoughts, the end. */
const encodeChunk = (facts: ResponseContext, chunk: PartChunk): Buffer => {
	const {toolUse} = facts.answer;
	const contentBlockIndex = chunk.block;
	const event = encode(facts, 'contentBlockDelta', {contentBlockIndex, delta: deltaOf(chunk)});
	if (!chunk.opensBlock && !chunk.closesBlock) {
		return event;
	}
	const events = [event];
	if (chunk.opensBlock && chunk.kind === 'tool' && toolUse !== undefined) {
		const start = {toolUse: {name: toolUse.name, toolUseId: toolUseId(toolUse)}};
		events.unshift(encode(facts, 'contentBlockStart', {contentBlockIndex, start}));
	}
	if (chunk.closesBlock) {
		const signature = chunk.kind === 'reasoning' ? signatureOf(facts) : undefined;
		if (signature !== undefined) {
			const delta = {reasoningContent: {signature}};
			events.push(encode(facts, 'contentBlockDelta', {contentBlockIndex, delta}));
		}
		events.push(encode(facts, 'contentBlockStop', {contentBlockIndex}));
	}
	return Buffer.concat(events);
};

const deltasOf = (facts: ResponseContext): readonly StreamDelta[] =>
	chunkParts(partsOf(facts.answer), tokensPerEvent).map((chunk) => ({
		lastToken: chunk.lastToken,
		dueShare: chunk.isLast ? 1 : dueShareOf(chunk.firstToken, facts.usage.outputTokens),
		encode: () => encodeChunk(facts, chunk),
	}));

export const converseDialect: Dialect = {
	parse: parseConverse,
	whole: (facts, timing, settings) => ({
		body: {
			metrics: {latencyMs: Math.round(timing.latencyMs)},
			output: {message: {content: contentOf(facts), role: 'assistant'}},
			stopReason: stopReasons[facts.answer.stopReason],
			usage: usageOf(facts, facts.isCaching || facts.model.traits.has('reports-cache')),
			...traceOf(facts),
			...echo(settings),
		},
		headers: {},
	}),
	stream: (facts, settings) => ({
		headers: {},
		opening: () => encode(facts, 'messageStart', {role: 'assistant'}),
		deltas: deltasOf(facts),
		closing: (timing) =>
			Buffer.concat([
				encode(facts, 'messageStop', {stopReason: stopReasons[facts.answer.stopReason]}),
				encode(facts, 'metadata', {
					metrics: {latencyMs: Math.round(timing.latencyMs)},
					usage: usageOf(facts, facts.isCaching),
					...traceOf(facts),
					...echo(settings),
				}),
			]),
	}),
};
