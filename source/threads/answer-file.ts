import {once} from 'node:events';
import {createWriteStream, mkdirSync, rmSync, statSync, type WriteStream} from 'node:fs';
import {rm} from 'node:fs/promises';
import path from 'node:path';
import type {RunConfig} from '../domain/run-config.ts';
import {reasonOf} from '../domain/user-error.ts';
import {
	type AnswerRecord,
	type LostRecord,
	type UncheckedRecord,
	variantFingerprint,
} from '../engine/attempts/request-records.ts';
import {askedLine, lostFile, partsOf} from '../reports/answer-lines.ts';
import {lostRequestCsvLine, requestsCsvHead, requestsCsvLine} from '../reports/requests-csv.ts';
import {uncheckedFile} from '../reports/unchecked-lines.ts';
import {openPrivate, privateFolderMode} from '../text/private-file.ts';
import {escapeUnseen} from '../text/width.ts';
import type {AnswerSink} from './messages.ts';

/** Where requests are streamed to: a line for each answer in answers.jsonl, a row for each request in requests.csv. */
type AnswerWriter = {
	/** @returns Where the line begins in answers.jsonl, in bytes; -1 where it is not kept. */
	readonly write: (record: AnswerRecord) => number;
	/**
	 * An answer whose check goes on: it is kept in answers-unchecked.jsonl until the run is over. Should the program be
	 * killed before that, `--resume` checks it there.
	 */
	readonly unjudged: (record: UncheckedRecord) => void;
	/** A request without an answer is a line of answers-lost.jsonl, and a row of requests.csv. */
	readonly lost: (record: LostRecord) => void;
	/** Waits until all lines are written. */
	readonly close: () => Promise<void>;
};

/** The run that the answers belong to. */
type AnswersOf = {
	/** Unique name of the run. */
	readonly run: string;
	readonly config: RunConfig;
};

/** The answers of a run, whose files are known only when it starts. */
export type AnswerLog = AnswerWriter & {
	/** @param sink Undefined: the answers are not kept. */
	readonly open: (sink: AnswerSink, of: AnswersOf) => void;
};

/** @param onFault Called once per file, with a sentence, when it can no longer be written; the run continues. */
export function createAnswerLog(onFault: (text: string) => void): AnswerLog {
	let writer: AnswerWriter | undefined;
	return {
		open(sink, of) {
			writer = sink && openAnswers(sink, of, onFault);
		},
		write: (record) => writer?.write(record) ?? -1,
		unjudged: (record) => writer?.unjudged(record),
		lost: (record) => writer?.lost(record),
		async close() {
			await writer?.close();
		},
	};
}

/** Fingerprints of what the run asks, beside its answers. */
const askedFile = (answers: string | undefined): string | undefined =>
	answers === undefined ? undefined : path.join(path.dirname(answers), 'asked.jsonl');

/**
 * Opens the files that the sink names, each at the first answer.
 * @param onFault Called once per file, with a sentence, when it can no longer be written; the run continues.
 */
export function openAnswers(
	{file, requestsFile, isReplacing = false}: NonNullable<AnswerSink>,
	{run, config}: AnswersOf,
	onFault: (text: string) => void,
): AnswerWriter {
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
	const lost = open(file === undefined ? undefined : lostFile(file), 'Requests without an answer');
	let hasLost = false;
	/** Comes before the first answer, checked or not. */
	const say = (): void => {
		if (hasAsked) {
			return;
		}
		hasAsked = true;
		asked?.write(askedLine(run, config));
		if (isReplacing && draft !== undefined) {
			rmSync(draft, {force: true});
			if (!hasLost && file !== undefined) {
				rmSync(lostFile(file), {force: true});
			}
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
			requests?.write(requestsCsvLine(record));
			return answers?.write(answerLine(record)) ?? -1;
		},
		lost(record) {
			hasLost = true;
			lost?.write(`${JSON.stringify({run, ...record})}\n`);
			requests?.write(lostRequestCsvLine(record));
		},
		async close() {
			await Promise.all([answers, asked, requests, unchecked, lost].map(async (each) => each?.close()));
			if (draft !== undefined && unchecked !== undefined) {
				await rm(draft, {force: true});
			}
		},
	};
}

/** A file that grows by whole pieces of text during a run, so that an interruption loses nothing. */
type LineFile = {
	/**
	 * Appends text as it is; it includes its end of line.
	 * @returns Where it begins, in bytes; -1 where it can't be written.
	 */
	readonly write: (text: string) => number;
	/** Waits until everything is written. */
	readonly close: () => Promise<void>;
};

type LineFileOptions = {
	/** What the file holds, in the plural, for the message of a fault. */
	readonly what: string;
	/** Put before the first text of an empty file. */
	readonly head?: string;
	/** What the file held before is dropped at the first write; otherwise the file is continued. */
	readonly isReplacing?: boolean;
};

const sizeOf = (file: string): number => statSync(file, {throwIfNoEntry: false})?.size ?? 0;

/**
 * Opens the file at the first write: a run without answers leaves nothing behind.
 * @param onFault Called once, with a sentence, when the file can no longer be written; the run continues.
 */
export function openLineFile(
	file: string,
	{what, head = '', isReplacing = false}: LineFileOptions,
	onFault: (text: string) => void,
): LineFile {
	let stream: WriteStream | undefined;
	let hasFailed = false;
	let length = 0;
	const fail = (error: unknown): void => {
		if (!hasFailed) {
			hasFailed = true;
			onFault(`${what} are no longer written to ${file}: ${reasonOf(error)}.`);
		}
	};
	const open = (): WriteStream => {
		mkdirSync(path.dirname(file), {recursive: true, mode: privateFolderMode});
		length = isReplacing ? 0 : sizeOf(file);
		const needsHead = head !== '' && length === 0;
		const fd = openPrivate(file, isReplacing ? 'replace' : 'continue');
		const opened = createWriteStream(file, {fd}).on('error', fail);
		if (needsHead) {
			opened.write(head);
			length += Buffer.byteLength(head);
		}
		return opened;
	};
	return {
		write(text) {
			if (hasFailed) {
				return -1;
			}
			try {
				stream ??= open();
				stream.write(text);
				const begin = length;
				length += Buffer.byteLength(text);
				return begin;
			} catch (error) {
				fail(error);
				return -1;
			}
		},
		async close() {
			if (stream !== undefined && !hasFailed) {
				stream.end();
				await Promise.race([once(stream, 'close'), once(stream, 'error')]);
			}
		},
	};
}

/** Says once in a run that an answer could not be checked, and why. */
export function createCheckWarning(warn: (text: string) => void): (record: AnswerRecord) => void {
	let hasWarned = false;
	return ({variant, verdicts}) => {
		const reason = hasWarned ? undefined : verdicts.find((verdict) => verdict.reason !== undefined)?.reason;
		if (reason !== undefined) {
			hasWarned = true;
			warn(
				`An answer of ${variant} counts as check failed: ${reason}. Make the regex or the JSON schema simpler; answers.jsonl names each such answer.`,
			);
		}
	};
}
