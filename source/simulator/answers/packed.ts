/** Several items in one prompt, numbered, to be answered one by one. */

export type PackedItems = {
	/** The prompt without the items. */
	readonly instructions: string;
	readonly items: readonly string[];
	/** How the answers are to be put together. */
	readonly form: 'object' | 'array';
};

const itemStart = /^[ \t]*(\d{1,3})[.):][ \t]+/gm;

/** Whether the wording asks for an answer to every item. */
const askedForEach =
	/\b(?:each|every|all)\b[^.\n]{0,40}\b(?:items?|texts?|tickets?|numbered|entries|questions?|of the \d+)\b/i;

/** The items of a packed prompt; undefined where it is not one. */
export const findPackedItems = (question: string): PackedItems | undefined => {
	if (!askedForEach.test(question) || !/\bJSON\b/i.test(question)) {
		return undefined;
	}
	const inOrder: RegExpExecArray[] = [];
	for (const start of question.matchAll(itemStart)) {
		// Lists inside an item have numbers of their own, which are out of order.
		if (Number(start[1]) === inOrder.length + 1) {
			inOrder.push(start);
		}
	}
	if (inOrder.length < 2) {
		return undefined;
	}
	const first = inOrder[0]?.index ?? 0;
	const parts = inOrder.map((start, index) =>
		question.slice(start.index + start[0].length, inOrder[index + 1]?.index ?? question.length),
	);
	// An instruction may follow the last item after an empty line.
	const [lastItem = '', ...after] = (parts.at(-1) ?? '').split(/\n\s*\n/);
	return {
		instructions: `${question.slice(0, first)}\n${after.join('\n\n')}`,
		items: [...parts.slice(0, -1), lastItem].map((item) => item.trim()),
		form: /\bJSON array\b/i.test(question) ? 'array' : 'object',
	};
};
