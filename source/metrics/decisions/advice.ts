import {type Cell, type Goal, goals, type RunSpec} from '../../domain/run-spec.ts';
import type {Advice, Best, Timeline, VariantFigures} from '../../domain/snapshot.ts';
import type {Figures} from '../figures/figures.ts';
import {learntAdvice} from './advice-learnt.ts';
import {
	betterMaxTokens,
	bindingLimit,
	caching,
	noClearWinner,
	otherScopes,
	packing,
	type Subject,
	tooLowQuality,
} from './advice-lines.ts';
import {comparableCells} from './comparable.ts';
import {naiveLoss} from './naive-loss.ts';
import {quotaIncreaseAdvice} from './quota-increase.ts';
import {type Ranking, rank} from './ranking.ts';

/** What the advice is made from. */
export type AdviceInput = {
	readonly spec: Pick<
		RunSpec,
		'isBalanced' | 'cells' | 'targets' | 'goal' | 'minQuality' | 'variants' | 'task'
	>;
	readonly figures: Figures;
	readonly variants: readonly VariantFigures[];
	readonly timeline: Timeline;
	/** Of each cell, sent at present; undefined unless max tokens are right-sized. */
	readonly learntMaxTokens?: readonly number[] | undefined;
};

const cellsOf = ({cells}: {readonly cells: readonly Cell[]}, target: number): readonly number[] =>
	cells.flatMap((cell, index) => (cell.target === target ? [index] : []));

const rankingOf = ({spec, figures, variants}: AdviceInput, target: number, goal: Goal): Ranking =>
	rank(goal, figures, comparableCells(spec, target), variants, spec.minQuality);

const subjectOf = ({spec, variants, learntMaxTokens}: AdviceInput, index: number): Subject | undefined => {
	const cell = spec.cells[index];
	const figures = variants[index];
	const variant = cell === undefined ? undefined : spec.variants[cell.variant];
	const target = cell === undefined ? undefined : spec.targets[cell.target];
	return cell === undefined || figures === undefined || variant === undefined || target === undefined
		? undefined
		: {figures, variant, target, maxTokens: cell.maxTokens, learntMaxTokens: learntMaxTokens?.[index]};
};

/** Winner of each goal for each target. */
export const bestOf = (input: AdviceInput): readonly Best[] =>
	input.spec.targets.map((_target, target) => {
		const winners = goals.map((goal) => [goal, rankingOf(input, target, goal).winner?.name ?? null] as const);
		return {target, ...(Object.fromEntries(winners) as Record<Goal, string | null>)};
	});

/** What the figures advise, each line with its figure: for each target, then over the targets. */
export const adviceOf = (input: AdviceInput): readonly Advice[] => {
	const {spec, figures, variants, timeline} = input;
	const leaders: Subject[] = [];
	const ofTargets = spec.targets.flatMap((target, index) => {
		const cells = cellsOf(spec, index);
		const ranking = rankingOf(input, index, spec.goal);
		const subjects = cells.map((cell) => subjectOf(input, cell)).filter((subject) => subject !== undefined);
		const ofVariants = subjects.flatMap((subject) => [
			...(subject.learntMaxTokens === undefined ? betterMaxTokens(subject) : learntAdvice(subject)),
			...tooLowQuality(subject, spec),
		]);
		const leader = cells.find((cell) => variants[cell] === ranking.leader);
		const subject = leader === undefined ? undefined : subjectOf(input, leader);
		if (subject === undefined) {
			return ofVariants;
		}
		leaders.push(subject);
		return [
			...noClearWinner(ranking, spec.goal, target.model),
			...bindingLimit(subject),
			...packing(subject, spec.task),
			...caching(subject, spec.task),
			...ofVariants,
			...quotaIncreaseAdvice(subject.figures, target, index, timeline),
		];
	});
	return [...ofTargets, ...(spec.isBalanced ? [] : otherScopes(leaders)), ...naiveLoss(figures)];
};
