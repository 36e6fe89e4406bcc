import {lanes} from '../domain/bucket-usage.ts';
import type {RecordedCall} from '../domain/tap.ts';
import {UserError} from '../domain/user-error.ts';
import {linePieces, type SizeBound} from './input/text-file.ts';

/** Recordings of a tap (`--record FILE`), as `--what-if` and `--replay` read them. */

/** A call of a recording, with its line in the file. */
export type Recording = {
	readonly file: string;
	/** In the order of their arrival, which is not that of the file: a line is written when its call is over. */
	readonly calls: readonly RecordedCall[];
};

const bound: SizeBound = {bytes: 1_000_000_000, hint: 'Cut it: every part of a recording is one too.'};

const isCount = (value: unknown): boolean =>
	typeof value === 'number' && Number.isFinite(value) && value >= 0;
const orNull =
	(isFine: (value: unknown) => boolean) =>
	(value: unknown): boolean =>
		value === null || isFine(value);
const isText = (value: unknown): boolean => typeof value === 'string' && value !== '';

type Field = {readonly isFine: (value: unknown) => boolean; readonly wanted: string};

const count: Field = {isFine: isCount, wanted: 'a number that is not negative'};
const countOrNull: Field = {isFine: orNull(isCount), wanted: 'a number that is not negative, or null'};
const text: Field = {isFine: isText, wanted: 'a text'};

const fields: Readonly<Record<keyof RecordedCall, Field>> = {
	at: {
		isFine: (value) => typeof value === 'string' && Number.isFinite(Date.parse(value)),
		wanted: 'a time such as "2026-11-30T08:00:00.000Z"',
	},
	client: text,
	session: {isFine: orNull(isText), wanted: 'a text or null'},
	lane: {
		isFine: (value) => lanes.some((lane) => lane === value),
		wanted: `one of ${lanes.join(', ')}`,
	},
	model: text,
	method: text,
	inputTokens: count,
	cacheReadTokens: count,
	cacheWriteTokens: count,
	maxTokens: countOrNull,
	outputTokens: countOrNull,
	timeToFirstTokenMs: countOrNull,
	totalMs: countOrNull,
	heldMs: count,
	outcome: text,
	attempts: count,
};

const fault = (file: string, line: number, what: string): UserError =>
	new UserError(`"${file}", line ${line}: ${what}`, {
		exitCode: 2,
		hint: 'A recording is what "bedrock-top tap --record FILE" writes: one JSON object per line. Remove the line, or record again.',
	});

const readCall = (file: string, line: number, source: string): RecordedCall => {
	let value: unknown;
	try {
		value = JSON.parse(source);
	} catch {
		throw fault(file, line, 'it is not JSON.');
	}
	if (typeof value !== 'object' || value === null || Array.isArray(value)) {
		throw fault(file, line, 'it is not a JSON object.');
	}
	for (const [name, {isFine, wanted}] of Object.entries(fields)) {
		const found: unknown = (value as Readonly<Record<string, unknown>>)[name];
		if (found === undefined) {
			throw fault(file, line, `it has no "${name}".`);
		}
		if (!isFine(found)) {
			throw fault(file, line, `"${name}" is ${JSON.stringify(found).slice(0, 60)}, and has to be ${wanted}.`);
		}
	}
	return value as RecordedCall;
};

/**
 * Reads a recording.
 * @throws UserError (exit 2) with file and line, for what is not a recording.
 */
export function readRecording(file: string): Recording {
	const calls: RecordedCall[] = [];
	let line = 0;
	for (const piece of linePieces(file, bound)) {
		for (const source of piece.split('\n').slice(0, piece.endsWith('\n') ? -1 : undefined)) {
			line++;
			if (source.trim() !== '') {
				calls.push(readCall(file, line, source));
			}
		}
	}
	if (calls.length === 0) {
		throw new UserError(`"${file}": it holds no call.`, {
			exitCode: 2,
			hint: 'Record some traffic with "bedrock-top tap --record FILE" first.',
		});
	}
	const timed = calls.map((call) => ({call, at: Date.parse(call.at)}));
	return {file, calls: timed.sort((first, second) => first.at - second.at).map(({call}) => call)};
}
