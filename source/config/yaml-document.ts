import {type Document, LineCounter, type ParsedNode, parseDocument, visit} from 'yaml';
import {UserError} from '../domain/user-error.ts';

/** A YAML file that was read: its value, and the document that knows where everything stands. */
export type YamlDocument = {
	readonly value: unknown;
	readonly document: Document.Parsed;
	readonly lines: LineCounter;
};

/** How often anchors may be used over, one within another: far beyond what anyone writes, far below what fills a memory. */
const mostAliases = 100_000;

type Place = {readonly file: string; readonly hint: string};

const faultIn = ({file, hint}: Place, line: number, reason: string, cause: unknown): UserError =>
	new UserError(`${file}:${line}: ${reason}.`, {exitCode: 2, hint, cause});

/** Position of the first use of an anchor that is not set before it; else of the last use of any. */
const aliasPosition = (document: Document.Parsed): {name: string; at: number; isUnknown: boolean} => {
	let found = {name: '', at: 0, isUnknown: false};
	visit(document, {
		Alias(_key, node) {
			const isUnknown = node.resolve(document) === undefined;
			found = {name: node.source, at: (node as ParsedNode).range?.[0] ?? 0, isUnknown};
			return isUnknown ? visit.BREAK : undefined;
		},
	});
	return found;
};

/** A value that holds itself has no end: the library makes it without a word. */
const assertFinite = (document: Document.Parsed, lines: LineCounter, place: Place): void => {
	visit(document, {
		Alias(_key, node, path) {
			if (path.some((parent) => (parent as {anchor?: string}).anchor === node.source)) {
				const {line} = lines.linePos((node as ParsedNode).range?.[0] ?? 0);
				throw faultIn(place, line, `"*${node.source}" is used within itself`, undefined);
			}
		},
	});
};

/** What else is wrong with anchors shows only when they are put in. */
const anchorFault = (
	document: Document.Parsed,
	lines: LineCounter,
	place: Place,
	cause: unknown,
): UserError => {
	const {name, at, isUnknown} = aliasPosition(document);
	const {line} = lines.linePos(at);
	if (isUnknown) {
		return faultIn(place, line, `"*${name}" uses an anchor that is not set before it`, cause);
	}
	return faultIn(
		place,
		line,
		`its anchors are used more than ${mostAliases.toLocaleString('en')} times, one within another`,
		cause,
	);
};

const parse = (text: string, lines: LineCounter, place: Place): Document.Parsed => {
	try {
		return parseDocument(text, {lineCounter: lines});
	} catch (error) {
		throw faultIn(
			place,
			1,
			error instanceof RangeError ? 'it is nested too deeply' : 'it cannot be read as YAML',
			error,
		);
	}
};

/**
 * Reads a YAML text; whatever the library says of it becomes a sentence with file and line.
 * @param hint What the file should be.
 * @throws UserError (exit 2).
 */
export const readYaml = (file: string, text: string, hint: string): YamlDocument => {
	const place = {file, hint};
	const lines = new LineCounter();
	const document = parse(text, lines, place);
	const [fault] = document.errors;
	if (fault !== undefined) {
		const {line} = lines.linePos(fault.pos[0]);
		throw faultIn(place, line, fault.message.split('\n')[0]?.replace(/ at line .*$/, '') ?? '', fault);
	}
	assertFinite(document, lines, place);
	try {
		return {value: document.toJS({maxAliasCount: mostAliases}), document, lines};
	} catch (error) {
		throw anchorFault(document, lines, place, error);
	}
};
