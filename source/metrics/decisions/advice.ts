import type {VariantFigures} from '../../domain/figures-schema.ts';
import type {Cell, RunSpec} from '../../domain/run-spec.ts';
import type {Advice, Timeline} from '../../domain/snapshot.ts';
import type {Figures} from '../figures/figures.ts';
import {learntAdvice} from './advice-learnt.ts';
import {
	betterMaxTokens,
	bindingLimit,
	caching,
	otherScopes,
	packing,
	type Subject,
	tooLowQuality,
} from './advice-lines.ts';
import {naiveLoss} from './naive-loss.ts';
import {quotaIncreaseAdvice} from './quota-increase.ts';

/** What the advice is made from. */
export type AdviceInput = {
	readonly spec: Pick<
		RunSpec,
		'isBalanced' | 'cells' | 'targets' | 'goal' | 'minQuality' | 'variants' | 'task'
	>;
	readonly figures: Figures;
	readonly variants: readonly VariantFigures[];
	readonly timeline: Timeline;
	/** The cell to speak of, for each target: the recommended one, else the leader. */
	readonly leaders: ReadonlyArray<number | undefined>;
	/** Of each cell, sent at present; undefined unless max tokens are right-sized. */
	readonly learntMaxTokens?: readonly number[] | undefined;
};

const cellsOf = ({cells}: {readonly cells: readonly Cell[]}, target: number): readonly number[] =>
	cells.flatMap((cell, index) => (cell.target === target ? [index] : []));

const subjectOf = ({spec, variants, learntMaxTokens}: AdviceInput, index: number): Subject | undefined => {
	const cell = spec.cells[index];
	const figures = variants[index];
	const variant = cell === undefined ? undefined : spec.variants[cell.variant];
	const target = cell === undefined ? undefined : spec.targets[cell.target];
	return cell === undefined || figures === undefined || variant === undefined || target === undefined
		? undefined
		: {figures, variant, target, maxTokens: cell.maxTokens, learntMaxTokens: learntMaxTokens?.[index]};
};

/** What the figures advise, each line with its figure: for each target, then over the targets. */
export const adviceOf = (input: AdviceInput): readonly Advice[] => {
	const {spec, figures, timeline} = input;
	const leaders: Subject[] = [];
	const ofTargets = spec.targets.flatMap((target, index) => {
		const cells = cellsOf(spec, index);
		const subjects = cells.map((cell) => subjectOf(input, cell)).filter((subject) => subject !== undefined);
		const ofVariants = subjects.flatMap((subject) => [
			...(subject.learntMaxTokens === undefined ? betterMaxTokens(subject) : learntAdvice(subject)),
			...tooLowQuality(subject, spec),
		]);
		const leader = input.leaders[index];
		const subject = leader === undefined ? undefined : subjectOf(input, leader);
		if (subject === undefined) {
			return ofVariants;
		}
		leaders.push(subject);
		return [
			...bindingLimit(subject),
			...packing(subject, spec.task),
			...caching(subject, spec.task),
			...ofVariants,
			...quotaIncreaseAdvice(subject.figures, target, index, timeline),
		];
	});
	return [...ofTargets, ...(spec.isBalanced ? [] : otherScopes(leaders)), ...naiveLoss(figures)];
};
