import {
	type Dimension,
	dimensions,
	type EnforcementFit,
	type Limits,
	type MinuteOfUse,
	type Use,
} from '../domain/bucket-usage.ts';
import type {Clock} from '../domain/clock.ts';
import type {Bucket} from './bucket.ts';
import {
	type LearntOfBucket,
	leftBy,
	type MemberRecord,
	type MemberStore,
	partOf,
	type Sharer,
	sumOf,
	tokensOnDay,
} from './member-shares.ts';
import {keptMinutes} from './room.ts';

/*
 * How programs share a bucket without a throttle between them.
 *
 * Each member claims what it may use until it writes again: what it uses already and a piece of its part of the quota. It
 * sends nothing above its claim. A claim is raised in two steps: it is written first, then the records of the others are
 * read, and it holds only when all claims together fit below the quota; else it falls back to what fits. Of two members that
 * raise at the same time at least one reads what the other wrote, so the claims in force never exceed the quota. A claim is
 * lowered only to what is not used any more.
 *
 * How much each may claim follows from one rule for all (`partOf`). What a dead program claimed counts as used until
 * its minute is over: the oldest live member adds it to its own ledger.
 */

/** Milliseconds between two syncs; less while it waits for room that another member holds. */
const syncMs = 1000;
const waitingSyncMs = 250;
/** A member that could not sync for so long sends nothing until it has. Less than the time after which it counts as dead. */
const leaseMs = 5000;
/** A member that has not written for so long is dead, whatever its process does. */
export const deadAfterMs = 10_000;
const dayMs = 86_400_000;
/** Smallest piece of its part that a member claims; after each used-up piece it claims one of twice the size. */
const firstPiece = 1 / 8;

type MembershipOptions = {
	readonly id: string;
	/** The program that it belongs to. */
	readonly process: string;
	readonly bucket: Bucket;
	readonly store: MemberStore;
	readonly clock: Clock;
	/** There may be room now. */
	readonly onChange: () => void;
	/** The store failed; the run continues as if it were alone. Called once. */
	readonly onLost?: (error: unknown) => void;
};

type Read = Awaited<ReturnType<MemberStore['read']>>;

/** One run as a member of its bucket: keeps its claim, and knows what the others claim. */
export class Membership {
	readonly #options: MembershipOptions;
	#others: Read = [];
	#piece: Use = {requests: 0, tokens: 0};
	#admitted: Use = {requests: 0, tokens: 0};
	/** Quota tokens that the others had settled, as last seen. */
	readonly #settledOf = new Map<string, number>();
	#learnt = '';
	/** How the service enforces the limit, as programs of the past learnt it. */
	#enforcement: EnforcementFit | undefined;
	/** What members of the past had answered, and on which day how much. */
	#past: readonly MinuteOfUse[] = [];
	#pastDay = {day: 0, tokens: 0};
	#running: Promise<void> | undefined;
	#isShort = false;
	/** The last claim was granted whole, and the part has room for another piece. */
	#canGrow = true;
	#isEnded = false;
	#cancel = (): void => {};

	constructor(options: MembershipOptions) {
		this.#options = options;
	}

