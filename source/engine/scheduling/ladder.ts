import {type Lane, lanes} from '../../domain/lane.ts';

/** How full a bucket is when the next requests take a cheaper variant, as a part of its limit. */
const thresholds = [0.7, 0.85, 0.95] as const;
/** How much it must have emptied below a threshold before they go back. */
const hysteresis = 0.05;
/** Checked items before which the quality of a variant is not judged. */
const leastChecked = 10;

/** What the ladder needs to know of a variant. */
export type Rung = {
	readonly cell: number;
	/** Quota tokens a useful item; expected before there are any. */
	readonly tokensPerUseful: number;
	readonly checked: number;
	readonly passed: number;
};

/** How many thresholds a fill has passed, given how many it had passed before. */
const passedBy = (fill: number, before: number): number =>
	thresholds.filter((threshold, index) => fill >= threshold - (index < before ? hysteresis : 0)).length;

/**
 * Chooses the variant for the next request of a lane on a target (`--policy adaptive`): the dearest while there is room,
 * a cheaper one for each threshold that the bucket has passed. The lowest lane steps down from the first threshold on,
 * each lane above it one threshold later.
 */
export class Ladder {
	readonly #delay: number;
	readonly #minQuality: number;
	#passed = 0;

	/**
	 * @param lane The ladder's lane.
	 * @param present Lanes of the run.
	 */
	constructor(lane: Lane, present: ReadonlySet<Lane>, minQuality: number | null) {
		this.#delay = lanes.slice(lanes.indexOf(lane) + 1).filter((below) => present.has(below)).length;
		this.#minQuality = minQuality ?? 0;
	}

	/**
	 * @param fill How full the bucket is, 0 to 1.
	 * @returns The cell; undefined when there is no rung.
	 */
	choose(rungs: readonly Rung[], fill: number): number | undefined {
		this.#passed = passedBy(fill, this.#passed);
		const byCost = [...rungs].sort((first, second) => second.tokensPerUseful - first.tokensPerUseful);
		const good = byCost.filter(
			({checked, passed}) => checked < leastChecked || passed / checked >= this.#minQuality,
		);
		const ladder = good.length > 0 ? good : byCost.slice(0, 1);
		const step = Math.max(0, this.#passed - this.#delay);
		return ladder[Math.min(step, ladder.length - 1)]?.cell;
	}
}
