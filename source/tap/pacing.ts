import {createHash} from 'node:crypto';
import {Bucket} from '../admission/bucket.ts';
import {DayLimits} from '../admission/day-limit.ts';
import {collectEvidence} from '../admission/enforcement-evidence.ts';
import type {Cost} from '../admission/token-estimator.ts';
import {type HoldEnd, HoldingRoom} from '../admission/waiting-room.ts';
import {onlyKnown} from '../bedrock/quotas/bucket-quota.ts';
import {bucketKey} from '../domain/account-snapshot.ts';
import type {Failure, Usage} from '../domain/backend.ts';
import type {Lane, Use} from '../domain/bucket-usage.ts';
import type {Clock} from '../domain/clock.ts';
import type {Pace, TapConfig} from '../domain/tap.ts';
import type {Quota, Target} from '../domain/target.ts';
import {formatCount, formatSecondsLeft} from '../text/numbers.ts';
import {type Caller, patienceOf} from './client-book.ts';
import type {Incoming} from './listener.ts';
import type {ModelBook} from './models.ts';
import {PauseGate} from './pause-gate.ts';
import {held, largerThanQuota, paused, spentDay, type TapRefusal} from './refusal.ts';
import type {TappedCall, Traffic} from './traffic.ts';

/** How long the first request of a model waits for its quotas, in milliseconds. */
const quotaPatienceMs = 2000;
/** Time before a caller's own deadline by which it must have been let in, in milliseconds. */
const deadlineMarginMs = 1000;
/** How long a tap that only meters holds requests while it is paused, in milliseconds. */
const pauseHoldMs = 25_000;
/** Milliseconds between two interim responses to a client that is held. */
const interimMs = 1000;
/** Part of the window from which on requests are spread evenly. */
const evenAbove = 0.5;

/** A bucket of this tap, as a member of those that share it. */
type Member = {readonly stop: () => Promise<void>};

type PacingPorts = {
	readonly clock: Clock;
	readonly traffic: Traffic;
	readonly models: ModelBook;
	readonly windowMs: number;
	readonly roundTripMs: () => number | undefined;
	/** Shares a bucket with the other programs of the user. @param onChange There may be room now. */
	readonly join: (target: Target, bucket: Bucket, onChange: () => void) => Promise<Member | undefined>;
};

/** An attempt that may be sent, and what becomes of what was set aside for it. */
export type Pass = {
	readonly kind: 'admitted';
	/** The first byte of the answer came. */
	readonly confirmed: () => void;
	/** It is over. @param quotaTokens Undefined where the service refused it before counting. @param usage Of a whole answer. */
	readonly settled: (quotaTokens?: number, failure?: Failure, usage?: Usage) => void;
};

/** The end of the wait for room. */
type Admitted =
	| Pass
	| {readonly kind: 'refused'; readonly refusal: TapRefusal}
	/** The client left. */
	| {readonly kind: 'gone'};

/** The bytes of a request, by which a call is known that comes back. */
export function callKey(call: TappedCall, body: Buffer): string {
	const {product, invocation} = call.caller;
	return invocation ?? `${product} ${createHash('sha256').update(body).digest('base64')}`;
}

/** A call that passed before there was a bucket to count it in. */
type Early = {readonly index: number; readonly at: number; readonly count: (room: HoldingRoom) => void};

/** A bucket that a tap fills: as `--pace` has it, or as a meter. */
export function pacedBucket(
	quota: Quota,
	pace: Pick<Pace, 'share' | 'burst'> | undefined,
	ports: Pick<ConstructorParameters<typeof Bucket>[0], 'clock' | 'windowMs' | 'roundTripMs' | 'dayOf'>,
): Bucket {
	return new Bucket({
		...ports,
		quota: onlyKnown(quota),
		share: pace?.share ?? 1,
		burst: pace?.burst ?? 'full',
		...(pace?.burst === undefined ? {evenAbove} : {}),
	});
}

/** The buckets of a tap: what each call sets aside, and with `--pace` when it may be sent. */
export class Pacing {
	readonly #ports: PacingPorts;
	readonly #pace: TapConfig['pace'];
	readonly #rooms = new Map<string, HoldingRoom>();
	readonly #days: DayLimits;
	readonly #members: Member[] = [];
	/** Of the last window, in the order of time. */
	#early: readonly Early[] = [];
	readonly #gate: PauseGate;

	constructor(pace: TapConfig['pace'], ports: PacingPorts) {
		this.#pace = pace;
		this.#ports = ports;
		this.#gate = new PauseGate(ports.clock);
		this.#days = new DayLimits(ports.clock);
	}

