import {mkdir} from 'node:fs/promises';
import path from 'node:path';
import type {ObjectStore} from '../bedrock/jobs/object-store.ts';
import {type RecordOutcome, readOutputLine} from '../bedrock/jobs/read-output.ts';
import type {ItemVerdict} from '../domain/variant.ts';
import {toVerdictRecords} from '../engine/attempts/answer-record.ts';
import {isPattern} from '../prompts/checks.ts';
import {beginJudgement, type PatternChecker} from '../prompts/judge.ts';
import {privateFolderMode} from '../text/private-file.ts';
import {writeAtomically} from '../text/write-atomically.ts';
import {createChecksThread} from '../threads/checks-handle.ts';
import {type BatchFigures, createBatchFigures} from './batch-figures.ts';
import {readOutputs} from './batch-outputs.ts';
import type {BatchState} from './batch-state-file.ts';
import {parseRecordId} from './record-id.ts';
import {type BatchRecord, type BatchTask, batchRecords, countRecords, indexOfPlace} from './records.ts';

/** Fetches the outputs of a batch and joins them to its records, in one pass and without keeping them. */

export type Fetched = {
	readonly figures: BatchFigures;
	/** Records that came back with an answer, and those that did not or came back failed. */
	readonly succeeded: number;
	readonly failed: number;
	readonly answersFile: string;
	/** Input lines of what failed; undefined where nothing did. */
	readonly failedFile: string | undefined;
	/** Positions of those records. */
	readonly failedIndexes: readonly number[];
	/** Where outputs are not what the jobs say: answers may lie there that were not found. */
	readonly troubles: readonly string[];
};

export type FetchPorts = {
	readonly objects: Pick<ObjectStore, 'list' | 'read'>;
	readonly lineOf: (record: BatchRecord) => string;
	readonly folder: string;
	readonly signal?: AbortSignal;
};

/** What the join has seen so far. */
type Joined = {succeeded: number; failed: number; readonly failedIndexes: number[]};

const recordAt = (batch: BatchTask, index: number): BatchRecord | undefined => {
	const [record] = batchRecords(batch, index, 1);
	return record;
};

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

/** What is known of a record. */
const known = {nothing: 0, answered: 1, failed: 2} as const;

/** Records that are not asked count as answered. */
const seenBefore = ({subset}: BatchState, batch: BatchTask): Uint8Array => {
	const seen = new Uint8Array(countRecords(batch)).fill(subset === null ? known.nothing : known.answered);
	for (const index of subset ?? []) {
		seen[index] = known.nothing;
	}
	return seen;
};

/** How the jobs that were not completed ended, in words for records without an output. */
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

/** The position of the record that a line is about; undefined where the batch has none such. */
const indexOf = (batch: BatchTask, {recordId}: RecordOutcome): number | undefined => {
	const place = parseRecordId(recordId);
	return place === undefined ? undefined : indexOfPlace(batch, place);
};

/** An answer that is joined to its record, and what it is judged by when that is known. */
type Answered = {
	readonly record: BatchRecord;
	readonly outcome: Extract<RecordOutcome, {kind: 'answered'}>;
	readonly verdicts: Promise<readonly ItemVerdict[]>;
};

/** Answers whose checks may be open at a time: asking about one after the other would take a thread's turn for each. */
const mostOpen = 256;

/** Yields in the order of the source, and reads ahead of it. */
async function* readingAhead<Value>(source: AsyncIterable<Value>): AsyncGenerator<Value> {
	const ahead: Value[] = [];
	for await (const value of source) {
		ahead.push(value);
		if (ahead.length >= mostOpen) {
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
	const variant = variants[record.place.variant] ?? {parameters: {}};
	const judgement = beginJudgement(answer, task, record.items, variant);
	return judgement.kind === 'judged'
		? judgement.verdicts
		: judgement.conclude(await checker.check(judgement.texts));
};

/** What is joined, and what judges it. */
type Judges = {readonly outputs: ReturnType<typeof readOutputs>; readonly checker: PatternChecker};

/** What is known of every record, and of those that failed why. */
type Seen = {readonly states: Uint8Array; readonly faults: Map<number, string>};

/** The answers in the outputs, each once, whatever comes twice; an answer is worth more than an error. */
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
			index === undefined || states[index] === known.answered ? undefined : recordAt(batch, index);
		if (record === undefined || outcome === undefined) {
			continue;
		}
		if (outcome.kind === 'failed') {
			states[record.index] = known.failed;
			faults.set(record.index, outcome.message);
			continue;
		}
		states[record.index] = known.answered;
		yield {record, outcome, verdicts: judge(batch, record, outcome, checker)};
	}
}

/** Joins the outputs to the records. */
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
		const about = {variant: record.place.variant, items: Math.max(1, record.items.length)};
		figures.failed({...about, prompt: () => record.prompt}, message);
	};
	for await (const answered of readingAhead(answersIn(state, batch, sources, seen))) {
		const {record, outcome} = answered;
		const verdicts = await answered.verdicts;
		joined.succeeded += 1;
		const about = {variant: record.place.variant, items: Math.max(1, record.items.length)};
		figures.answered({...about, prompt: () => record.prompt}, outcome.answer, verdicts);
		yield answerLine(state, record, outcome, verdicts);
	}
	const missing = missingMessage(state);
	for (let index = 0; index < seen.states.length; index++) {
		const record = seen.states[index] === known.answered ? undefined : recordAt(batch, index);
		if (record !== undefined) {
			fail(record, seen.faults.get(index) ?? missing);
		}
	}
}

export const fetchBatch = async (
	state: BatchState,
	batch: BatchTask,
	ports: FetchPorts,
): Promise<Fetched> => {
	const figures = createBatchFigures({
		variants: batch.variants,
		target: state.target,
		price: state.price,
		maxTokens: state.maxTokens,
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
};
