import {
	type Ask,
	type AskVerdict,
	clockJumpMs,
	type EntryEnd,
	type EntryState,
	type FleetMemberState,
	type FleetNotes,
	type FleetState,
	longestPollMs,
	type MemberFacts,
	type ProbeScene,
	partKeptMs,
	probationMs,
	type SharedLedger,
	type Step,
	ticketMs,
	vanishedAfterMs,
} from '../../source/admission/fleet/shared-ledger.ts';
import {dimensions, type Limits, lanes, ofEach, type Use} from '../../source/domain/bucket-usage.ts';
import type {Clock} from '../../source/domain/clock.ts';

/*
 * The ledger that a fleet shares, said as plainly as possible: all entries in one list, each sum counted again each time. What
 * a store does with scripts must come to the same.
 */

type Entry = {
	readonly id: string;
	readonly member: string;
	readonly tokens: number;
	readonly reserved: number;
	/** Instants are the store's. */
	readonly sentAt: number;
	firstByteAt: number | undefined;
	end: {readonly at: number; readonly settled: EntryEnd['settled']} | undefined;
	/** What it counts for, as long as nothing of it changes. */
	parts: Parts | undefined;
};

/** Until when something counts, and how much; infinite: it is in flight. */
type Part = {readonly until: number; readonly amount: number};

/** What an entry counts for: its request, quota tokens from the first byte on and from the end on, and all as of its end. */
type Parts = {
	readonly request: Part;
	readonly first: Part;
	readonly rest: Part;
	readonly ended: Part;
};

type Member = {
	readonly facts: MemberFacts;
	seenAt: number;
	use: Use;
	waiting: number;
	/** Its part of what all may use. */
	part: number;
};

/** What a member has seen of a ledger. */
type Seen = {
	readonly epoch: string;
	readonly steps: number;
	readonly part: number;
	readonly offsetMs: number;
};

/** What is counted: requests, quota tokens from the first byte, and from the end. */
type Count = 'requests' | 'tokens' | 'ended';

type Ticket = Ask & {readonly member: string; readonly arrivedAt: number; until: number};

const markCount = 600;
const rounding = 1e-6;

/** All of a ledger that can be lost and copied. */
type Memory = {
	epoch: string;
	steps: number;
	madeAt: number;
	healedAt: number;
	entries: Map<string, Entry>;
	members: Map<string, Member>;
	/** Members that left or were buried are forgotten; those that vanished are in `members` still. */
	tickets: Map<string, Ticket>;
	notes: {-readonly [Name in keyof FleetNotes]: FleetNotes[Name]};
	noteCount: number;
	tasks: Map<string, {readonly until: number; readonly member: string}>;
	/** Quota tokens taken from a refilling bucket, as of `debtAt`. */
	debt: number;
	debtAt: number;
	probe: string | undefined;
	usedByDay: Map<number, number>;
};

/** The way of one member to the store. */
export type Link = {
	/** Nothing comes through: each step hangs until its caller gives up. */
	isCut: boolean;
	/** Milliseconds there and back. */
	delayMs: () => number;
};

/** A store with one ledger. */
export class SharedLedgerModel {
	/** Steps that were made, by name. */
	readonly calls = new Map<string, number>();
	readonly #clock: Clock;
	readonly #windowMs: number;
	/** Added to the clock it gives the store's. */
	#offsetMs: number;
	#epochs = 0;
	#isDown = false;
	#memory: Memory;

	constructor(clock: Clock, windowMs: number, offsetMs = clock.epoch() - clock.now()) {
		this.#clock = clock;
		this.#windowMs = windowMs;
		this.#offsetMs = offsetMs;
		this.#memory = this.#empty();
	}

	/** The store is stopped: steps hang. */
	stop(): void {
		this.#isDown = true;
	}

	/** It goes on, with what it knew. */
	go(): void {
		this.#isDown = false;
	}

