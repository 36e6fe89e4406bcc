import {dimensions, type Limits, ofEach, type Use} from '../../domain/bucket-usage.ts';
import type {Clock} from '../../domain/clock.ts';
import type {Bucket} from '../bucket.ts';
import type {FleetPart} from '../bucket-limits.ts';
import {type FleetState, partKeptMs} from './shared-ledger.ts';

/*
 * What a member may use while the ledger of its fleet can't say what all use, so that all together stay below the quota.
 *
 * At the loss all that members had sent was in the ledger, and that was below the quota. For one window each uses no more
 * than it did then, with its part of the room that was free: what one has stopped using nobody else takes. After that what
 * was used before has left the window, except for what is still in flight, and each has its part of the quota.
 *
 * A member that alone has lost the ledger is missed by the others after `vanishedAfterMs`; from then on they leave it its
 * part. Until then it sends nothing, and what has left its window meanwhile others may have taken.
 */

/** What a member knew when it lost the ledger. */
type Loss = {
	/** Milliseconds of the clock. */
	readonly at: number;
	/** For so long nothing is sent. */
	readonly silentMs: number;
	/** What it used itself, when the others missed it. */
	readonly ownUse: Use;
	/** Room that was free for all. */
	readonly room: Use;
	/** Quota tokens that the others had in flight. */
	readonly othersHeld: number;
	/** Its part of what all may use, 0 to 1; 0: the others did not know of it yet. */
	readonly part: number;
	/** Members that share the quota, those included that had vanished. */
	readonly members: number;
};

/** The part of a member at an instant; its limits rise only after a whole window. */
export function partAfter(loss: Loss, now: number, limits: Limits, windowMs: number): FleetPart {
	const {ownUse, room, part, members, othersHeld} = loss;
	const sinceMs = now - loss.at - loss.silentMs;
	const fraction = part > 0 || sinceMs < windowMs ? part : 1 / Math.max(1, members);
	const most = ofEach((dimension) => {
		const limit = limits[dimension];
		if (limit === null) {
			return null;
		}
		if (sinceMs < 0) {
			return 0;
		}
		if (sinceMs < windowMs) {
			return ownUse[dimension] + room[dimension] * fraction;
		}
		// Answers that others had in flight may be under way still.
		return dimension === 'tokens' && sinceMs < partKeptMs ? Math.max(0, limit - othersHeld) : limit;
	});
	return {fraction, most};
}

/** For so long room must have been free to count as free, in milliseconds. */
const calmMs = 10_000;
const stepMs = 1000;

/**
 * Room that was free for all in each answer of the ledger of the last seconds. What one answer says may be gone before the
 * next: others may have taken it when the ledger was lost.
 */
export class CalmRoom {
	#since: number | undefined;
	#steps: ReadonlyArray<{readonly at: number; readonly room: Use}> = [];

	/** An answer of the ledger. @param limits What all members may use together. */
	note(now: number, use: Use, limits: Limits): void {
		this.#since ??= now;
		const at = Math.floor(now / stepMs);
		const room = ofEach((dimension) =>
			Math.max(0, (limits[dimension] ?? Number.POSITIVE_INFINITY) - use[dimension]),
		);
		const last = this.#steps.at(-1);
		if (last?.at !== at) {
			this.#steps = [...this.#steps.filter((step) => step.at > at - calmMs / stepMs), {at, room}];
			return;
		}
		if (dimensions.some((dimension) => room[dimension] < last.room[dimension])) {
			const least = ofEach((dimension) => Math.min(room[dimension], last.room[dimension]));
			this.#steps = this.#steps.with(-1, {at, room: least});
		}
	}

	/** Forgets all: the ledger was lost. */
	clear(): void {
		this.#since = undefined;
		this.#steps = [];
	}

