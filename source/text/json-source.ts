/** JSON as written: 1.10 stays 1.10, and no digit of a long number is lost. For valid JSON only. */

const textPattern = /"[^"\\]*(?:\\.[^"\\]*)*"/y;
const barePattern = /[^\s,[\]{}"]+/y;
const blankPattern = /[\s]*/y;
const nestedPattern = /"[^"\\]*(?:\\.[^"\\]*)*"|[[\]{}]/g;

const lengthAt = (pattern: RegExp, text: string, at: number): number => {
	pattern.lastIndex = at;
	return pattern.exec(text)?.[0].length ?? 0;
};

/** The length of a value of valid JSON. */
const valueLength = (text: string, at: number): number => {
	const first = text[at];
	if (first === '"') {
		return lengthAt(textPattern, text, at);
	}
	if (first !== '{' && first !== '[') {
		return lengthAt(barePattern, text, at);
	}
	let depth = 0;
	nestedPattern.lastIndex = at;
	for (let found = nestedPattern.exec(text); found !== null; found = nestedPattern.exec(text)) {
		depth += {'{': 1, '[': 1, '}': -1, ']': -1}[found[0]] ?? 0;
		if (depth === 0) {
			return nestedPattern.lastIndex - at;
		}
	}
	return text.length - at;
};

/** A string without its quotes, anything else as written. */
export function textOfSource(source: string): string {
	return source.startsWith('"') ? (JSON.parse(source) as string) : source;
}

/** The members of an object, each with the text of its value, in their order; a repeated key comes twice. */
export function membersOf(object: string): ReadonlyArray<readonly [key: string, source: string]> {
	const text = object.trim();
	const members: Array<readonly [string, string]> = [];
	const skip = (at: number): number => at + lengthAt(blankPattern, text, at);
	let at = skip(1);
	while (text[at] === '"') {
		const keyLength = lengthAt(textPattern, text, at);
		const key = JSON.parse(text.slice(at, at + keyLength)) as string;
		at = skip(skip(at + keyLength) + 1);
		const length = valueLength(text, at);
		members.push([key, text.slice(at, at + length)]);
		at = skip(skip(at + length) + 1);
	}
	return members;
}
