/** A change of the max tokens by less than this part of what was told last is not told. */
const leastPart = 0.05;
/** Milliseconds between two lines about a variant. */
const leastMs = 5000;

type Learnt = {
	readonly told: number;
	readonly toldAtMs: number;
	readonly value: number;
	readonly name: string;
};

/**
 * Tells how the max tokens of the cells are right-sized (`--max-tokens auto`). Nearly every answer moves them a little:
 * told are changes that matter, at most one in some seconds a cell, and the value at the end.
 */
export class LearntMaxTokens {
	readonly #note: (text: string) => void;
	readonly #cells = new Map<number, Learnt>();

	/** @param note Enters a line in the log. */
	constructor(note: (text: string) => void) {
		this.#note = note;
	}

	/**
	 * @param cell Index of the cell.
	 * @param before Max tokens before the answer that changed it.
	 * @param atMs Milliseconds since the start.
	 */
	changed(cell: number, name: string, before: number, value: number, atMs: number): void {
		const known = this.#cells.get(cell);
		const {told, toldAtMs} = known ?? {told: before, toldAtMs: Number.NEGATIVE_INFINITY};
		this.#cells.set(cell, {told, toldAtMs, value, name});
		if (Math.abs(value - told) >= leastPart * told && atMs - toldAtMs >= leastMs) {
			this.#tell(cell, atMs);
		}
	}

	/** Tells the last value of each cell, where it was not told yet. */
	finish(atMs: number): void {
		for (const cell of this.#cells.keys()) {
			this.#tell(cell, atMs);
		}
	}

	#tell(cell: number, atMs: number): void {
		const learnt = this.#cells.get(cell);
		if (learnt !== undefined && learnt.value !== learnt.told) {
			const {name, told, value} = learnt;
			this.#note(`${name}: max tokens ${told} -> ${value}, learnt from its answers.`);
			this.#cells.set(cell, {...learnt, told: value, toldAtMs: atMs});
		}
	}
}
