/** XML as S3 writes it. */

const entities: Readonly<Record<string, string>> = {
	'&': '&amp;',
	'<': '&lt;',
	'>': '&gt;',
	'"': '&quot;',
	"'": '&apos;',
	'\r': '&#13;',
};

type Content = string | number | boolean | readonly Element[];

export type Element = readonly [name: string, content: Content];

const write = ([name, content]: Element): string => {
	const inner = Array.isArray(content)
		? (content as readonly Element[]).map(write).join('')
		: String(content).replace(/[&<>"'\r]/g, (character) => entities[character] ?? character);
	return `<${name}>${inner}</${name}>`;
};

/** A document with one root element in S3's name space. */
export const document = (name: string, content: readonly Element[]): string =>
	`<?xml version="1.0" encoding="UTF-8"?>\n<${name} xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${content.map(write).join('')}</${name}>`;

/** An error, which has no name space. */
export const errorDocument = (content: readonly Element[]): string =>
	`<?xml version="1.0" encoding="UTF-8"?>\n${write(['Error', content])}`;

/** Texts of all elements of a name; enough for the one document that a client sends, the list of parts. */
export const textsOf = (xml: string, name: string): readonly string[] =>
	[...xml.matchAll(new RegExp(`<${name}>([^<]*)</${name}>`, 'g'))].map((match) =>
		(match[1] ?? '').replaceAll('&quot;', '"').replaceAll('&#34;', '"'),
	);
