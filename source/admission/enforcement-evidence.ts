import {
	type EnforcementFit,
	type Limits,
	setAsides,
	type WindowKind,
	windowKinds,
} from '../domain/bucket-usage.ts';
import type {Clock} from '../domain/clock.ts';
import {
	bins,
	type Contradictions,
	rulesOf,
	type Seen,
	Tally,
	type Way,
	WayOfCounting,
	ways,
} from './enforcement-rules.ts';

/*
 * How the service enforces a limit of quota tokens: which window, what it sets aside, and where tokens count from. None of it
 * is documented in full, so each rule that is possible is held against what was let in and what was throttled. A rule that
 * is contradicted often enough is out. Minutes of the service may begin anywhere: a fixed minute is out when each of its 60
 * beginnings is.
 *
 * What was let in is evidence in any case, for others can only add to what the service counted. A throttle is evidence where
 * nobody else is known to use the bucket.
 */

/** By so much the limit must be exceeded, or left free: counts are estimates, and corrected during an answer. */
const acceptedMargin = 0.02;
const refusedMargin = 0.05;
/** Contradictions within this part of a window are one. */
const slotPart = 1 / 12;
/** With fewer of them nothing is stated. */
const minRefused = 5;
const minAccepted = 20;
/** In a window about so many accepted requests are tested; all are counted. */
const testedPerWindow = 600;
/** And only within so many windows of a throttle. */
const testedAfter = 2;
/** More than a window of nearly every quota has; they take a megabyte. */
const maxEntries = 8000;
/** Evidence is collected afresh after a day. */
const keptForMs = 86_400_000;

/** Token counts of an answer. */
type Counts = {
	readonly inputTokens: number;
	readonly cacheReadTokens: number;
	readonly cacheWriteTokens: number;
};

type EvidenceOptions = {
	readonly clock: Clock;
	readonly windowMs: number;
	/** Quota tokens per window; null: no limit is known. */
	readonly limit: () => number | null;
};

/** Collects evidence about one bucket. */
export class EnforcementEvidence {
	readonly #options: EvidenceOptions;
	readonly #binMs: number;
	/** In the order in which they were sent. */
	#log: Seen[] = [];
	readonly #open = new Map<object, Seen>();
	/** The first that is not tested, and the first that is open, as indices of the log. */
	#next = 0;
	#closed = 0;
	/** Accepted ones since one was tested. */
	#untested = 0;
	#counting: readonly WayOfCounting[] = [];
	#filledAt = 0;
	/** Answers that buckets that refill have not settled, in the order of their ends. */
	#ending: Seen[] = [];
	/** The last throttle that was tested: many come at once, and one of them says it. */
	#refusedAt = Number.NEGATIVE_INFINITY;
	/** The last throttle: without one nothing can be stated, and nothing need be tested. */
	#throttledAt = Number.NEGATIVE_INFINITY;
	/** Throttles before that say nothing: others used the bucket. */
	#aloneFrom = Number.NEGATIVE_INFINITY;
	#limit: number | null = null;
	#since = 0;
	#at = 0;
	#accepted = 0;
	#refused = 0;
	#hasCacheReads = false;
	#byAccepted = new Tally();
	#byRefused = new Tally();

	constructor(options: EvidenceOptions) {
		this.#options = options;
		this.#binMs = options.windowMs / bins;
	}

	/** A request was sent. @param reserved Its input and max tokens. @param input Of these its input. */
	sent(key: object, reserved: number, input: number): void {
		const limit = this.#options.limit();
		if (limit !== this.#limit || this.#options.clock.epoch() - this.#since > keptForMs) {
			this.#restart();
		}
		if (limit === null) {
			return;
		}
		if (this.#log.length >= maxEntries) {
			this.#forget();
		}
		const entry: Seen = {
			sentAt: this.#options.clock.now(),
			heardAt: Number.POSITIVE_INFINITY,
			endedAt: Number.POSITIVE_INFINITY,
			input,
			cacheRead: 0,
			maxTokens: Math.max(0, reserved - input),
			settled: 0,
			fate: 'open',
			isAlone: false,
			isTested: false,
		};
		this.#log.push(entry);
		this.#open.set(key, entry);
	}

	/** The first byte of its answer came. */
	heard(key: object): void {
		const entry = this.#open.get(key);
		if (entry !== undefined) {
			entry.heardAt = this.#options.clock.now();
		}
	}

