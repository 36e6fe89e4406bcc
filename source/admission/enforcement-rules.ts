import type {CountsFrom, SetAside, WindowKind} from '../domain/bucket-usage.ts';

/*
 * What the service may have counted against a limit of quota tokens, by each rule that is possible. Nothing is assumed about
 * instants that are not known: the service decides within a second after a request was sent (a sixtieth of a window), and
 * an answer ended at most as long before it was here. So there is a least and a most that a rule can have counted.
 */

/** Seconds of a minute: what an instant is known to, and where fixed minutes may begin. */
export const bins = 60;

/** A way to count: what is set aside, and where settled tokens count from. */
export type Way = {readonly countsFrom: Exclude<CountsFrom, 'unknown'>; readonly setAside: SetAside};

export const ways: readonly Way[] = [
	{countsFrom: 'first-byte', setAside: 'input-and-max-tokens'},
	{countsFrom: 'first-byte', setAside: 'uncached-input-and-max-tokens'},
	{countsFrom: 'first-byte', setAside: 'input'},
	{countsFrom: 'end', setAside: 'input-and-max-tokens'},
	{countsFrom: 'end', setAside: 'uncached-input-and-max-tokens'},
	{countsFrom: 'end', setAside: 'input'},
];

/** What is known of a request. Times in milliseconds of the clock. */
export type Seen = {
	readonly sentAt: number;
	heardAt: number;
	endedAt: number;
	/** Cached ones included. */
	input: number;
	cacheRead: number;
	readonly maxTokens: number;
	settled: number;
	/** `kept`: it may have been counted, nobody knows at how much. */
	fate: 'open' | 'settled' | 'refused' | 'kept' | 'given-back';
	/** Throttled while nobody else was known to use the bucket. */
	isAlone: boolean;
	isTested: boolean;
};

const sliding = bins;
const refill = bins + 1;
/** Rules of each way to count: 60 beginnings of a fixed minute, the sliding one, the bucket that refills. */
const rulesPerWay = bins + 2;

/** A rule is out with so many contradictions, if they are this part of what was tested. */
const enough = 3;
const enoughPart = 0.1;
/** The rules of a way to count with one kind of window: a fixed minute may begin anywhere. */
export function rulesOf(way: number, kind: WindowKind): readonly number[] {
	const first = way * rulesPerWay;
	switch (kind) {
		case 'sliding':
			return [first + sliding];
		case 'refill':
			return [first + refill];
		case 'fixed':
			return Array.from({length: bins}, (_, bin) => first + bin);
	}
}

/** Whether a request contradicts each window, with a limit. */
export type Contradictions = {
	/** Minutes that began in the bin so many before the current one: 1 to 58, for it surely does not turn meanwhile. */
	readonly fixed: (ago: number) => boolean;
	readonly sliding: boolean;
	readonly refill: boolean;
};

const reserveOf = ({input, cacheRead, maxTokens}: Seen, setAside: SetAside): number => {
	switch (setAside) {
		case 'input-and-max-tokens':
			return input + maxTokens;
		case 'uncached-input-and-max-tokens':
			return input - cacheRead + maxTokens;
		case 'input':
			return input;
	}
};

/** Tokens by how many bins ago they count from; those that are held count in any case. */
class Count {
	held = 0;
	readonly #bins = new Float64Array(bins + 1);

	add(ago: number, tokens: number): void {
		if (ago <= bins) {
			const index = Math.max(0, ago);
			this.#bins[index] = (this.#bins[index] ?? 0) + tokens;
		}
	}

	/** What counts of the last bins, from the current one on. */
	sums(): Float64Array {
		let total = this.held;
		return this.#bins.map((tokens) => {
			total += tokens;
			return total;
		});
	}
}

/** What a service that counts in one way may have counted. */
export class WayOfCounting {
	readonly #way: Way;
	readonly #binMs: number;
	/** What a bucket that refills has given away. */
	#used = 0;
	#held = 0;

	constructor(way: Way, windowMs: number) {
		this.#way = way;
		this.#binMs = windowMs / bins;
	}

	/** A bucket that refills sets a request aside. */
	charge(entry: Seen): void {
		const reserved = this.#reserveOf(entry);
		if (this.#isFromEnd) {
			this.#held += reserved;
		} else {
			this.#used += reserved;
		}
	}

	/** It settles it. */
	settle(entry: Seen): void {
		const reserved = this.#reserveOf(entry);
		const settled = this.#settledOf(entry);
		if (this.#isFromEnd) {
			this.#held -= reserved;
			this.#used += settled;
		} else {
			this.#used = Math.max(0, this.#used + settled - reserved);
		}
	}

	/** It refills. */
	refill(tokens: number): void {
		this.#used = Math.max(0, this.#used - tokens);
	}

