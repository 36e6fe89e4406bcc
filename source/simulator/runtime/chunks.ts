/** Tokens put together to the events of a stream. */
export type TokenChunk = {
	readonly text: string;
	readonly index: number;
	readonly firstToken: number;
	readonly lastToken: number;
	readonly isFirst: boolean;
	readonly isLast: boolean;
};

/** Chunks of at most `tokensPerChunk` tokens; one empty chunk where there are no tokens. */
export const chunkTokens = (tokens: readonly string[], tokensPerChunk: number): readonly TokenChunk[] => {
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
};
