import {lanes} from '../domain/bucket-usage.ts';
import type {RecordedCall} from '../domain/tap.ts';
import type {Recorded, Variant} from '../domain/task.ts';
import {UserError} from '../domain/user-error.ts';
import {placeholdersOf} from '../prompts/compose.ts';
import {formatCount, formatDurationMs, formatNumber} from '../text/numbers.ts';
import {bounds} from './defaults.ts';
import {linePieces, type SizeBound} from './input/text-file.ts';
import type {FlagValues} from './parse-arguments.ts';
import type {Preset} from './preset-schema.ts';
import {readNumber} from './values.ts';

/** Recordings of a tap (`--record FILE`), as `--what-if` and `--replay` read them. */

/** A call of a recording, with its line in the file. */
export type Recording = {
	readonly file: string;
	/** In the order of their arrival, which is not that of the file: a line is written when its call is over. */
	readonly calls: readonly RecordedCall[];
};

const sizeBound: SizeBound = {bytes: 1_000_000_000, hint: 'Cut it: every part of a recording is one too.'};

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
	for (const piece of linePieces(file, sizeBound)) {
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

/** What a run with `--replay FILE` sends. */
export type Replay = {
	readonly recorded: readonly Recorded[];
	/** Those of the recording. */
	readonly models: readonly string[];
	/** For the plan, one sentence each. */
	readonly remarks: readonly string[];
};

/** Flags that say what a recording says. */
const saidByRecording = ['load', 'rate', 'concurrency', 'content', 'max-tokens', 'resume'] as const;

const refuse = (message: string, hint: string): never => {
	throw new UserError(message, {exitCode: 2, hint});
};

/** Mean output of the calls that have one: what is assumed of the others. */
const meanOutput = (calls: readonly RecordedCall[]): number | undefined => {
	const known = calls.flatMap(({outputTokens}) => outputTokens ?? []);
	return known.length === 0
		? undefined
		: Math.round(known.reduce((sum, tokens) => sum + tokens, 0) / known.length);
};

const remarksOf = (
	file: string,
	calls: readonly RecordedCall[],
	spanMs: number,
	speed: number,
): readonly string[] => {
	const unanswered = calls.filter(({outputTokens}) => outputTokens === null).length;
	const isCached = calls.some(
		({cacheReadTokens, cacheWriteTokens}) => cacheReadTokens + cacheWriteTokens > 0,
	);
	return [
		`Replays ${file}: ${formatCount(calls.length)} requests of ${formatDurationMs(spanMs)}${speed === 1 ? '' : `, ${formatNumber(speed)} times as fast`}. The texts are made up, of about the recorded input tokens, and max tokens are those of the recorded output: answers are not checked.`,
		...(isCached ? ['What was read from a cache or written to it is sent as plain input.'] : []),
		...(unanswered === 0
			? []
			: [
					`${formatCount(unanswered)} recorded ${unanswered === 1 ? 'request' : 'requests'} had no answer: their max tokens are the mean of the others of their model (assumed).`,
				]),
	];
};

/**
 * Reads `--replay FILE` and `--speed X`; undefined where no replay was typed.
 * @throws UserError (exit 2) that quotes the offending value, for what is not a recording, and for what does not go with one.
 */
export function readReplay(flags: FlagValues, preset: Preset | undefined): Replay | undefined {
	const [file, typedSpeed] = [flags.text('replay'), flags.text('speed')];
	if (file === undefined) {
		return typedSpeed === undefined
			? undefined
			: refuse(
					'--speed needs --replay FILE.',
					'It says how much faster a recording is sent than it was recorded.',
				);
	}
	const other =
		flags.isSet('search') === true
			? 'search'
			: saidByRecording.find((name) => flags.text(name) !== undefined);
	if (other !== undefined) {
		return refuse(
			`--${other} does not go with --replay.`,
			'A recording says what is sent, when, and how long answers are: leave the flag out.',
		);
	}
	const part = preset?.chat === undefined ? (preset?.lanes === undefined ? undefined : 'lanes') : 'chat';
	if (part !== undefined) {
		return refuse(
			`A preset with "${part}" does not go with --replay.`,
			'Name a preset that asks once, or none: then the one variant "recorded" is sent.',
		);
	}
	const speed = typedSpeed === undefined ? 1 : readNumber('speed', typedSpeed, bounds.speed);
	const {calls} = readRecording(file);
	const times = calls.map(({at}) => Date.parse(at));
	const [startMs = 0] = times;
	const byModel = Map.groupBy(calls, ({model}) => model);
	const means = new Map([...byModel].map(([model, own]) => [model, meanOutput(own) ?? meanOutput(calls)]));
	return {
		recorded: calls.map((call, index) => ({
			atMs: ((times[index] ?? startMs) - startMs) / speed,
			model: call.model,
			inputTokens: call.inputTokens + call.cacheReadTokens + call.cacheWriteTokens,
			outputTokens: Math.max(1, call.outputTokens ?? means.get(call.model) ?? call.maxTokens ?? 1),
		})),
		models: [...byModel.keys()],
		remarks: remarksOf(file, calls, (times.at(-1) ?? startMs) - startMs, speed),
	};
}

/** Without variants of a preset: the text alone. */
export const recordedVariant: Variant = {
	name: 'recorded',
	instruction: '{{content}}',
	system: undefined,
	maxTokens: undefined,
	stop: [],
	parameters: {},
	itemsPerRequest: 1,
	cache: false,
	compress: [],
};

const itemPlaceholder = /{{\s*item(?:\.[^{}]*)?\s*}}/;

/**
 * A variant as it asks about a recorded text: in place of an item.
 * @throws UserError (exit 2) where its templates have no place for it.
 */
export function variantForReplay(variant: Variant): Variant {
	const instruction = variant.instruction
		.replace(itemPlaceholder, '{{content}}')
		.replaceAll(new RegExp(itemPlaceholder, 'g'), '');
	if (!placeholdersOf(instruction).some((name) => name === 'content' || name === 'input')) {
		return refuse(
			`The variant "${variant.name}" has no place for a recorded text.`,
			'Its instruction needs {{content}}, {{input}} or {{item}}; or run --replay without a preset.',
		);
	}
	return {...variant, instruction, maxTokens: undefined, itemsPerRequest: 1};
}
