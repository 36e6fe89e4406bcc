/** XML as the older protocols of AWS write it: elements and texts, no attributes but a name space at the root. */

const entities: Readonly<Record<string, string>> = {
	'&': '&amp;',
	'<': '&lt;',
	'>': '&gt;',
	'"': '&quot;',
	"'": '&apos;',
	'\r': '&#13;',
};

/** What is in an element: a text or further elements. */
export type Content = string | number | boolean | readonly Element[];

export type Element = readonly [name: string, content: Content];

const writeContent = (content: Content): string =>
	Array.isArray(content)
		? (content as readonly Element[])
				.map(([name, inner]) => `<${name}>${writeContent(inner)}</${name}>`)
				.join('')
		: String(content).replace(/[&<>"'\r]/g, (character) => entities[character] ?? character);

/** A document with one root element. @param namespace Without it the root has none. */
export const xmlDocument = (name: string, content: Content, namespace?: string): string => {
	const attribute = namespace === undefined ? '' : ` xmlns="${namespace}"`;
	return `<?xml version="1.0" encoding="UTF-8"?>\n<${name}${attribute}>${writeContent(content)}</${name}>`;
};
