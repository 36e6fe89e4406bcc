import type {IncomingHttpHeaders} from 'node:http';
import {findOtherModel, type Model} from '../catalog/model.ts';
import {signatureOf} from '../families/anthropic-request.ts';
import {parseConverse} from '../families/converse.ts';
import type {Answer, Family, ResponseContext, StopReason, ToolUse} from '../families/family.ts';
import {type Json, parseBody} from '../families/prompt.ts';
import {familyOf} from '../families/registry.ts';
import {assertShape} from '../families/shape.ts';
import {validationError} from '../wire/exchange.ts';
import {encodeEvent, paddedJson} from '../wire/framing.ts';
import {
	type AnswerBlock,
	chunkParts,
	type Dialect,
	dueShareOf,
	type PartChunk,
	partsOf,
	type RequestedSettings,
	type StreamDelta,
	type Timing,
} from './dialect.ts';
import {assessment} from './guardrails.ts';

/** The operations of the runtime, and how each reads requests and writes answers. */

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
const echoedSettings = ({body}: RequestedSettings): Json => ({
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

const converseDialect: Dialect = {
	parse: parseConverse,
	whole: (facts, timing, settings) => ({
		body: {
			metrics: {latencyMs: Math.round(timing.latencyMs)},
			output: {message: {content: contentOf(facts), role: 'assistant'}},
			stopReason: stopReasons[facts.answer.stopReason],
			usage: usageOf(facts, facts.isCaching || facts.model.traits.has('reports-cache')),
			...traceOf(facts),
			...echoedSettings(settings),
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
					...echoedSettings(settings),
				}),
			]),
	}),
};

/** InvokeModel and InvokeModelWithResponseStream: the family's own bodies, token counts in headers or the last chunk. */

/** Events with more tokens than this are sent with their last token. */
const burstTokens = 8;

/** Settings that are set by a header and repeated with the same one. */
const echoedHeaders = ['x-amzn-bedrock-service-tier', 'x-amzn-bedrock-performanceconfig-latency'];

const echoed = (headers: IncomingHttpHeaders): Readonly<Record<string, string>> =>
	Object.fromEntries(
		echoedHeaders.flatMap((name) => {
			const value = headers[name];
			return typeof value === 'string' ? [[name, value]] : [];
		}),
	);

/** The tokens as InvokeModel sends them: thoughts between tags before the text. Their number stays the same. */
const visibleTokens = (answer: Answer, tags: readonly [string, string] | undefined): readonly string[] => {
	const [open, close] = tags ?? ['', ''];
	const {reasoning, tokens} = answer;
	if (reasoning.length === 0) {
		return tokens;
	}
	const thought = reasoning.map((token, index) => (index === 0 ? open + token : token));
	return tokens.length === 0
		? thought
		: [...thought, ...tokens.map((token, index) => (index === 0 ? close + token : token))];
};

/** The blocks of the answer; thoughts are part of the text for families without a block for them. */
const visibleParts = (family: Family, answer: Answer): readonly AnswerBlock[] =>
	partsOf(
		family.hasThoughtBlocks
			? answer
			: {...answer, reasoning: [], tokens: visibleTokens(answer, family.reasoningTags)},
	);

/** The visible answer as one text. */
const visibleText = (family: Family, answer: Answer): string =>
	(family.hasThoughtBlocks ? answer.tokens : visibleTokens(answer, family.reasoningTags)).join('');

/** Keys that InvokeModel adds to a body after a guardrail. */
const guardrailKeys = ({guardrail}: ResponseContext): Json =>
	guardrail === undefined
		? {}
		: {
				'amazon-bedrock-guardrailAction': guardrail.isBlocked ? 'INTERVENED' : 'NONE',
				...(guardrail.hasTrace ? {'amazon-bedrock-trace': {guardrail: {input: assessment(guardrail)}}} : {}),
			};

const countHeaders = (
	family: Family,
	facts: ResponseContext,
	timing: Timing,
): Readonly<Record<string, string>> => {
	const {usage} = facts;
	const latency = {'x-amzn-bedrock-invocation-latency': String(Math.round(timing.latencyMs))};
	if (facts.guardrail?.isBlocked) {
		return latency;
	}
	return {
		...latency,
		'x-amzn-bedrock-input-token-count': String(usage.inputTokens),
		'x-amzn-bedrock-output-token-count': String(usage.outputTokens),
		...(family.reportsCache?.(facts)
			? {
					'x-amzn-bedrock-cache-read-input-token-count': String(usage.cacheReadTokens),
					'x-amzn-bedrock-cache-write-input-token-count': String(usage.cacheWriteTokens),
				}
			: {}),
	};
};

