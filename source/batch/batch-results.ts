import type {VariantFigures} from '../domain/figures-schema.ts';
import type {FailureCount, LogEvent} from '../domain/snapshot.ts';
import type {Target} from '../domain/target.ts';
import type {Environment} from '../reports/results.ts';
import type {Results} from '../reports/results-schema.ts';
import {targetResultsOf} from '../reports/target-results.ts';

/** What the results of a batch are made from. */
export type BatchOutcome = {
	readonly preset: string | null;
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
export const batchResultsOf = (batch: BatchOutcome, environment: Environment): Results => ({
	schema: 1,
	tool: {name: 'bedrock-top', version: environment.toolVersion},
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
});
