import type {IncomingHttpHeaders} from 'node:http';
import type {Answer, Facts, Family} from '../families/family.ts';
import type {Json} from '../families/prompt.ts';
import {encodeEvent, paddedJson} from '../wire/event-stream.ts';
import {chunkParts, type Part, partsOf} from './answer-parts.ts';
import type {Dialect, StreamDelta, Timing} from './dialect.ts';
import {assessment} from './guardrails.ts';

/** InvokeModel and InvokeModelWithResponseStream: the family's own bodies, token counts in headers or the last chunk. */

/** Above so many tokens an event is sent when all of them are there. */
const burstTokens = 8;

/** Settings that are asked for with a header and echoed with the same one. */
const echoedHeaders = ['x-amzn-bedrock-service-tier', 'x-amzn-bedrock-performanceconfig-latency'];

const echo = (headers: IncomingHttpHeaders): Readonly<Record<string, string>> =>
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

/** The blocks of the answer; thoughts are part of the text where the family has no block for them. */
const visibleParts = (family: Family, answer: Answer): readonly Part[] =>
	partsOf(
		family.hasThoughtBlocks
			? answer
			: {...answer, reasoning: [], tokens: visibleTokens(answer, family.reasoningTags)},
	);

/** The same as one text. */
const visibleText = (family: Family, answer: Answer): string =>
	(family.hasThoughtBlocks ? answer.tokens : visibleTokens(answer, family.reasoningTags)).join('');

/** What InvokeModel adds to a body that went through a guardrail. */
const guardrailKeys = ({guardrail}: Facts): Json =>
	guardrail === undefined
		? {}
		: {
				'amazon-bedrock-guardrailAction': guardrail.isBlocked ? 'INTERVENED' : 'NONE',
				...(guardrail.hasTrace ? {'amazon-bedrock-trace': {guardrail: {input: assessment(guardrail)}}} : {}),
			};

const countHeaders = (family: Family, facts: Facts, timing: Timing): Readonly<Record<string, string>> => {
	const {usage} = facts;
	const latency = {'x-amzn-bedrock-invocation-latency': String(Math.round(timing.latencyMs))};
	if (facts.guardrail?.isBlocked) {
		return latency;
	}
	return {
		...latency,
		'x-amzn-bedrock-input-token-count': String(usage.inputTokens),
		'x-amzn-bedrock-output-token-count': String(usage.outputTokens),
		...(family.reportsCache(facts)
			? {
					'x-amzn-bedrock-cache-read-input-token-count': String(usage.cacheReadTokens),
					'x-amzn-bedrock-cache-write-input-token-count': String(usage.cacheWriteTokens),
				}
			: {}),
	};
};

const invocationMetrics = (family: Family, facts: Facts, timing: Timing): Json => {
	const {usage} = facts;
	return {
		...guardrailKeys(facts),
		'amazon-bedrock-invocationMetrics': {
			inputTokenCount: usage.inputTokens,
			outputTokenCount: usage.outputTokens,
			invocationLatency: Math.round(timing.latencyMs),
			firstByteLatency: Math.round(timing.firstByteMs),
			...(family.reportsCache(facts)
				? {
						cacheReadInputTokenCount: usage.cacheReadTokens,
						cacheWriteInputTokenCount: usage.cacheWriteTokens,
					}
				: {}),
		},
	};
};

const encodeChunks = (facts: Facts, chunks: readonly Json[]): Uint8Array => {
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
export const invokeDialect = (family: Family): Dialect => ({
	parse: family.parse,
	whole: (facts, timing, wishes) => ({
		body: {...family.whole(facts, visibleText(family, facts.answer)), ...guardrailKeys(facts)},
		headers: {...countHeaders(family, facts, timing), ...echo(wishes.headers)},
	}),
	streamHeaders: (wishes) => ({
		'x-amzn-bedrock-content-type': 'application/json',
		...echo(wishes.headers),
	}),
	stream(facts) {
		const closing = family.closing(facts);
		const chunks = chunkParts(visibleParts(family, facts.answer), family.tokensPerEvent);
		const deltas: readonly StreamDelta[] = chunks.map((chunk) => ({
			firstToken: chunk.firstToken,
			lastToken: chunk.lastToken,
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
			opening: () => encodeChunks(facts, family.opening(facts)),
			deltas,
			closing: (timing) =>
				closing.length === 0
					? new Uint8Array()
					: encodeChunks(facts, withMetrics(family, closing, invocationMetrics(family, facts, timing))),
			isInBursts: family.tokensPerEvent > burstTokens,
		};
	},
});
