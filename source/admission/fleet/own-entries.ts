import type {Clock} from '../../domain/clock.ts';
import type {Reservation} from '../ledger.ts';
import type {EntryEnd, EntryState, MemberFacts, SharedLedger} from './shared-ledger.ts';
import type {StoreLine} from './store-line.ts';

/** A request of this member, and what the ledger of the fleet knows of it. Instants are milliseconds of the clock. */
type Entry = {
	readonly id: string;
	readonly tokens: number;
	readonly reserved: number;
	readonly sentAt: number;
	firstByteAt: number | undefined;
	end: {readonly at: number; readonly settled: EntryEnd['settled']} | undefined;
	/** It is in the ledger; its end may be missing there. */
	isEntered: boolean;
};

type End = {readonly id: string; readonly firstByteAgoMs?: number; readonly end: EntryEnd};

type OwnEntriesOptions = {
	readonly clock: Clock;
	readonly windowMs: number;
	readonly ledger: SharedLedger;
	readonly line: StoreLine;
	readonly facts: MemberFacts;
	/** Before ends are reported: what a probe taught must be known before its end makes way for the next. */
	readonly onReport: () => Promise<void>;
};

/** The requests of a member that count in the window: the ledger of the fleet gets what it does not know of them. */
export class OwnEntries {
	readonly #options: OwnEntriesOptions;
	/** In flight. */
	readonly #open = new Map<Reservation, Entry>();
	/** Ended within the last window, oldest first. */
	#ended: Entry[] = [];
	/** Ended, and the ledger does not know it. */
	readonly #unreported = new Set<Entry>();
	/** Not in the ledger at all. */
	readonly #unentered = new Set<Entry>();

	#reporting: Promise<void> | undefined;

	constructor(options: OwnEntriesOptions) {
		this.#options = options;
	}

	/** @param isEntered The ledger let it in; otherwise it does not know it. */
	sent(reservation: Reservation, id: string, isEntered: boolean): void {
		const {tokens, reserved, sentAt} = reservation;
		const entry: Entry = {
			id,
			tokens,
			reserved,
			sentAt,
			firstByteAt: undefined,
			end: undefined,
			isEntered,
		};
		this.#open.set(reservation, entry);
		if (!isEntered) {
			this.#unentered.add(entry);
		}
	}

	heard(reservation: Reservation): void {
		const entry = this.#open.get(reservation);
		if (entry !== undefined) {
			entry.firstByteAt ??= this.#options.clock.now();
		}
	}

	/** Returns whether it was in flight. */
	ended(reservation: Reservation, settled: EntryEnd['settled']): boolean {
		const entry = this.#open.get(reservation);
		if (entry === undefined) {
			return false;
		}
		this.#open.delete(reservation);
		entry.end = {at: this.#options.clock.now(), settled};
		this.#ended.push(entry);
		if (entry.isEntered) {
			this.#unreported.add(entry);
		}
		this.#forgetOld();
		return true;
	}

	/** A request that was let in and is not sent. */
	notSent(id: string): void {
		const at = this.#options.clock.now();
		const entry: Entry = {
			id,
			tokens: 0,
			reserved: 0,
			sentAt: at,
			firstByteAt: undefined,
			end: {at, settled: 'given-back'},
			isEntered: true,
		};
		this.#ended.push(entry);
		this.#unreported.add(entry);
	}

	/** All of the window, to be entered again; `entered` when they are. */
	takeAll(): {readonly states: readonly EntryState[]; readonly entered: () => void} {
		this.#forgetOld();
		return this.#batch([...this.#open.values(), ...this.#ended]);
	}

	/** Reports to the ledger what it does not know; one batch at a time. A call meanwhile waits for all of it. */
	async report(): Promise<void> {
		this.#reporting ??= this.#reportAll();
		return this.#reporting;
	}

	async #reportAll(): Promise<void> {
		// What a refusal taught is known only after its end, in the same turn.
		await Promise.resolve();
		await this.#options.onReport();
		let isMore = true;
		while (isMore) {
			isMore = (await this.#enterNew()) || (await this.#reportEnds());
		}
		this.#reporting = undefined;
	}

	async #enterNew(): Promise<boolean> {
		const {ledger, facts, line} = this.#options;
		const {states, entered} = this.#batch([...this.#unentered]);
		if (states.length === 0 || !(await line.enter(async () => ledger.enter(facts, states, [])))) {
			return false;
		}
		entered();
		return true;
	}

	async #reportEnds(): Promise<boolean> {
		const {ledger, line} = this.#options;
		const entries = [...this.#unreported];
		if (entries.length === 0) {
			return false;
		}
		const ends = entries.flatMap((entry): readonly End[] => {
			const {id, end, firstByteAgoMs} = this.#stateOf(entry);
			const first = firstByteAgoMs === undefined ? {} : {firstByteAgoMs};
			return end === undefined ? [] : [{id, end, ...first}];
		});
		const isDone = await line.step(async () => {
			const step = await ledger.end(ends);
			return step.kind === 'done' ? {...step, value: true} : step;
		});
		for (const entry of isDone === true ? entries : []) {
			this.#unreported.delete(entry);
		}
		return isDone === true;
	}

	/** What is in flight and in the ledger, for the sign of life. */
	get signs(): ReadonlyArray<{readonly id: string; readonly firstByteAgoMs?: number}> {
		const now = this.#options.clock.now();
		return [...this.#open.values()]
			.filter(({isEntered}) => isEntered)
			.map(({id, firstByteAt}) =>
				firstByteAt === undefined ? {id} : {id, firstByteAgoMs: now - firstByteAt},
			);
	}

	#batch(entries: readonly Entry[]): {readonly states: readonly EntryState[]; readonly entered: () => void} {
		const states = entries.map((entry) => this.#stateOf(entry));
		return {
			states,
			entered: () => {
				for (const [index, entry] of entries.entries()) {
					entry.isEntered = true;
					this.#unentered.delete(entry);
					if (states[index]?.end !== undefined) {
						this.#unreported.delete(entry);
					} else if (entry.end !== undefined) {
						this.#unreported.add(entry);
					}
				}
			},
		};
	}

	#stateOf({id, tokens, reserved, sentAt, firstByteAt, end}: Entry): EntryState {
		const now = this.#options.clock.now();
		return {
			id,
			tokens,
			reserved,
			sentAgoMs: now - sentAt,
			...(firstByteAt === undefined ? {} : {firstByteAgoMs: now - firstByteAt}),
			...(end === undefined ? {} : {end: {agoMs: now - end.at, settled: end.settled}}),
		};
	}

	/** What ended a window ago counts no more, whether the ledger has heard of it or not. */
	#forgetOld(): void {
		const until = this.#options.clock.now() - this.#options.windowMs;
		const kept = this.#ended.findIndex(({end}) => end !== undefined && end.at > until);
		for (const entry of this.#ended.splice(0, kept === -1 ? this.#ended.length : kept)) {
			this.#unreported.delete(entry);
			this.#unentered.delete(entry);
		}
	}
}
