import {fittingMaxTokens} from '../../metrics/decisions/max-tokens.ts';
import {Quantiles} from '../../metrics/statistics/quantiles.ts';

/** Answers before which the max tokens of the cell are sent. */
const leastAnswers = 4;
/** Extra room while few answers are known: the greatest one x (1 + 4 / sqrt(n)). */
const caution = 4;

/**
 * Right-sizes the max tokens of a cell from its answers (`--max-tokens auto`): the service sets all of it aside while a
 * request is in flight, so what no answer needs is throughput lost. An answer that is cut off raises it for good.
 */
export class AutoMaxTokens {
	readonly #cap: number;
	readonly #outputs = new Quantiles();
	#floor = 0;

	/** @param cap The max tokens asked for; never exceeded. */
	constructor(cap: number) {
		this.#cap = cap;
	}

	get value(): number {
		if (this.#outputs.count < leastAnswers) {
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
