import type {CostRange} from '../../domain/figures-schema.ts';
import type {AnsweredEvent, Broken} from '../../domain/run-event.ts';

/** The measures of one finished request, in the order of its vector; lost ones cost, with nothing useful. */
export const measures = [
	'useful',
	'quotaTokens',
	/** Token-seconds and request-seconds that it occupies its bucket, in units of one window. */
	'occupiedTokens',
	'occupiedRequests',
	/** Output tokens likewise, where they have a quota of their own; else 0. */
	'occupiedOutput',
	'costUsd',
	'serviceMs',
	'setAside',
	'logTotalMs',
	/** Answers: only they have a latency. */
	'answers',
	'requests',
	/** Items that it carried; 1 where there are none. */
	'items',
] as const;
/** The first measures, which have moments in each cell. */
export const momentCount = measures.indexOf('setAside') + 1;
/** Measures whose products a comparison needs. */
export const compared = [
	'useful',
	'quotaTokens',
	'occupiedTokens',
	'occupiedRequests',
	'occupiedOutput',
	'costUsd',
	'logTotalMs',
	'answers',
] as const satisfies readonly Measure[];
export type Measure = (typeof measures)[number];
export type RequestMeasures = Readonly<Record<Measure, number>>;

/** The measures of an answer; broken attempts before it included. */
export function measuresOf({
	quotaTokens,
	items,
	costUsd,
	times,
	occupied,
	reservedTokens,
	carried,
	broken,
}: AnsweredEvent): RequestMeasures {
	return {
		useful: items.useful,
		quotaTokens: quotaTokens + (broken?.quotaTokens ?? 0),
		occupiedTokens: occupied.tokens + (broken?.quotaTokens ?? 0),
		occupiedRequests: occupied.requests + (broken?.attempts ?? 0),
		occupiedOutput: occupied.output ?? 0,
		setAside: reservedTokens,
		costUsd: (costUsd ?? 0) + (broken?.costUsd ?? 0),
		serviceMs: times.service,
		requests: 1,
		logTotalMs: Math.log(Math.max(1e-3, times.total)),
		answers: 1,
		items: carried ?? 1,
	};
}

/** The measures of a request without an answer: nothing useful, at the quota that its attempts kept. */
export function measuresOfLost(broken: Broken | undefined, carried = 1): RequestMeasures {
	return {
		useful: 0,
		quotaTokens: broken?.quotaTokens ?? 0,
		occupiedTokens: broken?.quotaTokens ?? 0,
		occupiedRequests: broken?.attempts ?? 0,
		occupiedOutput: 0,
		setAside: 0,
		costUsd: broken?.costUsd ?? 0,
		serviceMs: 0,
		requests: 1,
		logTotalMs: 0,
		answers: 0,
		items: carried,
	};
}

/** @returns A vector that the next call overwrites: it is needed for every answer. */
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

/** Cost of a run or a cell: a number where every attempt's fate is known, else a range beside it. */
export type Spent = {
	/** Of all answers; undefined while no price is known. */
	answeredUsd: number | undefined;
	/** Attempts of unknown fate: likely cost, and upper bound. */
	brokenUsd: number;
	brokenMaxUsd: number;
	/** Some answer was served by a more expensive tier of unknown price: the cost is a lower bound. */
	isOpen: boolean;
};

/** Before the first event. */
export function nothingSpent(): Spent {
	return {
		answeredUsd: undefined,
		brokenUsd: 0,
		brokenMaxUsd: 0,
		isOpen: false,
	};
}

/** Adds an answer. */
export function spendAnswer(spent: Spent, {costUsd, isDearer}: AnsweredEvent): void {
	if (costUsd !== undefined) {
		spent.answeredUsd = (spent.answeredUsd ?? 0) + costUsd;
		spent.isOpen ||= isDearer ?? false;
	}
}

/** Adds attempts of unknown fate. */
export function spendBroken(spent: Spent, {costUsd, maxUsd}: Broken): void {
	spent.brokenUsd += costUsd;
	spent.brokenMaxUsd += Math.max(costUsd, maxUsd);
}

/** The reported cost: broken attempts at what they likely used, and the range of the true cost. */
export function spentUsd({answeredUsd, brokenUsd, brokenMaxUsd, isOpen}: Spent): {
	costUsd: number | null;
	costUsdWithin?: CostRange;
} {
	const low = answeredUsd ?? 0;
	return {
		costUsd: answeredUsd === undefined && brokenUsd === 0 ? null : low + brokenUsd,
		...(brokenMaxUsd > 0 || isOpen ? {costUsdWithin: {low, high: isOpen ? null : low + brokenMaxUsd}} : {}),
	};
}
