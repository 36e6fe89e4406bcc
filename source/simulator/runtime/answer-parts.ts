import type {Answer, PartKind} from '../families/family.ts';
import {chunkTokens, type TokenChunk} from './chunks.ts';

/** An answer as the blocks that a stream sends: thoughts, text, the call of a tool. */

export type Part = {readonly kind: PartKind; readonly tokens: readonly string[]};

/** Tokens of one event, and where they stand in their block. Index and tokens count through the whole answer. */
export type PartChunk = TokenChunk & {
	readonly kind: PartKind;
	readonly block: number;
	readonly opensBlock: boolean;
	readonly closesBlock: boolean;
};

/** The blocks of an answer in their order; a text without tokens where there is nothing else. */
export const partsOf = ({reasoning, tokens, toolUse}: Answer): readonly Part[] => {
	const thoughts: readonly Part[] = reasoning.length === 0 ? [] : [{kind: 'reasoning', tokens: reasoning}];
	const call: readonly Part[] = toolUse === undefined ? [] : [{kind: 'tool', tokens: toolUse.tokens}];
	const isEmpty = thoughts.length + call.length === 0;
	return [...thoughts, ...(tokens.length > 0 || isEmpty ? [{kind: 'text' as const, tokens}] : []), ...call];
};

/** The events of all blocks, each of at most so many tokens. */
export const chunkParts = (parts: readonly Part[], tokensPerChunk: number): readonly PartChunk[] => {
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
};
