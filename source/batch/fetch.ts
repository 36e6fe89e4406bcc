import {mkdir} from 'node:fs/promises';
import path from 'node:path';
import {type RecordOutcome, readOutputLine} from '../bedrock/jobs/batch-records.ts';
import {below, type ObjectStore, parseS3Uri, type S3Location, s3Uri} from '../bedrock/jobs/object-store.ts';
import type {ItemVerdict} from '../domain/task.ts';
import {toVerdictRecords} from '../engine/attempts/request-records.ts';
import {beginJudgement, isPattern, type PatternChecker} from '../prompts/checks.ts';
import {formatCount} from '../text/numbers.ts';
import {privateFolderMode, writeAtomically} from '../text/private-file.ts';
import {cleanText} from '../text/width.ts';
import {createChecksThread} from '../threads/checks-handle.ts';
import {type BatchFigures, createBatchFigures} from './figures.ts';
import {
	type BatchRecord,
	type BatchTask,
	batchRecords,
	countRecords,
	indexAt,
	parseRecordId,
} from './records.ts';
import type {BatchState, JobState} from './state.ts';

/** Fetches the outputs of a batch and joins them to its records, in one pass without keeping them in memory. */

export type Fetched = {
	readonly figures: BatchFigures;
	/** Records with an answer, and those without one. */
	readonly succeeded: number;
	readonly failed: number;
	readonly answersFile: string;
	/** Input lines of the failed records; undefined where none failed. */
	readonly failedFile: string | undefined;
	/** Indexes of the failed records. */
	readonly failedIndexes: readonly number[];
	/** Where the outputs do not match what the jobs report: answers may be there that were not found. */
	readonly troubles: readonly string[];
};

type FetchPorts = {
	readonly objects: Pick<ObjectStore, 'list' | 'read'>;
	readonly lineOf: (record: BatchRecord) => string;
	readonly folder: string;
	readonly signal?: AbortSignal;
};

/** Results of the join so far. */
type Joined = {succeeded: number; failed: number; readonly failedIndexes: number[]};

const recordAt = (batch: BatchTask, index: number): BatchRecord | undefined => {
	const [record] = batchRecords(batch, index, 1);
	return record;
};

const resultOf = ({position, items, prompt}: BatchRecord) => ({
	variant: position.variant,
	items: Math.max(1, items.length),
	prompt,
});

/** The line of answers.jsonl. */
const answerLine = (
	state: BatchState,
	record: BatchRecord,
	{answer}: Extract<RecordOutcome, {kind: 'answered'}>,
	verdicts: readonly ItemVerdict[],
): string =>
	`${JSON.stringify({
		run: state.id,
		variant: record.variant.name,
		target: 0,
		model: state.target.model,
		items: record.items.map(({index}) => index),
		answer: answer.text,
		isTruncated: answer.isTruncated,
		isRefused: answer.isRefused,
		verdicts: toVerdictRecords(verdicts),
		usage: answer.usage ?? null,
		stopReason: answer.stopReason,
	})}\n`;

/** The result of a record so far. */
const status = {unknown: 0, answered: 1, failed: 2} as const;

/** Records that are not asked count as answered. */
const seenBefore = ({subset}: BatchState, batch: BatchTask): Uint8Array => {
	const seen = new Uint8Array(countRecords(batch)).fill(subset === null ? status.unknown : status.answered);
	for (const index of subset ?? []) {
		seen[index] = status.unknown;
	}
	return seen;
};

/** Message for records without an output: how the jobs ended that did not complete. */
const missingMessage = ({jobs}: BatchState): string => {
	const ends = jobs
		.filter(({status}) => status !== 'Completed')
		.map(({status, message}) => (message === null ? `${status}` : `${status}: ${message}`));
	return [
		'The record is in no output',
		...(ends.length === 0 ? [] : [`job ${[...new Set(ends)].join(', ')}`]),
	].join('; ');
};

const lineKinds = {answered: 'answer', failed: 'failure', foreign: 'foreign'} as const;

/** Index of the record that a line belongs to; undefined where the batch has no such record. */
const indexOf = (batch: BatchTask, {recordId}: RecordOutcome): number | undefined => {
	const position = parseRecordId(recordId);
	return position === undefined ? undefined : indexAt(batch, position);
};

/** An answer joined to its record, with its verdicts once they are known. */
type Answered = {
	readonly record: BatchRecord;
	readonly outcome: Extract<RecordOutcome, {kind: 'answered'}>;
	readonly verdicts: Promise<readonly ItemVerdict[]>;
};

/** Answers that are checked at the same time: one by one, each would wait for a round trip to the checks thread. */
const maxOpen = 256;

