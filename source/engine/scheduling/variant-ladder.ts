import {type Lane, lanes} from '../../domain/bucket-usage.ts';
import type {RunSpec} from '../../domain/run-spec.ts';
import {type Checked, gateState} from '../../metrics/decisions/elimination.ts';
import type {Figures} from '../../metrics/figures/figures.ts';
import {indexOf} from '../../metrics/figures/request-measures.ts';
import {largestShare} from '../../metrics/statistics/intervals.ts';
import type {Cell} from '../cells/cell.ts';

/** How full a bucket is when the next requests take a cheaper variant, as a part of its limit. */
const thresholds = [0.7, 0.85, 0.95] as const;
/** How much it must have emptied below a threshold before they go back. */
const hysteresis = 0.05;
/** Part of a lane's requests that tries a variant off the ladder, so that it may come back. */
const probingPart = 1 / 64;
/** Level of the evidence that a variant costs more per useful item than one above it. */
const level = 0.05;

/** A variant, as the ladder needs it. */
export type LadderVariant = {
	readonly cell: number;
	/** Quota tokens of a request; expected before there are any. */
	readonly tokensPerRequest: number;
	/** Requests sent until now. */
	readonly sent: number;
	/** Items that were answered, and those of them that were useful. */
	readonly items: {readonly count: number; readonly useful: number};
	readonly checked: Checked;
};

/** How many thresholds a fill has passed, given how many it had passed before. */
const passedBy = (fill: number, before: number): number =>
	thresholds.filter((threshold, index) => fill >= threshold - (index < before ? hysteresis : 0)).length;

/**
 * Chooses the variant for the next request of a lane on a target (`--policy adaptive`): the most expensive per request
 * while there is room, a cheaper one for each threshold that the bucket has passed. The lowest lane steps down from the first threshold
 * on, each lane above it one threshold later.
 *
 * Off the ladder are variants that fail the quality gate, and those that are cheaper per request but provably more
 * expensive per useful item than one above them. They are still tried now and then, and come back when their answers have earned it.
 */
export class Ladder {
	readonly #delay: number;
	readonly #minQuality: number | null;
	readonly #shares = new Map<
		number,
		{readonly count: number; readonly useful: number; readonly share: number}
	>();
	#passed = 0;

	/**
	 * @param lane The ladder's lane.
	 * @param present Lanes of the run.
	 */
	constructor(lane: Lane, present: ReadonlySet<Lane>, minQuality: number | null) {
		this.#delay = lanes.slice(lanes.indexOf(lane) + 1).filter((below) => present.has(below)).length;
		this.#minQuality = minQuality;
	}

	/**
	 * @param fill How full the bucket is, 0 to 1.
	 * @returns The cell; undefined without variants.
	 */
	choose(variants: readonly LadderVariant[], fill: number): number | undefined {
		this.#passed = passedBy(fill, this.#passed);
		const byCost = variants.toSorted((first, second) => second.tokensPerRequest - first.tokensPerRequest);
		const ladder = this.#ladderOf(byCost);
		const total = variants.reduce((sum, {sent}) => sum + sent, 0);
		const probed = byCost.find((variant) => !ladder.includes(variant) && variant.sent < total * probingPart);
		if (probed !== undefined) {
			return probed.cell;
		}
		const step = Math.max(0, this.#passed - this.#delay);
		return ladder[Math.min(step, ladder.length - 1)]?.cell;
	}

	/** The largest useful share that a variant's answers do not refuse; recomputed only when there are new ones. */
	#maxUseful({cell, items: {count, useful}}: LadderVariant): number {
		const known = this.#shares.get(cell);
		if (known?.count === count && known.useful === useful) {
			return known.share;
		}
		const share = largestShare(count, useful, level);
		this.#shares.set(cell, {count, useful, share});
		return share;
	}

	/** Variants worth stepping down to; only the most expensive one where none is good enough. */
	#ladderOf(byCost: readonly LadderVariant[]): readonly LadderVariant[] {
		const good = byCost.filter(({checked}) => gateState(checked, this.#minQuality) !== 'failed');
		const worth = good.filter((variant, place) => {
			const above = good
				.slice(0, place)
				.map(({tokensPerRequest, items: {count, useful}}) =>
					useful === 0 ? Number.POSITIVE_INFINITY : (tokensPerRequest * count) / useful,
				);
			return variant.tokensPerRequest / this.#maxUseful(variant) <= Math.min(...above);
		});
		return worth.length > 0 ? worth : byCost.slice(0, 1);
	}
}

/** Whether the variants of a lane form a ladder: only where the load does not compare them. */
export function isAdaptive({policy, load}: Pick<RunSpec, 'policy' | 'load'>): boolean {
	return policy === 'adaptive' && load.shape !== 'measure' && load.shape !== 'serial';
}

type AdaptivePorts = {
	readonly spec: RunSpec;
	/** As they are when it is asked. */
	readonly figures: () => Figures;
	/** Called with a sentence at every switch. */
	readonly onSwitch: (text: string) => void;
};

/** Chooses out of cells of one target and lane the one that the fill of their bucket allows. */
type AdaptiveChoice = (cells: readonly Cell[], lane: Lane) => Cell | undefined;

/** Makes the choice of an adaptive run; it remembers each lane's step on each target. */
export function createAdaptiveChoice({spec, figures, onSwitch}: AdaptivePorts): AdaptiveChoice {
	const present = new Set(spec.cells.map(({lane}) => lane));
	const ladders = new Map<string, {readonly ladder: Ladder; last: Cell | undefined}>();

	const ladderOf = (lane: Lane, target: number): {readonly ladder: Ladder; last: Cell | undefined} => {
		const key = `${lane} ${target}`;
		const known = ladders.get(key) ?? {
			ladder: new Ladder(lane, present, spec.minQuality),
			last: undefined,
		};
		ladders.set(key, known);
		return known;
	};

	const ladderVariantOf = (state: Cell): LadderVariant => {
		const {requests: all, variants, quality} = figures();
		const requests = all[state.index];
		const totals = variants[state.index];
		const answered = totals?.requests.succeeded ?? 0;
		const {count = 0, passed = 0} = quality[state.index] ?? {};
		return {
			cell: state.index,
			tokensPerRequest: answered > 0 ? (requests?.mean(indexOf('quotaTokens')) ?? 0) : state.expectedTokens,
			sent: totals?.requests.sent ?? 0,
			items: {
				count: answered * state.variant.itemsPerRequest,
				useful: Math.min(totals?.items.useful ?? 0, answered * state.variant.itemsPerRequest),
			},
			checked: {count, passed},
		};
	};

	return (cells, lane) => {
		const [first] = cells;
		if (first === undefined) {
			return undefined;
		}
		const step = ladderOf(lane, first.spec.target);
		// Room kept for higher lanes counts as full: else this lane would be blocked before it steps down.
		const fill = 1 - first.bucket.roomLeft(lane);
		const chosen = step.ladder.choose(cells.map(ladderVariantOf), fill);
		const cell = cells.find(({index}) => index === chosen);
		if (cell !== undefined && cell !== step.last) {
			const from = step.last === undefined ? '' : `${step.last.variant.name} -> `;
			const percent = Math.round(fill * 100);
			onSwitch(
				`${cell.target.model}, lane ${lane}: ${from}${cell.variant.name}, the bucket is ${percent}% full.`,
			);
			step.last = cell;
		}
		return cell;
	};
}
