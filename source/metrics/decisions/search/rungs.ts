import type {Rung} from '../../../domain/figures-schema.ts';

/**
 * Successive halving (Jamieson and Talwalkar 2016): every rung gets the same part of the budget, and half of the
 * candidates go on to the next, where each has about twice the requests.
 */

/** Candidates that the last rung holds at most: enough for a front. */
const mostFinalists = 4;
/** Requests of a candidate below which a rung says nothing. */
const leastRequests = 3;

const sizesFrom = (candidates: number): readonly number[] =>
	candidates <= mostFinalists ? [candidates] : [candidates, ...sizesFrom(Math.ceil(candidates / 2))];

/** Requests that a search over so many candidates takes at least. */
export const leastBudget = (candidates: number): number =>
	sizesFrom(candidates).length * candidates * leastRequests;

/**
 * The rungs of a search.
 * @param candidates That there are.
 * @param budget Requests of all rungs together; it is never exceeded.
 * @returns As many candidates as the budget allows; empty where it does not allow one.
 */
export const planRungs = (candidates: number, budget: number): readonly Rung[] => {
	let count = Math.min(candidates, Math.floor(budget / leastRequests));
	while (count > 0 && leastBudget(count) > budget) {
		count--;
	}
	if (count === 0) {
		return [];
	}
	const sizes = sizesFrom(count);
	const share = Math.floor(budget / sizes.length);
	return sizes.map((size) => ({candidates: size, requests: Math.floor(share / size)}));
};

/** Requests of all rungs together. */
export const requestsOfRungs = (rungs: readonly Rung[]): number =>
	rungs.reduce((sum, {candidates, requests}) => sum + candidates * requests, 0);
