import type {CostRange} from '../../domain/figures-schema.ts';
import type {Answered, Broken} from '../../domain/run-event.ts';

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
export const nothingSpent = (): Spent => ({
	answeredUsd: undefined,
	brokenUsd: 0,
	brokenMostUsd: 0,
	isOpen: false,
});

/** Adds an answer. */
export const spendAnswer = (spent: Spent, {costUsd, isDearer}: Answered): void => {
	if (costUsd !== undefined) {
		spent.answeredUsd = (spent.answeredUsd ?? 0) + costUsd;
		spent.isOpen ||= isDearer ?? false;
	}
};

/** Adds attempts of unknown fate. */
export const spendBroken = (spent: Spent, {costUsd, mostUsd}: Broken): void => {
	spent.brokenUsd += costUsd;
	spent.brokenMostUsd += Math.max(costUsd, mostUsd);
};

/** The cost as it is reported: broken attempts at what they likely used, and beside it the range that it lies in. */
export const spentUsd = ({
	answeredUsd,
	brokenUsd,
	brokenMostUsd,
	isOpen,
}: Spent): {costUsd: number | null; costUsdWithin?: CostRange} => {
	const low = answeredUsd ?? 0;
	return {
		costUsd: answeredUsd === undefined && brokenUsd === 0 ? null : low + brokenUsd,
		...(brokenMostUsd > 0 || isOpen ? {costUsdWithin: {low, high: isOpen ? null : low + brokenMostUsd}} : {}),
	};
};
