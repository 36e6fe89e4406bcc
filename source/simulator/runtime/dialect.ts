import type {IncomingHttpHeaders} from 'node:http';
import type {Model} from '../catalog/model.ts';
import type {Answer, PartKind, ResponseContext} from '../families/family.ts';
import type {Json, Prompt} from '../families/prompt.ts';
import type {Fault} from '../options.ts';

/** Tokens that one event of a stream carries. */
type TokenChunk = {
	readonly text: string;
	readonly index: number;
	readonly firstToken: number;
	readonly lastToken: number;
	readonly isFirst: boolean;
	readonly isLast: boolean;
};

/** Chunks of at most `tokensPerChunk` tokens; one empty chunk where there are no tokens. */
function chunkTokens(tokens: readonly string[], tokensPerChunk: number): readonly TokenChunk[] {
	const chunkCount = Math.max(1, Math.ceil(tokens.length / tokensPerChunk));
	const chunks: TokenChunk[] = [];
	for (let index = 0; index < chunkCount; index++) {
		const from = index * tokensPerChunk;
		const to = Math.min(tokens.length, from + tokensPerChunk);
		let text = '';
		for (let token = from; token < to; token++) {
			text += tokens[token];
		}
		chunks.push({
			text,
			index,
			firstToken: Math.min(from + 1, to),
			lastToken: to,
			isFirst: index === 0,
			isLast: index === chunkCount - 1,
		});
	}
	return chunks;
}

/** A block of a streamed answer: thoughts, text or the call of a tool. */
export type AnswerBlock = {readonly kind: PartKind; readonly tokens: readonly string[]};

/** Tokens of one event, and their position in their block. Index and tokens count through the whole answer. */
export type PartChunk = TokenChunk & {
	readonly kind: PartKind;
	readonly block: number;
	readonly opensBlock: boolean;
	readonly closesBlock: boolean;
};

/** The blocks of an answer in their order; a text without tokens where there is nothing else. */
export function partsOf({reasoning, tokens, toolUse}: Answer): readonly AnswerBlock[] {
	const thoughts: readonly AnswerBlock[] =
		reasoning.length === 0 ? [] : [{kind: 'reasoning', tokens: reasoning}];
	const call: readonly AnswerBlock[] = toolUse === undefined ? [] : [{kind: 'tool', tokens: toolUse.tokens}];
	const isEmpty = thoughts.length + call.length === 0;
	return [...thoughts, ...(tokens.length > 0 || isEmpty ? [{kind: 'text' as const, tokens}] : []), ...call];
}

/** The events of all blocks, each of at most `tokensPerChunk` tokens. */
export function chunkParts(parts: readonly AnswerBlock[], tokensPerChunk: number): readonly PartChunk[] {
	const chunks: PartChunk[] = [];
	let tokensBefore = 0;
	for (const [block, {kind, tokens}] of parts.entries()) {
		for (const chunk of chunkTokens(tokens, tokensPerChunk)) {
			chunks.push({
				text: chunk.text,
				index: chunks.length,
				firstToken: tokensBefore + chunk.firstToken,
				lastToken: tokensBefore + chunk.lastToken,
				isFirst: chunks.length === 0,
				isLast: chunk.isLast && block === parts.length - 1,
				kind,
				block,
				opensBlock: chunk.isFirst,
				closesBlock: chunk.isLast,
			});
		}
		tokensBefore += tokens.length;
	}
	return chunks;
}

/** Server-side times of an answer, in milliseconds. */
export type Timing = {readonly latencyMs: number; readonly firstByteMs: number};

/** One event of a streamed answer that carries tokens. */
export type StreamDelta = {
	/** Output tokens sent so far, those of this event included. */
	readonly lastToken: number;
	/** When it is due, from 0 (first token of the answer) to 1 (its end). */
	readonly dueShare: number;
	/** @param granted How many of its tokens the quota has room for. */
	readonly encode: (timing: Timing, granted: number) => Uint8Array;
};

export type StreamedAnswer = {
	readonly headers: Readonly<Record<string, string>>;
	readonly opening: () => Uint8Array;
	readonly deltas: readonly StreamDelta[];
	/** @param outputTokens Tokens that were sent: a quota may have cut the answer. */
	readonly closing: (timing: Timing, outputTokens: number) => Uint8Array;
	/** The event of an exception in the middle, and the name of that error. */
	readonly failure: (exception: Fault['exception']) => {readonly name: string; readonly event: Uint8Array};
};

/** When a token is generated, as a share of the time from the first token to the last. */
export function dueShareOf(token: number, outputTokens: number): number {
	return Math.min(1, Math.max(0, token - 1) / Math.max(1, outputTokens - 1));
}

export type WholeAnswer = {readonly body: Json; readonly headers: Readonly<Record<string, string>>};

/** Settings of a request that the answer repeats where they were granted. */
export type RequestedSettings = {readonly headers: IncomingHttpHeaders; readonly body: Json};

/** How one pair of operations (whole and streamed) reads requests and writes answers. */
export type Dialect = {
	readonly parse: (body: Json, model: Model) => Prompt;
	readonly whole: (facts: ResponseContext, timing: Timing, settings: RequestedSettings) => WholeAnswer;
	readonly stream: (facts: ResponseContext, settings: RequestedSettings) => Omit<StreamedAnswer, 'failure'>;
};
