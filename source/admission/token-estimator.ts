import {charactersPerToken} from '../domain/accounting.ts';
import type {Usage} from '../domain/backend.ts';
import {Quantiles} from '../metrics/statistics/streams.ts';

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
	/** Input tokens, cached ones included; absent: all that is reserved. */
	readonly input?: number;
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
			input,
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

/**
 * Tokens of a request's input before the service has counted them, by the size of its body: a further request to have it
 * counted would itself cost one of the quota. What a token is in characters is learnt for each client and model, apart for
 * short and long requests: instructions and tools that a client always sends weigh more in a short one.
 */

/** Before the first answer: the usual size of a token, on the safe side. */
const firstMargin = 1.25;
/** Requests of one size may differ in tokens. */
const margin = 1.05;
/** Answers of a size from which on one in a hundred of them is a quantile. */
const enough = 100;
/** Part of the requests that may have no more; the rest of the one in a hundred is for those that were not seen. */
const upperPart = 0.995;
/** Sizes whose exact token counts are remembered. */
const rememberedSizes = 512;
/** Steps per token of a ratio. */
const ratioScale = 10_000;

/** What a picture counts at most in the models that say it (Claude: about 1,600 tokens), in characters of text. */
const imageSize = 1600 * charactersPerToken;

/** What of a request's body its tokens follow. */
type Sizes = {readonly characters: number; readonly images: number; readonly documentBytes: number};

/** The size of a request in characters; a byte of a document counts as one. */
const sizeOf = ({characters, images, documentBytes}: Sizes): number =>
	characters + images * imageSize + documentBytes;

const classOf = (size: number): number => Math.round(Math.log2(Math.max(1, size)));

/** Of one client on one model. */
export class InputEstimate {
	/** Tokens per character, by the power of two of the size. */
	readonly #ratios = new Map<number, Quantiles>();
	/** What requests of one size were counted at, and how often; undefined where that differed. */
	readonly #exact = new Map<number, {readonly tokens: number; readonly times: number} | undefined>();

	/** Input tokens, cached ones included: 99 of 100 requests have no more. */
	tokens(facts: Sizes): number {
		const size = sizeOf(facts);
		const exact = this.#exact.get(size);
		// Twice the same is the same request sent again, most likely.
		if (exact !== undefined && exact.times > 1) {
			return exact.tokens;
		}
		const ratio = this.#ratioFor(size);
		return Math.ceil(ratio === undefined ? (size / charactersPerToken) * firstMargin : ratio * size * margin);
	}

	/** Learns from an answer. @param tokens As the service counted them, cached ones included. */
	learn(facts: Sizes, tokens: number): void {
		const size = sizeOf(facts);
		const key = classOf(size);
		const ratios = this.#ratios.get(key) ?? new Quantiles(ratioScale);
		this.#ratios.set(key, ratios);
		ratios.add(tokens / Math.max(1, size));
		const known = this.#exact.get(size);
		if (this.#exact.has(size)) {
			this.#exact.set(size, known?.tokens === tokens ? {tokens, times: known.times + 1} : undefined);
		} else if (this.#exact.size < rememberedSizes) {
			this.#exact.set(size, {tokens, times: 1});
		}
	}

	/** Of requests of about this size and a little shorter ones, whose ratio is greater; else of the nearest. */
	#ratioFor(size: number): number | undefined {
		const own = classOf(size);
		const known = [...this.#ratios.keys()].toSorted((left, right) => left - right);
		const below = known.filter((each) => each <= own).slice(-2);
		const near = (below.length === 0 ? known.slice(0, 1) : below).map((key) => this.#upper(key));
		return near.length === 0 ? undefined : Math.max(...near);
	}

	#upper(key: number): number {
		const ratios = this.#ratios.get(key);
		return ratios === undefined ? 0 : ratios.count < enough ? ratios.max : ratios.at(upperPart);
	}
}
