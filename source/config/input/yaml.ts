import {
	type Document,
	isMap,
	isNode,
	isScalar,
	LineCounter,
	type Node,
	parseDocument,
	type YAMLError,
} from 'yaml';
import {UserError} from '../../domain/user-error.ts';
import {type IsText, valuesOf} from './yaml-values.ts';

/** Reads YAML files. Faults that the parser finds are explained in words for the author of the file. */

type Words = {readonly reason: string; readonly hint: string};

const inQuotes = 'Put the text in quotes.';
const quoted = (reason: string): Words => ({reason, hint: inQuotes});

const duplicateKey = (line: string): Words =>
	/^[\s-]*<<\s*:/.test(line)
		? {reason: '"<<" is repeated', hint: 'Name all anchors in one list: <<: [*first, *second].'}
		: {reason: 'this key is repeated', hint: 'Keep one of the two.'};

const missing = (message: string): Words => {
	if (message.includes('quote')) {
		return {reason: 'a quotation mark is opened and never closed', hint: 'Close it.'};
	}
	return /\b(?:sequence|map) must end/.test(message)
		? {reason: 'a bracket is opened and never closed', hint: `Close it. ${inQuotes}`}
		: {
				reason: 'this line is not "key: value"',
				hint: 'Give it a key, indent it like the text that it belongs to, or put the text in quotes.',
			};
};

const indentation = (message: string): Words =>
	message.includes('end with')
		? missing('sequence must end')
		: {
				reason: 'the indentation does not fit the lines around it',
				hint: 'Indent what belongs together alike.',
			};

/**
 * @param error As the parser gives it.
 * @param line The text of the line that it names.
 */
function yamlWords({code, message}: Pick<YAMLError, 'code' | 'message'>, line: string): Words {
	switch (code) {
		case 'MULTIPLE_DOCS':
			return {
				reason: 'a second document begins here (---)',
				hint: 'One document per file: move it to another file, or remove the line.',
			};
		case 'TAB_AS_INDENT':
			return {reason: 'a tab is used to indent', hint: 'Indent with spaces.'};
		case 'DUPLICATE_KEY':
			return duplicateKey(line);
		case 'BAD_DQ_ESCAPE':
			return {
				reason: 'a backslash in double quotes is followed by a letter that has no meaning there',
				hint: 'Write the backslash twice, or use single quotes.',
			};
		case 'MISSING_CHAR':
			return missing(message);
		case 'BAD_INDENT':
			return indentation(message);
		case 'TAG_RESOLVE_FAILED':
			return quoted('"!" at the beginning of a text makes its first word a tag');
		case 'BAD_DIRECTIVE':
			return quoted('"%" at the beginning of a line makes it a directive');
		case 'BAD_SCALAR_START':
			return quoted('a text cannot begin with this character');
		case 'BLOCK_AS_IMPLICIT_KEY':
		case 'BLOCK_IN_FLOW':
		case 'MULTILINE_IMPLICIT_KEY':
		case 'KEY_OVER_1024_CHARS':
			return quoted('": " within a text, or an indentation that fits no line before it');
		case 'MULTIPLE_ANCHORS':
		case 'BAD_ALIAS':
		case 'ALIAS_PROPS':
			return quoted('"&" and "*" at the beginning of a text are anchors');
		case 'MULTIPLE_TAGS':
		case 'BAD_PROP_ORDER':
		case 'BAD_COLLECTION_TYPE':
		case 'NON_STRING_KEY':
		case 'UNEXPECTED_TOKEN':
		case 'IMPOSSIBLE':
			return quoted('YAML does not allow this here');
		case 'RESOURCE_EXHAUSTION':
			return {reason: 'it is nested too deeply', hint: 'Write it flatter.'};
		default: {
			const unknown: never = code;
			return quoted(`${unknown}`);
		}
	}
}

/** A YAML file that was read. */
export type YamlFile = {
	readonly value: unknown;
	/**
	 * Line, from 1, of the nearest existing part of a path.
	 * @param part A part of the text at that path: then the first line from there on that contains it.
	 */
	readonly lineAt: (path: readonly PropertyKey[], part?: string) => number;
};

const noText: IsText = () => false;

/** The node at a path: the key in a map, the item in a list; undefined where there is none. */
const nodeAt = (document: Document, path: readonly PropertyKey[]): Node | undefined => {
	const parent = document.getIn(path.slice(0, -1), true);
	const last = String(path.at(-1));
	const node = isMap(parent)
		? parent.items.find(({key}) => isScalar(key) && String(key.source ?? key.value) === last)?.key
		: document.getIn(path, true);
	return isNode(node) ? node : undefined;
};

const lineOfPath = (document: Document, lines: LineCounter, path: readonly PropertyKey[]): number => {
	for (let length = path.length; length > 0; length--) {
		const range = nodeAt(document, path.slice(0, length))?.range;
		if (range != null) {
			return lines.linePos(range[0]).line;
		}
	}
	return 1;
};

const excerptLength = 60;

/**
 * Reads YAML, of which JSON is a part.
 * @param isText Where scalars are kept as written.
 * @throws UserError (exit 2) with file, line and the fix.
 */
export function readYaml(file: string, text: string, isText: IsText = noText): YamlFile {
	const lines = new LineCounter();
	const lineText = (line: number): string => text.split('\n', line)[line - 1]?.trimEnd() ?? '';
	const faultAt = (line: number, reason: string, hint: string): UserError => {
		const excerpt = lineText(line).trim();
		const shown = excerpt.length > excerptLength ? `${excerpt.slice(0, excerptLength)}...` : excerpt;
		return new UserError(`${file}:${line}: ${reason}${shown === '' ? '' : ` (${shown})`}.`, {
			exitCode: 2,
			hint,
		});
	};
	try {
		const document = parseDocument(text, {lineCounter: lines, prettyErrors: false});
		const [fault] = [...document.errors, ...document.warnings];
		if (fault !== undefined) {
			const {line} = lines.linePos(fault.pos[0]);
			const {reason, hint} = yamlWords(fault, lineText(line));
			throw faultAt(line, reason, hint);
		}
		const refuse = (node: Node | null, reason: string, hint: string): UserError =>
			faultAt(lines.linePos(node?.range?.[0] ?? 0).line, reason, hint);
		return {
			value: valuesOf(document, text, isText, refuse),
			lineAt(path, part = '') {
				const first = lineOfPath(document, lines, path);
				const offset = text
					.split('\n')
					.slice(first - 1)
					.findIndex((line) => line.includes(part));
				return first + Math.max(0, offset);
			},
		};
	} catch (error) {
		if (error instanceof RangeError) {
			throw faultAt(1, 'it is nested too deeply', 'Write it flatter.');
		}
		throw error;
	}
}
