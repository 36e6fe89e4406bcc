import type {Answer, Usage} from './backend.ts';
import type {CountsFrom} from './bucket-usage.ts';
import type {CellSpec, Price, ServiceLevel} from './run-config.ts';
import type {ItemCounts, Occupied, RequestTimes, TokenCounts} from './run-event.ts';
import {failureOfVerdict, type ItemFailure, type ItemVerdict} from './task.ts';

/** Bytes of a text in UTF-8: the most tokens that it can have. */
export function utf8Bytes(text: string): number {
	let bytes = text.length;
	for (let index = 0; index < text.length; index++) {
		const unit = text.charCodeAt(index);
		// Each half of a pair makes two bytes of its four.
		const isHalf = unit >= 0xd800 && unit < 0xe000;
		bytes += unit < 0x80 ? 0 : unit < 0x800 || isHalf ? 1 : 2;
	}
	return bytes;
}

/** Estimate for text whose tokens the service has not counted; figures made with it are marked as estimated. */
export const charactersPerToken = 4;

/** Tokens of a text of that length, by estimate. */
export function estimatedTokens(characters: number): number {
	return Math.ceil(characters / charactersPerToken);
}

/** The token counts of an answer; where the service reported none, an estimate that says so. */
export function usageOf(answer: Answer, expectedInputTokens: number): Usage {
	return (
		answer.usage ?? {
			inputTokens: expectedInputTokens,
			outputTokens: estimatedTokens(answer.text.length + (answer.reasoning?.length ?? 0)),
			cacheReadTokens: 0,
			cacheWriteTokens: 0,
			reasoningTokens: undefined,
			isEstimated: true,
		}
	);
}

/** Settled quota tokens: input + cache write + output x burndown; cache reads are free (AWS: quotas-token-burndown). */
export function settledTokens(
	usage: Pick<Usage, 'inputTokens' | 'cacheWriteTokens' | 'outputTokens'>,
	burndown: number,
): number {
	return usage.inputTokens + usage.cacheWriteTokens + usage.outputTokens * burndown;
}

/** What a request was set aside and settled at, and from where its bucket counts that. */
type Occupying = {
	/** Held while it is under way. */
	readonly setAside: number;
	/** What of that the service itself reserves: what is settled above it counts from the end in any case. */
	readonly reserved: number;
	readonly settled: number;
	readonly countsFrom: CountsFrom;
	/** Where output has a quota of its own: it counts from the end. */
	readonly output?: {readonly setAside: number; readonly settled: number} | undefined;
};

/**
 * What a request occupies of its bucket, in units of one window, as the ledger holds it: what
 * was set aside while it is under way, then what it settled at for a window from where its tokens count. Where that is not
 * known yet it is the first byte, which a program that sends all it may finds out. A request counts from its first byte;
 * without a stream that is the end.
 */
export function occupiedBy(
	{setAside, reserved, settled, countsFrom, output}: Occupying,
	{service, timeToFirstToken = service}: Pick<RequestTimes, 'service' | 'timeToFirstToken'>,
	windowMs: number,
): Occupied {
	const atEnd = countsFrom === 'end' ? settled : Math.max(0, settled - reserved);
	const leftMs = Math.max(0, windowMs - (service - timeToFirstToken));
	return {
		tokens: (setAside * service + (settled - atEnd) * leftMs) / windowMs + atEnd,
		requests: 1 + timeToFirstToken / windowMs,
		...(output === undefined ? {} : {output: (output.setAside * service) / windowMs + output.settled}),
	};
}

/** Price of a token that is written to a cache for an hour: twice the input, as the providers say. */
export function longCacheWritePrice({input, cacheWrite}: Pick<Price, 'input' | 'cacheWrite'>): number {
	return Math.max(cacheWrite, input * 2);
}

/** List price in USD. */
export function costOf(
	usage: Pick<
		Usage,
		'inputTokens' | 'outputTokens' | 'cacheReadTokens' | 'cacheWriteTokens' | 'longCacheWriteTokens'
	>,
	price: Price,
): number {
	const long = usage.longCacheWriteTokens ?? 0;
	return (
		usage.inputTokens * price.input +
		usage.outputTokens * price.output +
		usage.cacheReadTokens * price.cacheRead +
		(usage.cacheWriteTokens - long) * price.cacheWrite +
		long * longCacheWritePrice(price)
	);
}

/** Tiers that cost no more than the default one; what any other costs is not published for each model. */
const noDearerTiers: ReadonlySet<string> = new Set(['default', 'standard', 'flex', 'reserved']);

