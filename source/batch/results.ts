import path from 'node:path';
import type {VariantFigures} from '../domain/figures-schema.ts';
import type {FailureCount, LogEvent} from '../domain/snapshot.ts';
import type {Target} from '../domain/target.ts';
import {hasOwnMaxTokens} from '../domain/task.ts';
import {environmentOf} from '../reports/environment.ts';
import {type Environment, targetResultsOf, writeResults} from '../reports/results.ts';
import type {Results} from '../reports/results-schema.ts';
import {writeReports} from '../threads/reports-handle.ts';
import type {Fetched} from './fetch.ts';
import type {BatchTask} from './records.ts';
import type {BatchState} from './state.ts';

/** The results of a batch, in the same schema and the same files as those of a run. */

/** What the results of a batch are made from. */
type BatchOutcome = {
	readonly preset: string | null;
	/** Words of the command line that submits it again; undefined where they are not known. */
	readonly repeat?: readonly string[] | undefined;
	readonly task: string;
	readonly target: Target;
	readonly maxTokens: number;
	readonly hasOwnMaxTokens: boolean;
	readonly seed: number;
	readonly records: number;
	readonly jobs: number;
	/** Milliseconds since 1970. */
	readonly startedAtMs: number;
	readonly endedAtMs: number;
	readonly isSimulated: boolean;
	readonly outcome: Results['outcome'];
	readonly variants: readonly VariantFigures[];
	readonly failures: readonly FailureCount[];
	readonly events: readonly LogEvent[];
};

/** Results of a batch in schema 1. A batch has no load shape: it runs as fast as the service takes it, `saturate`. */
export function batchResultsOf(batch: BatchOutcome, environment: Environment): Results {
	return {
		schema: 1,
		tool: {name: 'bedrock-top', version: environment.toolVersion},
		...(batch.repeat === undefined ? {} : {repeat: batch.repeat}),
		environment: {node: environment.nodeVersion, platform: environment.platform},
		startedAt: new Date(batch.startedAtMs).toISOString(),
		endedAt: new Date(batch.endedAtMs).toISOString(),
		simulated: batch.isSimulated,
		outcome: batch.outcome,
		stoppedBy: null,
		targets: [targetResultsOf(batch.target)],
		plan: {
			preset: batch.preset,
			task: batch.task,
			method: 'batch',
			load: 'saturate',
			goal: 'cost',
			policy: 'fixed',
			requests: batch.records,
			durationSeconds: null,
			concurrency: batch.jobs,
			ratePerMinute: null,
			maxTokens: batch.maxTokens,
			...(batch.hasOwnMaxTokens ? {hasOwnMaxTokens: true} : {}),
			share: 1,
			burst: 'full',
			lanes: {},
			seed: batch.seed,
		},
		variants: batch.variants.map((variant) => ({
			...variant,
			requests: {
				...variant.requests,
				failed: Object.fromEntries(
					Object.entries(variant.requests.failed).filter(
						(entry): entry is [string, number] => entry[1] !== undefined,
					),
				),
			},
		})),
		best: [{target: 0, throughput: null, efficiency: null, cost: null, latency: null}],
		gain: null,
		advice: [],
		events: batch.events,
		timeline: {intervalSeconds: 1, points: []},
		failures: batch.failures.map(({class: failureClass, message, count, firstAt}) => ({
			class: failureClass,
			message,
			count,
			firstAt,
		})),
	};
}

/** How a batch ended, over all of its jobs. */
export function outcomeOf({jobs}: BatchState): 'completed' | 'stopped' | 'failed' {
	return jobs.every(({status}) => status === 'Completed' || status === 'PartiallyCompleted')
		? 'completed'
		: jobs.some(({status}) => status === 'Stopped')
			? 'stopped'
			: 'failed';
}

/** What the results say beside the figures, at the end of the batch. */
const notesOf = (
	{subset, records, price}: BatchState,
	{troubles}: Fetched,
	at: string,
): readonly LogEvent[] => [
	...troubles.map((text) => ({at, kind: 'outputs', text})),
	...(subset === null
		? []
		: [{at, kind: 'resumed', text: `Only what had no answer was submitted again: ${records} records.`}]),
	...(price === null ? [] : [{at, kind: 'price', text: `Cost: ${price.source}.`}]),
];

const resultsOfState = (state: BatchState, batch: BatchTask, fetched: Fetched): Results => {
	const {figures} = fetched;
	const starts = state.jobs.map(({submittedAtMs}) => submittedAtMs ?? state.startedAtMs);
	const ends = state.jobs.map(({endedAtMs}) => endedAtMs ?? Date.now());
	const startedAtMs = Math.min(...starts);
	const endedAtMs = Math.max(startedAtMs, ...ends);
	return batchResultsOf(
		{
			preset: state.preset,
			repeat: state.repeat,
			task: batch.task.task,
			target: state.target,
			maxTokens: state.maxTokens,
			hasOwnMaxTokens: hasOwnMaxTokens(batch.variants),
			seed: state.seed,
			records: state.records,
			jobs: state.jobs.length,
			startedAtMs,
			endedAtMs,
			isSimulated: state.isSimulated,
			outcome: outcomeOf(state),
			variants: figures.variants(endedAtMs - startedAtMs),
			failures: figures.failures(),
			events: [...figures.events(), ...notesOf(state, fetched, new Date(endedAtMs).toISOString())],
		},
		environmentOf(),
	);
};

/**
 * Writes the results, and the reports that are drawn from them.
 * @param isDrawing Whether summary and charts are wanted; the results are what was paid for and are always written.
 * @returns Path of results.json.
 */
export async function writeBatchResults(
	state: BatchState,
	batch: BatchTask,
	fetched: Fetched,
	{folder, isDrawing}: {readonly folder: string; readonly isDrawing: boolean},
): Promise<string> {
	const results = resultsOfState(state, batch, fetched);
	const file = await writeResults(folder, results);
	if (isDrawing) {
		await writeReports({type: 'redraw', results, folder, answersFile: path.join(folder, 'answers.jsonl')});
	}
	return file;
}
