import type {Goal} from './run-spec.ts';

/** What to use for a goal, and why. Names as in results.json. */

/**
 * `winner`: every other is out; `tie`: those that are left are practically equal; `undecided`: the budget ended first, or
 * the leader's quality is not proven; `only`: one variant was run; `none`: no useful answer, or every gate failed.
 */
export const verdictBases = ['winner', 'tie', 'undecided', 'only', 'none'] as const;
type VerdictBasis = (typeof verdictBases)[number];

/** `off`: it was given up, nothing can be sent to it. */
export const variantStates = ['in', 'out', 'leader', 'off'] as const;
export type VariantState = (typeof variantStates)[number];

/** Whether the quality is proven to be above or below `minQuality`; `none` where there is no gate. */
export const gateStates = ['none', 'passed', 'failed', 'unproven'] as const;
export type GateState = (typeof gateStates)[number];

export type Verdict = {
	/** Index into the targets. */
	readonly target: number;
	readonly goal: Goal;
	/** Name of the variant to use; null where nothing may be said. */
	readonly recommended: string | null;
	readonly basis: VerdictBasis;
	/** Those that are still in. */
	readonly leaders: readonly string[];
	readonly tieBrokenBy: Goal | null;
	/** By how much the recommended one beats others at least: 1.2 is 20 % more. */
	readonly beaten: ReadonlyArray<{readonly name: string; readonly atLeast: number}>;
	readonly text: string;
};
