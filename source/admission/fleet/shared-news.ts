import {
	type AccountFigures,
	type Dimension,
	dimensions,
	type FleetAnswers,
	type LearntStamping,
	type SharedFigures,
} from '../../domain/bucket-usage.ts';
import type {Clock} from '../../domain/clock.ts';
import type {Bucket} from '../bucket.ts';
import type {Reservation} from '../ledger.ts';
import type {
	EntryEnd,
	FleetLease,
	FleetNotes,
	FleetState,
	ProbeScene,
	SharedLedger,
	Step,
} from './shared-ledger.ts';
import type {StoreLine} from './store-line.ts';

/*
 * What one member of a fleet learns is everybody's: where tokens count from, what strangers use by a throttle or by
 * CloudWatch, that the quota of the day is used up, what the quota is.
 */

/** The others hear of throttles at most so often, in milliseconds. */
const throttleNewsMs = 1000;
const dayMs = 86_400_000;
/** Who reads the account's figures, once per minute, does so for all; for so long without asking again, in milliseconds. */
const readerMs = 90_000;
/** Older figures say nothing about now, in milliseconds. */
const figuresHoldMs = 300_000;

type SharedNewsOptions = {
	readonly bucket: Bucket;
	readonly clock: Clock;
	readonly ledger: SharedLedger;
	readonly line: StoreLine;
	/** @param until Milliseconds since 1970, by the store. */
	readonly onDay: (until: number) => void;
};

/** A probe that this member has sent. Instants are milliseconds of the clock. */
type Probe = {
	readonly reservation: Reservation;
	/** Stands for all that was in flight with it. */
	readonly others: {readonly sentAt: number};
	readonly scene: ProbeScene;
	readonly askedAt: number;
	isHeard: boolean;
	/** How each of the scene's requests in flight ended, in their order; undefined: it has not. */
	fates: ReadonlyArray<{readonly at: number; readonly settled: EntryEnd['settled']} | undefined>;
};

/** The ledger counts what ended in steps of so many milliseconds. */
const slotMs = 100;

/**
 * The latest instant such that what ended since then, and what was in flight since then, left no room for the probe
 * (see `Ledger.fullSince`); undefined when there was none.
 */
function fullSince(
	{reservation, scene, askedAt, fates}: Probe,
	quota: number,
	roundTripMs: number,
): number | undefined {
	const seenBy = reservation.sentAt + 2 * roundTripMs;
	let since = askedAt;
	let held = 0;
	for (const [index, {reserved, sentAgoMs}] of scene.inFlight.entries()) {
		const fate = fates[index];
		const hasEnded = fate !== undefined && fate.at <= seenBy;
		held += hasEnded && typeof fate.settled === 'number' ? Math.min(reserved, fate.settled) : reserved;
		since = Math.min(since, askedAt - sentAgoMs, hasEnded ? fate.at : since);
	}
	let missing = quota - reservation.reserved - held + 1;
	for (const {agoMs, tokens} of missing <= 0 ? [] : scene.ended) {
		missing -= tokens;
		if (missing <= 0) {
			return Math.min(since, askedAt - agoMs - slotMs);
		}
	}
	return missing <= 0 ? since : undefined;
}

function stampingKey({countsFrom, accepted, refused, marks}: LearntStamping): string {
	return `${countsFrom} ${accepted} ${refused} ${marks}`;
}

/** The account's figures as a member of a fleet noted them; undefined where they are too old. @param now The store's time. */
export function notedFigures({reported}: FleetNotes, now: number): AccountFigures | undefined {
	return reported === undefined || now - reported.at > figuresHoldMs ? undefined : reported.figures;
}

/** The notes of a fleet, as one member reads and writes them. */
export class SharedNews {
	/** Takes the account's figures as a member read them: here they limit the bucket at once. */
	onFigures: (figures: AccountFigures) => void;
	readonly #options: SharedNewsOptions;
	/** The stamping as the note has it, as far as it is known: where ours differs it is written. */
	#stampingKey: string;
	/** When strangers were last seen by another, in the store's time. */
	#othersAt = Number.NEGATIVE_INFINITY;
	/** In the store's time. */
	#dayUntil: number | undefined;
	#quota: FleetNotes['quota'];
	#answers: FleetAnswers | undefined;
	/** What all had settled of a day, and when that was so by the store. */
	#used: Pick<FleetState, 'at' | 'usedToday'> = {at: 0, usedToday: 0};
	/** When the account's figures were last reported, in the store's time. */
	#reportedAt = Number.NEGATIVE_INFINITY;
	/** Probes of this member whose evidence is not read yet. */
	#probes: readonly Probe[] = [];
	#reading: Promise<void> | undefined;

