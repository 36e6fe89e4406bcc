/** After a step down the level is held for this part of a window (15 s of a minute). */
const holdPart = 1 / 4;
/** Then it is raised by half in steps of this part of a window. */
const riseEveryPart = 1 / 8;
const riseFactor = 1.5;
/** Refusals within this part of a window of a step belong to the same overload. */
const sameEventPart = 1 / 30;

/**
 * Answer to 503, 529 and "currently overloaded": not our quota but the service's capacity. The requests in flight are
 * halved and held there, then raised step by step, as AWS advises (scaling-throughput-best-practices), on the scale of a
 * run instead of its 15 minutes.
 */
export class OverloadGuard {
	readonly #windowMs: number;
	#cap: number | undefined;
	#ceiling = 0;
	#steppedAt = Number.NEGATIVE_INFINITY;

	constructor(windowMs: number) {
		this.#windowMs = windowMs;
	}

	/** Most requests that may be in flight; undefined while there is no such bound. */
	cap(now: number): number | undefined {
		if (this.#cap === undefined) {
			return undefined;
		}
		const heldMs = now - this.#steppedAt - this.#windowMs * holdPart;
		const rises = heldMs < 0 ? 0 : 1 + Math.floor(heldMs / (this.#windowMs * riseEveryPart));
		const cap = Math.floor(this.#cap * riseFactor ** rises);
		if (cap > this.#ceiling) {
			this.#cap = undefined;
			return undefined;
		}
		return Math.max(1, cap);
	}

	/**
	 * An attempt was refused for want of capacity.
	 * @param inFlight Requests that were in flight, this one included.
	 * @returns Whether the level was stepped down (not for an echo of the same overload).
	 */
	observe(now: number, inFlight: number): boolean {
		if (now - this.#steppedAt < this.#windowMs * sameEventPart) {
			return false;
		}
		const level = Math.min(inFlight, this.cap(now) ?? inFlight);
		this.#ceiling = Math.max(2 * level, this.#cap === undefined ? 0 : this.#ceiling);
		this.#cap = Math.max(1, level / 2);
		this.#steppedAt = now;
		return true;
	}
}
