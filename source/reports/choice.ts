import type {Goal} from '../domain/run-spec.ts';
import type {Results, VariantResults} from './results-schema.ts';

/** The variant to take for a goal, and how sure that is. */
export type Choice = {
	readonly target: number;
	readonly goal: Goal;
	readonly variant: VariantResults;
	/**
	 * `winner`: every other is out by evidence; `tie`: as good as others, and recommended among them; `only`: no other was
	 * run; `leader`: ahead, but not decided.
	 */
	readonly basis: 'winner' | 'tie' | 'only' | 'leader';
};

/** The figure that a goal compares, higher is better; undefined where it is not known or no answer was useful. */
function scoreFor(
	goal: Goal,
	{items, tokens, costUsd, latencyMs, sustainable}: VariantResults,
): number | undefined {
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
}

/** The maximum by a measure, without elements that have none. */
const greatest = <T>(list: readonly T[], measure: (element: T) => number | undefined): T | undefined =>
	list
		.map((element) => ({element, value: measure(element)}))
		.filter(({value}) => value !== undefined)
		.toSorted((first, second) => (second.value ?? 0) - (first.value ?? 0))[0]?.element;

/** Name of what to use on a target for the goal of the run, where that is decided among several; null elsewhere. */
export function recommendedOf(
	{verdict: verdicts, best, plan: {goal}}: Pick<Results, 'verdict' | 'best' | 'plan'>,
	target: number,
): string | null {
	const verdict = verdicts?.find((each) => each.target === target && each.goal === goal);
	if (verdict === undefined) {
		return best.find((entry) => entry.target === target)?.[goal] ?? null;
	}
	return verdict.basis === 'winner' || verdict.basis === 'tie' ? verdict.recommended : null;
}

/**
 * The variant that the verdict recommends for a goal on one target, else the one ahead.
 * @param minQuality Of results without a verdict: share of checks that must pass; below it a variant is not taken.
 * @returns undefined when nothing useful was measured, or the goal's figure is not known for any variant.
 */
export function choiceFor(
	{variants, best, verdict: verdicts}: Pick<Results, 'variants' | 'best' | 'verdict'>,
	target: number,
	goal: Goal,
	minQuality: number | null,
): Choice | undefined {
	const own = variants.filter((variant) => variant.target === target);
	const verdict = verdicts?.find((each) => each.target === target && each.goal === goal);
	if (verdict !== undefined) {
		const name = verdict.recommended ?? verdict.leaders[0];
		const variant = own.find((each) => each.name === name);
		const basis =
			verdict.basis === 'undecided' || verdict.basis === 'none' ? ('leader' as const) : verdict.basis;
		return variant === undefined || verdict.basis === 'none' ? undefined : {target, goal, variant, basis};
	}
	const name = best.find((entry) => entry.target === target)?.[goal] ?? null;
	const winner = own.find((variant) => variant.name === name);
	if (winner !== undefined) {
		return {target, goal, variant: winner, basis: 'winner'};
	}
	const isGoodEnough = ({quality}: VariantResults): boolean =>
		minQuality === null || (quality.score ?? 1) >= minQuality;
	const leader = greatest(own.filter(isGoodEnough), (variant) => scoreFor(goal, variant));
	return leader === undefined ? undefined : {target, goal, variant: leader, basis: 'leader'};
}

/** The best choice for a goal over several targets: decided ones before leaders, then by the goal's figure. */
export function bestChoice(choices: readonly Choice[]): Choice | undefined {
	const winners = choices.filter(({basis}) => basis !== 'leader');
	const pool = winners.length > 0 ? winners : choices;
	return greatest(pool, ({goal, variant}) => scoreFor(goal, variant)) ?? pool[0];
}
