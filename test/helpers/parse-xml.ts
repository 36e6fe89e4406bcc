/** A strict reader of small XML documents: what is not well-formed is thrown out, not mended. */

export type XmlElement = {
	readonly name: string;
	readonly attributes: Readonly<Record<string, string>>;
	readonly children: ReadonlyArray<XmlElement | string>;
};

const entities: Readonly<Record<string, string>> = {amp: '&', lt: '<', gt: '>', quot: '"', apos: "'"};
// Everything that XML 1.0 does not allow as a character.
const forbidden = /[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/u;

/** @throws Error that says what is not well-formed. */
export function parseXml(text: string): XmlElement {
	const bad = forbidden.exec(text);
	if (bad) {
		throw new Error(`character U+${bad[0].codePointAt(0)?.toString(16)} is not allowed`);
	}

	const root = {name: '', attributes: {}, children: [] as Array<XmlElement | string>};
	const open = [root];
	const token = /<(\/?)([A-Za-z][\w:-]*)((?:\s+[\w:-]+="[^"<]*")*)\s*(\/?)>|([^<]+)|(<)/gy;
	let end = 0;
	for (const [, slash, name = '', attributes = '', selfClosing, content, stray] of text.matchAll(token)) {
		const top = open.at(-1) ?? root;
		if (stray !== undefined) {
			throw new Error(`stray "<" at ${end}: ${text.slice(end, end + 60)}`);
		}

		if (content !== undefined) {
			top.children.push(decode(content));
		} else if (slash === '/') {
			if (top.name !== name || open.length === 1) {
				throw new Error(`</${name}> closes <${top.name}>`);
			}

			open.pop();
		} else {
			const element = {name, attributes: readAttributes(attributes), children: []};
			top.children.push(element);
			if (selfClosing !== '/') {
				open.push(element);
			}
		}

		end += 1;
	}

	const elements = root.children.filter((child): child is XmlElement => typeof child !== 'string');
	const [only] = elements;
	if (open.length > 1 || only === undefined || elements.length > 1) {
		throw new Error(`not one closed root element: ${open.map(({name}) => name).join(' ')}`);
	}

	return only;
}

function readAttributes(text: string): Record<string, string> {
	const attributes: Record<string, string> = {};
	for (const [, name = '', value = ''] of text.matchAll(/([\w:-]+)="([^"]*)"/g)) {
		if (name in attributes) {
			throw new Error(`attribute ${name} twice`);
		}

		attributes[name] = decode(value);
	}

	return attributes;
}

function decode(text: string): string {
	return text.replaceAll(/&(?:#(\d+)|#x([\da-fA-F]+)|(\w+));|&/g, (match, decimal, hex, name) => {
		const point = decimal ? Number(decimal) : hex ? Number.parseInt(hex, 16) : undefined;
		const character = point === undefined ? entities[name] : String.fromCodePoint(point);
		if (character === undefined) {
			throw new Error(`"${match}" is no entity of XML`);
		}

		return character;
	});
}

/** The element and all below it, in document order. */
export function elementsOf(element: XmlElement): readonly XmlElement[] {
	return [
		element,
		...element.children.flatMap((child) => (typeof child === 'string' ? [] : elementsOf(child))),
	];
}

/** All text below an element. */
export function textOf(element: XmlElement): string {
	return element.children.map((child) => (typeof child === 'string' ? child : textOf(child))).join('');
}
