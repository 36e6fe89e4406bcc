/** XML as AWS's older protocols write it: elements and texts, no attributes but a name space at the root. */

const entities: Readonly<Record<string, string>> = {
	'&': '&amp;',
	'<': '&lt;',
	'>': '&gt;',
	'"': '&quot;',
	"'": '&apos;',
	'\r': '&#13;',
};

/** The content of an element: a text or further elements. */
type Content = string | number | boolean | readonly Element[];

export type Element = readonly [name: string, content: Content];

/** A document with one root element. @param namespace Without it the root has none. */
export function xmlDocument(name: string, content: Content, namespace?: string): string {
	const attribute = namespace === undefined ? '' : ` xmlns="${namespace}"`;
	return `<?xml version="1.0" encoding="UTF-8"?>\n<${name}${attribute}>${writeContent(content)}</${name}>`;
}

const writeContent = (content: Content): string =>
	Array.isArray(content)
		? (content as readonly Element[])
				.map(([name, inner]) => `<${name}>${writeContent(inner)}</${name}>`)
				.join('')
		: String(content).replace(/[&<>"'\r]/g, (character) => entities[character] ?? character);

/** A document with one root element in S3's name space. */
export function document(name: string, content: Content): string {
	return xmlDocument(name, content, 'http://s3.amazonaws.com/doc/2006-03-01/');
}

/** An error, which has no name space. */
export function errorDocument(content: readonly Element[]): string {
	return xmlDocument('Error', content);
}

/** Texts of all elements of a name; enough for the list of parts, the one document that clients send. */
export function elementTexts(xml: string, name: string): readonly string[] {
	return [...xml.matchAll(new RegExp(`<${name}>([^<]*)</${name}>`, 'g'))].map((match) =>
		(match[1] ?? '').replaceAll('&quot;', '"').replaceAll('&#34;', '"'),
	);
}
