import type {Goal} from '../domain/run-config.ts';
import {dayBoundOf} from '../metrics/decisions/sustainable.ts';
import {formatDurationMs, formatNumber, formatPercent, formatRatio, formatUsd} from '../text/numbers.ts';
import {cleanText} from '../text/width.ts';
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

/** The basis of a verdict, in a snapshot or in results. */
type Judged = Pick<Results, 'targets' | 'best' | 'gain' | 'verdict'> & {
	readonly goal: Goal;
	readonly variants: ReadonlyArray<
		Pick<VariantResults, 'name' | 'target' | 'items' | 'tokens' | 'costUsd' | 'latencyMs' | 'sustainable'>
	>;
};

type Verdict = NonNullable<Results['verdict']>[number];

/**
 * The verdict in sentences: for each model what to use for the goal of the run and why, with the figure, then the other
 * goals in one line; after a serial run the gain over it.
 */
export function verdictSentences(judged: Judged): readonly string[] {
	const {targets, variants, gain, verdict} = judged;
	if (variants.length === 0) {
		return ['No variant was run.'];
	}
	const sentences = targets.flatMap((target, index) => {
		const own = verdict?.filter((each) => each.target === index) ?? [];
		const lines =
			own.length === 0
				? [earlierSentence(judged, index)]
				: [mainSentence(judged, own), ...otherGoals(own, judged.goal)];
		return targets.length === 1 ? lines : lines.map((line) => `${cleanText(target.model)}: ${line}`);
	});
	return gain === null || gain.ratio === null || gain.over !== 'serial'
		? sentences
		: [
				...sentences,
				`That is ${formatRatio(gain.ratio)} the useful work of one request at a time through the same quota.`,
			];
}

function mainSentence({variants, goal}: Judged, verdicts: readonly Verdict[]): string {
	const verdict = verdicts.find((each) => each.goal === goal);
	if (verdict === undefined) {
		return `Not decided for ${goal}.`;
	}
	const recommended = variants.find(
		({name, target}) => target === verdict.target && name === verdict.recommended,
	);
	const figure = figureOf(recommended, goal);
	if (figure === '') {
		return verdict.text;
	}
	return verdict.basis === 'only'
		? `${verdict.text.replace(/\.$/, '')}: ${figure}.`
		: `${verdict.text} With it ${figure}.`;
}

/** What to use for the goals that the run was not about, in one line. */
function otherGoals(verdicts: readonly Verdict[], goal: Goal): readonly string[] {
	const others = verdicts.filter((each) => each.goal !== goal);
	if (others.length === 0 || others.some(({basis}) => basis === 'only' || basis === 'none')) {
		return [];
	}
	const words = others.map(({goal: other, recommended, basis}) => {
		const name = recommended === null ? 'not decided' : cleanText(recommended);
		return `${other} ${name}${basis === 'tie' ? ' (tie)' : ''}`;
	});
	return [`Other goals: ${words.join(', ')}.`];
}

/** Of results that have no verdict: those of version 0.1.0, and of batches. */
function earlierSentence({best, goal, variants}: Judged, target: number): string {
	const own = variants.filter((variant) => variant.target === target);
	if (own.every(({items}) => items.useful === 0)) {
		return 'No variant gave a useful answer.';
	}
	const name = best.find((candidate) => candidate.target === target)?.[goal] ?? null;
	const winner = own.find((variant) => variant.name === name);
	const figure = figureOf(winner ?? (own.length === 1 ? own[0] : undefined), goal);
	const words = figure === '' ? '' : `: ${figure}`;
	if (winner === undefined) {
		return own.length === 1 ? `Only one variant was run${words}.` : `No clear winner for ${goal}.`;
	}
	return `${cleanText(winner.name)} is best for ${goal}${words}.`;
}

/** The rate that the quota allows, per day too, and what others leave of it. */
function rateText(sustainable: VariantResults['sustainable']): string {
	const {usefulPerMinute, low, high, limitedBy} = sustainable;
	const interval = low === null || high === null ? '' : ` (${formatNumber(low)} to ${formatNumber(high)})`;
	const limit = limitedBy === 'none' ? '' : `, limited by ${limitedBy}`;
	const day = dayBoundOf(sustainable);
	const perDay = day === undefined ? '' : `, and ${formatNumber(day)} per day`;
	const {afterOthers} = sustainable;
	const beside =
		afterOthers === undefined || afterOthers.usefulPerMinute === null
			? ''
			: `beside others, who use ${formatPercent(afterOthers.othersShare)}, ${formatNumber(afterOthers.usefulPerMinute)} useful items per minute; `;
	return usefulPerMinute === null
		? ''
		: `${beside}the ${beside === '' ? '' : 'whole '}quota allows ${formatNumber(usefulPerMinute)} useful items per minute${interval}${limit}${perDay}`;
}

/** The figure that a goal compares, with its interval where there is one; empty where it is not known. */
function figureOf(variant: Judged['variants'][number] | undefined, goal: Goal): string {
	if (variant === undefined) {
		return '';
	}
	const {sustainable, tokens, items, costUsd, latencyMs} = variant;
	switch (goal) {
		case 'throughput':
			return rateText(sustainable);
		case 'efficiency':
			return items.useful === 0
				? ''
				: `a useful item takes ${formatNumber(tokens.quota / items.useful)} quota tokens`;
		case 'cost':
			return costUsd === null || items.useful === 0
				? ''
				: `a useful item costs ${formatUsd(costUsd / items.useful)}`;
		case 'latency':
			return latencyMs.total.p50 === null
				? ''
				: `half of all answers come within ${formatDurationMs(latencyMs.total.p50)}`;
	}
}
