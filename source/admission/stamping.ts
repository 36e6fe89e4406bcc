import type {LearntStamping} from '../domain/bucket-usage.ts';
import type {Clock} from '../domain/clock.ts';

/*
 * Where a token counts from, learnt with one refusal at most (README, How each number is defined).
 *
 * A service that counts tokens from the end of an answer has room for less than one that counts from the first byte. A
 * request that only the first of the two would refuse is a probe. Refused, it says "from the end". Accepted, it says that
 * the service's minute, if it counts fixed minutes from the end, did not begin at any instant since which the answers that
 * had ended left no room for it: these positions in the minute are marked. When all are marked, no minute can begin
 * anywhere, and tokens count from the first byte. Until then a minute may have begun at the oldest unmarked instant.
 */

/** Tenths of a second in a minute. */
const marksPerWindow = 600;
/** The result is tested again after this many milliseconds. */
const keptForMs = 86_400_000;
/** By so much an earlier result may be ahead of our clock, in milliseconds. */
const aheadMs = 1000;
/** Longest pause after a refusal that others may explain, in windows. */
const longestPause = 16;

/** Identifies a request, and says when it was sent. */
type Sent = {readonly sentAt: number};

/** What an accepted probe proves, once all requests that it counts are known to be let in. */
type Reading = {
	readonly from: number;
	readonly fullSince: (roundTripMs: number) => number | undefined;
	/** The probe and the requests in flight with it that have no first byte yet. */
	readonly waiting: Set<Sent>;
};

type StampingOptions = {
	readonly clock: Clock;
	readonly windowMs: number;
	/** Of the network; undefined where it was not measured: then the shortest time to a first byte bounds it. */
	readonly roundTripMs?: (() => number | undefined) | undefined;
};

/** Learns whether the tokens of a bucket count from the first byte or from the end of an answer. */
export class Stamping {
	readonly #clock: Clock;
	readonly #windowMs: number;
	readonly #markMs: number;
	readonly #roundTripMs: () => number | undefined;
	/** Added to the clock it gives milliseconds since 1970: the service's minutes follow UTC. */
	#toEpoch: number;
	#learnt: LearntStamping;
	#marks = new Uint8Array(marksPerWindow);
	/** The marks as they are kept; undefined since one was added. They are written far more often than they change. */
	#marksText: string | undefined;
	#unmarked = marksPerWindow;
	/** The probe that has no first byte yet. */
	#probe: Sent | undefined;
	#readings: readonly Reading[] = [];
	#shortestFirstByteMs = Number.POSITIVE_INFINITY;
	#pausedUntil = Number.NEGATIVE_INFINITY;
	#pauseMs: number;
	#refusedAt = Number.NEGATIVE_INFINITY;
	/** When a result was given up because others may have caused it, in milliseconds since 1970. */
	#doubtedAt = Number.NEGATIVE_INFINITY;

	constructor({clock, windowMs, roundTripMs = () => undefined}: StampingOptions) {
		this.#clock = clock;
		this.#windowMs = windowMs;
		this.#markMs = windowMs / marksPerWindow;
		this.#roundTripMs = roundTripMs;
		this.#toEpoch = clock.epoch() - clock.now();
		this.#pauseMs = windowMs;
		this.#learnt = this.#nothing();
	}