	/** Loses all that it knows. */
	flush(): void {
		this.#memory = this.#empty();
	}

	/** A copy as it is now; `restore` puts it back: the writes since are lost. */
	copy(): () => void {
		const kept = structuredClone(this.#memory);
		return () => {
			this.#memory = structuredClone(kept);
		};
	}

	/** The store's clock jumps. */
	jump(byMs: number): void {
		this.#offsetMs += byMs;
	}

	get now(): number {
		return this.#clock.now() + this.#offsetMs;
	}

	/** What counts now, of whom. */
	get entries(): readonly Entry[] {
		this.#age();
		return [...this.#memory.entries.values()];
	}

	/** What counts now of all, or of one. */
	use(member?: string): Use {
		this.#age();
		return this.#use(member);
	}

	/** The way of one member to it. */
	open(link: Link = {isCut: false, delayMs: () => 0}): SharedLedger {
		let id = '';
		let facts: MemberFacts | undefined;
		let seen: Seen | undefined;
		/** The store's clock moved against that of the member. */
		const hasJumped = (): boolean =>
			seen !== undefined && Math.abs(this.#offsetMs - seen.offsetMs) > clockJumpMs;
		const through = async <Value>(name: string, make: () => Value): Promise<Value> => {
			const delayMs = link.delayMs();
			await this.#wait(delayMs / 2);
			if (link.isCut || this.#isDown) {
				return new Promise<never>(() => {});
			}
			this.calls.set(name, (this.calls.get(name) ?? 0) + 1);
			this.#age();
			const value = make();
			await this.#wait(delayMs / 2);
			return link.isCut ? new Promise<never>(() => {}) : value;
		};
		const step = async <Value>(name: string, make: () => Value): Promise<Step<Value>> =>
			through(name, (): Step<Value> => {
				const memory = this.#memory;
				if (seen === undefined || memory.epoch !== seen.epoch || memory.steps < seen.steps || hasJumped()) {
					return {kind: 'forgotten'};
				}
				memory.steps++;
				const member = memory.members.get(id);
				if (member === undefined && facts !== undefined) {
					return {kind: 'forgotten'};
				}
				if (member !== undefined) {
					member.seenAt = this.now;
				}
				const value = make();
				this.#divide(id);
				return {kind: 'done', value, state: this.#state(id)};
			}).then((result) => {
				if (result.kind === 'done') {
					seen = {
						epoch: result.state.epoch,
						part: result.state.part,
						offsetMs: this.#offsetMs,
						steps: Math.max(result.state.steps, seen?.epoch === result.state.epoch ? seen.steps : 0),
					};
				}
				return result;
			});
		const act = async (name: string, change: () => void): Promise<Step<undefined>> =>
			step(name, () => {
				change();
				return undefined;
			});
		return {
			enter: async (who, entries, others) =>
				through('enter', () => {
					id = who.id;
					facts = who;
					return this.#enter(who, entries, others, seen, hasJumped());
				}).then((state) => {
					seen = {epoch: state.epoch, steps: state.steps, part: state.part, offsetMs: this.#offsetMs};
					return state;
				}),
			reserve: async (ask) => step('reserve', () => this.#reserve(id, ask)),
			fates: async (ids) =>
				step('fates', () =>
					ids.flatMap((each) => {
						const entry = this.#memory.entries.get(each);
						if (entry === undefined) {
							return [];
						}
						const {end, firstByteAt} = entry;
						const isHeard = firstByteAt !== undefined || typeof end?.settled === 'number';
						return [
							{
								id: each,
								isHeard,
								...(end === undefined ? {} : {end: {agoMs: this.now - end.at, settled: end.settled}}),
							},
						];
					}),
				),
			end: async (ends) =>
				act('end', () => {
					for (const {id: each, end, firstByteAgoMs} of ends) {
						if (this.#memory.tickets.get(id)?.id === each) {
							this.#memory.tickets.delete(id);
						}
						this.#end(each, end, firstByteAgoMs);
					}
				}),
			renew: async ({inFlight, use, waiting}) =>
				act('renew', () => {
					const member = this.#memory.members.get(id);
					if (member !== undefined) {
						Object.assign(member, {use, waiting});
					}
					for (const {id: each, firstByteAgoMs} of inFlight) {
						this.#heard(each, firstByteAgoMs);
					}
				}),
			leave: async () =>
				through('leave', () => {
					this.#memory.members.delete(id);
					this.#memory.tickets.delete(id);
				}),
			bury: async (other) =>
				act('bury', () => {
					this.#keepAll(other);
					this.#memory.members.delete(other);
				}),
			members: async () => step('members', () => this.#members()),
			notes: async () => step('notes', () => structuredClone(this.#memory.notes)),
			note: async (name, value) =>
				act('note', () => {
					Object.assign(this.#memory.notes, {[name]: {...value, at: this.now}});
					this.#memory.noteCount++;
				}),
			claimTask: async (name, forMs) =>
				step('claimTask', () => {
					const task = this.#memory.tasks.get(name);
					const isFree =
						task === undefined ||
						task.until <= this.now ||
						task.member === id ||
						this.#isVanished(task.member);
					if (isFree) {
						this.#memory.tasks.set(name, {until: this.now + forMs, member: id});
					}
					return isFree;
				}),
		};
	}

	#enter(
		who: MemberFacts,
		entries: readonly EntryState[],
		others: readonly string[],
		seen: Seen | undefined,
		hasJumped: boolean,
	): FleetState {
		if (hasJumped && this.#memory.epoch === seen?.epoch) {
			// All that it has counted has the wrong age.
			this.flush();
		}
		const memory = this.#memory;
		const hasPast = others.length > 0 || entries.length > 0;
		const isForgotten = seen === undefined ? false : memory.epoch !== seen.epoch || memory.steps < seen.steps;
		if (seen !== undefined && memory.epoch === seen.epoch && memory.steps < seen.steps) {
			// A copy without the last writes: another ledger from here.
			memory.epoch = this.#newEpoch();
		}
		const known = memory.members.get(who.id);
		if (seen !== undefined && (known === undefined || this.now - known.seenAt > this.#windowMs)) {
			memory.notes.answers = {...memory.notes.answers, since: this.now};
		}
		if (isForgotten && hasPast) {
			memory.healedAt = Math.max(memory.healedAt, this.now + this.#windowMs);
		}
		memory.steps++;
		const {id} = who;
		memory.members.set(id, {
			facts: who,
			seenAt: this.now,
			use: memory.members.get(id)?.use ?? {requests: 0, tokens: 0},
			waiting: 0,
			part: Math.min(seen?.part ?? 0, 1 - this.#partsBeside(id)),
		});
		for (const other of isForgotten ? others.filter((each) => !memory.members.has(each)) : []) {
			memory.members.set(other, {
				facts: {id: other, name: other, host: '', pid: 0},
				seenAt: this.now - vanishedAfterMs - 1,
				use: {requests: 0, tokens: 0},
				waiting: 0,
				part: seen?.part ?? 0,
			});
		}
		for (const entry of entries) {
			this.#put(id, entry);
		}
		this.#divide(id);
		return this.#state(id);
	}

	async #wait(ms: number): Promise<void> {
		return ms <= 0 ? undefined : new Promise((resolve) => this.#clock.after(ms, resolve));
	}

	#newEpoch(): string {
		return `epoch-${this.#epochs++}`;
	}

	#empty(): Memory {
		return {
			epoch: this.#newEpoch(),
			steps: 0,
			madeAt: this.now,
			healedAt: Number.NEGATIVE_INFINITY,
			entries: new Map(),
			members: new Map(),
			tickets: new Map(),
			notes: {answers: {since: 0, minutes: []}},
			noteCount: 0,
			tasks: new Map(),
			debt: 0,
			debtAt: this.now,
			probe: undefined,
			usedByDay: new Map(),
		};
	}

	/** What time alone changes. */
	#age(): void {
		const memory = this.#memory;
		const {now} = this;
		for (const [id, member] of memory.members) {
			const isOld = now - member.seenAt > vanishedAfterMs;
			if (isOld) {
				this.#keepAll(id);
			}
			if (now - member.seenAt > vanishedAfterMs + partKeptMs) {
				memory.members.delete(id);
			}
		}
		for (const [id, ticket] of memory.tickets) {
			if (ticket.until <= this.now || this.#isVanished(ticket.member)) {
				memory.tickets.delete(id);
			}
		}
		for (const [id, {end}] of memory.entries) {
			if (end !== undefined && end.at + this.#windowMs <= now) {
				memory.entries.delete(id);
			}
		}
	}

	#isVanished(id: string): boolean {
		const member = this.#memory.members.get(id);
		return member === undefined || this.now - member.seenAt > vanishedAfterMs;
	}

	#keepAll(member: string): void {
		for (const entry of this.#memory.entries.values()) {
			if (entry.member === member) {
				this.#end(entry.id, {agoMs: 0, settled: 'kept'}, undefined);
			}
		}
	}

	/** Enters what a member knows of one of its requests; what was guessed of it is put right. */
	#put(member: string, {id, tokens, reserved, sentAgoMs, firstByteAgoMs, end}: EntryState): void {
		const known = this.#memory.entries.get(id);
		const was = known?.end?.settled;
		if (
			known !== undefined &&
			(end === undefined ? was === 'kept' : was === 'kept' && end.settled !== 'kept')
		) {
			this.#settleDebt(-this.#amountOf(known));
			known.end = undefined;
			known.parts = undefined;
		}
		const entry = this.#memory.entries.get(id) ?? {
			id,
			member,
			tokens,
			reserved,
			sentAt: this.now - sentAgoMs,
			firstByteAt: undefined,
			end: undefined,
			parts: undefined,
		};
		this.#memory.entries.set(id, entry);
		if (end === undefined) {
			this.#heard(id, firstByteAgoMs);
		} else {
			this.#end(id, end, firstByteAgoMs);
		}
	}

	#heard(id: string, firstByteAgoMs: number | undefined): void {
		const entry = this.#memory.entries.get(id);
		if (entry !== undefined && firstByteAgoMs !== undefined && entry.firstByteAt === undefined) {
			entry.firstByteAt = this.now - firstByteAgoMs;
			entry.parts = undefined;
			this.#endProbe(id);
		}
	}

	#end(id: string, {agoMs, settled}: EntryEnd, firstByteAgoMs: number | undefined): void {
		const entry = this.#memory.entries.get(id);
		if (entry === undefined || entry.end !== undefined) {
			return;
		}
		this.#heard(id, firstByteAgoMs);
		entry.end = {at: this.now - agoMs, settled};
		entry.parts = undefined;
		if (typeof settled === 'number') {
			this.#answered(entry.end.at, settled);
		}
		this.#endProbe(id);
		this.#settleDebt(this.#amountOf(entry));
	}

	get #usedToday(): number {
		const {usedByDay} = this.#memory;
		return usedByDay.get(Math.floor(this.now / 86_400_000)) ?? 0;
	}

	#answered(endedAt: number, tokens: number): void {
		const day = Math.floor(endedAt / 86_400_000);
		this.#memory.usedByDay.set(day, (this.#memory.usedByDay.get(day) ?? 0) + tokens);
		const {answers} = this.#memory.notes;
		const at = Math.floor(endedAt / 60_000) * 60_000;
		const known = answers.minutes.find((minute) => minute.at === at) ?? {at, requests: 0, tokens: 0};
		const minute = {at, requests: known.requests + 1, tokens: known.tokens + tokens};
		this.#memory.notes.answers = {
			...answers,
			minutes: [...answers.minutes.filter((each) => each !== known), minute],
		};
	}

