import {membersOf, textOfSource} from '../text/json-source.ts';

/** Several items in one request: numbered in the prompt, and separated by number in the reply. */

/** The values as a numbered list, one paragraph per entry. */
export function numberedList(values: readonly string[]): string {
	return values.map((value, index) => `${index + 1}. ${value}`).join('\n');
}

/** Instruction of a packed request, after the prompt. */
export function packingInstruction(count: number): string {
	return (
		`Do this for each of the ${count} numbered items on its own. Reply with one JSON object and nothing else: ` +
		'its keys are the item numbers as strings ("1" is the first), its values the answers as strings.'
	);
}

/** The outermost {...} of a reply, past code fences and introductions; undefined without one. */
const jsonPart = (text: string): string | undefined => {
	const start = text.indexOf('{');
	const end = text.lastIndexOf('}');
	return start === -1 || end < start ? undefined : text.slice(start, end + 1);
};

/**
 * Separates a packed reply.
 * @returns One entry per item, in order; undefined where the reply has no answer for it.
 */
export function unpackAnswers(text: string, count: number): ReadonlyArray<string | undefined> {
	const part = jsonPart(text);
	const answers = part === undefined ? undefined : parseObject(part);
	return Array.from({length: count}, (_unused, index) => {
		const source = answers?.get(String(index + 1));
		return source === undefined || source === 'null' ? undefined : textOfSource(source);
	});
}

/** The members of a JSON object in a text, each as written; undefined for anything else. */
export function parseObject(text: string): ReadonlyMap<string, string> | undefined {
	try {
		JSON.parse(text);
	} catch {
		return undefined;
	}
	return text.trimStart().startsWith('{') ? new Map(membersOf(text)) : undefined;
}