	/** The result so far, as it is stored. */
	get learnt(): LearntStamping {
		this.#marksText ??= this.#marks.join('');
		return {...this.#learnt, marks: this.#marksText};
	}

	get countsFrom(): LearntStamping['countsFrom'] {
		return this.#learnt.countsFrom;
	}

	/** Takes over an earlier result, unless it is a day old. */
	adopt(learnt: LearntStamping): void {
		const now = this.#epoch;
		if (now - learnt.at > keptForMs || learnt.at > now + aheadMs || learnt.marks.length !== marksPerWindow) {
			return;
		}
		this.#learnt = learnt;
		this.#refusedAt = learnt.countsFrom === 'end' ? learnt.at - this.#toEpoch : this.#refusedAt;
		this.#setMarks(Uint8Array.from(learnt.marks, Number));
	}

	/**
	 * Takes over what another learnt of the same bucket at the same time: what either has proven holds, and a probe of the
	 * other that others may have refused is a reason to pause here too.
	 */
	merge(learnt: LearntStamping): void {
		const {countsFrom, at, accepted, refused} = this.#learnt;
		if (learnt.countsFrom !== 'unknown' || countsFrom !== 'unknown') {
			const isNewer = countsFrom === 'unknown' ? learnt.at > this.#doubtedAt : learnt.at > at;
			if (learnt.countsFrom !== 'unknown' && isNewer) {
				this.adopt(learnt);
			}
			return;
		}
		if (learnt.refused > refused) {
			this.#pause(this.#clock.now());
		}
		const own = this.#marks;
		const most = {accepted: Math.max(accepted, learnt.accepted), refused: Math.max(refused, learnt.refused)};
		this.adopt({...learnt, ...most});
		this.#setMarks(this.#marks.map((mark, index) => mark | (own[index] ?? 0)));
	}

	/** Goes by another clock: where the service's minute may begin is not comparable with what was marked by the last one. */
	follow(toEpoch: number): void {
		if (Math.abs(toEpoch - this.#toEpoch) >= this.#markMs / 2) {
			this.#toEpoch = toEpoch;
			this.#setMarks(new Uint8Array(marksPerWindow));
			this.#readings = [];
		}
	}

	#setMarks(marks: Uint8Array<ArrayBuffer>): void {
		this.#marks = marks;
		this.#marksText = undefined;
		this.#unmarked = marks.filter((mark) => mark === 0).length;
	}

	/** Milliseconds since 1970. */
	get #epoch(): number {
		return this.#clock.now() + this.#toEpoch;
	}

