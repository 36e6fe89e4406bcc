import {readText} from './input/text-file.ts';

/** A file ends its last line; the text does not. */
const withoutLastEnd = (text: string): string => text.replace(/\r?\n$/, '');

/**
 * A text from the command line: the text itself, the content of a file for `@FILE`, stdin for `-`.
 * @throws UserError (exit 2) for a file that cannot be read.
 */
export const textArgument = async (
	value: string | undefined,
	readStdin: () => Promise<string>,
): Promise<string | undefined> => {
	if (value === undefined) {
		return undefined;
	}
	if (value === '-') {
		return withoutLastEnd(await readStdin());
	}
	return value.startsWith('@') ? withoutLastEnd(readText(value.slice(1))) : value;
};
