import {charactersPerToken} from '../domain/accounting.ts';
import {Quantiles} from '../metrics/statistics/distribution.ts';

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
