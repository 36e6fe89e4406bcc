import {rmSync} from 'node:fs';
import {rm} from 'node:fs/promises';
import path from 'node:path';
import {variantFingerprint} from '../domain/fingerprint.ts';
import type {RunConfig} from '../domain/run-config.ts';
import type {AnswerRecord, UncheckedRecord} from '../engine/attempts/answer-record.ts';
import type {LostRecord} from '../engine/attempts/lost-record.ts';
import {askedLine, partsOf} from '../reports/asked-lines.ts';
import {lostRequestCsvLine, requestsCsvHead, requestsCsvLine} from '../reports/requests-csv.ts';
import {uncheckedFile} from '../reports/unchecked-lines.ts';
import {escapeUnseen} from '../text/width.ts';
import {type LineFile, openLineFile} from './line-file.ts';
import type {AnswerSink} from './messages.ts';

/** Where requests are streamed to: a line for each answer in answers.jsonl, a row for each request in requests.csv. */
export type AnswerWriter = {
	readonly write: (record: AnswerRecord) => void;
	/**
	 * An answer whose check goes on: it is kept in answers-unchecked.jsonl until the run is over. Should the program be
	 * killed before that, `--resume` checks it there.
	 */
	readonly unjudged: (record: UncheckedRecord) => void;
	/** A request without an answer is a row of requests.csv alone. */
	readonly lost: (record: LostRecord) => void;
	/** Waits until all lines are handed to the disk. */
	readonly close: () => Promise<void>;
};

/** Whose answers they are. */
export type AnswersOf = {
	/** Name of the run, of its own. */
	readonly run: string;
	readonly config: RunConfig;
};

/** What a run was about to ask, beside its answers. */
const askedFile = (answers: string | undefined): string | undefined =>
	answers === undefined ? undefined : path.join(path.dirname(answers), 'asked.jsonl');

/**
 * Opens the files that the sink names, each at the first answer.
 * @param onFault Told once a file, in words, when it can no longer be written; the run goes on.
 */
export const openAnswers = (
	{file, requestsFile, isReplacing = false}: NonNullable<AnswerSink>,
	{run, config}: AnswersOf,
	onFault: (text: string) => void,
): AnswerWriter => {
	const open = (name: string | undefined, what: string, head = ''): LineFile | undefined =>
		name === undefined ? undefined : openLineFile(name, {what, head, isReplacing}, onFault);
	const answers = open(file, 'Answers');
	const asked = open(askedFile(file), 'Fingerprints of the items');
	let hasAsked = false;
	const prints = new Map(
		Object.entries(partsOf(config)).map(([name, parts]) => [name, variantFingerprint(parts)]),
	);
	const requests = open(requestsFile, 'Requests', requestsCsvHead);
	const draft = file === undefined ? undefined : uncheckedFile(file);
	let unchecked: LineFile | undefined;
	/** Comes before the first answer, checked or not. */
	const say = (): void => {
		if (hasAsked) {
			return;
		}
		hasAsked = true;
		asked?.write(askedLine(run, config));
		if (isReplacing && draft !== undefined) {
			rmSync(draft, {force: true});
		}
	};
	const answerLine = (record: AnswerRecord | UncheckedRecord): string => {
		const origin = {run, variantFingerprint: prints.get(record.variant)};
		return `${escapeUnseen(JSON.stringify({...origin, ...record}))}\n`;
	};
	return {
		unjudged(record) {
			if (draft !== undefined) {
				say();
				unchecked ??= openLineFile(draft, {what: 'Answers that wait for their check'}, onFault);
				unchecked.write(answerLine(record));
			}
		},
		write(record) {
			say();
			answers?.write(answerLine(record));
			requests?.write(requestsCsvLine(record));
		},
		lost(record) {
			requests?.write(lostRequestCsvLine(record));
		},
		async close() {
			await Promise.all([answers?.close(), asked?.close(), requests?.close(), unchecked?.close()]);
			if (draft !== undefined && unchecked !== undefined) {
				await rm(draft, {force: true});
			}
		},
	};
};