/** Whether the tier that an answer names as its own costs more than the one that was asked for. */
export function isDearerTier(asked: string | null, echoed: string | undefined): boolean {
	return echoed !== undefined && echoed !== asked && !noDearerTiers.has(echoed.toLowerCase());
}

/** @param answer Reasoning that the service counted and did not send took no time after the first token. */
export function tokenCounts(usage: Usage, answer: Pick<Answer, 'reasoning'>): TokenCounts {
	return {
		input: usage.inputTokens,
		output: usage.outputTokens,
		cacheRead: usage.cacheReadTokens,
		cacheWrite: usage.cacheWriteTokens,
		reasoning: usage.reasoningTokens,
		...(answer.reasoning === undefined && usage.reasoningTokens !== undefined
			? {unseenReasoning: usage.reasoningTokens}
			: {}),
		isEstimated: usage.isEstimated,
	};
}

/** What became of the items of an answer. */
export function countItems(verdicts: readonly ItemVerdict[]): ItemCounts {
	const count = (has: (verdict: ItemVerdict) => boolean): number => verdicts.filter(has).length;
	return {
		useful: count(({kind}) => kind === 'useful'),
		checkFailed: count(({kind}) => kind === 'check-failed'),
		empty: count(({kind, answer}) => kind === 'check-failed' && (answer ?? '').trim() === ''),
		unparsed: count(({kind}) => kind === 'unparsed'),
		checked: count(({checked}) => checked),
		passed: count(({kind, checked}) => checked && kind === 'useful'),
	};
}

/** Each item that had something to check and whether it passed; undefined where nothing was checked. */
export function checksOf(
	verdicts: readonly ItemVerdict[],
): ReadonlyArray<readonly [item: number | undefined, hasPassed: boolean]> | undefined {
	const checked = verdicts.filter((verdict) => verdict.checked);
	return checked.length === 0
		? undefined
		: checked.map(({item, kind}) => [item?.index, kind === 'useful'] as const);
}

/** Why items are not useful, one for each that is not; undefined where all are. */
export function failuresOf(verdicts: readonly ItemVerdict[]): readonly ItemFailure[] | undefined {
	const failures = verdicts.flatMap((verdict) => failureOfVerdict(verdict) ?? []);
	return failures.length === 0 ? undefined : failures;
}

/** Whether an answer met every bound; undefined without a service level. A bound that was not measured is not met. */
export function meetsServiceLevel(level: ServiceLevel | null, times: RequestTimes): boolean | undefined {
	if (level === null) {
		return undefined;
	}
	const {timeToFirstTokenMs = Number.POSITIVE_INFINITY, totalMs = Number.POSITIVE_INFINITY} = level;
	const isFirstTokenInTime =
		level.timeToFirstTokenMs === undefined ||
		(times.timeToFirstToken !== undefined && times.timeToFirstToken <= timeToFirstTokenMs);
	return isFirstTokenInTime && times.total <= totalMs;
}

/** Requests for the items of a cell; unlimited where it repeats all of them. */
export function requestsForItems({onlyItems}: Pick<CellSpec, 'onlyItems'>, itemsPerRequest: number): number {
	return onlyItems === undefined
		? Number.POSITIVE_INFINITY
		: Math.ceil(onlyItems.length / Math.max(1, itemsPerRequest));
}

/** Progress of a job of a batch. */
export type JobProgress = {
	readonly name: string;
	/** As the service names it; `waiting` while it is not submitted. */
	readonly state: string;
	readonly records: number;
	readonly processed: number;
	readonly failed: number;
};

/** Progress of a batch. */
export type BatchProgress = {
	/** How many jobs are in each state. */
	readonly states: Readonly<Record<string, number>>;
	readonly jobs: readonly JobProgress[];
	readonly records: number;
	readonly processed: number;
	readonly failed: number;
	/** Milliseconds since the first record was processed; null before. */
	readonly workingMs: number | null;
};

/** Pace of a batch; null before the first records, and when it is over. */
export function paceOf({
	records,
	processed,
	workingMs,
}: Pick<BatchProgress, 'records' | 'processed' | 'workingMs'>): {
	readonly perMinute: number;
	readonly leftMs: number;
} | null {
	if (workingMs === null || workingMs <= 0 || processed === 0 || processed >= records) {
		return null;
	}
	const perMs = processed / workingMs;
	return {perMinute: perMs * 60_000, leftMs: (records - processed) / perMs};
}
