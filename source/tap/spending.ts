import {isDearerTier, longCacheWritePrice} from '../domain/accounting.ts';
import type {Clock} from '../domain/clock.ts';
import type {Price} from '../domain/run-config.ts';
import type {MaxCost} from '../domain/tap.ts';
import {formatUsd} from '../text/numbers.ts';
import {spent, type TapRefusal, unpriced} from './refusal.ts';
import type {TappedCall} from './traffic.ts';

/** `--max-cost` of a tap: what is in flight counts at the most that it can cost, so that the limit is never passed. */

/** Where all taps of an account and user write what they spend on a day. */
export type DayBook = {
	/**
	 * From now on this tap has claimed that much of the day, in all. What was claimed outlives the program.
	 * @param day `2026-11-29`, UTC.
	 * @returns Whether all claims together stay within the limit; a smaller claim than before always does.
	 */
	readonly claim: (day: string, usd: number, limitUsd: number) => boolean;
	/** What others have claimed of the day. */
	readonly others: (day: string) => number;
};

/** A call that may be sent, as far as its cost goes. */
type Allowance = {
	/** It is over. @param costUsd Undefined where that is not known: then it counts as the most that it can cost. */
	readonly settle: (costUsd: number | undefined) => void;
};

/** More tokens than any model counts for one image. */
const imageTokens = 5000;
/** Of a model's own prompts, such as the one for tools. */
const hiddenTokens = 1000;
/** Bytes of a UTF-16 unit in UTF-8 at most; a token has at least one byte. */
const bytesPerUnit = 3;

/** Input that the request only points to, so that its size is not known: in S3, in a file, in an earlier response. */
const pointer = /"(?:s3Location|s3_location|file_id|file_url|previous_response_id|conversation)"\s*:\s*["{]/;

/** USD that a request costs at most; undefined where that cannot be said. */
function maxUsdOf(
	{facts, expected}: Pick<TappedCall, 'facts' | 'expected'>,
	body: Buffer,
	price: Price | null,
): number | undefined {
	if (price === null || isDearerTier(null, facts.tier) || pointer.test(body.toString('latin1'))) {
		return undefined;
	}
	const inputTokens =
		Math.min(body.length, facts.characters * bytesPerUnit) +
		facts.images * imageTokens +
		facts.documentBytes +
		hiddenTokens;
	const perInput = facts.hasCachePoint ? longCacheWritePrice(price) : price.input;
	return inputTokens * perInput + expected.maxTokens * facts.answers * price.output;
}

/** Part of a day's limit that is claimed at once, so that not every request is written down. */
const claimPart = 0.005;
/** Milliseconds after which a claim that is greater than what was spent is given back. */
const giveBackMs = 1000;
/** Costs are sums of fractions. */
const tolerance = 1e-9;

/** What a tap has spent, and what it may still spend. */
export class Spending {
	readonly #limit: MaxCost;
	readonly #clock: Clock;
	readonly #book: DayBook | undefined;
	#day: string;
	#spentUsd = 0;
	#inFlightUsd = 0;
	#claimedUsd = 0;
	#cancelGiveBack: (() => void) | undefined;

	/** @param book Of a limit per day. */
	constructor(limit: MaxCost, clock: Clock, book: DayBook | undefined) {
		this.#limit = limit;
		this.#clock = clock;
		this.#book = limit.isPerDay ? book : undefined;
		this.#day = this.#today();
	}

	/** For a request whose model is known by now. */
	ask(call: TappedCall, body: Buffer, price: Price | null): Allowance | {readonly refusal: TapRefusal} {
		const maxUsd = maxUsdOf(call, body, price);
		if (maxUsd === undefined) {
			return {refusal: unpriced(call.row.model, this.words)};
		}
		this.#turnDay();
		if (!this.#hasRoom(maxUsd)) {
			return {refusal: spent(this.words, this.#usedUsd + this.#othersUsd, maxUsd)};
		}
		this.#inFlightUsd += maxUsd;
		let isOver = false;
		return {
			settle: (costUsd) => {
				if (!isOver) {
					isOver = true;
					this.#turnDay();
					this.#inFlightUsd = Math.max(0, this.#inFlightUsd - maxUsd);
					this.#spentUsd += costUsd ?? maxUsd;
					this.#giveBackSoon();
				}
			},
		};
	}

	/** For what passes without being priced. */
	refuseUnpriced(what: string): TapRefusal {
		return unpriced(what, this.words);
	}

	/** As it was typed. */
	get words(): string {
		return `${formatUsd(this.#limit.usd)}${this.#limit.isPerDay ? ' per day' : ''}`;
	}

	/** The tap ends. */
	close(): void {
		this.#cancelGiveBack?.();
		this.#giveBack();
	}

	get #usedUsd(): number {
		return this.#spentUsd + this.#inFlightUsd;
	}

	get #othersUsd(): number {
		return this.#book?.others(this.#day) ?? 0;
	}

	#today(): string {
		return new Date(this.#clock.epoch()).toISOString().slice(0, 10);
	}

	/** At midnight UTC what is in flight belongs to the new day. */
	#turnDay(): void {
		const today = this.#today();
		if (this.#limit.isPerDay && today !== this.#day) {
			this.#day = today;
			this.#spentUsd = 0;
			this.#claimedUsd = 0;
			if (this.#inFlightUsd > 0 && this.#claim(this.#inFlightUsd)) {
				this.#claimedUsd = this.#inFlightUsd;
			}
		}
	}

	#hasRoom(maxUsd: number): boolean {
		const neededUsd = this.#usedUsd + maxUsd;
		if (this.#book === undefined) {
			return neededUsd <= this.#limit.usd + tolerance;
		}
		if (neededUsd <= this.#claimedUsd + tolerance) {
			return true;
		}
		const isClaimed = [neededUsd + this.#limit.usd * claimPart, neededUsd].some((usd) => this.#claim(usd));
		if (isClaimed) {
			this.#giveBackSoon();
		}
		return isClaimed;
	}

	#claim(usd: number): boolean {
		const isClaimed = this.#book?.claim(this.#day, usd, this.#limit.usd) ?? true;
		if (isClaimed) {
			this.#claimedUsd = usd;
		}
		return isClaimed;
	}

	#giveBackSoon(): void {
		this.#cancelGiveBack ??= this.#clock.after(giveBackMs, () => {
			this.#cancelGiveBack = undefined;
			this.#giveBack();
		});
	}

	#giveBack(): void {
		if (this.#book !== undefined && this.#claimedUsd > this.#usedUsd) {
			this.#claim(this.#usedUsd);
		}
	}
}
