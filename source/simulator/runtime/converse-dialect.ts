import {parseConverse} from '../families/converse.ts';
import type {Facts, StopReason, ToolUse} from '../families/family.ts';
import type {Json} from '../families/prompt.ts';
import {signatureOf} from '../families/thinking.ts';
import {encodeEvent, paddedJson} from '../wire/event-stream.ts';
import {chunkParts, type PartChunk, partsOf} from './answer-parts.ts';
import type {Dialect, StreamDelta, Wishes} from './dialect.ts';
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
const cacheCounts = ({usage}: Facts): Json => ({
	cacheReadInputTokenCount: usage.cacheReadTokens,
	cacheReadInputTokens: usage.cacheReadTokens,
	cacheWriteInputTokenCount: usage.cacheWriteTokens,
	cacheWriteInputTokens: usage.cacheWriteTokens,
});

const usageOf = (facts: Facts, hasCacheCounts: boolean): Json => {
	const {inputTokens, outputTokens, cacheReadTokens, cacheWriteTokens} = facts.usage;
	return {
		...(hasCacheCounts ? cacheCounts(facts) : {}),
		inputTokens,
		outputTokens,
		...(facts.model.traits.has('reports-server-tools') ? {serverToolUsage: {}} : {}),
		totalTokens: inputTokens + outputTokens + cacheReadTokens + cacheWriteTokens,
	};
};

/** Settings of the request that are echoed with the answer. */
const echo = ({body}: Wishes): Json => ({
	...(body.serviceTier === undefined ? {} : {serviceTier: body.serviceTier}),
	...(body.performanceConfig === undefined ? {} : {performanceConfig: body.performanceConfig}),
});

const traceOf = ({guardrail}: Facts): Json =>
	guardrail?.hasTrace ? {trace: {guardrail: {inputAssessment: assessment(guardrail)}}} : {};

const toolUseId = ({key}: ToolUse): string => `tooluse_${key}`;

const thoughtOf = (facts: Facts): Json => {
	const signature = signatureOf(facts);
	const text = facts.answer.reasoning.join('');
	return {reasoningContent: {reasoningText: {...(signature === undefined ? {} : {signature}), text}}};
};

const contentOf = (facts: Facts): readonly Json[] => {
	const {reasoning, tokens, toolUse} = facts.answer;
	return [
		...(reasoning.length === 0 ? [] : [thoughtOf(facts)]),
		...(tokens.length === 0 ? [] : [{text: tokens.join('')}]),
		...(toolUse === undefined
			? []
			: [{toolUse: {input: toolUse.input, name: toolUse.name, toolUseId: toolUseId(toolUse)}}]),
	];
};

const encode = (facts: Facts, eventType: string, payload: Json): Buffer =>
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

/** The events that a chunk makes: the begin of a tool's call, the delta, the signature of thoughts, the end. */
const encodeChunk = (facts: Facts, chunk: PartChunk): Buffer => {
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

const deltasOf = (facts: Facts): readonly StreamDelta[] =>
	chunkParts(partsOf(facts.answer), tokensPerEvent).map((chunk) => ({
		firstToken: chunk.firstToken,
		lastToken: chunk.lastToken,
		encode: () => encodeChunk(facts, chunk),
	}));

export const converseDialect: Dialect = {
	parse: parseConverse,
	whole: (facts, timing, wishes) => ({
		body: {
			metrics: {latencyMs: Math.round(timing.latencyMs)},
			output: {message: {content: contentOf(facts), role: 'assistant'}},
			stopReason: stopReasons[facts.answer.stopReason],
			usage: usageOf(facts, facts.isCaching || facts.model.traits.has('reports-cache')),
			...traceOf(facts),
			...echo(wishes),
		},
		headers: {},
	}),
	streamHeaders: () => ({}),
	stream: (facts, wishes) => ({
		opening: () => encode(facts, 'messageStart', {role: 'assistant'}),
		deltas: deltasOf(facts),
		closing: (timing) =>
			Buffer.concat([
				encode(facts, 'messageStop', {stopReason: stopReasons[facts.answer.stopReason]}),
				encode(facts, 'metadata', {
					metrics: {latencyMs: Math.round(timing.latencyMs)},
					usage: usageOf(facts, facts.isCaching),
					...traceOf(facts),
					...echo(wishes),
				}),
			]),
		isInBursts: false,
	}),
};
