import type {YAMLError} from 'yaml';

/** What the YAML parser finds wrong, in the words of whoever wrote the file. */

type Words = {readonly reason: string; readonly hint: string};

const inQuotes = 'Put the text in quotes.';
const quoted = (reason: string): Words => ({reason, hint: inQuotes});

const duplicateKey = (line: string): Words =>
	/^[\s-]*<<\s*:/.test(line)
		? {reason: '"<<" stands twice', hint: 'Name all anchors in one list: <<: [*first, *second].'}
		: {reason: 'this key stands twice', hint: 'Keep one of the two.'};

const missing = (message: string): Words => {
	if (message.includes('quote')) {
		return {reason: 'a quotation mark is opened and never closed', hint: 'Close it.'};
	}
	return /\b(?:sequence|map) must end/.test(message)
		? {reason: 'a bracket is opened and never closed', hint: `Close it. ${inQuotes}`}
		: {
				reason: 'this line is no "key: value"',
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
export const yamlWords = ({code, message}: Pick<YAMLError, 'code' | 'message'>, line: string): Words => {
	switch (code) {
		case 'MULTIPLE_DOCS':
			return {
				reason: 'a second document begins here (---)',
				hint: 'One document per file: put it into a file of its own, or remove the line.',
			};
		case 'TAB_AS_INDENT':
			return {reason: 'a tab is used to indent', hint: 'Indent with spaces.'};
		case 'DUPLICATE_KEY':
			return duplicateKey(line);
		case 'BAD_DQ_ESCAPE':
			return {
				reason: 'a backslash in double quotes is followed by a letter that means nothing there',
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
			return quoted('something stands here that YAML has no use for');
		case 'RESOURCE_EXHAUSTION':
			return {reason: 'it is nested too deeply', hint: 'Write it flatter.'};
		default: {
			const unknown: never = code;
			return quoted(`${unknown}`);
		}
	}
};
