/** Placeholders such as {{task}} or {{item.text}} in the templates of a preset. */

const placeholderPattern = /{{\s*([^{}]*?)\s*}}/g;

/** Names of all placeholders of a template, in order, with repeats. */
export const placeholdersOf = (template: string): readonly string[] =>
	[...template.matchAll(placeholderPattern)].map((match) => match[1] ?? '');

/** Templates that were taken apart before: the same few are filled for every record of a batch. */
const known = new Map<string, readonly string[]>();
const mostKnown = 64;

/** Texts and names in turn, beginning with a text. */
const partsOf = (template: string): readonly string[] => {
	const before = known.get(template);
	if (before !== undefined) {
		return before;
	}
	if (known.size === mostKnown) {
		known.clear();
	}
	const parts = template.split(placeholderPattern);
	known.set(template, parts);
	return parts;
};

/**
 * Puts values into a template, in one pass: text that was filled in is never expanded again.
 * @param lookup Value of a placeholder. Presets are checked when they are read, so each one has a value.
 */
export const fillTemplate = (template: string, lookup: (placeholder: string) => string): string =>
	partsOf(template).reduce((text, part, index) => text + (index % 2 === 0 ? part : lookup(part)), '');

/** Joins the parts of a prompt that are not empty with blank lines and trims the result. */
export const tidyPrompt = (text: string): string =>
	(text.includes('\n\n\n') ? text.replace(/\n{3,}/g, '\n\n') : text).trim();
