import type {Wish} from './wish.ts';

/** How often an answer is wrong, as it is with models: the less is said about how to answer, and the more is asked at once. */

const careful = 0.01;
const bare = 0.08;
const perFurtherItem = 0.012;
const most = 0.4;

/**
 * @param system System prompt; empty for none.
 * @param items Items of the request.
 * @returns 0 to 1.
 */
export const errorRateOf = (system: string, {style}: Pick<Wish, 'style'>, items: number): number => {
	const isBare = system.trim() === '' && style === 'plain';
	return Math.min(most, (isBare ? bare : careful) + perFurtherItem * (items - 1));
};