	/** The quotas of a model are known now: its bucket is there from now on. */
	async resolved(index: number): Promise<void> {
		const {target} = this.#ports.models.at(index);
		const key = keyOf(target);
		const known = this.#rooms.get(key);
		if (known !== undefined) {
			return this.#countEarly(index, known);
		}
		const {clock, windowMs, roundTripMs, join} = this.#ports;
		const dayOf = (quota: Quota) => this.#days.of(target.region, quota);
		const bucket = pacedBucket(target.quota, this.#pace, {clock, windowMs, roundTripMs, dayOf});
		collectEvidence(bucket, clock);
		const room = new HoldingRoom(bucket, clock);
		room.isShut = this.#gate.isShut;
		this.#rooms.set(key, room);
		this.#countEarly(index, room);
		if (bucket.isLimited) {
			const member = await join(target, bucket, () => room.pump());
			this.#members.push(...(member === undefined ? [] : [member]));
		}
	}

	/** Bucket of a model; undefined while its quotas are not known. */
	bucketOf(index: number): Bucket | undefined {
		return this.#roomOf(index)?.bucket;
	}

	/** Others' use of the bucket of a model. @param at Milliseconds since 1970. */
	setOthersUse(index: number, use: Use, at: number): void {
		const room = this.#roomOf(index);
		room?.bucket.limits.setOthersUse(use, at);
		room?.pump();
	}

	setOthersToday(index: number, tokens: number): void {
		const bucket = this.bucketOf(index);
		if (bucket !== undefined) {
			bucket.day.others = tokens;
		}
	}

	/** Holds what is not sent yet, until `open`. */
	shut(): void {
		this.#gate.shut();
		for (const room of this.#rooms.values()) {
			room.isShut = true;
		}
	}

	/** Lets go what was held. */
	open(): void {
		this.#gate.open();
		for (const room of this.#rooms.values()) {
			room.isShut = false;
			room.pump();
		}
	}

	/** Who waits, in words: `held 12 s, 3 waiting, next in 4 s`; undefined where nobody does. */
	get waitingWords(): string | undefined {
		const states = [...this.#rooms.values()].flatMap(({state}) => state ?? []);
		const count = states.reduce((sum, state) => sum + state.count, this.#gate.agesMs.length);
		if (count === 0) {
			return undefined;
		}
		const heldMs = [...states.map(({oldestMs}) => oldestMs), ...this.#gate.agesMs];
		const next = Math.min(...(this.#gate.isShut ? [] : states.flatMap(({nextMs}) => nextMs ?? [])));
		return [
			`held ${formatSecondsLeft(Math.max(...heldMs))}`,
			`${formatCount(count)} waiting`,
			...(Number.isFinite(next) ? [`next in ${formatSecondsLeft(next)}`] : []),
		].join(', ');
	}

	/**
	 * Sets aside what a call will likely use; with `--pace` it waits until there is room.
	 * @param key Names the call over its attempts; asked for where it may wait.
	 * @param holdMs How long it may still be held; undefined: as long as this tap holds calls.
	 */
	async admit(
		call: TappedCall,
		key: () => string,
		incoming: Pick<Incoming, 'reply' | 'header'>,
		signal: AbortSignal,
		holdMs?: number,
	): Promise<Admitted> {
		const {target} = call.row;
		const holdOfPauseMs =
			this.#pace === undefined ? pauseHoldMs : this.holdLeft(call, incoming.header('user-agent'));
		const end = await this.#gate.pass(call, holdOfPauseMs, signal);
		if (end !== 'open') {
			return end === 'gone' ? {kind: 'gone'} : {kind: 'refused', refusal: paused};
		}
		if (this.#pace === undefined) {
			const room = this.#roomOf(target);
			return room === undefined
				? this.#passEarly(call)
				: this.#passOf(room, room.bucket.record(this.#costOf(call), 'normal'));
		}
		await this.#whenKnown(target);
		const room = this.#roomOf(target);
		if (room === undefined) {
			return this.#passEarly(call);
		}
		const verdict = await this.#hold(room, call, {key: key(), incoming, signal, holdMs});
		return verdict.kind === 'admitted' ? this.#passOf(room, verdict.reservation) : refusalOf(verdict, call);
	}

	/** Milliseconds that a call may still be held. */
	holdLeft(call: TappedCall, userAgent: string | undefined): number {
		const {clock} = this.#ports;
		if (this.#pace === undefined) {
			return 0;
		}
		const {hold, interim} = patienceOf(userAgent);
		const most = this.#pace[hold];
		const untilDeadline =
			call.caller.deadline === undefined || interim !== undefined
				? Number.POSITIVE_INFINITY
				: call.caller.deadline - clock.epoch() - deadlineMarginMs;
		return Math.max(0, Math.min(most - (clock.now() - call.arrivedAt), untilDeadline));
	}

	/** Nobody waits any more, and others know what was used. */
	async close(): Promise<void> {
		this.open();
		for (const room of this.#rooms.values()) {
			room.close();
		}
		await Promise.all(this.#members.map(async (member) => member.stop()));
	}

	async #hold(
		room: HoldingRoom,
		call: TappedCall,
		{
			key,
			incoming,
			signal,
			holdMs,
		}: {
			readonly key: string;
			readonly incoming: Pick<Incoming, 'reply' | 'header'>;
			readonly signal: AbortSignal;
			readonly holdMs: number | undefined;
		},
	): Promise<HoldEnd> {
		const {clock, traffic} = this.#ports;
		const userAgent = incoming.header('user-agent');
		const {interim} = patienceOf(userAgent);
		const from = clock.now();
		traffic.hold(call);
		let cancelInterim = (): void => {};
		const keepAlive = (): void => {
			cancelInterim = clock.after(interimMs, () => {
				if (interim !== undefined && incoming.reply.isOpen()) {
					incoming.reply.interim(interim);
					keepAlive();
				}
			});
		};
		if (interim !== undefined) {
			keepAlive();
		}
		const verdict = await room.hold(
			{
				cost: () => this.#costOf(call),
				lane: this.laneOf(call.caller),
				caller: call.caller.name,
			},
			key,
			holdMs ?? this.holdLeft(call, userAgent),
			signal,
		);
		cancelInterim();
		traffic.release(call, clock.now() - from);
		return verdict;
	}

	#costOf({row, expected}: TappedCall): Cost {
		const {burndown} = this.#ports.models.at(row.target).target;
		return row.estimator.cost(expected.inputTokens, expected.maxTokens, burndown.value);
	}

	/** Clients go first or last by their names. */
	get hasLanes(): boolean {
		return (this.#pace?.lanes.length ?? 0) > 0;
	}

	/** Of a client, by its name, else by its product. */
	laneOf({name, product}: Pick<Caller, 'name' | 'product'>): Lane {
		const lanes = this.#pace?.lanes ?? [];
		const ofClient = (called: string) => lanes.find(({client}) => client === called);
		return (ofClient(name) ?? ofClient(product))?.lane ?? 'normal';
	}

	#passOf(room: HoldingRoom, reservation: ReturnType<Bucket['record']>): Pass {
		const {bucket} = room;
		return {
			kind: 'admitted',
			confirmed: () => void bucket.confirm(reservation),
			settled(quotaTokens, failure, usage) {
				if (failure?.class === 'throttled-requests' || failure?.class === 'throttled-tokens') {
					bucket.throttled(reservation, failure.class === 'throttled-requests' ? 'requests' : 'tokens');
				} else if (failure?.class === 'throttled-day') {
					bucket.giveBack(reservation);
					bucket.dayEnded();
				} else if (failure?.class === 'overloaded') {
					bucket.overloaded(reservation);
				} else if (quotaTokens === undefined) {
					bucket.giveBack(reservation);
				} else if (failure === undefined) {
					bucket.settle(reservation, quotaTokens, usage);
				} else {
					bucket.keep(reservation);
				}
				room.pump();
			},
		};
	}

	/** It passes, and counts in the bucket as soon as there is one. */
	#passEarly(call: TappedCall): Pass {
		const {clock, windowMs} = this.#ports;
		const cost = this.#costOf(call);
		let pass: Pass | undefined;
		let isConfirmed = false;
		let settlement: Parameters<Pass['settled']> | undefined;
		const count = (room: HoldingRoom): void => {
			pass = this.#passOf(room, room.bucket.record(cost, this.laneOf(call.caller)));
			if (isConfirmed) {
				pass.confirmed();
			}
			if (settlement !== undefined) {
				pass.settled(...settlement);
			}
		};
		const now = clock.now();
		this.#early = [
			...this.#early.filter(({at}) => at > now - windowMs),
			{index: call.row.target, at: now, count},
		];
		return {
			kind: 'admitted',
			confirmed() {
				isConfirmed = true;
				pass?.confirmed();
			},
			settled(...end) {
				settlement = end;
				pass?.settled(...end);
			},
		};
	}

	#countEarly(index: number, room: HoldingRoom): void {
		const own = this.#early.filter((each) => each.index === index);
		this.#early = this.#early.filter((each) => each.index !== index);
		for (const {count} of own) {
			count(room);
		}
	}

	async #whenKnown(index: number): Promise<void> {
		if (this.#roomOf(index) !== undefined) {
			return;
		}
		const {clock, models, traffic} = this.#ports;
		const {promise: late, resolve} = Promise.withResolvers<void>();
		const cancel = clock.after(quotaPatienceMs, resolve);
		await Promise.race([models.whenRead(index), late]);
		cancel();
		if (this.#roomOf(index) === undefined) {
			traffic.note('unpaced', `${models.at(index).model} passes unpaced: its quotas are not known.`);
		}
	}

	#roomOf(index: number): HoldingRoom | undefined {
		return this.#rooms.get(keyOf(this.#ports.models.at(index).target));
	}
}

const keyOf = (target: Target): string => `${target.region} ${bucketKey(target)}`;

const refusalOf = (verdict: Exclude<HoldEnd, {kind: 'admitted'}>, call: TappedCall): Admitted => {
	switch (verdict.kind) {
		case 'gone':
			return verdict;
		case 'away':
			return {kind: 'refused', refusal: held(verdict.turnInMs, verdict.fuller)};
		case 'never':
			return {kind: 'refused', refusal: largerThanQuota(verdict, call.expected)};
		case 'day':
			return {kind: 'refused', refusal: spentDay};
	}
};
