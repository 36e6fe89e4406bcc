/** Placeholders such as {{task}} or {{item.text}} in the templates of a preset. */

const placeholderPattern = /{{\s*([^{}]*?)\s*}}/g;

/** Names of all placeholders of a template, in order, with repeats. */
export const placeholdersOf = (template: string): readonly string[] =>
	[...template.matchAll(placeholderPattern)].map((match) => match[1] ?? '');

/**
 * Puts values into a template, in one pass: text that was filled in is never expanded again.
 * @param lookup Value of a placeholder. Presets are checked when they are read, so each one has a value.
 */
export const fillTemplate = (template: string, lookup: (placeholder: string) => string): string =>
	template.replace(placeholderPattern, (_match, name: string) => lookup(name));

/** Joins the parts of a prompt that are not empty with blank lines and trims the result. */
export const tidyPrompt = (text: string): string =>
	(text.includes('\n\n\n') ? text.replace(/\n{3,}/g, '\n\n') : text).trim();
