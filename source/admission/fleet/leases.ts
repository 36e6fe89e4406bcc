import {type Lane, type Limits, lanes, roomPart} from '../../domain/bucket-usage.ts';
import type {Clock} from '../../domain/clock.ts';
import type {Bucket} from '../bucket.ts';
import type {Wait} from '../room.ts';
import {type Ask, type AskVerdict, type FleetLease, type FleetRequest, ticketMs} from './shared-ledger.ts';

/*
 * What a member has asked the ledger of its fleet for: a lease for each call. While the ledger has room up to `maxAsked` are
 * under way, so that its round trip limits no member; after a refusal one, so that those who wait cost the ledger little.
 */

/** Most asks under way at once. */
const maxAsked = 64;
/** A lease that nobody takes for so long is given back, in milliseconds. */
const untakenMs = 250;
/** An ask whose caller has not come back for so long after it could is dropped, in milliseconds. */
const desertedMs = 2000;

/** A call for which a lease was asked. */
type Pending = {
	readonly id: string;
	readonly key: string;
	readonly lane: Lane;
	request: FleetRequest;
	/** When its caller came last. */
	calledAt: number;
	/** When the ledger was asked last. */
	askedAt: number;
	state:
		| {readonly kind: 'asked'}
		| {readonly kind: 'waiting'; readonly dueAt: number; readonly reason: Wait['reason']}
		| {readonly kind: 'granted'; readonly at: number; readonly lease: FleetLease};
};

type LeasesOptions = {
	readonly clock: Clock;
	readonly bucket: Bucket;
	/** Unique in the bucket. */
	readonly newId: () => string;
	/** Asks the ledger; undefined when it is lost. Never rejects. */
	readonly reserve: (ask: Ask) => Promise<AskVerdict | undefined>;
	/** What was asked for and is not sent. */
	readonly giveBack: (id: string) => void;
	/** The ledger said something to a call that waits. */
	readonly onChange: () => void;
	readonly onDay: (forMs: number) => void;
};

/** The asks of one member. */
export class Leases {
	readonly #options: LeasesOptions;
	/** By call, in the order in which they were first asked for. */
	readonly #pending = new Map<string, Pending>();
	#window = 1;
	#isSweeping = false;

	constructor(options: LeasesOptions) {
		this.#options = options;
	}

	/** Calls that wait for the ledger. */
	get waiting(): number {
		return [...this.#pending.values()].filter(({state}) => state.kind !== 'granted').length;
	}

	/** The lease of a call, where the ledger gave one that is large enough; else it is asked. */
	admit(request: FleetRequest): {readonly kind: 'lease'; readonly lease: FleetLease} | Wait {
		const {clock} = this.#options;
		const now = clock.now();
		const key = request.key ?? `lane ${request.lane}`;
		const known = this.#pending.get(key);
		if (known?.state.kind === 'granted') {
			const {lease} = known.state;
			this.#pending.delete(key);
			if (lease.tokens >= request.tokens) {
				return {kind: 'lease', lease};
			}
			this.#options.giveBack(lease.id);
		} else if (known !== undefined) {
			return this.#again(known, request, now);
		}
		const most = request.isAlone ? 1 : this.#window;
		if (this.#pending.size >= most) {
			this.#makeWay(request.lane);
		}
		if (this.#pending.size >= most) {
			return this.#wait(undefined, 'fleet');
		}
		const pending: Pending = {
			id: this.#options.newId(),
			key,
			lane: request.lane,
			request,
			calledAt: now,
			askedAt: now,
			state: {kind: 'asked'},
		};
		this.#pending.set(key, pending);
		this.#ask(pending);
		return this.#wait(undefined, 'fleet');
	}

	/** The call is not made. */
	withdraw(key: string): void {
		const pending = this.#pending.get(key);
		if (pending !== undefined) {
			this.#drop(pending);
		}
	}

	/** The ledger is lost: what it was asked for is asked again when it is back. */
	clear(): void {
		for (const pending of [...this.#pending.values()]) {
			this.#drop(pending);
		}
		this.#window = 1;
	}

	/** What waits in a lane below is asked for again later: one above must not wait for it. */
	#makeWay(lane: Lane): void {
		const below = [...this.#pending.values()].findLast(
			(each) => each.state.kind === 'waiting' && lanes.indexOf(each.lane) > lanes.indexOf(lane),
		);
		if (below !== undefined) {
			this.#drop(below);
		}
	}

	#again(pending: Pending, request: FleetRequest, now: number): Wait {
		pending.calledAt = now;
		if (pending.state.kind !== 'waiting') {
			return this.#wait(undefined, 'fleet');
		}
		const {dueAt, reason} = pending.state;
		if (now < dueAt) {
			return this.#wait(dueAt - now, reason);
		}
		if (!this.#isInWindow(pending)) {
			return this.#wait(undefined, reason);
		}
		pending.request = request;
		this.#ask(pending);
		return this.#wait(undefined, reason);
	}