/** Yields in the order of the source, but reads ahead, so that checks overlap. */
async function* readingAhead<Value>(source: AsyncIterable<Value>): AsyncGenerator<Value> {
	const ahead: Value[] = [];
	for await (const value of source) {
		ahead.push(value);
		if (ahead.length >= maxOpen) {
			yield* ahead.splice(0);
		}
	}
	yield* ahead;
}

const judge = async (
	{task, variants}: BatchTask,
	record: BatchRecord,
	{answer}: Answered['outcome'],
	checker: PatternChecker,
): Promise<readonly ItemVerdict[]> => {
	const variant = variants[record.position.variant] ?? {parameters: {}};
	const judgement = beginJudgement(answer, task, record.items, variant);
	return judgement.kind === 'judged'
		? judgement.verdicts
		: judgement.conclude(await checker.check(judgement.texts));
};

/** The outputs, and the checker of their answers. */
type Judges = {readonly outputs: ReturnType<typeof readOutputs>; readonly checker: PatternChecker};

/** The status of every record, and why it failed. */
type Seen = {readonly states: Uint8Array; readonly faults: Map<number, string>};

/** The answers in the outputs, each record once. An answer wins over an error of the same record. */
async function* answersIn(
	state: BatchState,
	batch: BatchTask,
	{outputs, checker}: Judges,
	{states, faults}: Seen,
): AsyncGenerator<Answered> {
	for await (const {line, note} of outputs.lines()) {
		const outcome = readOutputLine(line, state.target.baseModel, state.form);
		note(lineKinds[outcome?.kind ?? 'foreign']);
		const index = outcome === undefined ? undefined : indexOf(batch, outcome);
		const record =
			index === undefined || states[index] === status.answered ? undefined : recordAt(batch, index);
		if (record === undefined || outcome === undefined) {
			continue;
		}
		if (outcome.kind === 'failed') {
			states[record.index] = status.failed;
			faults.set(record.index, outcome.message);
			continue;
		}
		states[record.index] = status.answered;
		yield {record, outcome, verdicts: judge(batch, record, outcome, checker)};
	}
}

/** Joins the outputs to the records. @yields Lines of answers.jsonl. */
async function* join(
	state: BatchState,
	batch: BatchTask,
	sources: Judges,
	{figures, joined}: {readonly figures: BatchFigures; readonly joined: Joined},
): AsyncGenerator<string> {
	const seen: Seen = {states: seenBefore(state, batch), faults: new Map()};
	const fail = (record: BatchRecord, message: string): void => {
		joined.failed += 1;
		joined.failedIndexes.push(record.index);
		figures.failed(resultOf(record), message);
	};
	for await (const answered of readingAhead(answersIn(state, batch, sources, seen))) {
		const {record, outcome} = answered;
		const verdicts = await answered.verdicts;
		joined.succeeded += 1;
		figures.answered(resultOf(record), outcome.answer, verdicts);
		yield answerLine(state, record, outcome, verdicts);
	}
	const missing = missingMessage(state);
	for (let index = 0; index < seen.states.length; index++) {
		const record = seen.states[index] === status.answered ? undefined : recordAt(batch, index);
		if (record !== undefined) {
			fail(record, seen.faults.get(index) ?? missing);
		}
	}
}

export async function fetchBatch(state: BatchState, batch: BatchTask, ports: FetchPorts): Promise<Fetched> {
	const figures = createBatchFigures({
		variants: batch.variants,
		price: state.price,
		startedAtMs: state.startedAtMs,
	});
	const joined: Joined = {succeeded: 0, failed: 0, failedIndexes: []};
	await mkdir(ports.folder, {recursive: true, mode: privateFolderMode});
	const outputs = readOutputs(state, ports);
	const checker = createChecksThread(batch.task.checks.filter(isPattern));
	const answersFile = path.join(ports.folder, 'answers.jsonl');
	try {
		await writeAtomically(answersFile, join(state, batch, {outputs, checker}, {figures, joined}));
	} finally {
		checker.close();
	}
	const failedLines = function* (): Generator<string> {
		for (const index of joined.failedIndexes) {
			const record = recordAt(batch, index);
			if (record !== undefined) {
				yield ports.lineOf(record);
			}
		}
	};
	const failedFile = joined.failedIndexes.length === 0 ? undefined : path.join(ports.folder, 'failed.jsonl');
	if (failedFile !== undefined) {
		await writeAtomically(failedFile, failedLines());
	}
	return {figures, ...joined, answersFile, failedFile, troubles: outputs.troubles()};
}

/** The outputs of the jobs in S3: their lines, and whether they hold as many answers as the service reports. */

