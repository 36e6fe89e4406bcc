import type {UserError} from '../domain/user-error.ts';
import {asSentence, cleanLines, cleanText, wrapText} from '../text/width.ts';

/**
 * An error for stderr: what is wrong, then what to do.
 *
 * @param error A message of several lines (a plan) keeps them.
 * @param options `width` in cells of the terminal.
 */
export function errorLines(
	error: Pick<UserError, 'message' | 'hint'>,
	{width}: {readonly width: number},
): readonly string[] {
	const [first = '', ...rest] = cleanLines(error.message).split('\n');
	return [
		// A message of the service may lack its full stop, and the hint follows it.
		...wrapText(`bedrock-top: ${rest.length === 0 ? asSentence(first) : first}`, width),
		...rest,
		...(error.hint === undefined ? [] : wrapText(cleanText(error.hint), width)),
	];
}
