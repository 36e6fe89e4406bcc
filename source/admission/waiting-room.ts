import {type Dimension, type Lane, lanes, roomPart} from '../domain/bucket-usage.ts';
import type {Clock} from '../domain/clock.ts';
import type {Admission, Bucket} from './bucket.ts';
import type {Reservation} from './ledger.ts';
import type {WaitReason} from './room.ts';
import {freeRateOf} from './run-buckets.ts';
import type {Cost} from './token-estimator.ts';

/** Most requests that wait for one bucket. */
const maxWaiting = 1000;
/** How long the place of a call is kept that was sent away with a time to come back, in milliseconds. */
const placeKeptMs = 60_000;
/** Callers that are remembered although they do not wait. */
const maxCallers = 1000;
/** Milliseconds between two tries where room depends on answers that are still to come. */
const pollMs = 250;

/** A call that wants to pass. */
type Guest = {
	/** The same for all attempts of one call. */
	readonly key: string;
	readonly cost: () => Cost;
	readonly lane: Lane;
	/** Who has a turn of its own among those of a lane; absent: all that name none have one together. */
	readonly caller?: string | undefined;
};

/** How the wait of a call ended. */
export type WaitEnd =
	/** `heldMs`: how long it waited, in milliseconds; 0 where there was room at once. */
	| {readonly kind: 'admitted'; readonly reservation: Reservation; readonly heldMs: number}
	/** Its time is over, or too many wait: when it will likely be its turn, from now, and what is used more of its quota. */
	| {readonly kind: 'away'; readonly turnInMs: number; readonly fuller: Dimension}
	| Extract<Admission, {kind: 'never' | 'day'}>
	/** The client left, or nobody is let in any more. */
	| {readonly kind: 'gone'};

type Waiting = {
	readonly guest: Guest;
	/** In the order of arrival; a call that comes back has its old number. */
	readonly number: number;
	readonly since: number;
	readonly end: (verdict: Verdict) => void;
};

type Verdict = Exclude<WaitEnd, {kind: 'admitted'}> | Extract<Admission, {kind: 'admitted'}>;

/** A place that is kept. */
type Kept = {readonly number: number; readonly lane: Lane; readonly until: number};

/**
 * Whose turn it is among the callers of one lane: who was let in with the fewest quota tokens, counted from when it began to
 * wait. A burst of one caller waits behind itself.
 */
class Turns {
	/** Where the caller that was let in last had its turn. */
	#now = 0;
	/** Where each has its next turn; those that have waited for none since are forgotten. */
	readonly #next = new Map<string, number>();

	of(caller: string): number {
		return Math.max(this.#now, this.#next.get(caller) ?? 0);
	}

	letIn(caller: string, tokens: number): void {
		this.#now = this.of(caller);
		this.#next.set(caller, this.#now + Math.max(1, tokens));
		if (this.#next.size > maxCallers) {
			for (const [each, next] of this.#next) {
				if (next <= this.#now) {
					this.#next.delete(each);
				}
			}
		}
	}
}

/** The line in front of one bucket: lanes first; within a lane each caller in its turn, then who came first. */
export class WaitingRoom {
	readonly bucket: Bucket;
	/** Nobody is let in for now. */
	isShut = false;
	readonly #clock: Clock;
	readonly #most: number;
	/** By lane, then by arrival. */
	readonly #waiting: Waiting[] = [];
	readonly #turns: Readonly<Record<Lane, Turns>> = {
		high: new Turns(),
		normal: new Turns(),
		low: new Turns(),
	};
	/** How many wait of each caller. */
	readonly #callers = new Map<string, number>();
	readonly #kept = new Map<string, Kept>();
	#numbers = 0;
	#cancel = (): void => {};
	#reason: WaitReason | undefined;