	constructor(options: SharedNewsOptions) {
		this.#options = options;
		this.onFigures = ({use, at}) => options.bucket.limits.setOthersUse(use, at);
		this.#stampingKey = stampingKey(options.bucket.stamping.learnt);
	}

	/** Until when the quota of the day is used up, in milliseconds since 1970; undefined while it is not. */
	get dayUntil(): number | undefined {
		const until = this.#dayUntil;
		return until !== undefined && this.#storeNow < until ? until : undefined;
	}

	/** The quota as a member detected it, as JSON, with its age in milliseconds; undefined before one did. */
	get quota(): {readonly json: string; readonly agoMs: number} | undefined {
		const quota = this.#quota;
		return quota === undefined ? undefined : {json: quota.json, agoMs: this.#storeNow - quota.at};
	}

	/** The probe of the bucket is about to be sent by this member. */
	probes(reservation: Reservation, {scene, askedAt}: NonNullable<FleetLease['probe']>): void {
		const {bucket} = this.#options;
		const others = {sentAt: reservation.sentAt};
		const probe: Probe = {reservation, others, scene, askedAt, isHeard: false, fates: []};
		this.#probes = [...this.#probes, probe];
		bucket.stamping.probe(reservation, [others], (roundTripMs) =>
			fullSince(probe, bucket.quota.tokens ?? Number.POSITIVE_INFINITY, roundTripMs),
		);
	}

	/** A first byte came. Returns whether it was that of a probe. */
	heard(reservation: Reservation): boolean {
		const probe = this.#probes.find((each) => each.reservation === reservation);
		if (probe !== undefined) {
			probe.isHeard = true;
		}
		return probe !== undefined;
	}

	/** A request ended: a probe that was not let in proves nothing. */
	ended(reservation: Reservation): void {
		this.#probes = this.#probes.filter((each) => each.isHeard || each.reservation !== reservation);
	}

	/** Reads from accepted probes what they prove, as soon as all that was in flight with them is known to be let in. */
	async evaluate(): Promise<void> {
		const {bucket} = this.#options;
		this.#countDay();
		for (const probe of this.#probes.filter(({isHeard}) => isHeard)) {
			const ids = probe.scene.inFlight.map(({id}) => id);
			const fates = await this.#step(async (ledger) => ledger.fates(ids));
			if (fates === undefined) {
				return;
			}
			const isUnproven = fates.some(({isHeard, end}) => !isHeard && end !== undefined);
			if (isUnproven || fates.length < ids.length) {
				bucket.stamping.ended(probe.others);
			} else if (fates.every(({isHeard}) => isHeard)) {
				probe.fates = fates.map(({end}) =>
					end === undefined ? undefined : {at: this.#options.clock.now() - end.agoMs, settled: end.settled},
				);
				bucket.stamping.heard(probe.others);
			} else {
				continue;
			}
			this.#probes = this.#probes.filter((each) => each !== probe);
		}
	}

	/** The ledger says what all have settled today. */
	hears({at, usedToday}: FleetState): void {
		this.#used = {at, usedToday};
		this.#countDay();
	}

	/** The ledger says that nothing more may be sent today. */
	dayEnds(forMs: number): void {
		const until = this.#storeNow + forMs;
		if (this.dayUntil === undefined) {
			this.#options.onDay(until);
		}
		this.#dayUntil = Math.max(this.#dayUntil ?? 0, until);
	}

	/** The service said so: all stop until its day is assumed to end, at midnight UTC. */
	async sawDayEnd(): Promise<void> {
		const until = (Math.floor(this.#storeNow / dayMs) + 1) * dayMs;
		this.dayEnds(until - this.#storeNow);
		await this.#step(async (ledger) => ledger.note('day', {until}));
	}

	/** A throttle said what strangers use. One member writes per second. */
	async sawOthers(dimension: Dimension): Promise<void> {
		const {bucket, clock} = this.#options;
		const use = bucket.limits.seenOthers(clock.now(), dimension);
		if (
			use === undefined ||
			(await this.#step(async (ledger) => ledger.claimTask('others', throttleNewsMs))) !== true
		) {
			return;
		}
		await this.#step(async (ledger) => ledger.note('others', {use: {[dimension]: use}}));
	}

	/** Does for all what one member does: true for one of them in that time, and for any while the ledger is lost. */
	async claimTask(name: string, forMs: number): Promise<boolean> {
		return (await this.#step(async (ledger) => ledger.claimTask(name, forMs))) ?? true;
	}

	/** The account's figures, which one member reads for all. */
	readonly figures: SharedFigures = {
		claim: async () => {
			const {line} = this.#options;
			if (!line.isOpen) {
				// Alone it can't distinguish the fleet's use from that of strangers; where there was none, there is no other way.
				return this.#answers === undefined;
			}
			const isOurs = await this.#step(async (ledger) => ledger.claimTask('figures', readerMs));
			await this.read();
			return isOurs === true;
		},
		answers: () => this.#answers,
		report: (figures) => {
			void this.#step(async (ledger) => ledger.note('reported', {figures}));
		},
	};

	async detected(json: string): Promise<void> {
		await this.#step(async (ledger) => ledger.note('quota', {json}));
	}

	/** Writes what was learnt of the stamping, where the others do not know it. */
	async publish(): Promise<void> {
		const {stamping} = this.#options.bucket;
		if (stampingKey(stamping.learnt) === this.#stampingKey) {
			return;
		}
		// Another may have written meanwhile.
		await this.read();
		const {learnt} = stamping;
		const key = stampingKey(learnt);
		if (key === this.#stampingKey) {
			return;
		}
		this.#stampingKey = key;
		await this.#step(async (ledger) => ledger.note('stamping', learnt));
	}

	/** Goes by what the others wrote. */
	async read(): Promise<void> {
		this.#reading ??= this.#readOnce().finally(() => {
			this.#reading = undefined;
		});
		await this.#reading;
	}

	async #readOnce(): Promise<void> {
		const notes = await this.#step(async (ledger) => ledger.notes());
		if (notes !== undefined) {
			this.#adopt(notes);
		}
	}

	async #step<Value>(take: (ledger: SharedLedger) => Promise<Step<Value>>): Promise<Value | undefined> {
		const {ledger, line} = this.#options;
		return line.step(async () => take(ledger));
	}

	get #storeNow(): number {
		return this.#options.clock.now() + this.#options.line.toStore;
	}

	/** What the others used of a day that is over says nothing about this one, also while the ledger is lost. */
	#countDay(): void {
		const {day} = this.#options.bucket;
		const {at, usedToday} = this.#used;
		const isToday = Math.floor(at / dayMs) === Math.floor(this.#storeNow / dayMs);
		// The day of all models is counted for all of them (`DayMember`).
		if (!day.isShared) {
			day.hear(isToday ? Math.max(0, usedToday - day.own) : 0);
		}
	}

	#adopt(notes: FleetNotes): void {
		const {bucket, line} = this.#options;
		const {stamping, others, reported, day, quota} = notes;
		this.#answers = notes.answers;
		if (others !== undefined && others.at > this.#othersAt) {
			this.#othersAt = others.at;
			if (this.#storeNow - others.at < bucket.windowMs) {
				bucket.stamping.surprised();
			}
			for (const dimension of dimensions) {
				const use = others.use[dimension];
				if (use !== undefined) {
					bucket.limits.hearOthers(others.at - line.toStore, dimension, use);
				}
			}
		}
		if (stamping !== undefined) {
			this.#stampingKey = stampingKey(stamping);
			bucket.stamping.merge(stamping);
		}
		if (reported !== undefined && reported.at > this.#reportedAt) {
			this.#reportedAt = reported.at;
			const figures = notedFigures(notes, this.#storeNow);
			if (figures !== undefined) {
				this.onFigures(figures);
			}
		}
		if (day !== undefined && day.until > this.#storeNow) {
			this.dayEnds(day.until - this.#storeNow);
		}
		this.#quota = quota ?? this.#quota;
	}
}
