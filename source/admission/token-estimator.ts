import {charactersPerToken} from '../domain/accounting.ts';
import type {Usage} from '../domain/backend.ts';
import {Quantiles} from '../metrics/statistics/distribution.ts';

/** Assumed output tokens of a cell before its first answer, where the spec has no figure. */
const assumedOutputTokens = 256;
/** Safety factor of an input count that the service has not confirmed. */
const estimateMargin = 1.25;
/** Safety factor: texts of equal length may differ in tokens. */
const lengthMargin = 1.05;
/** Lengths whose exact token counts are remembered. */
const rememberedLengths = 512;

/** Upper bound for the frame of one more message in a conversation: its role and its end. */
const messageTokens = 16;

/** All input tokens of an answered request, cached ones included. */
export function inputOf({
	inputTokens,
	cacheReadTokens,
	cacheWriteTokens,
}: Pick<Usage, 'inputTokens' | 'cacheReadTokens' | 'cacheWriteTokens'>): number {
	return inputTokens + cacheReadTokens + cacheWriteTokens;
}

/** Quota tokens of a request before it is sent. */
export type Cost = {
	/** What the service itself sets aside: input, cache write, cache read, max tokens. */
	readonly reserved: number;
	/** What the ledger sets aside: the greater of `reserved` and what the answer is expected to settle at. */
	readonly setAside: number;
	/** Greatest settlement: input + max tokens x burndown. */
	readonly max: number;
	/** What an answer like the longest so far would settle at; before any, what is set aside. */
	readonly likelyMax: number;
	/** Output tokens to expect, where output has a quota of its own: its p99, at most max tokens. */
	readonly output?: number;
};

/** The prompt whose input tokens are known before the run: counted by the service, or estimated. */
type FirstPrompt = {
	readonly value: number;
	readonly isEstimated: boolean;
	/** In characters. */
	readonly length: number;
};

/**
 * Estimates a cell's token counts from its answers: the base of what is set aside for the next request.
 * The input follows the length of the prompt, the output its running p99.
 */
export class TokenEstimator {
	readonly #expectedOutputTokens: number;
	readonly #outputs = new Quantiles();
	readonly #inputsByLength = new Map<number, number>();
	#tokensPerCharacter: number | undefined;
	/** Output tokens and characters of all answers. */
	#written = {tokens: 0, characters: 0};
	readonly #first: FirstPrompt;

	/** @param expectedOutputTokens Before any answer. */
	constructor(first: FirstPrompt, expectedOutputTokens: number = assumedOutputTokens) {
		this.#first = first;
		this.#expectedOutputTokens = expectedOutputTokens;
	}

	/** Input tokens, cached ones included, of a prompt: on the safe side. */
	inputTokens(characters: number): number {
		const exact = this.#inputsByLength.get(characters);
		if (exact !== undefined) {
			return exact;
		}
		if (this.#tokensPerCharacter !== undefined) {
			return Math.ceil(this.#tokensPerCharacter * characters * lengthMargin);
		}
		const {value, isEstimated, length} = this.#first;
		const scaled = (value * characters) / Math.max(1, length);
		return Math.ceil(!isEstimated && characters === length ? scaled : scaled * estimateMargin);
	}

	/** Input tokens that a message adds to a conversation: on the safe side. */
	addedTokens(characters: number): number {
		const {value, length} = this.#first;
		const tokensPerCharacter = this.#tokensPerCharacter ?? (value / Math.max(1, length)) * estimateMargin;
		return Math.ceil(tokensPerCharacter * characters * lengthMargin) + messageTokens;
	}

	/**
	 * Output tokens that 99 of 100 answers stay below, with a margin that shrinks as answers come in: 1 + 1 / sqrt(n).
	 */
	outputTokens(maxTokens: number): number {
		const {count} = this.#outputs;
		return Math.min(
			maxTokens,
			count === 0 ? this.#expectedOutputTokens : Math.ceil(this.#outputs.at(0.99) * this.#margin()),
		);
	}

	/** Quota tokens of a request. @param input Input tokens. */
	cost(input: number, maxTokens: number, burndown: number): Cost {
		const reserved = input + maxTokens;
		const longest = Math.min(maxTokens, this.#outputs.max * this.#margin());
		return {
			reserved,
			setAside: Math.max(reserved, input + this.outputTokens(maxTokens) * burndown),
			max: input + maxTokens * burndown,
			likelyMax: input + longest * burndown,
			output: this.outputTokens(maxTokens),
		};
	}

	#margin(): number {
		return 1 + 1 / Math.sqrt(Math.max(1, this.#outputs.count));
	}

	/** Output tokens of a part of an answer, by its characters: as answers until now, else about four characters each. */
	outputTokensOf(characters: number): number {
		const {tokens, characters: known} = this.#written;
		return Math.ceil(characters * (known > 0 ? tokens / known : 1 / charactersPerToken));
	}

	/**
	 * Learns from an answer.
	 * @param characters Of the prompt.
	 * @param written Characters of the answer, reasoning included.
	 */
	learn(characters: number, usage: Usage, written = 0): void {
		this.#outputs.add(usage.outputTokens);
		if (usage.isEstimated) {
			return;
		}
		if (written > 0) {
			this.#written.tokens += usage.outputTokens;
			this.#written.characters += written;
		}
		const input = inputOf(usage);
		this.#tokensPerCharacter = Math.max(this.#tokensPerCharacter ?? 0, input / Math.max(1, characters));
		if (this.#inputsByLength.has(characters) || this.#inputsByLength.size < rememberedLengths) {
			this.#inputsByLength.set(characters, Math.max(input, this.#inputsByLength.get(characters) ?? 0));
		}
	}
}