	/** @param most How many may wait. */
	constructor(bucket: Bucket, clock: Clock, most = maxWaiting) {
		this.bucket = bucket;
		this.#clock = clock;
		this.#most = most;
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
	 * Waits for room, at most `holdMs`: infinite for as long as it takes.
	 * @param signal The client left.
	 */
	async enter(guest: Guest, holdMs: number, signal: AbortSignal): Promise<WaitEnd> {
		this.#forgetOld();
		const number = this.#kept.get(guest.key)?.number ?? this.#numbers++;
		this.#kept.delete(guest.key);
		if (signal.aborted) {
			return {kind: 'gone'};
		}
		if (this.#waiting.length >= this.#most) {
			return this.#sendAway(guest, number);
		}
		const {promise, resolve} = Promise.withResolvers<Verdict>();
		const leave = (verdict: Verdict): void => {
			this.#remove(own);
			resolve(verdict);
		};
		const onAbort = (): void => leave({kind: 'gone'});
		const cancelHold = Number.isFinite(holdMs)
			? this.#clock.after(holdMs, () => leave(this.#sendAway(guest, number)))
			: () => {};
		const own: Waiting = {guest, number, since: this.#clock.now(), end: leave};
		signal.addEventListener('abort', onAbort, {once: true});
		this.#insert(own);
		this.pump();
		const isHeld = this.#waiting.includes(own);
		const verdict = await promise;
		cancelHold();
		signal.removeEventListener('abort', onAbort);
		this.pump();
		return verdict.kind === 'admitted'
			? {...verdict, heldMs: isHeld ? verdict.reservation.sentAt - own.since : 0}
			: verdict;
	}

	/** Lets in who may pass now. Call it when something about the bucket has changed. */
	pump(): void {
		this.#cancel();
		this.#cancel = () => {};
		for (let first = this.#first; first !== undefined && !this.isShut; first = this.#first) {
			const {lane, caller = ''} = first.guest;
			const cost = first.guest.cost();
			const admission = this.bucket.admit(cost, lane);
			if (admission.kind === 'wait') {
				this.#reason = admission.reason;
				this.#cancel = this.#clock.after(Math.max(1, admission.delayMs ?? pollMs), () => this.pump());
				return;
			}
			if (admission.kind === 'admitted') {
				this.#turns[lane].letIn(caller, cost.setAside);
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

	/** Whose turn it is. */
	get #first(): Waiting | undefined {
		const [first] = this.#waiting;
		if (first === undefined || this.#callers.size === 1) {
			return first;
		}
		const {lane} = first.guest;
		const turnOf = ({guest: {caller = ''}}: Waiting): number => this.#turns[lane].of(caller);
		let best = first;
		for (const each of this.#waiting) {
			if (each.guest.lane !== lane) {
				break;
			}
			best = turnOf(each) < turnOf(best) ? each : best;
		}
		return best;
	}

	#insert(own: Waiting): void {
		const {lane, caller = ''} = own.guest;
		const rank = lanes.indexOf(lane);
		const before = this.#waiting.findLastIndex(({guest, number}) => {
			const other = lanes.indexOf(guest.lane);
			return other < rank || (other === rank && number < own.number);
		});
		this.#waiting.splice(before + 1, 0, own);
		this.#callers.set(caller, (this.#callers.get(caller) ?? 0) + 1);
	}

	#remove(own: Waiting): void {
		const index = this.#waiting.indexOf(own);
		if (index === -1) {
			return;
		}
		this.#waiting.splice(index, 1);
		const {caller = ''} = own.guest;
		const left = (this.#callers.get(caller) ?? 1) - 1;
		if (left === 0) {
			this.#callers.delete(caller);
		} else {
			this.#callers.set(caller, left);
		}
	}

	get #fuller(): Dimension {
		const {ledger, limits} = this.bucket;
		const open = limits.open(this.#clock.now());
		const requestsLeft = roomPart(ledger.use(), {...open, tokens: null});
		const tokensLeft = roomPart(ledger.use(), {...open, requests: null});
		return requestsLeft < tokensLeft ? 'requests' : 'tokens';
	}

	#sendAway({key, lane}: Guest, number: number): WaitEnd {
		this.#forgetOld();
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