	/** The instant since which ended answers may count; undefined when tokens are known to count from the first byte. */
	endsCountSince(now: number): number | undefined {
		switch (this.#learnt.countsFrom) {
			case 'first-byte':
				return undefined;
			case 'end':
				return now - this.#windowMs;
			case 'unknown': {
				const first = this.#markOf(now - this.#windowMs);
				const next = this.#unmarkedFrom(first, 1);
				return Math.max(now - this.#windowMs, next * this.#markMs - this.#toEpoch);
			}
		}
	}

	/** When an answer that ended then no longer counts, if tokens count from the end. */
	stopsCountingAt(endedAt: number): number {
		const mark = this.#markOf(endedAt);
		const last = this.#learnt.countsFrom === 'unknown' ? this.#unmarkedFrom(mark, -1) : mark;
		return last === mark
			? endedAt + this.#windowMs
			: (last + 1) * this.#markMs - this.#toEpoch + this.#windowMs;
	}

	/** Whether a request that only the count from the end refuses may be sent now. */
	mayProbe(now: number): boolean {
		return this.countsFrom === 'unknown' && this.#probe === undefined && now >= this.#pausedUntil;
	}

	/**
	 * A probe is about to be sent.
	 * @param unheard Requests in flight without a first byte: were one refused, it would not count.
	 * @param fullSince The latest instant such that what had ended since then, and what was in flight since then, left it no
	 * room; asked when all of these are known to be let in.
	 */
	probe(
		request: Sent,
		unheard: readonly Sent[],
		fullSince: (roundTripMs: number) => number | undefined,
	): void {
		this.#probe = request;
		const from = request.sentAt - this.#windowMs;
		this.#readings = [...this.#readings, {from, fullSince, waiting: new Set([request, ...unheard])}];
	}

	isProbe(request: Sent): boolean {
		return this.#probe === request;
	}

	/** The first byte of an answer came. Returns whether tokens are known to count from the first byte by that. */
	heard(request: Sent): boolean {
		this.#shortestFirstByteMs = Math.min(this.#shortestFirstByteMs, this.#clock.now() - request.sentAt);
		if (this.isProbe(request)) {
			this.#probe = undefined;
			this.#learnt = {...this.#learnt, accepted: this.#learnt.accepted + 1};
		}
		if (this.#readings.length === 0 || this.countsFrom !== 'unknown') {
			return false;
		}
		for (const {from, fullSince, waiting} of this.#readings) {
			if (waiting.delete(request) && waiting.size === 0) {
				this.#mark(from, fullSince(this.#marginMs) ?? from);
			}
		}
		this.#readings = this.#readings.filter(({waiting}) => waiting.size > 0);
		if (this.#unmarked > 0) {
			return false;
		}
		this.#learnt = {...this.#learnt, countsFrom: 'first-byte', at: this.#epoch};
		return true;
	}

	/** An attempt ended before its first byte: it was not counted, and what was read from it falls. */
	ended(request: Sent): void {
		if (this.isProbe(request)) {
			this.#probe = undefined;
		}
		this.#readings = this.#readings.filter(({waiting}) => !waiting.has(request));
	}

	/**
	 * A probe was throttled.
	 * @param isAlone Whether nobody else is known to use the bucket.
	 * @returns Whether tokens count from the end by that; otherwise it counts as others' use, and is tried again later.
	 */
	refused(request: Sent, isAlone: boolean): boolean {
		this.ended(request);
		const now = this.#clock.now();
		this.#learnt = {...this.#learnt, refused: this.#learnt.refused + 1};
		if (this.countsFrom !== 'unknown') {
			return false;
		}
		if (!isAlone || now < this.#pausedUntil) {
			this.#pause(now);
			return false;
		}
		this.#refusedAt = now;
		this.#learnt = {...this.#learnt, countsFrom: 'end', at: this.#epoch};
		return true;
	}

	/** A request was throttled that fits by either count: others use the bucket, and refusals prove nothing now. */
	surprised(): void {
		const now = this.#clock.now();
		if (this.countsFrom === 'end' && now - this.#refusedAt < this.#windowMs) {
			this.#learnt = {...this.#learnt, countsFrom: 'unknown'};
			this.#doubtedAt = this.#epoch;
			this.#pause(now);
		} else {
			this.#pausedUntil = Math.max(this.#pausedUntil, now + this.#windowMs);
		}
	}

	#nothing(): LearntStamping {
		return {countsFrom: 'unknown', at: this.#epoch, accepted: 0, refused: 0, marks: ''};
	}

	/** Each pause is twice as long as the last: others that stay should not cost one refusal per minute. */
	#pause(now: number): void {
		this.#pausedUntil = now + this.#pauseMs;
		this.#pauseMs = Math.min(longestPause * this.#windowMs, 2 * this.#pauseMs);
	}

	/** A round trip of the network at least. */
	get #marginMs(): number {
		return Math.max(this.#markMs, this.#roundTripMs() ?? this.#shortestFirstByteMs);
	}

	#markOf(at: number): number {
		return Math.floor((at + this.#toEpoch) / this.#markMs);
	}

	/** The next unmarked one from a mark on, forward or back; itself when there is none. */
	#unmarkedFrom(mark: number, step: 1 | -1): number {
		if (this.#unmarked === marksPerWindow) {
			return mark;
		}
		for (let index = 0; index < marksPerWindow; index++) {
			if (this.#marks[(mark + step * index) % marksPerWindow] === 0) {
				return mark + step * index;
			}
		}
		return mark;
	}

	/** Marks what lies whole between two instants, shortened by what the network may shift them. */
	#mark(from: number, to: number): void {
		const marginMs = this.#marginMs;
		const first = Math.ceil((from + marginMs + this.#toEpoch) / this.#markMs);
		for (let mark = first; mark + 1 <= (to - marginMs + this.#toEpoch) / this.#markMs; mark++) {
			const index = mark % marksPerWindow;
			this.#unmarked -= this.#marks[index] === 0 ? 1 : 0;
			this.#marks[index] = 1;
			this.#marksText = undefined;
		}
	}
}
