/** Text as it arrives: the lines of each piece. A last line without its end counts too, an error of the source comes through. */
async function* linePagesOf(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<readonly string[]> {
	const decoder = new TextDecoder();
	let rest = '';
	for await (const chunk of bytes) {
		const parts = (rest + decoder.decode(chunk, {stream: true})).split('\n');
		rest = parts.pop() ?? '';
		yield parts;
	}
	rest += decoder.decode();
	if (rest !== '') {
		yield [rest];
	}
}

/** The same line by line. */
export async function* linesOf(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
	for await (const lines of linePagesOf(bytes)) {
		yield* lines;
	}
}