	#wait(delayMs: number | undefined, reason: Wait['reason']): Wait {
		const hasGrants = [...this.#pending.values()].some(({state}) => state.kind === 'granted');
		return {kind: 'wait', delayMs, reason, isAsked: hasGrants || this.#pending.size < this.#window};
	}

	/** Whether it is among the first of those that wait: by lane, then in the order of arrival. */
	#isInWindow(pending: Pending): boolean {
		const before = [...this.#pending.values()].filter(
			({state, lane}) => state.kind !== 'granted' && lanes.indexOf(lane) <= lanes.indexOf(pending.lane),
		);
		return before.indexOf(pending) < this.#window;
	}

	#ask(pending: Pending): void {
		const askedAt = this.#options.clock.now();
		pending.askedAt = askedAt;
		pending.state = {kind: 'asked'};
		void this.#options.reserve(this.#askOf(pending)).then((verdict) => {
			// It was dropped meanwhile, and is given back.
			if (verdict !== undefined && this.#pending.get(pending.key) === pending) {
				this.#answered(pending, verdict, askedAt);
				this.#options.onChange();
			}
		});
	}

	#askOf({id, lane, request}: Pending): Ask {
		const {bucket, clock} = this.#options;
		const {tokens, reserved, headroom, mayProbe} = request;
		const quota: Limits = bucket.quota;
		return {
			id,
			lane,
			tokens,
			reserved,
			headroom,
			limits: bucket.limits.forLane(clock.now(), lane),
			capacity: bucket.limits.own.tokens,
			ownPart: Math.min(1, Math.max(0, 1 - roomPart(bucket.ledger.use(), quota))),
			mayProbe,
		};
	}

	#answered(pending: Pending, verdict: AskVerdict, askedAt: number): void {
		const now = this.#options.clock.now();
		switch (verdict.kind) {
			case 'lease':
			case 'probe': {
				const {id, request} = pending;
				const probe = verdict.kind === 'probe' ? {scene: verdict.scene, askedAt} : undefined;
				pending.state = {kind: 'granted', at: now, lease: {id, tokens: request.tokens, probe}};
				this.#window = Math.min(maxAsked, 2 * this.#window);
				break;
			}
			case 'wait': {
				const reason = verdict.reason === 'turn' ? 'fleet' : verdict.reason;
				pending.state = {kind: 'waiting', dueAt: now + verdict.delayMs, reason};
				this.#window = 1;
				break;
			}
			case 'day':
				this.#pending.delete(pending.key);
				this.#options.onDay(verdict.forMs);
				break;
		}
		this.#sweepLater();
	}

	#drop(pending: Pending): void {
		this.#pending.delete(pending.key);
		this.#options.giveBack(pending.id);
	}

	#sweepLater(): void {
		if (!this.#isSweeping && this.#pending.size > 0) {
			this.#isSweeping = true;
			this.#options.clock.after(untakenMs, () => this.#sweep());
		}
	}

	/** Drops what nobody came for. */
	#sweep(): void {
		this.#isSweeping = false;
		const now = this.#options.clock.now();
		for (const pending of [...this.#pending.values()]) {
			const {state, calledAt} = pending;
			const isUntaken = state.kind === 'granted' && now - state.at >= untakenMs;
			const isDeserted = state.kind === 'waiting' && now - Math.max(calledAt, state.dueAt) >= desertedMs;
			if (isUntaken || isDeserted) {
				this.#drop(pending);
			} else if (
				state.kind === 'waiting' &&
				now - pending.askedAt >= ticketMs / 2 &&
				this.#isInWindow(pending)
			) {
				// It keeps its turn.
				this.#ask(pending);
			}
		}
		this.#sweepLater();
	}
}
