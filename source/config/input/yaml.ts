import {type Document, LineCounter, type Node, parseDocument} from 'yaml';
import {UserError} from '../../domain/user-error.ts';
import {type IsText, valuesOf} from './yaml-values.ts';
import {yamlWords} from './yaml-words.ts';

/** A YAML file that was read. */
export type YamlFile = {
	readonly value: unknown;
	/** Line, from 1, of the nearest part of a path that is there. */
	readonly lineAt: (path: readonly PropertyKey[]) => number;
};

const noText: IsText = () => false;

const lineAt = (document: Document, lines: LineCounter, path: readonly PropertyKey[]): number => {
	for (let length = path.length; length > 0; length--) {
		const node: unknown = document.getIn(path.slice(0, length), true);
		const range = (node as {range?: [number, number, number]} | undefined)?.range;
		if (range !== undefined) {
			return lines.linePos(range[0]).line;
		}
	}
	return 1;
};

const excerptLength = 60;

/**
 * Reads YAML, of which JSON is a part.
 * @param isText Where scalars are taken as they stand.
 * @throws UserError (exit 2) with file, line and the fix.
 */
export const readYaml = (file: string, text: string, isText: IsText = noText): YamlFile => {
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
			lineAt: (path) => lineAt(document, lines, path),
		};
	} catch (error) {
		if (error instanceof RangeError) {
			throw faultAt(1, 'it is nested too deeply', 'Write it flatter.');
		}
		throw error;
	}
};
