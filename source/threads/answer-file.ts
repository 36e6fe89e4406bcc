import {once} from 'node:events';
import {createWriteStream, mkdirSync, type WriteStream} from 'node:fs';
import path from 'node:path';

/** One line of answers.jsonl for each answered request, written as it comes, so that an interruption loses nothing. */
export type AnswerWriter = {
	readonly write: (record: unknown) => void;
	/** Waits until all lines are handed to the disk. */
	readonly close: () => Promise<void>;
};

/**
 * Opens the file at the first answer: a run without answers leaves nothing behind.
 * @param onFault Told once, in words, when answers can no longer be written; the run goes on.
 */
export const openAnswers = (file: string, onFault: (text: string) => void): AnswerWriter => {
	let stream: WriteStream | undefined;
	let hasFailed = false;
	const fail = (error: unknown): void => {
		if (!hasFailed) {
			hasFailed = true;
			onFault(`Answers are no longer written to ${file}: ${error instanceof Error ? error.message : error}.`);
		}
	};
	const open = (): WriteStream => {
		mkdirSync(path.dirname(file), {recursive: true});
		return createWriteStream(file, {flags: 'a'}).on('error', fail);
	};
	return {
		write(record) {
			if (hasFailed) {
				return;
			}
			try {
				stream ??= open();
				stream.write(`${JSON.stringify(record)}\n`);
			} catch (error) {
				fail(error);
			}
		},
		async close() {
			if (stream !== undefined && !hasFailed) {
				stream.end();
				await Promise.race([once(stream, 'close'), once(stream, 'error')]);
			}
		},
	};
};
