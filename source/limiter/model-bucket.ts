import {InputEstimate} from '../admission/input-estimate.ts';
import type {Reservation} from '../admission/ledger.ts';
import {bucketState} from '../admission/run-buckets.ts';
import {type Cost, inputOf, TokenEstimator} from '../admission/token-estimator.ts';
import type {WaitingRoom} from '../admission/waiting-room.ts';
import {chargeOf, classOf} from '../bedrock/failures/classify.ts';
import {factsOf} from '../bedrock/failures/error-facts.ts';
import {countsIn, type ReportedCounts, settleUsage} from '../bedrock/usage.ts';
import {charactersPerToken, settledTokens} from '../domain/accounting.ts';
import type {Lane} from '../domain/bucket-usage.ts';
import type {Clock} from '../domain/clock.ts';
import type {Gauge} from '../domain/snapshot.ts';
import type {Burndown, Quota} from '../domain/target.ts';
import type {AnswerUsage, BucketUsage, Lease, LimiterEvent, LimiterGauge, ModelName} from './api.ts';
import {DayUsedUpError, LargerThanQuotaError, LimiterClosedError} from './errors.ts';

/** An event without what all events have: of which model, and when. */
export type ModelNews = LimiterEvent extends infer Event
	? Event extends LimiterEvent
		? Omit<Event, 'at' | keyof ModelName>
		: never
	: never;

/** A request that wants to be sent. */
type Wanted = {
	/** As it was called. */
	readonly model: string;
	readonly inputTokens: () => number;
	readonly maxTokens: number;
	readonly lane: Lane;
	readonly caller: string | undefined;
	readonly signal: AbortSignal;
	/** What is known of its answer. */
	readonly onSettled?: (inputTokens: number) => void;
};

/** Before an answer: the usual size of a token in text. */
const firstPrompt = {value: 1, isEstimated: true, length: charactersPerToken};

/** A day that is used up is tried again so often: AWS does not document when it begins. */
const dayTriedEveryMs = 600_000;

/** One bucket of a limiter: what its requests set aside, in which order they go, and what became of them. */
export class ModelBucket {
	readonly name: ModelName;
	readonly room: WaitingRoom;
	readonly burndown: Burndown;
	/** In force. */
	quota: Quota;
	/** Members of its store, this limiter included. */
	readonly members: () => number | null;
	readonly #clock: Clock;
	readonly #onNews: (news: ModelNews, model?: string) => void;
	/** When the service last said that the tokens of the day are used up. */
	#dayTriedAt = Number.NEGATIVE_INFINITY;
	/** What answers taught. */
	readonly outputs = new TokenEstimator(firstPrompt);
	readonly inputs = new InputEstimate();

	constructor(
		facts: Pick<ModelBucket, 'name' | 'room' | 'burndown' | 'quota' | 'members'>,
		ports: {readonly clock: Clock; readonly onNews: (news: ModelNews, model?: string) => void},
	) {
		this.name = facts.name;
		this.room = facts.room;
		this.burndown = facts.burndown;
		this.quota = facts.quota;
		this.members = facts.members;
		this.#clock = ports.clock;
		this.#onNews = ports.onNews;
	}

