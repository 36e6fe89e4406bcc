import type {Bucket} from '../admission/bucket.ts';
import type {DayLimit} from '../admission/day-limit.ts';
import type {Reservation} from '../admission/ledger.ts';
import {type Cost, InputEstimate, inputOf, TokenEstimator} from '../admission/token-estimator.ts';
import type {WaitingRoom} from '../admission/waiting-room.ts';
import {chargeOf, classOf} from '../bedrock/failures/classify.ts';
import {factsOf} from '../bedrock/failures/error-facts.ts';
import {countsIn, type ReportedCounts, settleUsage} from '../bedrock/usage.ts';
import {charactersPerToken, settledTokens} from '../domain/accounting.ts';
import type {Dimension, Lane} from '../domain/bucket-usage.ts';
import type {Clock} from '../domain/clock.ts';
import {type Burndown, dayQuotaOf, type Quota} from '../domain/target.ts';
import {
	type AnswerUsage,
	type BucketUsage,
	DayUsedUpError,
	LargerThanQuotaError,
	type Lease,
	LimiterClosedError,
	type LimiterEvent,
	type LimiterGauge,
	type LimiterStore,
	type ModelName,
} from './api.ts';
import {asGiven, type ModelFacts} from './quota.ts';
import type {SharedQuota} from './shared-quota.ts';

/** An event without what all events have: of which model, and when. */
export type ModelNews = LimiterEvent extends infer Event
	? Event extends LimiterEvent
		? Omit<Event, 'at' | keyof ModelName>
		: never
	: never;

/** What a store needs to open a bucket. */
export type Opening = {
	readonly name: Omit<ModelName, 'model'>;
	/** Number of the account, as it was given. */
	readonly account: string | undefined;
	/** The credentials were given as well: the environment does not say whose account it is. */
	readonly hasOwnKeys: boolean;
	/** Number of the account, as AWS says; empty where it can't be found out. */
	readonly askAccount: () => Promise<string>;
	readonly clock: Clock;
	/** @param dayOf The day that all models of the account share, by the quota of the bucket. */
	readonly make: (dayOf: (quota: Quota) => DayLimit) => Bucket;
	/** Something about the store. */
	readonly onEvent: (news: ModelNews) => void;
	/** What to do while the store is lost. */
	readonly whenDown: 'split' | 'stop';
	/** How many members share the quota where the store can't say. */
	readonly memberCount: number | undefined;
};

/** A bucket of a store, as one limiter has it. */
export type OpenBucket = {
	readonly room: WaitingRoom;
	/** Members that share it, this limiter included; null while that is not known. */
	readonly members: () => number | null;
	/** Its quota, where one member reads it for all. */
	readonly sharedQuota?: SharedQuota | undefined;
	/** The others know what was used. */
	readonly close: () => Promise<void>;
};

/** A store as limiters use it. */
export type BucketStore = LimiterStore & {readonly open: (opening: Opening) => Promise<OpenBucket>};

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

/** A quota that was read from the account holds for so long, in milliseconds. */
export const knownForMs = 3_600_000;
/** A quota that was not found is looked for again so soon, in milliseconds. */
const unknownForMs = 300_000;
/** A day that is used up is tried again so often: AWS does not document when it begins. */
const dayTriedEveryMs = 600_000;

/** One bucket of a limiter: what its requests set aside, in which order they go, and what became of them. */
export class ModelBucket {
	readonly name: ModelName;
	readonly room: WaitingRoom;
	#facts: ModelFacts;
	/** Members of its store, this limiter included. */
	readonly members: () => number | null;
	readonly sharedQuota: SharedQuota | undefined;
	readonly #clock: Clock;
	readonly #onNews: (news: ModelNews, model?: string) => void;
	/** When the quota was read, and when that was last tried. */
	#readAt: number;
	#triedAt: number;
	/** What answers taught. */
	readonly outputs = new TokenEstimator(firstPrompt);
	readonly inputs = new InputEstimate();

	constructor(
		facts: ModelFacts,
		{room, members, sharedQuota}: Pick<OpenBucket, 'room' | 'members' | 'sharedQuota'>,
		ports: {readonly clock: Clock; readonly onNews: (news: ModelNews, model?: string) => void},
	) {
		this.#facts = facts;
		this.#triedAt = ports.clock.now();
		this.#readAt = this.#triedAt - facts.readAgoMs;
		this.name = facts.name;
		this.room = room;
		this.members = members;
		this.sharedQuota = sharedQuota;
		this.#clock = ports.clock;
		this.#onNews = ports.onNews;
	}

