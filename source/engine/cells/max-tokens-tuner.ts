import {fittingMaxTokens} from '../../metrics/decisions/max-tokens.ts';
import {Quantiles} from '../../metrics/statistics/distribution.ts';

/** Answers that are needed before the configured max tokens change. */
const minAnswers = 4;
/** Extra room while few answers are known: the longest one x (1 + 4 / sqrt(n)). */
const caution = 4;

/**
 * Right-sizes the max tokens of a cell from its answers (`--max-tokens auto`): the service sets all of it aside while a
 * request is in flight, so what no answer needs is throughput lost. An answer that is cut off raises it for good.
 */
export class MaxTokensTuner {
	readonly #cap: number;
	readonly #outputs = new Quantiles();
	#floor = 0;

	/** @param cap The max tokens asked for; never exceeded. */
	constructor(cap: number) {
		this.#cap = cap;
	}

	get value(): number {
		if (this.#outputs.count < minAnswers) {
			return this.#cap;
		}
		const cautious = this.#outputs.max * (1 + caution / Math.sqrt(this.#outputs.count));
		const fitting = Math.max(
			fittingMaxTokens(this.#outputs),
			Math.ceil(Math.min(cautious, 4 * this.#outputs.max)),
		);
		return Math.min(this.#cap, Math.max(this.#floor, fitting));
	}

	/** @param maxTokens What the answer was limited to. */
	learn(outputTokens: number, isTruncated: boolean, maxTokens: number): void {
		this.#outputs.add(outputTokens);
		if (isTruncated) {
			this.#floor = Math.max(this.#floor, 2 * maxTokens);
		}
	}
}

/** Smallest relative change worth logging. */
const minPart = 0.05;
/** Milliseconds between two lines about a variant. */
const minMs = 5000;

type Learnt = {
	readonly logged: number;
	readonly loggedAtMs: number;
	readonly value: number;
	readonly name: string;
};

/**
 * Logs how the max tokens of the cells are right-sized (`--max-tokens auto`). Nearly every answer moves them a little: a
 * cell gets a line for a change that matters, at most every few seconds, and for the value at the end.
 */
export class MaxTokensLog {
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
		const {logged, loggedAtMs} = known ?? {logged: before, loggedAtMs: Number.NEGATIVE_INFINITY};
		this.#cells.set(cell, {logged, loggedAtMs, value, name});
		if (Math.abs(value - logged) >= minPart * logged && atMs - loggedAtMs >= minMs) {
			this.#log(cell, atMs);
		}
	}

	/** Logs the last value of each cell, unless it was logged. */
	finish(atMs: number): void {
		for (const cell of this.#cells.keys()) {
			this.#log(cell, atMs);
		}
	}

	#log(cell: number, atMs: number): void {
		const learnt = this.#cells.get(cell);
		if (learnt !== undefined && learnt.value !== learnt.logged) {
			const {name, logged, value} = learnt;
			this.#note(`${name}: max tokens ${logged} -> ${value}, learnt from its answers.`);
			this.#cells.set(cell, {...learnt, logged: value, loggedAtMs: atMs});
		}
	}
}
