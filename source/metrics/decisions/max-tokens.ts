import type {VariantFigures} from '../../domain/figures-schema.ts';
import type {Quota} from '../../domain/target.ts';
import {Quantiles} from '../statistics/distribution.ts';
import {sustainableUnderReservation, type TypicalRequest} from './sustainable.ts';

/** The max tokens that answers need: as advice, and set by itself with `--max-tokens auto`. */

/** Minimum of answers for an advice. */
const minAnswers = 20;
/** From this many answers on the p99 counts; below, the longest answer with a margin. */
const manyAnswers = 100;
const roundTo = 8;

/** A max tokens that nearly every answer fits into: p99 + 5%, with fewer answers the longest x (1 + 1 / sqrt(n)). */
function fittingMaxTokens(outputs: Quantiles): number {
	const {count} = outputs;
	const tokens =
		count >= manyAnswers ? outputs.at(0.99) * 1.05 : outputs.max * (1 + 1 / Math.sqrt(Math.max(1, count)));
	return rounded(tokens);
}

const rounded = (tokens: number): number => Math.max(roundTo, Math.ceil(tokens / roundTo) * roundTo);

/** Answers from which on the share of longer ones is bounded. */
const firstLook = 30;
/** How often the bound may be wrong, over all looks at it together. */
const level = 0.05;

/**
 * Greatest share of answers that may be longer than the longest of `count`, wrong in 5% of cases however often it is looked
 * at: with each doubling of the answers a smaller part of the 5% is spent.
 * @returns Undefined below 30 answers.
 */
export function longerShareBound(count: number): number | undefined {
	if (count < firstLook) {
		return undefined;
	}
	const doublings = Math.floor(Math.log2(count / firstLook));
	const spent = level / ((doublings + 1) * (doublings + 2));
	return 1 - spent ** (1 / (firstLook * 2 ** doublings));
}

/**
 * Advises max tokens from the answers so far. The service sets all of it aside while a request is in flight, so too much
 * costs throughput.
 * @param maxTokens What is sent now; the advice never exceeds it.
 * @param least The advice is never below it.
 * @param truncated Answers that were cut off: their true length is not known, so nothing is advised.
 * @returns `truncationRisk` by the rule of succession: (answers above the value + 1) / (answers + 2). The rate leaves room for
 * asking what is cut off once more, with the max tokens of now.
 */
export function adviseMaxTokens(
	outputs: Quantiles,
	truncated: number,
	maxTokens: number,
	quota: Quota,
	request: TypicalRequest,
	least = 0,
): VariantFigures['maxTokensAdvice'] {
	if (outputs.count < minAnswers || truncated > 0) {
		return {value: null, truncationRisk: null, sustainablePerMinute: null};
	}
	const value = Math.min(maxTokens, Math.max(fittingMaxTokens(outputs), rounded(least)));
	const reservedTokens = Math.max(request.quotaTokens, request.reservedTokens - (maxTokens - value));
	const truncationRisk = (outputs.countAbove(value) + 1) / (outputs.count + 2);
	const reservedByService =
		request.reservedByService === undefined ? undefined : request.reservedByService - (maxTokens - value);
	const fitting = sustainableUnderReservation(quota, {...request, reservedTokens, reservedByService});
	const full = sustainableUnderReservation(quota, request);
	return {
		value,
		truncationRisk,
		sustainablePerMinute: fitting && full ? 1 / (1 / fitting + truncationRisk / full) : (fitting ?? null),
	};
}

/** Answers that are needed before the configured max tokens change. */
const minTuned = 4;
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
		if (this.#outputs.count < minTuned) {
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
