import {checksOf, costOf, countItems, usageOf} from '../domain/accounting.ts';
import type {Answer} from '../domain/backend.ts';
import type {VariantFigures} from '../domain/figures-schema.ts';
import type {Price} from '../domain/run-config.ts';
import type {FailureCount, LogEvent} from '../domain/snapshot.ts';
import type {ItemVerdict, Prompt, Variant} from '../domain/task.ts';
import {wilsonInterval} from '../metrics/statistics/intervals.ts';
import {RunningMean, Times} from '../metrics/statistics/streams.ts';

/**
 * The figures of a batch, added up record by record. A batch has its own quotas and reports no time of a single
 * record: quota tokens are 0, latencies and the sustainable rate are not known.
 */

type BatchFacts = {
	readonly variants: readonly Variant[];
	/** Of batch inference. */
	readonly price: Price | null;
	/** Milliseconds since 1970 when the first job was submitted. */
	readonly startedAtMs: number;
};

/** A record whose result is known. */
type KnownRecord = {
	/** Index of its variant. */
	readonly variant: number;
	/** 1 where it carries no items. */
	readonly items: number;
	readonly prompt: Prompt;
};

/** Characters of an answer that are kept as a sample. */
const sampleLength = 100;
/** Different messages of failures that are kept. */
const maxFailures = 100;

const failureClass = 'model-error';
const failureAdvice = 'The record is in failed.jsonl, which can be submitted again.';

const emptyTotals = () => ({
	requests: {sent: 0, succeeded: 0, truncated: 0, refused: 0, failed: 0},
	items: {sent: 0, useful: 0, checkFailed: 0, unparsed: 0, empty: 0},
	checks: {checked: 0, passed: 0},
	tokens: {input: 0, output: 0, cacheRead: 0, cacheWrite: 0, estimated: false},
	reasoningTokens: null as number | null,
	costUsd: null as number | null,
	perRequest: {
		inputTokens: new RunningMean(),
		outputTokens: new RunningMean(),
		totalTokens: new RunningMean(),
		/** A batch takes none of the quota. */
		quotaTokens: new RunningMean(),
		costUsd: new RunningMean(),
	},
	stopReasons: {} as Record<string, number>,
	prompt: undefined as Prompt | undefined,
	sample: null as string | null,
});

type Totals = ReturnType<typeof emptyTotals>;

const addSent = (totals: Totals, {items, prompt}: KnownRecord): void => {
	totals.requests.sent += 1;
	totals.items.sent += items;
	totals.prompt ??= prompt;
};

const addAnswer = (totals: Totals, answer: Answer, price: Price | null): void => {
	const {requests, tokens, perRequest, stopReasons} = totals;
	requests.succeeded += 1;
	requests.truncated += answer.isTruncated ? 1 : 0;
	requests.refused += answer.isRefused ? 1 : 0;
	stopReasons[answer.stopReason] = (stopReasons[answer.stopReason] ?? 0) + 1;
	totals.sample ??= answer.text === '' ? null : answer.text.slice(0, sampleLength);
	const usage = usageOf(answer, 0);
	tokens.input += usage.inputTokens;
	tokens.output += usage.outputTokens;
	tokens.cacheRead += usage.cacheReadTokens;
	tokens.cacheWrite += usage.cacheWriteTokens;
	tokens.estimated ||= usage.isEstimated;
	if (usage.reasoningTokens !== undefined) {
		totals.reasoningTokens = (totals.reasoningTokens ?? 0) + usage.reasoningTokens;
	}
	perRequest.inputTokens.add(usage.inputTokens);
	perRequest.outputTokens.add(usage.outputTokens);
	perRequest.totalTokens.add(
		usage.inputTokens + usage.outputTokens + usage.cacheReadTokens + usage.cacheWriteTokens,
	);
	perRequest.quotaTokens.add(0);
	if (price !== null) {
		const costUsd = costOf(usage, price);
		totals.costUsd = (totals.costUsd ?? 0) + costUsd;
		perRequest.costUsd.add(costUsd);
	}
};

const addVerdicts = ({items, checks}: Totals, verdicts: readonly ItemVerdict[]): void => {
	const {useful, checkFailed, unparsed, empty = 0} = countItems(verdicts);
	items.useful += useful;
	items.checkFailed += checkFailed;
	items.unparsed += unparsed;
	items.empty += empty;
	for (const [, hasPassed] of checksOf(verdicts) ?? []) {
		checks.checked += 1;
		checks.passed += hasPassed ? 1 : 0;
	}
};

const unknownTimes = new Times().toDistribution();