	get quota(): Quota {
		return this.#facts.quota;
	}

	get burndown(): Burndown {
		return this.#facts.burndown;
	}

	/** Whether the account is to be asked again what its quota is; once for each time that it is due. */
	isDue(): boolean {
		const {isDetected, isUnknown} = this.#facts;
		const now = this.#clock.now();
		const isOld = isUnknown || now - this.#readAt >= knownForMs;
		const isDue = isDetected && isOld && now - this.#triedAt >= unknownForMs;
		this.#triedAt = isDue ? now : this.#triedAt;
		return isDue;
	}

	/** What is known of the quota now. What could not be read again stays as it was. */
	change(facts: ModelFacts): void {
		const [from, to] = [asGiven(this.#facts), asGiven(facts)];
		if (facts.isUnknown) {
			return;
		}
		this.#facts = facts;
		this.#readAt = this.#clock.now() - facts.readAgoMs;
		if (JSON.stringify(from) === JSON.stringify(to)) {
			return;
		}
		this.room.bucket.setQuota(facts.quota);
		this.#onNews({type: 'quota-changed', from, to});
		this.room.pump();
	}

	/**
	 * Waits for room and sets it aside.
	 * @throws LargerThanQuotaError, DayUsedUpError, LimiterClosedError.
	 */
	async acquire(wanted: Wanted): Promise<BucketLease> {
		const {model, lane, caller, signal} = wanted;
		const cost = (): Cost => this.outputs.cost(wanted.inputTokens(), wanted.maxTokens, this.burndown.value);
		const from = this.#clock.now();
		// One for all models where they share it.
		const {day} = this.room.bucket;
		if (from - day.usedUpAt < dayTriedEveryMs) {
			throw new DayUsedUpError(model, dayQuotaOf(this.quota).limit.value);
		}
		if (Number.isFinite(day.usedUpAt)) {
			day.usedUpAt = from;
		}
		const end = await this.room.enter({cost, lane, caller}, signal);
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
				throw new DayUsedUpError(model, dayQuotaOf(this.quota).limit.value);
			case 'gone':
			case 'late':
				throw new LimiterClosedError();
		}
	}

	/** The service said that the tokens of the day are used up. */
	dayEnded(): void {
		this.room.bucket.day.usedUpAt = this.#clock.now();
		this.room.bucket.dayEnded();
	}

	/** An answer came: there are tokens of this day. */
	dayGoesOn(): void {
		this.room.bucket.day.usedUpAt = Number.NEGATIVE_INFINITY;
	}

	/** What counts now. */
	usage(): BucketUsage {
		const {bucket, state: waiting} = this.room;
		const {ledger, day} = bucket;
		const {baseModel, scope, region} = this.name;
		const use = ledger.use();
		const gauge = (dimension: Dimension, reserved: number): LimiterGauge => ({
			used: Math.max(0, use[dimension] - reserved),
			reserved,
			limit: bucket.quota[dimension],
			others: bucket.limits.shownOthers(this.#clock.now(), dimension)?.use ?? null,
		});
		return {
			baseModel,
			scope,
			region,
			requests: gauge('requests', ledger.unconfirmed),
			tokens: gauge('tokens', ledger.heldTokens),
			...(this.quota.outputTokensPerMinute === undefined
				? {}
				: {output: outputGauge(bucket, this.#clock.now())}),
			day: {used: day.own, reserved: day.held, limit: day.limit, others: day.members || null},
			inFlight: ledger.inFlight,
			held: {count: waiting?.count ?? 0, oldestMs: waiting?.oldestMs ?? 0},
			nextRoomMs: waiting?.nextMs ?? null,
			members: this.members(),
			fleet: bucket.fleetView ?? null,
		};
	}
}

const outputGauge = ({output, limits}: Bucket, now: number): LimiterGauge => ({
	used: output.use(now) - output.heldTokens,
	reserved: output.heldTokens,
	limit: limits.output,
	others: null,
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
			const overrun = room.bucket.settle(reservation, settled, known);
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
