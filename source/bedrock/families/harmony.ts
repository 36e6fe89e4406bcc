/**
 * The message format of gpt-oss. Bedrock takes it apart itself; a server of imported weights may leave it in the text:
 * `<|channel|>analysis<|message|>...<|end|><|start|>assistant<|channel|>final<|message|>...<|return|>`.
 */

const beginning = /^\s*(?:<\|start\|>assistant)?<\|channel\|>/;
const message = /<\|channel\|>(\w+)[^<]*<\|message\|>([\s\S]*?)(?=<\|(?:end|return|call|start)\|>|$)/g;

/** Answer and reasoning of a text in this format; undefined for any other text. */
export const takeHarmonyApart = (
	text: string,
): {readonly text: string; readonly reasoning: string} | undefined => {
	if (!beginning.test(text)) {
		return undefined;
	}

	const parts = [...text.matchAll(message)].map(([, channel = '', content = '']) => ({channel, content}));
	const joinedIn = (isFinal: boolean): string =>
		parts
			.filter(({channel}) => (channel === 'final') === isFinal)
			.map(({content}) => content)
			.join('');
	return {text: joinedIn(true), reasoning: joinedIn(false)};
};
