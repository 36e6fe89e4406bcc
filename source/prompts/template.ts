/** Placeholders such as {{task}} or {{item.text}} in the templates of a preset. */

const placeholderPattern = /{{\s*([^{}]*?)\s*}}/g;

/** Names of all placeholders of a template, in order, with repeats. */
export function placeholdersOf(template: string): readonly string[] {
	return [...template.matchAll(placeholderPattern)].map((match) => match[1] ?? '');
}

/** Parsed templates: the same few are filled for every record of a batch. */
const known = new Map<string, readonly string[]>();
const maxKnown = 64;

/** Texts and names in turn, beginning with a text. */
const partsOf = (template: string): readonly string[] => {
	const before = known.get(template);
	if (before !== undefined) {
		return before;
	}
	if (known.size === maxKnown) {
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
export function fillTemplate(template: string, lookup: (placeholder: string) => string): string {
	return partsOf(template).reduce((text, part, index) => text + (index % 2 === 0 ? part : lookup(part)), '');
}

/** Merges blank lines in a row into one, and drops those at the ends. */
const tidy = (template: string): string =>
	(template.includes('\n\n\n') ? template.replace(/\n{3,}/g, '\n\n') : template).trim();

/**
 * Puts values into a template and joins its parts that are not empty with blank lines. Only the template is tidied: a
 * value stays as written.
 */
export function fillTidily(template: string, lookup: (placeholder: string) => string): string {
	const values = new Map(
		partsOf(template).flatMap((name, index) => (index % 2 === 0 ? [] : [[name, lookup(name)] as const])),
	);
	const isBlank = (name: string): boolean => (values.get(name) ?? '').trim() === '';
	const shown = [...values.keys()].some(isBlank)
		? template.replace(placeholderPattern, (whole, name: string) => (isBlank(name) ? '' : whole))
		: template;
	return fillTemplate(tidy(shown), (name) => values.get(name) ?? '');
}