const invocationMetrics = (family: Family, facts: ResponseContext, timing: Timing): Json => {
	const {usage} = facts;
	return {
		...guardrailKeys(facts),
		'amazon-bedrock-invocationMetrics': {
			inputTokenCount: usage.inputTokens,
			outputTokenCount: usage.outputTokens,
			invocationLatency: Math.round(timing.latencyMs),
			firstByteLatency: Math.round(timing.firstByteMs),
			...(family.reportsCache?.(facts)
				? {
						cacheReadInputTokenCount: usage.cacheReadTokens,
						cacheWriteInputTokenCount: usage.cacheWriteTokens,
					}
				: {}),
		},
	};
};

const encodeChunks = (facts: ResponseContext, chunks: readonly Json[]): Uint8Array => {
	const [first, ...others] = chunks.map((chunk) => {
		const bytes = Buffer.from(JSON.stringify(chunk)).toString('base64');
		return encodeEvent('chunk', paddedJson({bytes}, facts.random));
	});
	return first !== undefined && others.length === 0
		? first
		: Buffer.concat(first === undefined ? [] : [first, ...others]);
};

const withMetrics = (family: Family, chunks: readonly Json[], metrics: Json): readonly Json[] => {
	if (family.hasMetricsApart) {
		return [...chunks, metrics];
	}
	return chunks.map((chunk, index) => (index === chunks.length - 1 ? {...chunk, ...metrics} : chunk));
};

/** The dialect of a family. */
function invokeDialect(family: Family): Dialect {
	return {
		parse: family.parse,
		whole: (facts, timing, settings) => ({
			body: {...family.whole(facts, visibleText(family, facts.answer)), ...guardrailKeys(facts)},
			headers: {...countHeaders(family, facts, timing), ...echoed(settings.headers)},
		}),
		stream(facts, settings) {
			const closing = family.closing?.(facts) ?? [];
			// Large events are sent when their last token is there, small ones with their first.
			const isInBursts = family.tokensPerEvent > burstTokens;
			const chunks = chunkParts(visibleParts(family, facts.answer), family.tokensPerEvent);
			const deltas: readonly StreamDelta[] = chunks.map((chunk) => ({
				lastToken: chunk.lastToken,
				dueShare: chunk.isLast
					? 1
					: dueShareOf(isInBursts ? chunk.lastToken : chunk.firstToken, facts.usage.outputTokens),
				encode(timing) {
					const events = family.delta(facts, {...chunk, outputTokens: chunk.lastToken});
					const endsHere = chunk.isLast && closing.length === 0;
					return encodeChunks(
						facts,
						endsHere ? withMetrics(family, events, invocationMetrics(family, facts, timing)) : events,
					);
				},
			}));
			return {
				headers: {'x-amzn-bedrock-content-type': 'application/json', ...echoed(settings.headers)},
				opening: () => encodeChunks(facts, family.opening?.(facts) ?? []),
				deltas,
				closing: (timing) =>
					closing.length === 0
						? new Uint8Array()
						: encodeChunks(facts, withMetrics(family, closing, invocationMetrics(family, facts, timing))),
			};
		},
	};
}

/** An operation of the runtime that asks a model. */
export type Operation = {
	readonly name: 'InvokeModel' | 'InvokeModelWithResponseStream' | 'Converse' | 'ConverseStream';
	readonly isStream: boolean;
	readonly dialectOf: (model: Model) => Dialect;
};

const ofFamily = (model: Model): Dialect => invokeDialect(familyOf(model.family));

/** The operations by the last part of their path. */
export const operations: Readonly<Record<string, Operation>> = {
	invoke: {name: 'InvokeModel', isStream: false, dialectOf: ofFamily},
	'invoke-with-response-stream': {
		name: 'InvokeModelWithResponseStream',
		isStream: true,
		dialectOf: ofFamily,
	},
	converse: {name: 'Converse', isStream: false, dialectOf: () => converseDialect},
	'converse-stream': {name: 'ConverseStream', isStream: true, dialectOf: () => converseDialect},
};

/**
 * Refuses models of embeddings, images or scores, as the service does where it is asked for text.
 * @throws ServiceError where the model is one of them.
 */
export function refuseOtherModels(modelId: string, operation: Operation, body: Buffer): void {
	const model = findOtherModel(modelId);
	if (model === undefined) {
		return;
	}
	switch (operation.name) {
		case 'Converse':
		case 'ConverseStream':
			throw validationError(
				"This action doesn't support the model that you provided. Try again with a supported text or chat model.",
			);
		case 'InvokeModelWithResponseStream':
			throw validationError('The model is unsupported for streaming');
		case 'InvokeModel':
			assertShape(parseBody(body), model.shape);
			// The only answer that the service would not give.
			throw validationError(`The simulator answers with text only, and ${model.id} does not.`);
	}
}
