import type {CostRange} from '../../domain/figures-schema.ts';
import type {Answered, Broken} from '../../domain/run-event.ts';

/** What one finished request adds to the statistics of its cell, lost ones with nothing useful at what they cost. */

/** The measures of a request, in the order in which they stand in a vector. */
export const measures = [
	'useful',
	'quotaTokens',
	/** Token-seconds and request-seconds that it occupies its bucket, in units of one window. */
	'occupiedTokens',
	'occupiedRequests',
	'costUsd',
	'serviceMs',
	'setAside',
	'logTotalMs',
	/** Answers, of which alone a latency is known. */
	'answers',
	'requests',
	/** Items that it carried; 1 where there are none. */
	'items',
] as const;
/** The first of them have moments in each cell. */
export const momentCount = measures.indexOf('setAside') + 1;
/** Those whose products a comparison needs. */
export const compared = [
	'useful',
	'quotaTokens',
	'occupiedTokens',
	'occupiedRequests',
	'costUsd',
	'logTotalMs',
	'answers',
] as const satisfies readonly Measure[];
export type Measure = (typeof measures)[number];
export type RequestMeasures = Readonly<Record<Measure, number>>;

/** @returns A vector that the next call changes: it is made for every answer. */
export function toVector(request: RequestMeasures): Float64Array {
	for (let index = 0; index < measures.length; index++) {
		scratch[index] = request[measures[index] ?? 'useful'];
	}
	return scratch;
}

const scratch = new Float64Array(measures.length);

/** Index of a measure of one cell in the vector of a pair. */
export function indexOf(measure: Measure, cellInPair = 0): number {
	return cellInPair * measures.length + measures.indexOf(measure);
}

/** What a run, or one cell of it, cost: a number where every attempt's fate is known, else a range beside it. */
export type Spent = {
	/** Of all answers; undefined while no price is known. */
	answeredUsd: number | undefined;
	/** Attempts of unknown fate: at what they likely used, and at most. */
	brokenUsd: number;
	brokenMostUsd: number;
	/** Some answer was served by a dearer tier, whose price is not known: its list price is the least. */
	isOpen: boolean;
};

/** Before the first event. */
export function nothingSpent(): Spent {
	return {
		answeredUsd: undefined,
		brokenUsd: 0,
		brokenMostUsd: 0,
		isOpen: false,
	};
}

/** Adds an answer. */
export function spendAnswer(spent: Spent, {costUsd, isDearer}: Answered): void {
	if (costUsd !== undefined) {
		spent.answeredUsd = (spent.answeredUsd ?? 0) + costUsd;
		spent.isOpen ||= isDearer ?? false;
	}
}

/** Adds attempts of unknown fate. */
export function spendBroken(spent: Spent, {costUsd, mostUsd}: Broken): void {
	spent.brokenUsd += costUsd;
	spent.brokenMostUsd += Math.max(costUsd, mostUsd);
}

/** The cost as it is reported: broken attempts at what they likely used, and beside it the range that it lies in. */
export function spentUsd({answeredUsd, brokenUsd, brokenMostUsd, isOpen}: Spent): {
	costUsd: number | null;
	costUsdWithin?: CostRange;
} {
	const low = answeredUsd ?? 0;
	return {
		costUsd: answeredUsd === undefined && brokenUsd === 0 ? null : low + brokenUsd,
		...(brokenMostUsd > 0 || isOpen ? {costUsdWithin: {low, high: isOpen ? null : low + brokenMostUsd}} : {}),
	};
}