	/** Its answer settled at `tokens`. */
	settled(key: object, tokens: number, counts: Counts | undefined): void {
		this.#close(key, 'settled', (entry) => {
			entry.settled = tokens;
			if (counts !== undefined) {
				entry.input = counts.inputTokens + counts.cacheReadTokens + counts.cacheWriteTokens;
				entry.cacheRead = counts.cacheReadTokens;
				this.#hasCacheReads ||= counts.cacheReadTokens > 0;
			}
		});
	}

	/** It was throttled by its tokens. @param isAlone Whether nobody else is known to use the bucket. */
	refused(key: object, isAlone: boolean): void {
		this.#close(key, 'refused', (entry) => {
			entry.isAlone = isAlone && entry.sentAt >= this.#aloneFrom;
			this.#throttledAt = entry.endedAt;
		});
	}

	/** It ended otherwise. @param mayCount The service may have counted it, nobody knows at how much. */
	ended(key: object, mayCount: boolean): void {
		this.#close(key, mayCount ? 'kept' : 'given-back', () => {
			if (mayCount) {
				this.disturbed();
			}
		});
	}

	/** Others used the bucket: until that has left the window, throttles say nothing. */
	disturbed(): void {
		this.#aloneFrom = this.#options.clock.now() + this.#options.windowMs + 2 * this.#binMs;
	}

	/** What fits; undefined with too little evidence. */
	get fit(): EnforcementFit | undefined {
		if (this.#limit === null || this.#refused < minRefused || this.#accepted < minAccepted) {
			return undefined;
		}
		const fitting = ways.flatMap((way, index) =>
			// Without reads from a cache two rules are one.
			way.setAside === 'uncached-input-and-max-tokens' && !this.#hasCacheReads
				? []
				: windowKinds.filter((kind) => this.#mayBe(index, kind)).map((window) => ({...way, window})),
		);
		return {
			since: this.#since,
			at: this.#at,
			limit: this.#limit,
			accepted: this.#accepted,
			refused: this.#refused,
			windows: windowKinds.filter((kind) => fitting.some(({window}) => window === kind)),
			setAside: setAsides.filter((kind) => fitting.some(({setAside}) => setAside === kind)),
			countsFrom: (['first-byte', 'end'] satisfies ReadonlyArray<Way['countsFrom']>).filter((kind) =>
				fitting.some(({countsFrom}) => countsFrom === kind),
			),
		};
	}

	#restart(): void {
		this.#forget();
		this.#limit = this.#options.limit();
		this.#since = this.#options.clock.epoch();
		this.#accepted = 0;
		this.#refused = 0;
		this.#hasCacheReads = false;
		this.#byAccepted = new Tally();
		this.#byRefused = new Tally();
	}

	/** Forgets the requests, but not what they have shown. */
	#forget(): void {
		if (this.#log.length > 0) {
			this.disturbed();
		}
		this.#log = [];
		this.#open.clear();
		this.#next = 0;
		this.#closed = 0;
		this.#empty();
	}

	/** Buckets that refill are full: what they had given away before has no effect after one window. */
	#empty(): void {
		this.#ending = [];
		this.#counting = ways.map((way) => new WayOfCounting(way, this.#options.windowMs));
		this.#filledAt = Number.POSITIVE_INFINITY;
	}

	#close(key: object, fate: Seen['fate'], change: (entry: Seen) => void): void {
		const entry = this.#open.get(key);
		if (entry === undefined) {
			return;
		}
		const now = this.#options.clock.now();
		this.#open.delete(key);
		entry.endedAt = now;
		entry.heardAt = Math.min(entry.heardAt, now);
		entry.fate = fate;
		change(entry);
		this.#advance(now);
	}

	/** Tests what can be tested: all that may have been counted before it have ended. */
	#advance(now: number): void {
		while (this.#closed < this.#log.length && this.#log[this.#closed]?.fate !== 'open') {
			this.#closed++;
		}
		if (now - this.#throttledAt > testedAfter * this.#options.windowMs) {
			this.#wait(now);
			return;
		}
		const openFrom = this.#log[this.#closed]?.sentAt ?? now;
		for (
			let entry = this.#log[this.#next];
			entry !== undefined && entry.sentAt + this.#binMs < openFrom;
			entry = this.#log[++this.#next]
		) {
			this.#fillUntil(entry.sentAt);
			this.#look(entry);
		}
		this.#dropOld((this.#log[this.#next]?.sentAt ?? now) - this.#options.windowMs);
	}

	/** Without throttles nothing need be tested: the last two windows are kept, from which a first one can be judged. */
	#wait(now: number): void {
		if (this.#next > 0) {
			this.#next = 0;
			this.#empty();
		}
		this.#dropOld(now - 2 * this.#options.windowMs);
	}

	#look(entry: Seen): void {
		const {sentAt, endedAt, fate, isAlone} = entry;
		if (fate === 'settled' || fate === 'kept') {
			this.#charge(entry);
		}
		if (entry.isTested) {
			return;
		}
		entry.isTested = true;
		if (fate === 'settled') {
			this.#untested++;
			if (this.#untested >= this.#next / testedPerWindow) {
				this.#untested = 0;
				this.#testAccepted(entry);
			}
		} else if (
			fate === 'refused' &&
			isAlone &&
			endedAt - sentAt <= this.#binMs &&
			sentAt - this.#refusedAt >= this.#binMs / 2
		) {
			this.#refusedAt = sentAt;
			this.#testRefused(entry);
		}
	}

	/** Forgets requests that no later one can meet any more. @param from What ended before it no longer counts. */
	#dropOld(from: number): void {
		let count = 0;
		while (count < this.#closed && (this.#log[count]?.endedAt ?? from) < from - 2 * this.#binMs) {
			count++;
		}
		if (count > 256) {
			this.#log.splice(0, count);
			this.#next = Math.max(0, this.#next - count);
			this.#closed -= count;
		}
	}

	#charge(entry: Seen): void {
		for (const each of this.#counting) {
			each.charge(entry);
		}
		const after = this.#ending.findLastIndex(({endedAt}) => endedAt <= entry.endedAt);
		this.#ending.splice(after + 1, 0, entry);
	}

	/** Refills the buckets up to an instant, and settles what ended by then. */
	#fillUntil(at: number): void {
		const later = this.#ending.findIndex(({endedAt}) => endedAt > at);
		for (const entry of this.#ending.splice(0, later < 0 ? this.#ending.length : later)) {
			this.#fill(entry.endedAt);
			for (const each of this.#counting) {
				each.settle(entry);
			}
		}
		this.#fill(at);
	}

	#fill(at: number): void {
		const passed = Math.max(0, at - this.#filledAt) / this.#options.windowMs;
		this.#filledAt = at;
		for (const each of this.#counting) {
			each.refill(passed * (this.#limit ?? 0));
		}
	}

	#testAccepted(tested: Seen): void {
		const limit = this.#limit ?? 0;
		const accepted = this.#log.slice(0, this.#next + 1).filter(({fate}) => fate === 'settled');
		this.#accepted++;
		this.#test(this.#byAccepted, tested, (counting, slack) =>
			counting.ofAccepted(tested, accepted, limit * (1 + acceptedMargin), slack),
		);
	}

	#testRefused(tested: Seen): void {
		const mayCount = (entries: readonly Seen[]): readonly Seen[] =>
			entries.filter(({fate, sentAt}) => (fate === 'settled' || fate === 'kept') && sentAt <= tested.endedAt);
		const uncharged = mayCount(this.#log.slice(this.#next + 1));
		const counted = [...mayCount(this.#log.slice(0, this.#next)), ...uncharged];
		const limit = (this.#limit ?? 0) * (1 - refusedMargin);
		this.#refused++;
		this.#test(this.#byRefused, tested, (counting, slack) =>
			counting.ofRefused(tested, counted, {limit, slack, uncharged}),
		);
	}

	/** @param of Gets what a bucket refills while it is not known when the service decides. */
	#test(tally: Tally, {sentAt}: Seen, of: (counting: WayOfCounting, slack: number) => Contradictions): void {
		const slack = (2 * (this.#limit ?? 0)) / bins;
		this.#at = this.#options.clock.epoch();
		const slot = Math.floor(sentAt / (this.#options.windowMs * slotPart));
		const bin = Math.floor(sentAt / this.#binMs) % bins;
		tally.test(slot, bin, (way) => {
			const counting = this.#counting[way];
			return counting === undefined ? nothing : of(counting, slack);
		});
	}

	#mayBe(way: number, kind: WindowKind): boolean {
		return rulesOf(way, kind).some(
			(rule) => !this.#byAccepted.refutes(rule) && !this.#byRefused.refutes(rule),
		);
	}
}

const nothing: Contradictions = {fixed: () => false, sliding: false, refill: false};

/** Collects it for a bucket from here on. The library does without, for its size. */
export function collectEvidence(
	bucket: {
		readonly windowMs: number;
		readonly quota: Limits;
		readonly ledger: {evidence: EnforcementEvidence | undefined};
	},
	clock: Clock,
): void {
	const {windowMs} = bucket;
	bucket.ledger.evidence = new EnforcementEvidence({clock, windowMs, limit: () => bucket.quota.tokens});
}
