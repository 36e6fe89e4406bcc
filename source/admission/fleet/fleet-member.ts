import {type Dimension, ofEach, type Use} from '../../domain/bucket-usage.ts';
import type {Clock} from '../../domain/clock.ts';
import type {FleetEvent, FleetView, LossCause} from '../../domain/fleet-view.ts';
import type {Bucket} from '../bucket.ts';
import type {Reservation} from '../ledger.ts';
import {Leases} from './leases.ts';
import {MemberList} from './member-list.ts';
import {OwnEntries} from './own-entries.ts';
import {
	type EntryEnd,
	type FleetGate,
	type FleetLease,
	type FleetRequest,
	type FleetState,
	type MemberFacts,
	type SharedLedger,
	vanishedAfterMs,
} from './shared-ledger.ts';
import {SharedNews} from './shared-news.ts';
import {FleetSplit} from './split.ts';
import {patienceMs, StoreLine} from './store-line.ts';

/*
 * One program as a member of a fleet that shares a bucket by a ledger in a store.
 *
 * Connected, each request is let in by the ledger of all. When a step fails, or takes too long, the ledger is lost: the
 * member goes by its part of the quota (`split`), with its own ledger, and tries the store until it is back; then it enters
 * with all that counts of it. A ledger that has lost its memory heals first: all enter, and go by their parts until what
 * nobody could enter has left the window.
 *
 * Nobody goes by its part beside others that go by the ledger without that being in the ledger: nothing is sent while a
 * member enters, and in the moment before a ledger is healed.
 */

/** Milliseconds between two signs of life. */
const renewMs = 1000;
/** So long before a ledger is healed nothing more is sent by a part: all of it is in the ledger then, in milliseconds. */
const beforeHealedMs = 3 * patienceMs;
/** Pauses between the tries of a lost store, in milliseconds; the last one stays. */
const retryMs = [100, 400, 1000, 1500] as const;

export type FleetMemberOptions = {
	readonly bucket: Bucket;
	readonly ledger: SharedLedger;
	readonly clock: Clock;
	readonly facts: MemberFacts;
	/** There may be room now. */
	readonly onChange: () => void;
	readonly onEvent?: ((event: FleetEvent) => void) | undefined;
	/** What to do while the ledger is lost: go by the part of this member, or wait. */
	readonly whenDown?: 'split' | 'stop' | undefined;
	/** How many members share the quota, where the store can't say: as this host saw last, else as the user says. */
	readonly known?:
		| {
				readonly last?: {readonly count: number; readonly agoMs: number} | undefined;
				readonly given?: number | undefined;
		  }
		| undefined;
	/** Whether a process of this host runs. */
	readonly isRunning?: ((pid: number) => boolean) | undefined;
	/** Requests that wait for room. */
	readonly waiting?: (() => number) | undefined;
};

type Phase = 'joining' | 'connected' | 'healing' | 'lost' | 'ended';

/** One program as a member of the fleet that shares its bucket. */
export class FleetMember implements FleetGate {
	/** What all know of the bucket beside the ledger. */
	readonly news: SharedNews;
	readonly #options: FleetMemberOptions;
	readonly #line: StoreLine;
	readonly #entries: OwnEntries;
	readonly #leases: Leases;
	readonly #list: MemberList;
	readonly #split: FleetSplit;
	#phase: Phase = 'joining';
	#phaseAt: number;
	#tries = 0;
	#state: FleetState | undefined;
	#members: number | undefined;
	#isAssumed = false;
	#ids = 0;
	#isEntering = false;
	/** When the ledger will be healed, in milliseconds of the clock. */
	#healedAt = 0;
	#cancelTick = (): void => {};
	#cancelHealed = (): void => {};
	#cancelRetry = (): void => {};

