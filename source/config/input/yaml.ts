import {
	type Document,
	isAlias,
	isMap,
	isNode,
	isScalar,
	isSeq,
	LineCounter,
	type Node,
	type Pair,
	parseDocument,
	Scalar,
	type YAMLError,
	type YAMLMap,
} from 'yaml';
import {UserError} from '../../domain/user-error.ts';

/**
 * Reads YAML files, with texts as written in the file, and with anchors and merge keys. Faults are explained in words for
 * the author of the file.
 */

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

/** Whether the value at a path is text: then 1.10 and 010 are kept as written instead of read as numbers. */
type IsText = (path: readonly PropertyKey[]) => boolean;

type Refuse = (node: Node | null, reason: string, hint: string) => Error;

/** Maximum of values from anchors, over all uses: ten lines can expand to billions. */
const maxRepeated = 100_000;

const isPlain = (node: unknown): node is Scalar =>
	isScalar(node) && (node.type === Scalar.PLAIN || node.type === undefined);

const isMergeKey = (key: unknown): boolean => isPlain(key) && key.source === '<<';

/** Whether a number would not be sent as written. */
const isInexact = (value: unknown): boolean =>
	typeof value === 'bigint' ||
	(typeof value === 'number' &&
		(!Number.isFinite(value) || (Number.isInteger(value) && !Number.isSafeInteger(value))));

/** A comment that was meant as text: a real one has a space after its #. */
const looksLikeText = /^[ \t]*#[^\s#]/;

/**
 * Reads the values.
 * @param text Source of the document.
 * @param refuse Makes the error of a node.
 */
function valuesOf(document: Document, text: string, isText: IsText, refuse: Refuse): unknown {
	const anchors = new Map<string, Node>();
	const used = new Set<Node>();
	const open = new Set<Node>();
	let aliasDepth = 0;
	/** The outermost use of an anchor that is being read. */
	let use: Node | null = null;
	let repeated = 0;

	/** Refuses what YAML silently drops from a text: a lone "!", and what follows " #". */
	const assertWhole = (node: Scalar, path: readonly PropertyKey[]): void => {
		if (node.tag === '!') {
			throw refuse(node, '"!" at the beginning of a text is a tag', inQuotes);
		}
		const end = node.range?.[1] ?? 0;
		if (
			isPlain(node) &&
			isText(path) &&
			looksLikeText.test(text.slice(end, end + 80).split('\n', 1)[0] ?? '')
		) {
			throw refuse(node, '"#" begins a comment here', `${inQuotes} A comment has a space after its #.`);
		}
	};

	const scalar = (node: Scalar, path: readonly PropertyKey[]): unknown => {
		assertWhole(node, path);
		const {value, source} = node;
		const isOther = typeof value !== 'string' && value !== null && isPlain(node);
		if (isOther && source !== undefined && isText(path)) {
			return source;
		}
		if (isInexact(value)) {
			throw refuse(node, `${source ?? String(value)} cannot be kept as a number`, inQuotes);
		}
		return value;
	};

	const targetOf = (node: Node): Node => {
		if (!isAlias(node)) {
			return node;
		}
		const target = anchors.get(node.source);
		if (target === undefined) {
			const known = [...anchors.keys()].map((name) => `&${name}`).join(', ');
			throw refuse(
				node,
				`the anchor "&${node.source}" is missing before "*${node.source}"`,
				known === '' ? inQuotes : `Known: ${known.slice(0, 200)}. ${inQuotes}`,
			);
		}
		used.add(target);
		return target;
	};

	const count = (): void => {
		repeated += aliasDepth > 0 ? 1 : 0;
		if (repeated > maxRepeated) {
			throw refuse(
				use,
				`its anchors expand to more than ${maxRepeated.toLocaleString('en')} values`,
				'Use fewer anchors within anchors.',
			);
		}
	};

	/** The name of a key, as written. */
	const keyOf = (key: unknown, pair: Node): string => {
		const node = isAlias(key) ? targetOf(key) : key;
		if (isScalar(node)) {
			note(node);
			return isPlain(node) && typeof node.value !== 'string' && node.source !== undefined
				? node.source
				: String(node.value ?? '');
		}
		throw refuse(pair, '"{" or "[" at the beginning of a text opens a list of values', inQuotes);
	};

	const note = (node: Node): void => {
		if (aliasDepth === 0 && 'anchor' in node && typeof node.anchor === 'string') {
			anchors.set(node.anchor, node);
		}
	};

	/** Maps that a merge key names, in descending priority. */
	const mergedOf = (value: Node | null, path: readonly PropertyKey[]): readonly object[] => {
		const parts = isSeq(value) ? (value.items as Node[]) : [value];
		return parts.map((part) => {
			const merged = part === null ? null : read(part, path);
			if (typeof merged !== 'object' || merged === null || Array.isArray(merged)) {
				throw refuse(part, '"<<" needs a map', 'Name the anchor of one, such as <<: *shared.');
			}
			return merged;
		});
	};

	const map = (node: YAMLMap, path: readonly PropertyKey[]): object => {
		const own = new Map<string, unknown>();
		const merged: object[] = [];
		for (const {key, value} of node.items as Array<Pair<Node | null, Node | null>>) {
			if (isMergeKey(key)) {
				merged.push(...mergedOf(value, path));
			} else {
				const name = keyOf(key, node);
				own.set(name, value === null ? null : read(value, [...path, name]));
			}
		}
		const entries = merged.toReversed().flatMap((each) => Object.entries(each));
		return Object.fromEntries([...entries, ...own]);
	};

	const read = (given: Node, path: readonly PropertyKey[]): unknown => {
		const node = targetOf(given);
		if (open.has(node)) {
			throw refuse(given, 'this anchor contains itself', 'Use it outside of its own value.');
		}
		const depth = aliasDepth;
		note(node);
		use = aliasDepth === 0 ? given : use;
		aliasDepth += node === given ? 0 : 1;
		count();
		open.add(node);
		try {
			if (isMap(node)) {
				return map(node, path);
			}
			if (isSeq(node)) {
				return (node.items as Array<Node | null>).map((item, index) =>
					item === null ? null : read(item, [...path, index]),
				);
			}
			return isScalar(node) ? scalar(node, path) : null;
		} finally {
			open.delete(node);
			aliasDepth = depth;
		}
	};

	const value = document.contents === null ? null : read(document.contents as Node, []);
	for (const [name, node] of anchors) {
		if (!used.has(node) && isPlain(node) && typeof node.value === 'string') {
			throw refuse(
				node,
				`"&" at the beginning of a text makes its first word an anchor, and nothing names "*${name}"`,
				`${inQuotes} Or remove the anchor.`,
			);
		}
	}
	return value;
}
