import {type Dimension, type Lane, lanes, roomPart} from '../domain/bucket-usage.ts';
import type {Clock} from '../domain/clock.ts';
import type {Bucket} from './bucket.ts';
import type {Reservation} from './ledger.ts';
import type {Admission, WaitReason} from './room.ts';
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
	readonly cost: () => Cost;
	readonly lane: Lane;
	/** Who has a turn of its own among those of a lane; absent: all that name none have one together. */
	readonly caller?: string | undefined;
};

/** How the wait of a call ended. */
type WaitEnd =
	/** `heldMs`: how long it waited, in milliseconds; 0 where there was room at once. */
	| {readonly kind: 'admitted'; readonly reservation: Reservation; readonly heldMs: number}
	/** Its time is over, or too many wait. */
	| {readonly kind: 'late'}
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

/** Names a call to the fleet of its bucket. */
const keyOf = ({number}: Waiting): string => String(number);

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
	#numbers = 0;
	#cancel = (): void => {};
	#reason: WaitReason | undefined;

	/** @param most How many may wait. */
	constructor(bucket: Bucket, clock: Clock, most = Number.POSITIVE_INFINITY) {
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

	/** A number for a call: those of earlier ones are lower. */
	newNumber(): number {
		return this.#numbers++;
	}

	/** Calls of a lane, or of lanes above it, that wait and have a lower number. */
	countBefore(lane: Lane, number: number): number {
		const own = {lane, number};
		return this.#waiting.filter(({guest, number: other}) => isBefore({lane: guest.lane, number: other}, own))
			.length;
	}

	/**
	 * Waits for room.
	 * @param signal The client left.
	 * @param place `holdMs`: for so long at most; `number`: of an earlier call that it is again.
	 */
	async enter(
		guest: Guest,
		signal: AbortSignal,
		{
			holdMs = Number.POSITIVE_INFINITY,
			number = this.newNumber(),
		}: {readonly holdMs?: number; readonly number?: number} = {},
	): Promise<WaitEnd> {
		if (signal.aborted) {
			return {kind: 'gone'};
		}
		if (this.#waiting.length >= this.#most) {
			return {kind: 'late'};
		}
		const {promise, resolve} = Promise.withResolvers<Verdict>();
		const leave = (verdict: Verdict): void => {
			this.#remove(own);
			if (verdict.kind !== 'admitted') {
				this.bucket.withdraw(keyOf(own));
			}
			resolve(verdict);
		};
		const onAbort = (): void => leave({kind: 'gone'});
		const cancelHold = Number.isFinite(holdMs)
			? this.#clock.after(holdMs, () => leave({kind: 'late'}))
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
		// The ledger of a fleet is asked for several at once; those that it lets in may pass the others.
		const asked = new Set<Waiting>();
		let nextMs = Number.POSITIVE_INFINITY;
		for (let next = this.#next(asked); next !== undefined && !this.isShut; next = this.#next(asked)) {
			const {lane, caller = ''} = next.guest;
			const cost = next.guest.cost();
			const admission = this.bucket.admit(cost, lane, keyOf(next));
			if (admission.kind === 'wait') {
				this.#reason = asked.size === 0 ? admission.reason : this.#reason;
				nextMs = Math.min(nextMs, admission.delayMs ?? pollMs);
				asked.add(next);
				if (admission.isAsked !== true) {
					break;
				}
				continue;
			}
			if (admission.kind === 'admitted') {
				this.#turns[lane].letIn(caller, cost.setAside);
			}
			next.end(admission);
		}
		if (asked.size > 0) {
			this.#cancel = this.#clock.after(Math.max(1, nextMs), () => this.pump());
		}
	}

	/** Nobody waits any more. */
	close(): void {
		this.#cancel();
		for (const {end} of [...this.#waiting]) {
			end({kind: 'gone'});
		}
	}

	/** Whose turn it is, but for some. */
	#next(but: ReadonlySet<Waiting>): Waiting | undefined {
		const first = this.#waiting.find((each) => !but.has(each));
		if (first === undefined || this.#callers.size === 1) {
			return first;
		}
		const {lane} = first.guest;
		const turnOf = ({guest: {caller = ''}}: Waiting): number => this.#turns[lane].of(caller);
		let best = first;
		for (const each of this.#waiting) {
			if (each.guest.lane === lane && !but.has(each) && turnOf(each) < turnOf(best)) {
				best = each;
			}
		}
		return best;
	}

	#insert(own: Waiting): void {
		const {lane, caller = ''} = own.guest;
		const place = {lane, number: own.number};
		const before = this.#waiting.findLastIndex(({guest, number}) =>
			isBefore({lane: guest.lane, number}, place),
		);
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
}

/** A place in the line. */
type Place = {readonly lane: Lane; readonly number: number};

const isBefore = (one: Place, other: Place): boolean =>
	lanes.indexOf(one.lane) < lanes.indexOf(other.lane) ||
	(one.lane === other.lane && one.number < other.number);

/** How a call was held. */
export type HoldEnd =
	| Exclude<WaitEnd, {kind: 'late'}>
	/** It was sent away: when it will likely be its turn, from now, and what is used more of its quota. */
	| {readonly kind: 'away'; readonly turnInMs: number; readonly fuller: Dimension};

/** A line whose calls are sent away after a time with a time to come back, and keep their place until then. */
export class HoldingRoom extends WaitingRoom {
	readonly #clock: Clock;
	readonly #kept = new Map<string, Place & {readonly until: number}>();

	constructor(bucket: Bucket, clock: Clock) {
		super(bucket, clock, maxWaiting);
		this.#clock = clock;
	}

	/**
	 * Waits for room, at most `holdMs`.
	 * @param key The same for all attempts of one call.
	 * @param signal The client left.
	 */
	async hold(guest: Guest, key: string, holdMs: number, signal: AbortSignal): Promise<HoldEnd> {
		this.#forgetOld();
		const number = this.#kept.get(key)?.number ?? this.newNumber();
		this.#kept.delete(key);
		const end = await this.enter(guest, signal, {holdMs, number});
		if (end.kind !== 'late') {
			return end;
		}
		const place = {lane: guest.lane, number};
		const turnInMs = this.#turnInMs(place);
		this.#kept.set(key, {...place, until: this.#clock.now() + turnInMs + placeKeptMs});
		return {kind: 'away', turnInMs, fuller: this.#fuller};
	}

	get #fuller(): Dimension {
		const {ledger, limits} = this.bucket;
		const open = limits.open(this.#clock.now());
		const requestsLeft = roomPart(ledger.use(), {...open, tokens: null});
		const tokensLeft = roomPart(ledger.use(), {...open, requests: null});
		return requestsLeft < tokensLeft ? 'requests' : 'tokens';
	}

	/** When it will likely be the turn of a place: room for the first of the line, and the rate for those before it. */
	#turnInMs(place: Place): number {
		this.#forgetOld();
		const now = this.#clock.now();
		const ahead =
			this.countBefore(place.lane, place.number) +
			[...this.#kept.values()].filter((kept) => isBefore(kept, place)).length;
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