	/**
	 * What an accepted request contradicts: of all that were accepted until then the service counted one last, and that one
	 * saw all others.
	 * @param accepted Those sent until then, itself included.
	 */
	ofAccepted(tested: Seen, accepted: readonly Seen[], most: number, slack: number): Contradictions {
		const {sentAt} = tested;
		const count = new Count();
		for (const entry of accepted) {
			const {settled, endedAt} = entry;
			const reserved = this.#reserveOf(entry);
			const held = endedAt - this.#binMs > sentAt + this.#binMs ? reserved : Math.min(reserved, settled);
			const hasEnded = endedAt <= sentAt;
			const endedAgo = this.#ago(sentAt, endedAt - this.#binMs);
			if (!this.#isFromEnd) {
				count.add(this.#ago(sentAt, entry.sentAt), held);
				count.add(endedAgo, hasEnded ? Math.max(0, settled - reserved) : 0);
			} else if (hasEnded) {
				count.add(endedAgo, settled);
			} else {
				count.held += held;
			}
		}
		const sums = count.sums();
		return {
			// The bin in which a minute begins may be counted in part.
			fixed: (ago) => (sums[ago - 1] ?? 0) > most,
			sliding: (sums[bins - 2] ?? 0) > most,
			refill: this.#used + this.#held > most + slack,
		};
	}

	/**
	 * What a throttled request contradicts: there was room for it at the most that can have been counted.
	 * @param counted Those that may have been counted until the refusal came; `uncharged`: of these, those sent after it.
	 */
	ofRefused(
		tested: Seen,
		counted: readonly Seen[],
		{
			limit,
			slack,
			uncharged,
		}: {readonly limit: number; readonly slack: number; readonly uncharged: readonly Seen[]},
	): Contradictions {
		const {sentAt, endedAt: refusedAt} = tested;
		const count = new Count();
		for (const entry of counted) {
			const {endedAt, heardAt} = entry;
			const reserved = this.#reserveOf(entry);
			const settled = this.#settledOf(entry);
			const mayBeOpen = endedAt >= sentAt;
			const mayHaveEnded = endedAt - this.#binMs <= refusedAt;
			if (!this.#isFromEnd) {
				const countedAt = Math.min(heardAt, entry.sentAt + this.#binMs);
				count.add(this.#ago(sentAt, countedAt), mayBeOpen ? reserved : Math.min(reserved, settled));
				count.add(this.#ago(sentAt, endedAt), mayHaveEnded ? Math.max(0, settled - reserved) : 0);
			} else if (mayBeOpen) {
				count.held += mayHaveEnded ? Math.max(reserved, settled) : reserved;
			} else {
				count.add(this.#ago(sentAt, endedAt), settled);
			}
		}
		const sums = count.sums();
		const least = limit - this.#reserveOf(tested);
		const meanwhile = uncharged.reduce((sum, entry) => sum + this.#reserveOf(entry), 0);
		return {
			fixed: (ago) => (sums[ago] ?? 0) < least,
			sliding: (sums[bins] ?? 0) < least,
			refill: this.#used + this.#held + meanwhile < least - slack,
		};
	}

	get #isFromEnd(): boolean {
		return this.#way.countsFrom === 'end';
	}

	#reserveOf(entry: Seen): number {
		return reserveOf(entry, this.#way.setAside);
	}

	/** What is kept counts as it was set aside. */
	#settledOf(entry: Seen): number {
		return entry.fate === 'kept' ? this.#reserveOf(entry) : entry.settled;
	}

	/** How many bins before an instant another lies. */
	#ago(at: number, earlier: number): number {
		return Math.floor(at / this.#binMs) - Math.floor(earlier / this.#binMs);
	}
}

/** How often each rule was contradicted by one kind of requests. */
export class Tally {
	/** Of a window's parts, those in which something was tested. */
	#slots = 0;
	#slot = -1;
	readonly #against = new Uint32Array(ways.length * rulesPerWay);
	readonly #lastSlot = new Float64Array(ways.length * rulesPerWay).fill(-1);

	/** @param bin Of its instant. */
	test(slot: number, bin: number, of: (way: number) => Contradictions): void {
		this.#slots += slot === this.#slot ? 0 : 1;
		this.#slot = slot;
		for (let way = 0; way < ways.length; way++) {
			const first = way * rulesPerWay;
			const contradicted = of(way);
			for (let ago = 1; ago < bins - 1; ago++) {
				if (contradicted.fixed(ago)) {
					this.#note(first + ((bin - ago + bins) % bins));
				}
			}
			if (contradicted.sliding) {
				this.#note(first + sliding);
			}
			if (contradicted.refill) {
				this.#note(first + refill);
			}
		}
	}

	refutes(rule: number): boolean {
		const against = this.#against[rule] ?? 0;
		return against >= enough && against >= this.#slots * enoughPart;
	}

	#note(rule: number): void {
		if (this.#lastSlot[rule] !== this.#slot) {
			this.#lastSlot[rule] = this.#slot;
			this.#against[rule] = (this.#against[rule] ?? 0) + 1;
		}
	}
}