	/** Takes over what dead members left and claims the first piece; after `stop` it is a member again. Never rejects. */
	async start(): Promise<void> {
		const {bucket, store} = this.#options;
		this.#isEnded = false;
		await this.#safely(async () => {
			const learnt = await store.readLearnt();
			if (learnt !== undefined) {
				bucket.stamping.adopt(learnt);
				this.#enforcement = learnt.enforcement;
			}
			this.#learnt = keyOf(this.#toKeep);
			this.#others = await this.#read();
			bucket.standing.onShort = () => {
				if (!this.#isShort) {
					this.#isShort = true;
					this.#schedule();
				}
			};
			await this.sync();
		});
	}

	/** What other programs of the user had answered in the last minutes. */
	get usedElsewhere(): readonly MinuteOfUse[] {
		return [...this.#past, ...this.#others.flatMap(({minutes}) => minutes)].filter(
			({process}) => process !== this.#options.process,
		);
	}

	/** Writes what is left for the others. Never rejects. */
	async stop(): Promise<void> {
		if (this.#isEnded) {
			return;
		}
		await this.#running;
		this.#isEnded = true;
		this.#cancel();
		this.#options.bucket.standing.onShort = () => {};
		await this.#safely(async () => {
			await this.#options.store.write(this.#record(this.#used));
			await this.#keepLearnt(true);
		});
	}

	/** One at a time; a call meanwhile waits for the current one. Never rejects. */
	async sync(): Promise<void> {
		if (this.#running === undefined && !this.#isEnded) {
			this.#running = this.#safely(async () => this.#syncOnce()).finally(() => {
				this.#running = undefined;
				this.#schedule();
				this.#options.onChange();
			});
		}
		return this.#running;
	}

	#schedule(): void {
		this.#cancel();
		if (this.#isEnded || this.#running !== undefined) {
			return;
		}
		const {bucket, clock} = this.#options;
		const isPressed = this.#isShort || (bucket.standing.isWaiting && this.#live.length > 0);
		const delayMs = this.#isShort && this.#canGrow ? 0 : isPressed ? waitingSyncMs : syncMs;
		this.#cancel = clock.after(delayMs, () => {
			void this.sync();
		});
	}

	async #syncOnce(): Promise<void> {
		const {bucket, clock} = this.#options;
		const quota = this.#quota;
		const part = this.#partOf(quota);
		const claim = this.#nextClaim(part);
		await this.#write(claim);
		this.#others = await this.#read();
		await this.#takeOverDead(claim);
		const safe = this.#safeClaim(claim, quota);
		const isReduced = dimensions.some((dimension) => safe[dimension] < claim[dimension]);
		if (isReduced) {
			await this.#write(safe);
		}
		const limits = this.#partOf(quota);
		this.#canGrow =
			!isReduced &&
			dimensions.every((dimension) => safe[dimension] + 1 <= (limits[dimension] ?? Number.POSITIVE_INFINITY));
		bucket.limits.setPart(limits);
		bucket.standing.claim = {...safe, until: clock.now() + leaseMs};
		this.#hearOthers();
		await this.#keepLearnt(false);
	}

	/** What the members divide: the quota, or more where this one goes over it on purpose. */
	get #quota(): Limits {
		const {quota, limits} = this.#options.bucket;
		const greater = (dimension: Dimension): number | null => {
			const limit = quota[dimension];
			return limit === null ? null : Math.max(limit, limits.own[dimension] ?? limit);
		};
		return {requests: greater('requests'), tokens: greater('tokens')};
	}

	/** Lowers what holds before it is lowered for the others to read; what is raised holds only when it was found to fit. */
	async #write(claim: Use): Promise<void> {
		const {bucket, store} = this.#options;
		const held = bucket.standing.claim;
		if (held !== undefined) {
			bucket.standing.claim = {
				requests: Math.min(held.requests, claim.requests),
				tokens: Math.min(held.tokens, claim.tokens),
				until: held.until,
			};
		}
		await store.write(this.#record(claim));
	}

	/** What may count of this member: where others are, by the strictest count. */
	get #used(): Use {
		const {bucket} = this.#options;
		return this.#live.length === 0 ? bucket.ledger.use() : bucket.ledger.maxUse();
	}

	get #live(): Read {
		return this.#others.filter(({isLive}) => isLive);
	}

	/** Claims of dead members are kept out until a live one has taken them over. */
	#partOf({requests, tokens}: Limits): Limits {
		const {id} = this.#options;
		const dead = sumOf(this.#others.filter(({isLive}) => !isLive).map(({claim}) => claim));
		const left = {
			requests: requests === null ? null : Math.max(0, requests - dead.requests),
			tokens: tokens === null ? null : Math.max(0, tokens - dead.tokens),
		};
		return partOf(id, [...this.#live, this.#sharer()], left);
	}

	/** What is used, and a piece of what may be. */
	#nextClaim(part: Limits): Use {
		const {bucket} = this.#options;
		const {admitted} = bucket.standing;
		const isShort = this.#isShort;
		this.#isShort = false;
		const claim = (dimension: Dimension): number => {
			const limit = part[dimension];
			if (limit === null) {
				return 0;
			}
			const sent = admitted[dimension] - this.#admitted[dimension];
			const least = dimension === 'requests' ? 1 : bucket.standing.needs;
			const before = this.#piece[dimension];
			const piece = Math.max(
				isShort ? 2 * before : Math.max(before / 2, 2 * sent),
				limit * firstPiece,
				least,
			);
			this.#piece = {...this.#piece, [dimension]: Math.min(piece, limit)};
			const used = this.#used[dimension];
			return Math.max(used, Math.min(limit, used + piece));
		};
		const next = {requests: claim('requests'), tokens: claim('tokens')};
		this.#admitted = admitted;
		return next;
	}

	/** What of a claim fits beside those of the others; never less than what is used. */
	#safeClaim(claim: Use, quota: Limits): Use {
		const others = sumOf(this.#others.map((member) => member.claim));
		const room = (dimension: Dimension): number => {
			const limit = quota[dimension];
			return limit === null
				? claim[dimension]
				: Math.max(this.#used[dimension], Math.min(claim[dimension], limit - others[dimension]));
		};
		return {requests: room('requests'), tokens: room('tokens')};
	}

	async #read(): Promise<Read> {
		const {store, id} = this.#options;
		return (await store.read()).filter((member) => member.id !== id);
	}

	/** The oldest live member adds the use of dead ones to its ledger, writes that, and removes them. */
	async #takeOverDead(claim: Use): Promise<void> {
		const {bucket, store, id, clock} = this.#options;
		const dead = this.#others.filter(({isLive}) => !isLive);
		if (dead.length === 0 || this.#live.some((member) => member.id < id)) {
			return;
		}
		const since = clock.epoch() - keptMinutes * 60_000;
		this.#pastDay = {day: this.#today, tokens: this.#pastToday + tokensOnDay(dead, this.#today)};
		this.#past = [...this.#past, ...dead.flatMap(({minutes}) => minutes)].filter(({at}) => at >= since);
		bucket.takeOver(
			dead.flatMap((member) => leftBy(member, {now: clock.epoch(), windowMs: bucket.windowMs, leaseMs})),
		);
		const used = this.#used;
		await this.#write({
			requests: Math.max(claim.requests, used.requests),
			tokens: Math.max(claim.tokens, used.tokens),
		});
		await store.remove(dead.map((member) => member.id));
		this.#others = this.#live;
	}

	/** What the others settled since it was last read, what they may still, and what they learnt. */
	#hearOthers(): void {
		const {bucket} = this.#options;
		let settled = 0;
		for (const {id, settledTokens, use, heldTokens, stamping} of this.#live) {
			// Of a new member: all that is in its window.
			settled += Math.max(
				0,
				settledTokens - (this.#settledOf.get(id) ?? settledTokens - (use.tokens - heldTokens)),
			);
			this.#settledOf.set(id, settledTokens);
			if (stamping.countsFrom !== 'unknown' && bucket.stamping.countsFrom === 'unknown') {
				bucket.stamping.adopt(stamping);
			}
		}
		const pending = this.#live.reduce(
			(sum, {heldTokens, claim, use}) => sum + heldTokens + Math.max(0, claim.tokens - use.tokens),
			0,
		);
		bucket.standing.neighbours = {count: this.#live.length, pendingTokens: pending};
		const held = this.#live.reduce((sum, {heldTokens}) => sum + heldTokens, 0);
		if (!bucket.day.isShared) {
			bucket.day.hear(this.#pastToday + tokensOnDay(this.#others, this.#today) + held);
		}
		bucket.noteSettled(settled);
	}

	get #today(): number {
		return Math.floor(this.#options.clock.epoch() / dayMs);
	}

	/** Quota tokens that members of the past used today. */
	get #pastToday(): number {
		return this.#pastDay.day === this.#today ? this.#pastDay.tokens : 0;
	}

	#sharer(): Sharer {
		const {id, bucket} = this.#options;
		const {isWaiting, needs, lastSentAt} = bucket.standing;
		return {id, use: this.#used, most: bucket.limits.own, isWaiting, needs, lastSentAt};
	}

	#record(claim: Use): MemberRecord {
		const {process, bucket, clock} = this.#options;
		return {
			...this.#sharer(),
			isEnded: this.#isEnded,
			writtenAt: clock.epoch(),
			claim,
			heldTokens: bucket.ledger.heldTokens,
			settledTokens: bucket.settledTokens,
			today: {day: this.#today, tokens: bucket.day.own + this.#pastToday},
			entries: bucket.ledger.exportEntries(),
			minutes: [...this.#past, ...bucket.standing.minutes.map(([at, use]) => ({process, at, ...use}))],
			stamping: bucket.stamping.learnt,
		};
	}

	get #toKeep(): LearntOfBucket {
		const {stamping, ledger} = this.#options.bucket;
		const enforcement = ledger.evidence?.fit ?? this.#enforcement;
		return {...stamping.learnt, ...(enforcement === undefined ? {} : {enforcement})};
	}

	/** Written when it changed; at the end also its progress. */
	async #keepLearnt(isLast: boolean): Promise<void> {
		const learnt = this.#toKeep;
		if (keyOf(learnt) !== this.#learnt || (isLast && learnt.accepted > 0)) {
			this.#learnt = keyOf(learnt);
			await this.#options.store.writeLearnt(learnt);
		}
	}

	/** A store that fails must not stop the run: it continues as if it were alone. */
	async #safely(step: () => Promise<void>): Promise<void> {
		const {bucket, onLost} = this.#options;
		try {
			await step();
		} catch (error) {
			bucket.limits.setPart(undefined);
			bucket.standing.claim = undefined;
			bucket.standing.neighbours = {count: 0, pendingTokens: 0};
			if (!bucket.day.isShared) {
				bucket.day.hear(0);
			}
			if (!this.#isEnded) {
				this.#isEnded = true;
				onLost?.(error);
			}
		}
	}
}

/** What of it is worth writing at once: the result, not how often it was seen. */
const keyOf = ({countsFrom, at, refused, enforcement: fit}: LearntOfBucket): string =>
	JSON.stringify([countsFrom, at, refused, fit && [fit.limit, fit.windows, fit.setAside, fit.countsFrom]]);