	/**
	 * Waits for room and sets it aside.
	 * @throws LargerThanQuotaError, DayUsedUpError, LimiterClosedError.
	 */
	async acquire(wanted: Wanted): Promise<BucketLease> {
		const {model, lane, caller, signal} = wanted;
		const cost = (): Cost => this.outputs.cost(wanted.inputTokens(), wanted.maxTokens, this.burndown.value);
		const from = this.#clock.now();
		if (from - this.#dayTriedAt < dayTriedEveryMs) {
			throw new DayUsedUpError(model, this.quota.tokensPerDay.value);
		}
		if (Number.isFinite(this.#dayTriedAt)) {
			this.#dayTriedAt = from;
		}
		const end = await this.room.enter({key: '', cost, lane, caller}, Number.POSITIVE_INFINITY, signal);
		switch (end.kind) {
			case 'admitted': {
				const {reservation, heldMs} = end;
				if (heldMs > 0) {
					this.#onNews({type: 'held', lane, heldMs}, model);
				}
				return new BucketLease(this, {wanted, reservation, heldMs, onNews: this.#onNews});
			}
			case 'never':
				throw new LargerThanQuotaError(model, end);
			case 'day':
				throw new DayUsedUpError(model, this.quota.tokensPerDay.value);
			case 'gone':
			case 'away':
				throw new LimiterClosedError();
		}
	}

	/** The service said that the tokens of the day are used up. */
	dayEnded(): void {
		this.#dayTriedAt = this.#clock.now();
	}

	/** An answer came: there are tokens of this day. */
	dayGoesOn(): void {
		this.#dayTriedAt = Number.NEGATIVE_INFINITY;
	}

	/** What counts now. */
	usage(): BucketUsage {
		const {bucket, state: waiting} = this.room;
		const {baseModel, scope, region} = this.name;
		const state = bucketState(bucket, this, {clock: this.#clock, isSending: waiting !== undefined});
		return {
			baseModel,
			scope,
			region,
			requests: gaugeOf(state.requests),
			tokens: gaugeOf(state.tokens),
			day: gaugeOf(state.day),
			inFlight: state.inFlight,
			held: {count: waiting?.count ?? 0, oldestMs: waiting?.oldestMs ?? 0},
			nextRoomMs: waiting?.nextMs ?? null,
			members: this.members(),
		};
	}
}

const gaugeOf = ({used, reserved, limit, others}: Gauge): LimiterGauge => ({
	used,
	reserved,
	limit,
	others: others ?? null,
});

/** Leases that nobody holds any more: what became of them is not known. */
const forgotten = new FinalizationRegistry<() => void>((keep) => keep());

type LeaseFacts = {
	readonly wanted: Wanted;
	readonly reservation: Reservation;
	readonly heldMs: number;
	readonly onNews: (news: ModelNews, model?: string) => void;
};

const shown = {none: 'nothing new', others: 'others', burst: 'bursts', end: 'counted from the end'} as const;

/** What one request has set aside. */
export class BucketLease implements Lease {
	readonly tokens: number;
	readonly heldMs: number;
	readonly #bucket: ModelBucket;
	readonly #facts: LeaseFacts;

	constructor(bucket: ModelBucket, facts: LeaseFacts) {
		this.tokens = facts.reservation.tokens;
		this.heldMs = facts.heldMs;
		this.#bucket = bucket;
		this.#facts = facts;
		const {room} = bucket;
		const {reservation} = facts;
		forgotten.register(
			this,
			() => {
				if (reservation.isOpen) {
					room.bucket.keep(reservation);
					room.pump();
				}
			},
			reservation,
		);
	}

	get isOpen(): boolean {
		return this.#facts.reservation.isOpen;
	}

	firstByte = (): void => {
		if (this.isOpen) {
			this.#bucket.room.bucket.confirm(this.#facts.reservation);
		}
	};

	settle = (usage: AnswerUsage): void => this.settleCounts(countsIn(usage));

	/** `settle` by counts that were read already. */
	settleCounts = (counts: ReportedCounts): void => {
		const known = settleUsage([{source: 'converse', counts}])?.usage;
		if (known === undefined) {
			this.keep();
			return;
		}
		const {wanted, reservation, onNews} = this.#facts;
		this.#end(() => {
			const {room, burndown} = this.#bucket;
			const settled = settledTokens(known, burndown.value);
			const overrun = room.bucket.settle(reservation, settled);
			this.#bucket.dayGoesOn();
			this.#bucket.outputs.learn(1, known);
			wanted.onSettled?.(inputOf(known));
			if (overrun > 0) {
				onNews({type: 'overrun', setAside: reservation.tokens, settled}, wanted.model);
			}
		});
	};

	giveBack = (): void => {
		this.#end(() => this.#bucket.room.bucket.giveBack(this.#facts.reservation));
	};

	keep = (): void => {
		this.#end(() => this.#bucket.room.bucket.keep(this.#facts.reservation));
	};

	failed = (error: unknown): void => {
		const {wanted, reservation, onNews} = this.#facts;
		const {bucket} = this.#bucket.room;
		const facts = factsOf(error);
		const failure = classOf(facts);
		const isCounted = chargeOf(failure, facts) === 'unknown';
		this.#end(() => {
			switch (failure) {
				case 'throttled-requests':
				case 'throttled-tokens': {
					const by = failure === 'throttled-requests' ? 'requests' : 'tokens';
					const news = isCounted ? 'none' : bucket.throttled(reservation, by);
					onNews({type: 'throttled', by, shows: shown[news]}, wanted.model);
					break;
				}
				case 'throttled-day':
					this.#bucket.dayEnded();
					onNews({type: 'throttled', by: 'day', shows: 'nothing new'}, wanted.model);
					break;
				case 'overloaded':
					// Within a stream it had let the request in.
					if (!facts.isWithinStream) {
						bucket.overloaded(reservation);
					}
					onNews({type: 'throttled', by: 'capacity', shows: 'nothing new'}, wanted.model);
					break;
				default:
			}
			if (reservation.isOpen) {
				bucket[isCounted ? 'keep' : 'giveBack'](reservation);
			}
		});
	};

	[Symbol.dispose] = (): void => this.keep();

	#end(how: () => void): void {
		if (this.isOpen) {
			how();
			forgotten.unregister(this.#facts.reservation);
			this.#bucket.room.pump();
		}
	}
}
