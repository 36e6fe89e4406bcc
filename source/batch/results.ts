import {checksOf, costOf, countItems, tokenCounts, usageOf} from '../domain/accounting.ts';
import type {Answer} from '../domain/backend.ts';
import type {Failure} from '../domain/failure.ts';
import type {VariantFigures} from '../domain/figures-schema.ts';
import type {CellSpec, Price} from '../domain/run-spec.ts';
import type {FailureCount, LogEvent} from '../domain/snapshot.ts';
import type {Target} from '../domain/target.ts';
import type {ItemVerdict, Prompt, Variant} from '../domain/task.ts';
import {emptyFigures} from '../metrics/figures/figures.ts';
import {foldEvent} from '../metrics/figures/fold-event.ts';
import {toVariantFigures} from '../metrics/figures/variant-figures.ts';
import {Times} from '../metrics/statistics/distribution.ts';
import {type Environment, targetResultsOf} from '../reports/results.ts';
import type {Results} from '../reports/results-schema.ts';

/** A batch as its figures see it. */
type BatchFacts = {
	readonly variants: readonly Variant[];
	readonly target: Target;
	/** Of batch inference. */
	readonly price: Price | null;
	readonly maxTokens: number;
	/** Milliseconds since 1970 when the first job was submitted. */
	readonly startedAtMs: number;
};

/** What became of one record. `prompt` is asked for once a variant. */
type RecordResult = {
	readonly variant: number;
	readonly items: number;
	readonly prompt: () => Prompt;
};

const noFailure = {isRetryable: true, charge: 'none'} as const;

/** A record that came back without an answer. */
const recordFailure = (message: string): Failure => ({
	class: 'model-error',
	message,
	advice: 'The record is in failed.jsonl, which can be submitted again.',
	...noFailure,
});

const noTimes = new Times().toDistribution();

/**
 * The figures of a batch, record by record. A batch has quotas of its own and tells no time of a single record: quota
 * tokens are 0, latencies and the sustainable rate are not known.
 */
export function createBatchFigures({variants, target, price, maxTokens, startedAtMs}: BatchFacts) {
	const cells = variants.map(
		(variant, index): CellSpec => ({
			variant: index,
			target: 0,
			lane: 'normal',
			ratePerMinute: null,
			inputTokens: {value: 0, isEstimated: true},
			maxTokens: variant.maxTokens ?? maxTokens,
			price,
		}),
	);
	const figures = emptyFigures(cells, 1);
	figures.startedEpochMs = startedAtMs;
	const prompts = new Map<number, Prompt>();

	const enterSent = ({variant, items, prompt}: RecordResult): void => {
		const first = prompts.get(variant) ?? prompt();
		prompts.set(variant, first);
		foldEvent(figures, {
			type: 'sent',
			at: 0,
			cell: variant,
			target: 0,
			isCounted: true,
			isFirst: true,
			items,
			reservedTokens: 0,
			prompt: first,
		});
	};

	return {
		answered(result: RecordResult, answer: Answer, verdicts: readonly ItemVerdict[]): void {
			enterSent(result);
			const usage = usageOf(answer, 0);
			foldEvent(figures, {
				type: 'answered',
				at: 0,
				cell: result.variant,
				target: 0,
				isCounted: true,
				block: undefined,
				stopReason: answer.stopReason,
				isTruncated: answer.isTruncated,
				isRefused: answer.isRefused,
				items: countItems(verdicts),
				checks: checksOf(verdicts),
				tokens: tokenCounts(usage, answer),
				quotaTokens: 0,
				occupied: {tokens: 0, requests: 1},
				reservedTokens: 0,
				isOverrun: false,
				costUsd: price === null ? undefined : costOf(usage, price),
				times: {timeToFirstToken: undefined, service: 0, dispatchDelay: 0, total: 0},
				isWithinServiceLevel: undefined,
				isSimulated: answer.isSimulated,
				text: answer.text,
			});
		},
		failed(result: RecordResult, message: string): void {
			enterSent(result);
			const failure = recordFailure(message);
			const about = {at: 0, cell: result.variant, target: 0, isCounted: true, reservedTokens: 0};
			foldEvent(figures, {type: 'failed', failure, ...about});
		},
		/** @param spanMs From the first submission to the end of the last job. */
		variants(spanMs: number): readonly VariantFigures[] {
			const perMinute = (count: number): number | null => (spanMs > 0 ? (count * 60_000) / spanMs : null);
			return cells.map((cell, index) => {
				const view = {
					name: variants[index]?.name ?? '',
					cell,
					target,
					shape: 'saturate' as const,
					hasServiceLevel: false,
					maxTokens: cell.maxTokens,
				};
				const {tokens, items, requests, ...rest} = toVariantFigures(figures, index, view);
				return {
					...rest,
					tokens,
					items,
					requests,
					latencyMs: {
						timeToFirstToken: noTimes,
						total: noTimes,
						perOutputToken: noTimes,
						dispatchDelay: noTimes,
						service: noTimes,
					},
					rate: {
						requestsPerMinute: perMinute(requests.succeeded),
						tokensPerMinute: perMinute(tokens.input + tokens.output),
						outputTokensPerSecond: spanMs > 0 ? (tokens.output * 1000) / spanMs : null,
						usefulPerMinute: perMinute(items.useful),
						goodputPerMinute: null,
					},
					sustainable: {
						usefulPerMinute: null,
						low: null,
						high: null,
						limitedBy: 'none' as const,
						ceilingPerMinute: null,
						usefulPerDay: null,
					},
					maxTokensAdvice: {value: null, truncationRisk: null, sustainablePerMinute: null},
				};
			});
		},
		failures: (): readonly FailureCount[] => [...figures.failures.values()],
		events: (): readonly LogEvent[] => figures.events,
	};
}

export type BatchFigures = ReturnType<typeof createBatchFigures>;

/** What the results of a batch are made from. */
type BatchOutcome = {
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
export function batchResultsOf(batch: BatchOutcome, environment: Environment): Results {
	return {
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
	};
}
