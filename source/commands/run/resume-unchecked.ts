import {rm} from 'node:fs/promises';
import path from 'node:path';
import type {Check} from '../../domain/variant.ts';
import type {AnswerRecord} from '../../engine/attempts/answer-record.ts';
import {isPattern} from '../../prompts/checks.ts';
import type {PatternResult} from '../../prompts/judge.ts';
import {requestsCsvHead, requestsCsvLine} from '../../reports/requests-csv.ts';
import {textsToCheck, type UncheckedLine, uncheckedFile, withResults} from '../../reports/unchecked-lines.ts';
import {formatCount} from '../../text/numbers.ts';
import {escapeUnseen} from '../../text/width.ts';
import {createCheckWarning} from '../../threads/check-warning.ts';
import {createChecksThread} from '../../threads/checks-handle.ts';
import {openLineFile} from '../../threads/line-file.ts';
import {refuse} from './resume-checks.ts';

/** Answers that a program had paid for and not checked when it was killed. */

/** Says what becomes of them; nothing where there are none. */
export const uncheckedChanges = (count: number): readonly string[] =>
	count === 0
		? []
		: [
				count === 1
					? '1 answer was not checked yet when the program ended: it is checked first, and not asked again.'
					: `${formatCount(count)} answers were not checked yet when the program ended: they are checked first, and not asked again.`,
			];

/** What is to be checked, and where it goes. */
export type Unchecked = {
	readonly folder: string;
	/** requests.csv; undefined: not kept. */
	readonly requestsFile: string | undefined;
	readonly lines: readonly UncheckedLine[];
	readonly checks: readonly Check[];
};

/**
 * Checks the answers of answers-unchecked.jsonl and puts each where the others are, in a thread and with the limit that
 * every check has. Those that a signal leaves unchecked stay where they are.
 * @returns A warning where a check could not be run to its end.
 * @throws UserError (exit 2) where the files cannot be written.
 */
export const checkUnchecked = async (
	{folder, requestsFile, lines, checks}: Unchecked,
	signal: AbortSignal,
	createChecker = createChecksThread,
): Promise<readonly string[]> => {
	const answersFile = path.join(folder, 'answers.jsonl');
	const faults: string[] = [];
	const warnings: string[] = [];
	const warnOfCheck = createCheckWarning((text) => warnings.push(text));
	const open = (file: string, what: string, head = '') =>
		openLineFile(file, {what, head}, (text) => faults.push(text));
	const answers = open(answersFile, 'Answers');
	const requests = requestsFile === undefined ? undefined : open(requestsFile, 'Requests', requestsCsvHead);
	const patterns = checks.filter(isPattern);
	const checker = patterns.length === 0 || lines.length === 0 ? undefined : createChecker(patterns);
	const resultsOf = async (texts: readonly string[]): Promise<readonly PatternResult[]> =>
		checker === undefined ? texts.map(() => ({isMet: true})) : checker.check(texts);
	const keep = (record: AnswerRecord): void => {
		answers.write(`${escapeUnseen(JSON.stringify(record))}\n`);
		requests?.write(requestsCsvLine(record));
	};
	try {
		for (const line of lines) {
			const results = await resultsOf(textsToCheck(line));
			if (signal.aborted) {
				return warnings;
			}
			const record = withResults(line, results);
			keep(record);
			warnOfCheck(record);
		}
	} finally {
		checker?.close();
		await Promise.all([answers.close(), requests?.close()]);
	}
	const [fault] = faults;
	if (fault !== undefined) {
		throw refuse(
			folder,
			fault.replace(/\.$/, ''),
			'Nothing was sent; make the folder writable and repeat it.',
		);
	}
	await rm(uncheckedFile(answersFile), {force: true});
	return warnings;
};
