import {parseConverse} from '../families/converse.ts';
import type {Facts, StopReason} from '../families/family.ts';
import type {Json} from '../families/prompt.ts';
import {encodeEvent, padding} from '../wire/event-stream.ts';
import {chunkTokens} from './chunks.ts';
import type {Dialect, StreamDelta, Wishes} from './dialect.ts';

/** Converse and ConverseStream: one form for all models, token counts in the body. */

const stopReasons: Readonly<Record<StopReason, string>> = {
	end: 'end_turn',
	length: 'max_tokens',
	'stop-sequence': 'stop_sequence',
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

const contentOf = ({answer}: Facts): readonly Json[] => [
	...(answer.reasoning.length === 0
		? []
		: [{reasoningContent: {reasoningText: {text: answer.reasoning.join('')}}}]),
	...(answer.tokens.length === 0 ? [] : [{text: answer.tokens.join('')}]),
];

const encode = (facts: Facts, eventType: string, payload: Json): Buffer =>
	encodeEvent(eventType, JSON.stringify({...payload, p: padding(facts.random)}));

/** Deltas of one content block; the last of them closes it. */
const blockDeltas = (
	facts: Facts,
	tokens: readonly string[],
	contentBlockIndex: number,
	tokensBefore: number,
	deltaOf: (text: string) => Json,
): readonly StreamDelta[] =>
	chunkTokens(tokens, tokensPerEvent).map((chunk) => ({
		firstToken: tokensBefore + chunk.firstToken,
		lastToken: tokensBefore + chunk.lastToken,
		encode() {
			const delta = encode(facts, 'contentBlockDelta', {contentBlockIndex, delta: deltaOf(chunk.text)});
			return chunk.isLast
				? Buffer.concat([delta, encode(facts, 'contentBlockStop', {contentBlockIndex})])
				: delta;
		},
	}));

const deltasOf = (facts: Facts): readonly StreamDelta[] => {
	const {reasoning, tokens} = facts.answer;
	const thoughts =
		reasoning.length === 0 ? [] : blockDeltas(facts, reasoning, 0, 0, (text) => ({reasoningContent: {text}}));
	const hasText = tokens.length > 0 || reasoning.length === 0;
	return hasText
		? [
				...thoughts,
				...blockDeltas(facts, tokens, thoughts.length === 0 ? 0 : 1, reasoning.length, (text) => ({text})),
			]
		: thoughts;
};

export const converseDialect: Dialect = {
	parse: parseConverse,
	whole: (facts, timing, wishes) => ({
		body: {
			metrics: {latencyMs: Math.round(timing.latencyMs)},
			output: {message: {content: contentOf(facts), role: 'assistant'}},
			stopReason: stopReasons[facts.answer.stopReason],
			usage: usageOf(facts, facts.isCaching || facts.model.traits.has('reports-cache')),
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
					...echo(wishes),
				}),
			]),
		isInBursts: false,
	}),
};
