import {readText} from './preset-files.ts';

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
		return (await readStdin()).trim();
	}
	return value.startsWith('@') ? readText(value.slice(1)).trim() : value;
};