const unknownFigures = {
	latencyMs: {
		timeToFirstToken: unknownTimes,
		total: unknownTimes,
		perOutputToken: unknownTimes,
		dispatchDelay: unknownTimes,
		service: unknownTimes,
	},
	sustainable: {
		usefulPerMinute: null,
		low: null,
		high: null,
		limitedBy: 'none',
		ceilingPerMinute: null,
		usefulPerDay: null,
	},
	maxTokensAdvice: {value: null, truncationRisk: null, sustainablePerMinute: null},
} satisfies Partial<VariantFigures>;

/** The rate of the whole batch. @param spanMs From the first submission to the end of the last job. */
const rateOf = ({requests, tokens, items}: Totals, spanMs: number): VariantFigures['rate'] => {
	const perMinute = (count: number): number | null => (spanMs > 0 ? (count * 60_000) / spanMs : null);
	return {
		requestsPerMinute: perMinute(requests.succeeded),
		tokensPerMinute: perMinute(tokens.input + tokens.output),
		outputTokensPerSecond: spanMs > 0 ? (tokens.output * 1000) / spanMs : null,
		usefulPerMinute: perMinute(items.useful),
		goodputPerMinute: null,
	};
};

const figuresOf = (name: string, totals: Totals, spanMs: number): VariantFigures => {
	const {requests, items, checks, tokens, perRequest, prompt} = totals;
	const {failed, ...counts} = requests;
	const {empty, ...itemCounts} = items;
	const interval = wilsonInterval(checks.passed, checks.checked);
	return {
		name,
		target: 0,
		lane: 'normal',
		requests: {
			...counts,
			attempts: counts.sent,
			throttled: {requests: 0, tokens: 0, day: 0, overloaded: 0},
			failed: failed === 0 ? {} : {[failureClass]: failed},
		},
		items: {...itemCounts, ...(empty === 0 ? {} : {empty})},
		tokens: {
			input: tokens.input,
			output: tokens.output,
			cacheRead: tokens.cacheRead,
			cacheWrite: tokens.cacheWrite,
			reasoning: totals.reasoningTokens,
			quota: 0,
			reserved: 0,
			overruns: 0,
			estimated: tokens.estimated,
		},
		costUsd: totals.costUsd,
		perRequest: {
			inputTokens: perRequest.inputTokens.toMean(),
			outputTokens: perRequest.outputTokens.toMean(),
			totalTokens: perRequest.totalTokens.toMean(),
			quotaTokens: perRequest.quotaTokens.toMean(),
			reservedTokens: perRequest.quotaTokens.toMean(),
			costUsd: perRequest.costUsd.toMean(),
		},
		...unknownFigures,
		rate: rateOf(totals, spanMs),
		quality: {
			...checks,
			score: checks.checked === 0 ? null : checks.passed / checks.checked,
			low: interval?.low ?? null,
			high: interval?.high ?? null,
		},
		stopReasons: totals.stopReasons,
		prompt: {system: prompt?.system ?? null, user: prompt?.user ?? null},
		sample: totals.sample,
		...(prompt?.compression === undefined ? {} : {compression: prompt.compression}),
	};
};

/** Figures before the first record. */
export function createBatchFigures({variants, price, startedAtMs}: BatchFacts) {
	const totals = variants.map(emptyTotals);
	const failures = new Map<string, FailureCount>();
	const startedAt = new Date(startedAtMs).toISOString();
	return {
		answered(record: KnownRecord, answer: Answer, verdicts: readonly ItemVerdict[]): void {
			const own = totals[record.variant];
			if (own !== undefined) {
				addSent(own, record);
				addAnswer(own, answer, price);
				addVerdicts(own, verdicts);
			}
		},
		failed(record: KnownRecord, message: string): void {
			const own = totals[record.variant];
			if (own !== undefined) {
				addSent(own, record);
				own.requests.failed += 1;
			}
			const known = failures.get(message);
			if (known !== undefined || failures.size < maxFailures) {
				failures.set(message, {
					class: failureClass,
					message,
					advice: failureAdvice,
					count: (known?.count ?? 0) + 1,
					firstAt: startedAt,
				});
			}
		},
		/** @param spanMs From the first submission to the end of the last job. */
		variants: (spanMs: number): readonly VariantFigures[] =>
			totals.map((own, index) => figuresOf(variants[index]?.name ?? '', own, spanMs)),
		failures: (): readonly FailureCount[] => [...failures.values()],
		/** One for each failure. */
		events: (): readonly LogEvent[] =>
			[...failures.values()].map(({class: kind, message: text}) => ({at: startedAt, kind, text})),
	};
}

export type BatchFigures = ReturnType<typeof createBatchFigures>;
