import {type Content, type Element, xmlDocument} from '../wire/xml.ts';

/** XML as S3 writes and reads it. */

/** A document with one root element in S3's name space. */
export const document = (name: string, content: Content): string =>
	xmlDocument(name, content, 'http://s3.amazonaws.com/doc/2006-03-01/');

/** An error, which has no name space. */
export const errorDocument = (content: readonly Element[]): string => xmlDocument('Error', content);

/** Texts of all elements of a name; enough for the one document that a client sends, the list of parts. */
export const textsOf = (xml: string, name: string): readonly string[] =>
	[...xml.matchAll(new RegExp(`<${name}>([^<]*)</${name}>`, 'g'))].map((match) =>
		(match[1] ?? '').replaceAll('&quot;', '"').replaceAll('&#34;', '"'),
	);
