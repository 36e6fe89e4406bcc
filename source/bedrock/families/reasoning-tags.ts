/** An answer's text with its tagged reasoning taken out. */
export type Separated = {readonly text: string; readonly reasoning: string | undefined};

/**
 * Separates reasoning that a model writes in a tag before its answer. The opening tag may be missing (a prompt that
 * ends with it), the closing one too (an answer cut while reasoning), and a stream may tag every piece of its reasoning
 * anew. Text without such a tag stays as it is.
 */
export const separateReasoning = (text: string, tag: string): Separated => {
	const opening = `<${tag}>`;
	const closing = `</${tag}>`;
	const thoughts: string[] = [];
	let rest = text;
	while (rest.trimStart().startsWith(opening)) {
		const body = rest.trimStart().slice(opening.length);
		const end = body.indexOf(closing);
		thoughts.push(end === -1 ? body : body.slice(0, end));
		rest = end === -1 ? '' : body.slice(end + closing.length);
	}

	const end = thoughts.length === 0 ? rest.indexOf(closing) : -1;
	if (end !== -1) {
		return {reasoning: rest.slice(0, end), text: rest.slice(end + closing.length)};
	}

	return {reasoning: thoughts.length === 0 ? undefined : thoughts.join(''), text: rest};
};
