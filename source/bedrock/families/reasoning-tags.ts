/** An answer's text with its tagged reasoning taken out. */
export type Separated = {readonly text: string; readonly reasoning: string | undefined};

/**
 * Separates reasoning that a model writes in a tag before its answer. The opening tag may be missing (a prompt that
 * ends with it), the closing one too (an answer cut while reasoning). Text without such a tag stays as it is.
 */
export const separateReasoning = (text: string, tag: string): Separated => {
	const opening = `<${tag}>`;
	const closing = `</${tag}>`;
	const start = text.trimStart();
	const body = start.startsWith(opening) ? start.slice(opening.length) : undefined;
	const end = (body ?? text).indexOf(closing);
	if (end === -1) {
		return body === undefined ? {text, reasoning: undefined} : {text: '', reasoning: body};
	}

	const whole = body ?? text;
	return {reasoning: whole.slice(0, end), text: whole.slice(end + closing.length)};
};
