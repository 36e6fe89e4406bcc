import {
	type Document,
	isAlias,
	isMap,
	isScalar,
	isSeq,
	type Node,
	type Pair,
	Scalar,
	type YAMLMap,
} from 'yaml';

/** The values of a YAML document, with texts as written in the file, and with anchors and merge keys. */

/** Whether the value at a path is text: then 1.10 and 010 are kept as written instead of read as numbers. */
export type IsText = (path: readonly PropertyKey[]) => boolean;

type Refuse = (node: Node | null, reason: string, hint: string) => Error;

/** Maximum of values from anchors, over all uses: ten lines can expand to billions. */
const maxRepeated = 100_000;

const isPlain = (node: unknown): node is Scalar =>
	isScalar(node) && (node.type === Scalar.PLAIN || node.type === undefined);

const isMergeKey = (key: unknown): boolean => isPlain(key) && key.source === '<<';

const inQuotes = 'Put the text in quotes.';

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
export function valuesOf(document: Document, text: string, isText: IsText, refuse: Refuse): unknown {
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