	#endProbe(id: string): void {
		if (this.#memory.probe === id) {
			this.#memory.probe = undefined;
		}
	}

	/** Quota tokens that an ended entry counts for. */
	#amountOf({tokens, end}: Entry): number {
		return end === undefined || end.settled === 'given-back'
			? 0
			: end.settled === 'kept'
				? tokens
				: end.settled;
	}

	#settleDebt(tokens: number): void {
		this.#memory.debt += tokens;
	}

	#debtNow(capacity: number): number {
		const memory = this.#memory;
		const paid = (capacity / this.#windowMs) * Math.max(0, this.now - memory.debtAt);
		memory.debt = Math.max(0, memory.debt - paid);
		memory.debtAt = this.now;
		return memory.debt;
	}

	#partsOf(entry: Entry): Parts {
		entry.parts ??= this.#partsNow(entry);
		return entry.parts;
	}

	#partsNow(entry: Entry): Parts {
		const {end, firstByteAt, reserved, tokens} = entry;
		const inFlight = Number.POSITIVE_INFINITY;
		if (end === undefined) {
			return {
				request: {until: firstByteAt === undefined ? inFlight : firstByteAt + this.#windowMs, amount: 1},
				first: {until: inFlight, amount: tokens},
				rest: {until: inFlight, amount: 0},
				ended: {until: inFlight, amount: tokens},
			};
		}
		const firstUntil = (firstByteAt ?? end.at) + this.#windowMs;
		const until = end.at + this.#windowMs;
		const isRequest = end.settled !== 'given-back' || firstByteAt !== undefined;
		const amount = this.#amountOf(entry);
		const fromFirst = end.settled === 'kept' ? 0 : Math.min(amount, reserved);
		return {
			request: {until: firstUntil, amount: isRequest ? 1 : 0},
			first: {until: firstUntil, amount: fromFirst},
			rest: {until, amount: amount - fromFirst},
			ended: {until, amount},
		};
	}

	/** What counts now. @param since What ended before does not count as ended. */
	#sums(member?: string, since = Number.NEGATIVE_INFINITY): Readonly<Record<Count, number>> {
		const sums = {requests: 0, tokens: 0, ended: 0};
		const {now} = this;
		const endedAfter = Math.max(now, since + this.#windowMs - 1e-9);
		const left = ({until, amount}: Part, after: number): number => (until > after ? amount : 0);
		for (const entry of this.#memory.entries.values()) {
			if (member === undefined || entry.member === member) {
				const {request, first, rest, ended} = this.#partsOf(entry);
				sums.requests += left(request, now);
				sums.tokens += left(first, now) + left(rest, now);
				sums.ended += left(ended, endedAfter);
			}
		}
		return sums;
	}

	/** What ended before this instant no longer counts; undefined: tokens count from the first byte. */
	get #endsSince(): number | undefined {
		const {stamping} = this.#memory.notes;
		const oldest = this.now - this.#windowMs;
		if (stamping?.countsFrom === 'first-byte') {
			return undefined;
		}
		const marks = stamping?.countsFrom === 'end' ? '' : (stamping?.marks ?? '');
		const markMs = this.#windowMs / markCount;
		for (let mark = Math.floor(oldest / markMs), tried = 0; tried < markCount; mark++, tried++) {
			if (marks[((mark % markCount) + markCount) % markCount] !== '1') {
				return Math.max(oldest, mark * markMs);
			}
		}
		return oldest;
	}

	#use(member?: string): Use {
		const {requests, tokens, ended} = this.#sums(member);
		const isEnd = this.#memory.notes.stamping?.countsFrom === 'end';
		return {requests, tokens: isEnd ? Math.max(tokens, ended) : tokens};
	}

	#partsBeside(id: string): number {
		return [...this.#memory.members]
			.filter(([other]) => other !== id)
			.reduce((sum, [, {part}]) => sum + part, 0);
	}

	/** A member gets its part: not more than the others know to be free. */
	#divide(id: string): void {
		const {members, healedAt} = this.#memory;
		const member = members.get(id);
		if (member === undefined || healedAt > this.now) {
			return;
		}
		const kept = [...members.entries()].filter(([each]) => this.#isVanished(each));
		const ofLive = kept.reduce((left, [, {part}]) => left - part, 1) / (members.size - kept.length);
		member.part = Math.max(0, Math.min(ofLive, 1 - this.#partsBeside(id)));
	}

	#state(id: string): FleetState {
		const {epoch, steps, entries, members, healedAt, noteCount} = this.#memory;
		const open = [...entries.values()].filter(({end}) => end === undefined);
		const vanished = [...members.keys()].filter((id) => this.#isVanished(id)).length;
		return {
			at: this.now,
			epoch,
			steps,
			use: this.#use(),
			heldTokens: open.reduce((sum, {tokens}) => sum + tokens, 0),
			inFlight: open.length,
			members: members.size - vanished,
			vanished,
			part: members.get(id)?.part ?? 0,
			healingMs: Math.max(0, healedAt - this.now),
			notes: noteCount,
			usedToday: this.#usedToday,
		};
	}

	#members(): readonly FleetMemberState[] {
		return [...this.#memory.members].map(([id, {facts, seenAt, use, waiting}]) => ({
			...facts,
			state: this.#isVanished(id) ? 'vanished' : 'live',
			seenAgoMs: this.now - seenAt,
			use,
			inFlight: [...this.#memory.entries.values()].filter(
				({member, end}) => member === id && end === undefined,
			).length,
			waiting,
		}));
	}

	/** The limits of an ask, less what of the parts of vanished members they do not use. */
	#limitsOf({limits}: Ask): Limits {
		const vanished = [...this.#memory.members].filter(([id]) => this.#isVanished(id));
		return ofEach((dimension) => {
			const limit = limits[dimension];
			if (limit === null) {
				return null;
			}
			return vanished.reduce((left, [id, {part}]) => {
				const use = this.#use(id)[dimension];
				return left - Math.max(0, limit * part - use);
			}, limit);
		});
	}

	#reserve(member: string, ask: Ask): AskVerdict {
		const memory = this.#memory;
		const known = memory.entries.get(ask.id);
		if (known !== undefined && known.end === undefined) {
			return {kind: 'lease'};
		}
		const day = memory.notes.day?.until ?? 0;
		if (day > this.now) {
			return {kind: 'day', forMs: day - this.now};
		}
		const probationLeft = memory.madeAt + probationMs - this.now;
		if (probationLeft > 0) {
			return {kind: 'wait', delayMs: Math.min(longestPollMs, probationLeft), reason: 'turn'};
		}
		const ticket = memory.tickets.get(member);
		const arrivedAt = ticket?.id === ask.id ? ticket.arrivedAt : this.now;
		const own: Ticket = {...ask, member, arrivedAt, until: this.now + ticketMs};
		const before = [...memory.tickets.values()].filter(
			(other) => other.member !== member && this.#isBefore(other, own),
		);
		const verdict = this.#fits(own, before);
		if (verdict === undefined || verdict === 'probe') {
			memory.tickets.delete(member);
			const scene = verdict === 'probe' ? this.#scene() : undefined;
			memory.entries.set(ask.id, {
				id: ask.id,
				member,
				tokens: ask.tokens,
				reserved: ask.reserved,
				sentAt: this.now,
				firstByteAt: undefined,
				end: undefined,
				parts: undefined,
			});
			if (scene === undefined) {
				return {kind: 'lease'};
			}
			memory.probe = ask.id;
			return {kind: 'probe', scene};
		}
		memory.tickets.set(member, own);
		return verdict;
	}

	#isBefore(first: Ticket, second: Ticket): boolean {
		return (
			(lanes.indexOf(first.lane) - lanes.indexOf(second.lane) ||
				first.ownPart - second.ownPart ||
				first.arrivedAt - second.arrivedAt) < 0
		);
	}

	#fits(ask: Ticket, before: readonly Ticket[]): Extract<AskVerdict, {kind: 'wait'}> | 'probe' | undefined {
		const wantedTokens = ask.tokens + ask.headroom + before.reduce((sum, {tokens}) => sum + tokens, 0);
		const wanted = {requests: 1 + before.length, tokens: wantedTokens};
		const limits = this.#limitsOf(ask);
		const since = this.#endsSince;
		const sums = this.#sums(undefined, since);
		const wait = (delayMs: number, reason: 'requests' | 'tokens'): Extract<AskVerdict, {kind: 'wait'}> => ({
			kind: 'wait',
			delayMs: before.length > 0 ? Math.min(delayMs, longestPollMs) : delayMs,
			reason: before.length > 0 ? 'turn' : reason,
		});
		for (const dimension of dimensions) {
			const excess = sums[dimension] + wanted[dimension] - (limits[dimension] ?? Number.POSITIVE_INFINITY);
			if (excess > rounding) {
				return wait(this.#leavesIn(dimension, excess), dimension);
			}
		}
		if (ask.capacity !== null) {
			let held = 0;
			for (const {end, tokens} of this.#memory.entries.values()) {
				held += end === undefined ? tokens : 0;
			}
			const missing = held + wantedTokens - ask.headroom + this.#debtNow(ask.capacity) - ask.capacity;
			if (missing > rounding) {
				return wait(Math.min(longestPollMs, (missing * this.#windowMs) / ask.capacity), 'tokens');
			}
		}
		const endExcess = sums.ended + wantedTokens - (limits.tokens ?? Number.POSITIVE_INFINITY);
		if (since === undefined || endExcess <= rounding) {
			return undefined;
		}
		const mayProbe =
			ask.mayProbe &&
			before.length === 0 &&
			this.#memory.probe === undefined &&
			(this.#memory.notes.stamping?.countsFrom ?? 'unknown') === 'unknown';
		return mayProbe ? 'probe' : wait(Math.min(this.#leavesIn('ended', endExcess), longestPollMs), 'tokens');
	}

	/** Milliseconds until so much has left; where that depends on answers, until it is worth to ask. */
	#leavesIn(of: Count, excess: number): number {
		const {now} = this;
		const leaving: Part[] = [];
		const add = (part: Part): void => {
			if (part.until > now && part.until !== Number.POSITIVE_INFINITY) {
				leaving.push(part);
			}
		};
		for (const entry of this.#memory.entries.values()) {
			const {request, first, rest, ended} = this.#partsOf(entry);
			if (of === 'tokens') {
				add(first);
				add(rest);
			} else {
				add(of === 'requests' ? request : ended);
			}
		}
		leaving.sort((one, other) => one.until - other.until);
		let left = excess;
		for (const {until, amount} of leaving) {
			left -= amount;
			if (left <= rounding) {
				return Math.max(1, until - now);
			}
		}
		return longestPollMs;
	}

	#scene(): ProbeScene {
		const all = [...this.#memory.entries.values()];
		return {
			ended: all
				.flatMap((entry) =>
					entry.end === undefined ? [] : [{agoMs: this.now - entry.end.at, tokens: this.#amountOf(entry)}],
				)
				.toSorted((first, second) => first.agoMs - second.agoMs),
			inFlight: all.flatMap(({id, reserved, sentAt, firstByteAt, end}) =>
				end === undefined
					? [{id, reserved, sentAgoMs: this.now - sentAt, isHeard: firstByteAt !== undefined}]
					: [],
			),
		};
	}
}
