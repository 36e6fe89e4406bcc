import {createWriteStream} from 'node:fs';
import type {RecordedCall, RecordTo} from '../domain/tap.ts';
import {reasonOf, UserError} from '../domain/user-error.ts';
import type {OverCall} from '../tap/pass-through.ts';
import {openPrivate} from '../text/private-file.ts';
import {escapeUnseen} from '../text/width.ts';

/** `--record FILE`: a line for each inference at its end. */

type Recorder = {
	readonly record: (over: OverCall) => void;
	/** Resolves once all lines are written. */
	readonly close: () => Promise<void>;
};

/** @param now By the clock of the call. @param epoch The same instant, in milliseconds since 1970. */
export function recordedCall(
	{call, method, lane, endedAt}: Pick<OverCall, 'call' | 'method' | 'lane' | 'endedAt'>,
	now: number,
	epoch: number,
): RecordedCall {
	const {row, caller, facts, expected, arrivedAt, sentAt, firstTokenAt, end} = call;
	return {
		at: new Date(epoch - (now - arrivedAt)).toISOString(),
		client: caller.name,
		session: caller.session ?? caller.run ?? null,
		lane,
		model: row.model,
		method,
		inputTokens: end?.usage?.inputTokens ?? expected.inputTokens,
		cacheReadTokens: end?.usage?.cacheReadTokens ?? 0,
		cacheWriteTokens: end?.usage?.cacheWriteTokens ?? 0,
		maxTokens: facts.maxTokens ?? null,
		outputTokens: end?.usage?.outputTokens ?? null,
		timeToFirstTokenMs:
			firstTokenAt === undefined || sentAt === undefined ? null : Math.round(firstTokenAt - sentAt),
		totalMs: sentAt === undefined ? null : Math.round(endedAt - sentAt),
		heldMs: Math.round(call.heldMs),
		outcome: end?.outcome ?? 'aborted',
		attempts: call.attempts,
	};
}

/** Text as it is; what is none, such as a stream of events, in base64. */
const bodyFields = (name: string, body: Buffer): Readonly<Record<string, string>> => {
	const text = body.toString('utf8');
	return Buffer.from(text).equals(body) ? {[name]: text} : {[`${name}Base64`]: body.toString('base64')};
};

/**
 * Continues a recording, in a file that only its owner can read.
 * @param warn Called once, with a sentence, where no more can be written; the tap goes on.
 * @throws UserError (exit 1) where the file cannot be written.
 */
export function openRecorder(
	{file, hasBodies}: RecordTo,
	{
		now,
		epoch,
		warn,
	}: {readonly now: () => number; readonly epoch: () => number; readonly warn: (text: string) => void},
): Recorder {
	let descriptor: number;
	try {
		descriptor = openPrivate(file, 'continue');
	} catch (error) {
		throw new UserError(`--record: "${file}" cannot be written: ${reasonOf(error)}.`, {
			exitCode: 1,
			hint: 'Name a file in a folder that you may write to.',
			cause: error,
		});
	}
	let hasFailed = false;
	const stream = createWriteStream(file, {fd: descriptor});
	stream.on('error', (error) => {
		hasFailed = true;
		warn(`--record: nothing more is written to ${file}: ${reasonOf(error)}.`);
	});
	return {
		record(over) {
			if (hasFailed) {
				return;
			}
			const bodies = hasBodies
				? {...bodyFields('request', over.request), ...bodyFields('answer', over.answer ?? Buffer.alloc(0))}
				: {};
			stream.write(`${escapeUnseen(JSON.stringify({...recordedCall(over, now(), epoch()), ...bodies}))}\n`);
		},
		close: async () =>
			new Promise((resolve) => {
				if (hasFailed) {
					resolve();
				} else {
					stream.end(resolve);
				}
			}),
	};
}
