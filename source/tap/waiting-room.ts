import type {Admission, Bucket} from '../admission/bucket.ts';
import type {Reservation} from '../admission/ledger.ts';
import type {WaitReason} from '../admission/room.ts';
import {freeRateOf} from '../admission/run-buckets.ts';
import type {Cost} from '../admission/token-estimator.ts';
import {type Dimension, type Lane, lanes, roomPart} from '../domain/bucket-usage.ts';
import type {Clock} from '../domain/clock.ts';

/** Most requests that wait for one bucket. */
const maxWaiting = 1000;
/** How long the place of a call is kept that was sent away with a time to come back, in milliseconds. */
const placeKeptMs = 60_000;
/** Milliseconds between two tries where room depends on answers that are still to come. */
const pollMs = 250;

/** A call that wants to pass. */
type Guest = {
	/** The same for all attempts of one call. */
	readonly key: string;
	readonly cost: () => Cost;
	readonly lane: Lane;
};

/** How the wait of a call ended. */
export type WaitEnd =
	| {readonly kind: 'admitted'; readonly reservation: Reservation}
	/** Its time is over, or too many wait: when it will likely be its turn, from now, and what is used more of its quota. */
	| {readonly kind: 'away'; readonly turnInMs: number; readonly fuller: Dimension}
	| Extract<Admission, {kind: 'never' | 'day'}>
	/** The client left. */
	| {readonly kind: 'gone'};

type Waiting = {
	readonly guest: Guest;
	/** In the order of arrival; a call that comes back has its old number. */
	readonly number: number;
	readonly since: number;
	readonly end: (verdict: WaitEnd) => void;
};

/** A place that is kept. */
type Kept = {readonly number: number; readonly lane: Lane; readonly until: number};

/** The line in front of one bucket: lanes first, then who came first. */
export class WaitingRoom {
	readonly bucket: Bucket;
	/** Nobody is let in for now. */
	isShut = false;
	readonly #clock: Clock;
	#waiting: Waiting[] = [];
	readonly #kept = new Map<string, Kept>();
	#numbers = 0;
	#cancel = (): void => {};
	#reason: WaitReason | undefined;

	constructor(bucket: Bucket, clock: Clock) {
		this.bucket = bucket;
		this.#clock = clock;
	}

	/** How many wait, since when the first of them, and in how many milliseconds there is likely room; undefined where none waits. */
	get state():
		| {
				readonly count: number;
				readonly oldestMs: number;
				readonly nextMs: number | undefined;
				readonly reason: WaitReason | undefined;
		  }
		| undefined {
		if (this.#waiting.length === 0) {
			return undefined;
		}
		const oldest = Math.min(...this.#waiting.map(({since}) => since));
		return {
			count: this.#waiting.length,
			oldestMs: this.#clock.now() - oldest,
			nextMs: this.bucket.likelyRoomMs,
			reason: this.#reason,
		};
	}

	/**
	 * Waits for room, at most `holdMs`.
	 * @param signal The client left.
	 */
	async enter(guest: Guest, holdMs: number, signal: AbortSignal): Promise<WaitEnd> {
		this.#forgetOld();
		const number = this.#kept.get(guest.key)?.number ?? this.#numbers++;
		this.#kept.delete(guest.key);
		if (signal.aborted) {
			return {kind: 'gone'};
		}
		if (this.#waiting.length >= maxWaiting) {
			return this.#sendAway(guest, number);
		}
		const {promise, resolve} = Promise.withResolvers<WaitEnd>();
		const leave = (verdict: WaitEnd): void => {
			this.#waiting = this.#waiting.filter((each) => each !== own);
			resolve(verdict);
		};
		const onAbort = (): void => leave({kind: 'gone'});
		const cancelHold = this.#clock.after(holdMs, () => leave(this.#sendAway(guest, number)));
		const own: Waiting = {guest, number, since: this.#clock.now(), end: leave};
		signal.addEventListener('abort', onAbort, {once: true});
		this.#insert(own);
		this.pump();
		const verdict = await promise;
		cancelHold();
		signal.removeEventListener('abort', onAbort);
		this.pump();
		return verdict;
	}

	/** Lets in who may pass now. Call it when something about the bucket has changed. */
	pump(): void {
		this.#cancel();
		this.#cancel = () => {};
		for (let first = this.#waiting[0]; first !== undefined && !this.isShut; first = this.#waiting[0]) {
			const admission = this.bucket.admit(first.guest.cost(), first.guest.lane);
			if (admission.kind === 'wait') {
				this.#reason = admission.reason;
				this.#cancel = this.#clock.after(Math.max(1, admission.delayMs ?? pollMs), () => this.pump());
				return;
			}
			first.end(admission);
		}
	}

	/** Nobody waits any more. */
	close(): void {
		this.#cancel();
		for (const {end} of [...this.#waiting]) {
			end({kind: 'gone'});
		}
	}

	#insert(own: Waiting): void {
		const rank = ({guest, number}: Waiting): readonly [number, number] => [lanes.indexOf(guest.lane), number];
		const [lane, number] = rank(own);
		const index = this.#waiting.findIndex((each) => {
			const [otherLane, otherNumber] = rank(each);
			return otherLane > lane || (otherLane === lane && otherNumber > number);
		});
		this.#waiting.splice(index === -1 ? this.#waiting.length : index, 0, own);
	}

	get #fuller(): Dimension {
		const {ledger, limits} = this.bucket;
		const open = limits.open(this.#clock.now());
		const requestsLeft = roomPart(ledger.use(), {...open, tokens: null});
		const tokensLeft = roomPart(ledger.use(), {...open, requests: null});
		return requestsLeft < tokensLeft ? 'requests' : 'tokens';
	}

	#sendAway({key, lane}: Guest, number: number): WaitEnd {
		const turnInMs = this.#turnInMs(lane, number);
		this.#kept.set(key, {number, lane, until: this.#clock.now() + turnInMs + placeKeptMs});
		return {kind: 'away', turnInMs, fuller: this.#fuller};
	}

	/** When it will likely be the turn of a place: room for the first of the line, and the rate for those before it. */
	#turnInMs(lane: Lane, number: number): number {
		const now = this.#clock.now();
		const isBefore = (other: {readonly lane: Lane; readonly number: number}): boolean =>
			lanes.indexOf(other.lane) < lanes.indexOf(lane) || (other.lane === lane && other.number < number);
		const ahead =
			this.#waiting.filter(({guest, number: other}) => isBefore({lane: guest.lane, number: other})).length +
			[...this.#kept.values()].filter(isBefore).length;
		const rate = freeRateOf(this.bucket, now);
		const eachMs = rate === undefined || rate.perWindow <= 0 ? 0 : this.bucket.windowMs / rate.perWindow;
		return (this.bucket.likelyRoomMs ?? pollMs) + ahead * eachMs;
	}

	#forgetOld(): void {
		const now = this.#clock.now();
		for (const [key, {until}] of this.#kept) {
			if (until < now) {
				this.#kept.delete(key);
			}
		}
	}
}
