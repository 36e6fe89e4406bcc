import type {VariantFigures} from '../../domain/figures-schema.ts';
import type {Goal} from '../../domain/run-spec.ts';
import type {GateState} from '../../domain/verdict.ts';
import type {Field} from './contest.ts';
import type {Standings} from './elimination.ts';
import type {Wants} from './more-blocks.ts';
import type {Checked} from './quality-gate.ts';

/** What a verdict is made from: one target and one goal. */
export type Case = {
	readonly target: number;
	readonly goal: Goal;
	/** Cells of the target that do the same work; those of other lanes among them are not compared. */
	readonly cells: readonly number[];
	/** What they are compared by; undefined where they never are: one cell, or none share their blocks. */
	readonly field: Field | undefined;
	readonly standings: Standings | undefined;
	readonly figures: (cell: number) => VariantFigures | undefined;
	readonly checkedOf: (cell: number) => Checked;
	readonly gateOf: (cell: number) => GateState;
	readonly minQuality: number | null;
	/** Of the task; 0: what is said holds for its one input. */
	readonly items: number;
};

/** Why nothing may be said, and what would help. */
export type Doubt =
	| {readonly kind: 'not-compared'}
	/** Nobody has a figure for the goal. */
	| {readonly kind: 'no-figure'}
	/** Between whom; what would decide, and what that costs where it is requests. */
	| {readonly kind: 'close'; readonly wants: Wants; readonly costUsd: number | null}
	/** A rival that no evidence put out could not be sent. */
	| {readonly kind: 'given-up'}
	| {readonly kind: 'quality'; readonly checked: Checked; readonly items: number | undefined};

/** What a goal compares, per useful item where it is a cost: less is better. Undefined where it is not known. */
export const burdenOf = (goal: Goal, figures: VariantFigures | undefined): number | undefined => {
	if (figures === undefined || figures.items.useful === 0) {
		return undefined;
	}
	const {items, tokens, costUsd, latencyMs, sustainable} = figures;
	switch (goal) {
		case 'throughput':
			return sustainable.usefulPerMinute ? 1 / sustainable.usefulPerMinute : undefined;
		case 'efficiency':
			return tokens.quota / items.useful;
		case 'cost':
			return costUsd === null ? undefined : costUsd / items.useful;
		case 'latency':
			return latencyMs.total.p50 ?? latencyMs.total.mean ?? undefined;
	}
};
