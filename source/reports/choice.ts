import type {Goal} from '../domain/run-spec.ts';
import type {Results, VariantResults} from './results-schema.ts';

/** The variant to take for a goal, and how sure that is. */
export type Choice = {
	readonly target: number;
	readonly goal: Goal;
	readonly variant: VariantResults;
	/** `winner`: better than every other with 95 % confidence; `leader`: best by its figure alone. */
	readonly basis: 'winner' | 'leader';
};

/** What a goal compares, higher is better; undefined where it is not known or nothing useful came. */
export const scoreFor = (
	goal: Goal,
	{items, tokens, costUsd, latencyMs, sustainable}: VariantResults,
): number | undefined => {
	if (items.useful === 0) {
		return undefined;
	}
	switch (goal) {
		case 'throughput':
			return sustainable.usefulPerMinute ?? undefined;
		case 'efficiency':
			return tokens.quota > 0 ? items.useful / tokens.quota : undefined;
		case 'cost':
			return costUsd === null || costUsd <= 0 ? undefined : items.useful / costUsd;
		case 'latency':
			return latencyMs.total.p50 === null ? undefined : -latencyMs.total.p50;
	}
};

/** The greatest by a measure; what has none is left out. */
const greatest = <T>(list: readonly T[], measure: (element: T) => number | undefined): T | undefined =>
	list
		.map((element) => ({element, value: measure(element)}))
		.filter(({value}) => value !== undefined)
		.toSorted((first, second) => (second.value ?? 0) - (first.value ?? 0))[0]?.element;

/**
 * Winner of a goal on one target, else its leader.
 * @param minQuality Share of checks that must pass; below it a variant is not taken.
 * @returns undefined when nothing useful was measured, or the goal's figure is not known for any variant.
 */
export const choiceFor = (
	{variants, best}: Pick<Results, 'variants' | 'best'>,
	target: number,
	goal: Goal,
	minQuality: number | null,
): Choice | undefined => {
	const own = variants.filter((variant) => variant.target === target);
	const name = best.find((entry) => entry.target === target)?.[goal] ?? null;
	const winner = own.find((variant) => variant.name === name);
	if (winner !== undefined) {
		return {target, goal, variant: winner, basis: 'winner'};
	}
	const isGoodEnough = ({quality}: VariantResults): boolean =>
		minQuality === null || (quality.score ?? 1) >= minQuality;
	const leader = greatest(own.filter(isGoodEnough), (variant) => scoreFor(goal, variant));
	return leader === undefined ? undefined : {target, goal, variant: leader, basis: 'leader'};
};

/** The best choice for a goal over several targets: a clear winner before a leader, then by the goal's figure. */
export const bestChoice = (choices: readonly Choice[]): Choice | undefined => {
	const winners = choices.filter(({basis}) => basis === 'winner');
	const pool = winners.length > 0 ? winners : choices;
	return greatest(pool, ({goal, variant}) => scoreFor(goal, variant)) ?? pool[0];
};