	constructor(options: FleetMemberOptions) {
		const {bucket, clock, ledger, facts, isRunning, onChange, onEvent} = options;
		this.#options = options;
		this.#phaseAt = clock.now();
		this.#split = new FleetSplit(bucket, clock);
		const line = new StoreLine({
			clock,
			onLost: (cause, message) => this.#lose(cause, message),
			onState: (state) => this.#hears(state),
		});
		this.#line = line;
		this.#list = new MemberList({clock, ledger, line, facts, isRunning});
		this.news = new SharedNews({
			bucket,
			clock,
			ledger,
			line,
			onDay: (until) => onEvent?.({kind: 'day', until}),
		});
		this.#entries = new OwnEntries({
			clock,
			windowMs: bucket.windowMs,
			ledger,
			line,
			facts,
			onReport: async () => this.news.publish(),
		});
		this.#leases = new Leases({
			clock,
			bucket,
			newId: () => this.#newId(),
			reserve: async (ask) => line.step(async () => ledger.reserve(ask)),
			giveBack: (id) => {
				this.#entries.notSent(id);
				void this.#entries.report();
			},
			onChange,
			onDay: (forMs) => this.news.dayEnds(forMs),
		});
	}

	/** Joins the fleet: what the bucket lets go needs its leave from now on. Never rejects, and takes no longer than one step. */
	async start(): Promise<void> {
		const {bucket, ledger, facts} = this.#options;
		this.#enterPhase('joining');
		bucket.joins(this);
		bucket.limits.setFleet({requests: 0, tokens: 0});
		try {
			const state = await this.#line.within(async () => ledger.enter(facts, [], []));
			if (this.#phase === 'joining') {
				this.#entered(state);
			}
		} catch (error) {
			if (this.#phase === 'joining') {
				this.#lose('silent', error instanceof Error ? error.message : String(error));
				this.#assume();
			}
		}
		this.#tick();
	}

	/** Leaves in order. Never rejects, and takes no longer than two steps. */
	async stop(): Promise<void> {
		if (this.#phase === 'ended') {
			return;
		}
		const {bucket, ledger} = this.#options;
		const isOnline = this.#line.isOpen;
		this.#leases.clear();
		await this.#entries.report();
		bucket.joins(undefined);
		this.#enterPhase('ended');
		this.#cancelTick();
		this.#cancelRetry();
		this.#cancelHealed();
		this.#line.cut();
		this.#split.end();
		bucket.limits.setFleet(undefined);
		bucket.standing.neighbours = {count: 0, pendingTokens: 0};
		if (isOnline) {
			await this.#line.within(async () => ledger.leave()).catch(() => {});
		}
	}

	admit(request: FleetRequest): ReturnType<FleetGate['admit']> {
		if (this.news.dayUntil !== undefined) {
			return {kind: 'day'};
		}
		if (this.#phase === 'connected') {
			return this.#leases.admit(request);
		}
		if (!this.#mayGoByPart) {
			return {kind: 'wait', delayMs: undefined, reason: 'fleet'};
		}
		this.#split.apply();
		return {kind: 'part'};
	}

	withdraw(key: string): void {
		this.#leases.withdraw(key);
	}

	sent(reservation: Reservation, lease?: FleetLease): void {
		this.#entries.sent(reservation, lease?.id ?? this.#newId(), lease !== undefined);
		if (lease === undefined) {
			this.#split.counts();
			void this.#entries.report();
		} else if (lease.probe !== undefined) {
			this.news.probes(reservation, lease.probe);
		}
	}

	heard(reservation: Reservation): void {
		this.#entries.heard(reservation);
		if (this.news.heard(reservation)) {
			// The next probe of the bucket waits for it.
			void this.#renew();
		}
	}

	ended(reservation: Reservation, settled: EntryEnd['settled']): void {
		this.news.ended(reservation);
		if (this.#entries.ended(reservation, settled)) {
			void this.#entries.report();
		}
	}

	sawOthers(dimension: Dimension): void {
		void this.news.sawOthers(dimension);
	}

	sawDayEnd(): void {
		void this.news.sawDayEnd();
	}

	get view(): FleetView {
		const {clock} = this.#options;
		const until = this.news.dayUntil;
		return {
			state: this.#phase === 'ended' ? 'lost' : this.#phase,
			since: new Date(clock.epoch() - (clock.now() - this.#phaseAt)).toISOString(),
			losses: this.#split.losses,
			lostMs: Math.round(this.#split.lostMs),
			members: this.#members ?? null,
			isAssumed: this.#isAssumed,
			othersUse: this.#split.isOn || this.#state === undefined ? null : this.#othersUse(this.#state),
			...(until === undefined ? {} : {dayUntil: new Date(until).toISOString()}),
			rows: this.#list.rows,
		};
	}

	get #mayGoByPart(): boolean {
		const {clock, whenDown} = this.#options;
		const isSettled =
			this.#phase === 'healing' ? clock.now() < this.#healedAt - beforeHealedMs : !this.#isEntering;
		return this.#split.isOn && this.#members !== undefined && whenDown !== 'stop' && isSettled;
	}

	#newId(): string {
		return `${this.#options.facts.id}:${this.#ids++}`;
	}

	#enterPhase(phase: Phase): void {
		if (phase !== this.#phase) {
			this.#phase = phase;
			this.#phaseAt = this.#options.clock.now();
		}
	}

	/** Takes in how the ledger stands. */
	#hears(state: FleetState): void {
		const {bucket, clock} = this.#options;
		const notes = this.#state?.notes;
		this.#state = state;
		this.#split.heals(state);
		const counted = Math.max(1, state.members + state.vanished);
		this.#members = this.#split.isOn ? this.#split.members : counted;
		this.#isAssumed = false;
		this.#cancelHealed();
		if (this.#split.isOn && state.healingMs <= 0) {
			this.#members = counted;
			this.#found(state);
		} else if (this.#split.isOn) {
			this.#healedAt = clock.now() + state.healingMs;
			this.#cancelHealed = clock.after(state.healingMs, () => void this.#renew());
		}
		if (!this.#split.isOn) {
			this.#split.hears(state.use);
			bucket.limits.setFleet(this.#othersUse(state));
			bucket.standing.neighbours = {count: counted - 1, pendingTokens: 0};
		}
		this.news.hears(state);
		if (notes !== state.notes) {
			void this.news.read();
		}
	}

	#othersUse(state: FleetState): Use {
		const own = this.#options.bucket.ledger.use();
		return ofEach((dimension) => Math.max(0, state.use[dimension] - own[dimension]));
	}

	/** The ledger is lost: from now on the member goes by its part. */
	#lose(cause: LossCause, message: string): void {
		const {onEvent, onChange} = this.#options;
		// What all notice at their next step they need not wait for.
		const silentMs = cause === 'silent' ? vanishedAfterMs : 0;
		this.#split.begin(silentMs, this.#members ?? 1, this.#state ?? {});
		const isNew = this.#split.lost();
		this.#enterPhase('lost');
		this.#leases.clear();
		this.#split.apply();
		if (isNew) {
			onEvent?.({kind: 'lost', cause, message, members: this.#members ?? null});
		}
		this.#tries = 0;
		this.#retryIn(cause === 'silent' ? retryMs[0] : 0);
		onChange();
	}

	#retryIn(delayMs: number): void {
		this.#cancelRetry();
		this.#cancelRetry = this.#options.clock.after(delayMs, () => void this.#retry());
	}

	/** Enters again with all that counts of this member. */
	async #retry(): Promise<void> {
		const {ledger, facts, onChange} = this.#options;
		const {states, entered} = this.#entries.takeAll();
		this.#isEntering = true;
		try {
			const state = await this.#line.within(async () => ledger.enter(facts, states, this.#list.others));
			if (this.#phase === 'lost') {
				entered();
				this.#entered(state);
			}
		} catch {
			if (this.#phase === 'lost') {
				this.#tries++;
				this.#retryIn(retryMs[Math.min(this.#tries, retryMs.length - 1)] ?? 0);
			}
		} finally {
			this.#isEntering = false;
			onChange();
		}
	}

	/** The store has answered to the member's coming. */
	#entered(state: FleetState): void {
		const {bucket, onChange} = this.#options;
		this.#line.open(state);
		bucket.stamping.follow(this.#line.toStore);
		if (state.healingMs > 0 && !this.#split.isOn) {
			this.#split.begin(0, Math.max(1, state.members + state.vanished), state);
		}
		this.#enterPhase(this.#split.isOn ? 'healing' : 'connected');
		this.#hears(state);
		onChange();
		void this.#entries.report();
	}

	/** The ledger decides again. */
	#found(state: FleetState): void {
		const {bucket, onEvent, onChange} = this.#options;
		const lostMs = this.#split.end();
		bucket.limits.setFleet(this.#othersUse(state));
		this.#enterPhase('connected');
		if (lostMs !== undefined) {
			onEvent?.({kind: 'back', lostMs, sent: this.#split.sent, members: this.#members ?? 1});
		}
		onChange();
	}

	/** The store was not there when the member came. */
	#assume(): void {
		const {onEvent, onChange, known} = this.#options;
		const count = known?.last?.count ?? known?.given;
		if (count === undefined) {
			onEvent?.({kind: 'waiting-for-members'});
			return;
		}
		this.#members = count;
		this.#isAssumed = true;
		this.#split.assume(count, known?.last?.agoMs ?? Number.POSITIVE_INFINITY);
		onEvent?.({kind: 'assumed', members: count, from: known?.last === undefined ? 'given' : 'last'});
		onChange();
	}

	#tick(): void {
		this.#cancelTick();
		if (this.#phase !== 'ended') {
			this.#cancelTick = this.#options.clock.after(renewMs, () => void this.#everySecond());
		}
	}

	async #everySecond(): Promise<void> {
		this.#tick();
		await this.#renew();
		await this.#entries.report();
		await this.#list.refresh(this.#state?.vanished ?? 0);
		await this.news.evaluate();
		await this.news.publish();
	}

	async #renew(): Promise<void> {
		const {ledger, bucket, waiting = () => this.#leases.waiting} = this.#options;
		const sign = {inFlight: this.#entries.signs, use: bucket.ledger.use(), waiting: waiting()};
		await this.#line.step(async () => ledger.renew(sign));
	}
}