	/** The least of the last seconds; nothing before these are over. */
	least(now: number): Use {
		const isKnown = this.#since !== undefined && now - this.#since >= calmMs;
		return ofEach((dimension) => (isKnown ? Math.min(...this.#steps.map(({room}) => room[dimension])) : 0));
	}
}

/** A member without the ledger of its fleet: what it may use, since when, and how much of that it did. */
export class FleetSplit {
	readonly #bucket: Bucket;
	readonly #clock: Clock;
	readonly #calm = new CalmRoom();
	#cancel = (): void => {};
	#loss: Loss | undefined;
	/** Since when the ledger is lost; undefined also for a member that came while others heal it. */
	#since: number | undefined;
	#endedMs = 0;
	#count = 0;
	#sent = 0;

	constructor(bucket: Bucket, clock: Clock) {
		this.#bucket = bucket;
		this.#clock = clock;
	}

	/** Whether the member goes by its part now. */
	get isOn(): boolean {
		return this.#loss !== undefined;
	}

	/** Members that shared the quota when the ledger was lost. */
	get members(): number {
		return this.#loss?.members ?? 1;
	}

	/** How often the ledger was lost. */
	get losses(): number {
		return this.#count;
	}

	/** Milliseconds without it, in all. */
	get lostMs(): number {
		return this.#endedMs + (this.#since === undefined ? 0 : this.#clock.now() - this.#since);
	}

	/** Requests that were sent by the part since the last loss. */
	get sent(): number {
		return this.#sent;
	}

	/** A request is sent by the part. */
	counts(): void {
		this.#sent++;
	}

	/** An answer of the ledger while it decides. */
	hears(use: Use): void {
		const now = this.#clock.now();
		this.#calm.note(now, use, this.#bucket.limits.forFleet(now));
	}

	/**
	 * From now on the member goes by its part; where it did already, once more from now on.
	 * @param state As the ledger said last.
	 */
	begin(silentMs: number, members: number, {part = 0, heldTokens = 0}: Partial<FleetState>): void {
		const {ledger} = this.#bucket;
		const at = this.#clock.now();
		const before = this.#loss;
		this.#cancel();
		if (silentMs > 0) {
			this.#cancel = this.#clock.after(silentMs, () => this.#isMissed());
		}
		if (before !== undefined) {
			this.#loss = this.#again(before, at, silentMs);
			return;
		}
		const othersHeld = Math.max(0, heldTokens - ledger.heldTokens);
		this.#loss = {
			at,
			silentMs,
			ownUse: ledger.use(),
			room: this.#calm.least(at),
			othersHeld,
			part,
			members,
		};
		this.#calm.clear();
	}

	/** The ledger is lost. Returns whether it was not already. */
	lost(): boolean {
		const isNew = this.#since === undefined;
		if (isNew) {
			this.#count++;
			this.#sent = 0;
			this.#since = this.#clock.now();
		}
		return isNew;
	}

	/** From now on the others leave this member its part. */
	#isMissed(): void {
		if (this.#loss !== undefined) {
			const before = this.#loss.ownUse;
			const use = this.#bucket.ledger.use();
			this.#loss = {
				...this.#loss,
				ownUse: ofEach((dimension) => Math.min(before[dimension], use[dimension])),
			};
		}
	}

	/** It went by its part already: that is what it may use on. */
	#again(before: Loss, at: number, silentMs: number): Loss {
		const {limits, windowMs} = this.#bucket;
		const all = limits.forFleet(at);
		const {fraction, most} = partAfter({...before, silentMs: 0}, at, all, windowMs);
		const ownUse = ofEach((dimension) => Math.min(most[dimension] ?? 0, (all[dimension] ?? 0) * fraction));
		return {...before, at, silentMs, ownUse, room: {requests: 0, tokens: 0}};
	}

	/**
	 * The store was not there from the start.
	 * @param members An assumption.
	 * @param lastAgoMs When this host last was a member: what it sent then is in nobody's ledger, and its window must be over.
	 */
	assume(members: number, lastAgoMs: number): void {
		const {windowMs} = this.#bucket;
		const restMs = Math.max(0, windowMs - lastAgoMs);
		if (this.#loss !== undefined) {
			this.#loss = {...this.#loss, at: this.#clock.now() + restMs - windowMs, part: 1 / members, members};
		}
	}

	/** A ledger that heals says what part is this member's. */
	heals({part, members, vanished}: FleetState): void {
		if (this.#loss !== undefined) {
			// Until all are back, those that were there keep their parts.
			const most = Math.max(this.#loss.members, members + vanished);
			this.#loss = {...this.#loss, part: part > 0 ? part : this.#loss.part, members: most};
		}
	}

	/** The limits of the bucket become those of the part as of now. */
	apply(): void {
		const {limits, windowMs, standing} = this.#bucket;
		if (this.#loss === undefined) {
			return;
		}
		const now = this.#clock.now();
		const all = limits.forFleet(now);
		const part = partAfter(this.#loss, now, all, windowMs);
		const others = ofEach((dimension) => (all[dimension] ?? 0) * (1 - part.fraction));
		limits.setFleet(others, part);
		// Alone it would send probes.
		standing.neighbours = {count: Math.max(1, this.members - 1), pendingTokens: 0};
	}

	/** The ledger decides again. Returns for how many milliseconds it was lost; undefined where it was not. */
	end(): number | undefined {
		const lostMs = this.#since === undefined ? undefined : this.#clock.now() - this.#since;
		this.#endedMs += lostMs ?? 0;
		this.#loss = undefined;
		this.#since = undefined;
		this.#cancel();
		return lostMs;
	}
}