/** Contents of the outputs of one job so far. */
type JobOutputs = {
	readonly job: JobState;
	readonly place: S3Location;
	readonly keys: string[];
	/** Lines that are records of the batch. */
	records: number;
	answers: number;
	/** The first line that is not a record, and how many there are. */
	foreign: {readonly key: string; readonly line: number; readonly text: string} | undefined;
	foreignLines: number;
};

type OutputLineKind = 'answer' | 'failure' | 'foreign';

type OutputPorts = {
	readonly objects: Pick<ObjectStore, 'list' | 'read'>;
	readonly signal?: AbortSignal | undefined;
};

const shownKeys = 5;
const shownCharacters = 40;

const nameOf = (key: string): string => key.slice(key.lastIndexOf('/') + 1);

const keysText = (keys: readonly string[]): string => {
	const names = keys.slice(0, shownKeys).map((key) => cleanText(nameOf(key)));
	return `${names.join(', ')}${keys.length > shownKeys ? ` and ${keys.length - shownKeys} more` : ''}`;
};

const isManifest = (key: string): boolean => /\/manifest\.json(?:\.out)?$/.test(key);

/** A job that went through its records has an output. */
const hasOutput = ({status}: JobState): boolean => status === 'Completed' || status === 'PartiallyCompleted';

/** Why the outputs of a job are incomplete; undefined where they are complete. */
const troubleOf = ({
	job,
	place,
	keys,
	records,
	answers,
	foreign,
	foreignLines,
}: JobOutputs): string | undefined => {
	const isEmpty = records === 0 && hasOutput(job);
	if (answers >= job.succeeded && foreign === undefined && !isEmpty) {
		return undefined;
	}
	const what = [
		keys.length === 0 ? 'it is empty' : `there is ${keysText(keys)}`,
		...(foreign === undefined
			? []
			: [
					`${formatCount(foreignLines)} ${foreignLines === 1 ? 'line' : 'lines'} cannot be read (the first is line ${foreign.line} of ${cleanText(nameOf(foreign.key))}: "${cleanText(foreign.text)}")`,
				]),
		...(answers < job.succeeded
			? [`the job reports ${formatCount(job.succeeded)} answers, ${formatCount(answers)} were found`]
			: []),
	];
	return `The outputs of ${job.name} are incomplete in ${s3Uri(place)}: ${what.join('; ')}.`;
};

function readOutputs({s3, jobs}: BatchState, {objects, signal}: OutputPorts) {
	const seen: JobOutputs[] = [];
	const root = parseS3Uri(s3);
	return {
		/**
		 * Lines of all outputs. Their names are not documented: every object but the manifests is read.
		 * @yields Each line, with a function that records its kind.
		 */
		async *lines(): AsyncGenerator<{readonly line: string; readonly note: (kind: OutputLineKind) => void}> {
			for (const job of jobs) {
				if (root === undefined || job.arn === null) {
					continue;
				}
				const place = below(root, `${job.arn.slice(job.arn.lastIndexOf('/') + 1)}/`);
				const own: JobOutputs = {
					job,
					place,
					keys: [],
					records: 0,
					answers: 0,
					foreign: undefined,
					foreignLines: 0,
				};
				seen.push(own);
				for (const key of await objects.list(place, signal)) {
					own.keys.push(key);
					if (isManifest(key)) {
						continue;
					}
					let number = 0;
					for await (const line of linesOf(objects.read({bucket: place.bucket, key}, signal))) {
						number += 1;
						const at = number;
						const note = (kind: OutputLineKind): void => {
							if (kind !== 'foreign') {
								own.records += 1;
								own.answers += kind === 'answer' ? 1 : 0;
							} else if (line.trim() !== '') {
								own.foreignLines += 1;
								own.foreign ??= {key, line: at, text: line.slice(0, shownCharacters)};
							}
						};
						yield {line, note};
					}
				}
			}
		},
		/** Outputs that do not match what their jobs report, one sentence each with the place and its contents. */
		troubles: (): readonly string[] => seen.map(troubleOf).filter((text) => text !== undefined),
	};
}

/** Text as it arrives: the lines of each piece. A last line without its end counts too, an error of the source comes through. */
async function* linePagesOf(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<readonly string[]> {
	const decoder = new TextDecoder();
	let rest = '';
	for await (const chunk of bytes) {
		const parts = (rest + decoder.decode(chunk, {stream: true})).split('\n');
		rest = parts.pop() ?? '';
		yield parts;
	}
	rest += decoder.decode();
	if (rest !== '') {
		yield [rest];
	}
}

/** The same line by line. */
export async function* linesOf(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
	for await (const lines of linePagesOf(bytes)) {
		yield* lines;
	}
}
