import {
	type Ask,
	type AskVerdict,
	awaitedMs,
	clockJumpMs,
	type EntryEnd,
	type EntryFate,
	type EntryState,
	type FleetMemberState,
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
import {lanes} from '../../source/domain/bucket-usage.ts';

/*
 * The shared ledger by its definition: every figure is counted from the list of requests each time. What keeps sums instead
 * has to say the same at each step. Notes are left to the store's own tests.
 */

type Outcome = EntryEnd['settled'];

/** Slots, not instants, as the store counts: a slot counts until one window after its end. */
type Entry = {
	owner: Member;
	tokens: number;
	reserved: number;
	sentAt: number;
	heard: number | undefined;
	end: {slot: number; how: Outcome; half: number} | undefined;
};

type Lump = {requests: number; tokens: number; ended: number};

type Member = {
	facts: MemberFacts | undefined;
	own: number;
	seenAt: number;
	part: number;
	checkedAt: number;
	goneAt: number | undefined;
	isAwaited: boolean;
	isBuried: boolean;
	lump: Lump | undefined;
	use: {requests: number; tokens: number};
	waiting: number;
};

type Ticket = {
	owner: string;
	id: string;
	lane: number;
	part: number;
	arrived: number;
	tokens: number;
	until: number;
};

const whole = 1_000_000;
const dayOf = (at: number): number => Math.floor(at / 86_400_000);
const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);

/**
 * @param now The store's time.
 * @param ownClock The members' time.
 */
export function createLedgerModel(windowMs: number, now: () => number, ownClock: () => number) {
	let epoch = 0;
	let isMade = false;
	let steps = 0;
	let [last, madeAt, healUntil, holdUntil, gapAt] = [0, 0, 0, 0, 0];
	let [capacity, debt, drainedAt] = [0, 0, 0];
	let probe: string | undefined;
	const unknown = {countsFrom: 'unknown', marks: ''};
	let stamping = unknown;
	let dayUntil = 0;
	let notes = 0;
	let today = {day: 0, tokens: 0};
	/** What a sweep found; it holds until the next. */
	const none = {
		live: 0,
		gone: 0,
		parts: 0,
		kept: 0,
		awaited: 0,
		at: 0,
		lumps: [] as ReadonlyArray<Lump & {part: number}>,
	};
	let swept = none;
	const entries = new Map<string, Entry>();
	const members = new Map<string, Member>();
	const tickets = new Map<string, Ticket>();
	let time = 0;

	const slotOf = (at: number): number => Math.floor((at * 600) / windowMs);
	const halfOf = (at: number): number => Math.floor((at * 2) / windowMs);
	const isIn = (slot: number): boolean => slot > slotOf(time) - 601;
	const isMarked = (slot: number): boolean =>
		stamping.countsFrom === 'unknown' && stamping.marks[((slot % 600) + 600) % 600] === '1';
	const areAllMarked = (): boolean => !stamping.marks.includes('0');
	/** An end counts while a minute of the service may have begun at an unmarked place after it left. */
	const endCounts = (slot: number): boolean => {
		let first = slotOf(time) - 600;
		while (!areAllMarked() && isMarked(first)) {
			first++;
		}
		return slot >= first;
	};
	const fadesAt = (slot: number): number => {
		let from = slot;
		while (!areAllMarked() && isMarked(from)) {
			from--;
		}
		return ((from + 601) * windowMs) / 600;
	};
	const leavesAt = (slot: number): number => ((slot + 601) * windowMs) / 600;

	const open = (): ReadonlyArray<readonly [string, Entry]> =>
		[...entries].filter(([, {end}]) => end === undefined);
	/** Amounts by slot: of requests, of tokens from the first byte, of tokens that ended. */
	const amounts = (
		each: Entry,
	): {
		r: ReadonlyArray<readonly [number, number]>;
		t: ReadonlyArray<readonly [number, number]>;
		e: ReadonlyArray<readonly [number, number]>;
	} => {
		const r = each.heard === undefined ? [] : [[each.heard, 1] as const];
		if (each.end === undefined || each.end.how === 'given-back') {
			return {r, t: [], e: []};
		}
		const {slot, how} = each.end;
		if (how === 'kept') {
			return {r, t: [[slot, each.tokens]], e: [[slot, each.tokens]]};
		}
		const first = Math.min(how, each.reserved);
		return {
			r,
			t: [
				[each.heard ?? slot, first],
				[slot, how - first],
			],
			e: [[slot, how]],
		};
	};
	const counted = (kind: 'r' | 't' | 'e', of: readonly Entry[] = [...entries.values()]): number =>
		sum(
			of.flatMap((each) =>
				amounts(each)
					[kind].filter(([slot]) => isIn(slot))
					.map(([, amount]) => amount),
			),
		);
	const endedNow = (): number =>
		sum(
			[...entries.values()].flatMap((each) =>
				amounts(each)
					.e.filter(([slot]) => isIn(slot) && endCounts(slot))
					.map(([, amount]) => amount),
			),
		);
	/** Sums of what is in the window by slot, oldest first. */
	const slotsOf = (kind: 'r' | 't' | 'e'): ReadonlyArray<readonly [slot: number, amount: number]> => {
		const bySlot = new Map<number, number>();
		for (const [slot, amount] of [...entries.values()].flatMap((each) => amounts(each)[kind])) {
			bySlot.set(slot, (bySlot.get(slot) ?? 0) + amount);
		}
		return [...bySlot].filter(([slot, amount]) => isIn(slot) && amount !== 0).toSorted(([a], [b]) => a - b);
	};
	const unheard = (): number => open().filter(([, {heard}]) => heard === undefined).length;
	const held = (): number => sum(open().map(([, {tokens}]) => tokens));
	const perMs = (): number => (capacity * (whole - swept.kept)) / whole / windowMs;

	const hear = (id: string, each: Entry, at: number): void => {
		if (each.heard === undefined) {
			each.heard = slotOf(at);
			probe = probe === id ? undefined : probe;
		}
	};
	/** Returns the tokens that count. */
	const finish = (id: string, each: Entry, at: number, how: Outcome): number => {
		if (how === 'given-back') {
			probe = probe === id ? undefined : probe;
			if (each.heard === undefined) {
				entries.delete(id);
				return 0;
			}
		} else {
			hear(id, each, at);
		}
		each.end = {slot: slotOf(at), how, half: halfOf(time)};
		if (typeof how === 'number' && dayOf(at) === today.day) {
			today.tokens += how;
		}
		return how === 'given-back' ? 0 : how === 'kept' ? each.tokens : how;
	};
	const keepAll = (owner: Member, isMeant: (id: string, each: Entry) => boolean): void => {
		for (const [id, each] of open()) {
			if (each.owner === owner && isMeant(id, each)) {
				debt += finish(id, each, time, 'kept');
			}
		}
	};

	const vanish = (owner: Member): void => {
		const own = [...entries].filter(([, each]) => each.owner === owner);
		const flying = own.filter(([, {end}]) => end === undefined).map(([, each]) => each);
		const all = own.map(([, each]) => each);
		const tokens = sum(flying.map((each) => each.tokens));
		owner.lump = {
			requests: counted('r', all) + flying.filter(({heard}) => heard === undefined).length,
			tokens: counted('t', all) + tokens,
			ended: counted('e', all) + tokens,
		};
		debt += tokens;
		for (const [id] of own) {
			probe = probe === id ? undefined : probe;
			entries.delete(id);
		}
	};

	/** What a vanished member keeps comes to its end. Returns when there is something to do about it again. */
	const endPart = (id: string, member: Member, goneAt: number): number => {
		member.isAwaited &&= time < madeAt + awaitedMs;
		if (member.lump !== undefined && (time >= goneAt + windowMs || sum(Object.values(member.lump)) === 0)) {
			member.lump = undefined;
		}
		if (time >= goneAt + partKeptMs) {
			Object.assign(member, {isBuried: true, part: 0});
		}
		if (member.isBuried && member.lump === undefined) {
			members.delete(id);
			tickets.delete(id);
		}
		return member.lump === undefined ? Number.POSITIVE_INFINITY : goneAt + windowMs;
	};

	const sweep = (): void => {
		const before = swept.awaited;
		for (const [id, member] of members) {
			if (member.goneAt === undefined && time - member.seenAt >= vanishedAfterMs) {
				member.goneAt = time;
				tickets.delete(id);
				vanish(member);
			}
		}
		let at = time + vanishedAfterMs;
		for (const [id, member] of members) {
			at = Math.min(
				at,
				member.goneAt === undefined ? member.seenAt + vanishedAfterMs : endPart(id, member, member.goneAt),
			);
		}
		const all = [...members.values()];
		const gone = all.filter(({goneAt}) => goneAt !== undefined);
		const awaited = gone.filter(({isAwaited}) => isAwaited).length;
		if (awaited > 0) {
			at = Math.min(at, madeAt + awaitedMs);
		} else if (before > 0) {
			healUntil = Math.max(madeAt + probationMs, Math.min(healUntil, time + windowMs));
		}
		swept = {
			live: all.length - gone.length,
			gone: gone.filter(({isBuried}) => !isBuried).length,
			parts: sum(all.map(({part}) => part)),
			kept: sum(gone.map(({part}) => part)),
			awaited,
			at,
			lumps: gone.flatMap(({lump, part}) => (lump === undefined ? [] : [{...lump, part}])),
		};
	};

	const pass = (me: Member | undefined): void => {
		time = Math.max(now(), last);
		today = dayOf(time) === today.day ? today : {day: dayOf(time), tokens: 0};
		const others = swept.live - (me !== undefined && me.goneAt === undefined ? 1 : 0);
		if (others > 0 && time - last >= vanishedAfterMs) {
			[gapAt, holdUntil, healUntil] = [time, time + probationMs, Math.max(healUntil, time + probationMs)];
		}
		for (const [id, {end}] of entries) {
			if (end !== undefined && halfOf(time) - end.half >= 3) {
				entries.delete(id);
			}
		}
	};
	const drain = (): void => {
		debt = Math.max(0, debt - (time - drainedAt) * perMs());
		drainedAt = time;
	};
	const lumpsOf = (kind: keyof Lump): number => sum(swept.lumps.map((lump) => lump[kind]));
	const leftOf = (limit: number | null, kind: keyof Lump): number | null => {
		if (limit === null) {
			return null;
		}
		const lumped = sum(
			swept.lumps.map((lump) => Math.max(Math.ceil((lump.part * limit) / whole), lump[kind])),
		);
		const kept = swept.kept - sum(swept.lumps.map(({part}) => part));
		return limit - Math.ceil((kept * limit) / whole) - lumped;
	};

	/** The ledger as one member sees it. */
	const ledger = (): SharedLedger => {
		let id = '';
		let known: {state: FleetState; own: number; at: number} | undefined;
		let hasJumped = false;
		let asked: number | null = null;
		const expected = (): number => (known === undefined ? 0 : known.state.at + ownClock() - known.at);
		const partKnown = (): number => Math.round((known?.state.part ?? 0) * whole);

		const done = (me: Member | undefined, isNew = false): FleetState => {
			steps++;
			last = time;
			let part = 0;
			if (me !== undefined) {
				me.own++;
				const fair = Math.floor((whole - swept.kept) / Math.max(1, swept.live));
				part = Math.max(0, Math.min(fair, whole - (swept.parts - me.part)));
				part = time < holdUntil || swept.awaited > 0 ? Math.min(part, partKnown()) : part;
				const heldPart = Math.max(part, partKnown());
				swept = {...swept, parts: swept.parts + heldPart - me.part};
				me.part = heldPart;
			}
			const byFirst = held() + counted('t') + lumpsOf('tokens');
			const state: FleetState = {
				at: time,
				epoch: String(epoch),
				steps,
				use: {
					requests: unheard() + counted('r') + lumpsOf('requests'),
					tokens:
						stamping.countsFrom === 'end'
							? Math.max(byFirst, held() + endedNow() + lumpsOf('ended'))
							: byFirst,
				},
				heldTokens: held(),
				inFlight: open().length,
				members: swept.live,
				vanished: swept.gone,
				part: part / whole,
				healingMs: Math.max(0, healUntil - time),
				notes,
				usedToday: today.tokens,
			};
			if (isNew || me !== undefined) {
				known = {state, own: me?.own ?? 0, at: ownClock()};
			}
			return state;
		};

		/** The member, where the ledger knows of all that it knows. */
		const begin = (lateMs = clockJumpMs): Member | undefined => {
			const me = members.get(id);
			const lag = now() - expected();
			const isKnown =
				known !== undefined &&
				isMade &&
				known.state.epoch === String(epoch) &&
				steps >= known.state.steps &&
				me?.goneAt === undefined &&
				(me?.own ?? -1) >= known.own &&
				Math.abs(lag) <= clockJumpMs &&
				lag <= lateMs;
			if (!isKnown) {
				hasJumped ||= known !== undefined && Math.abs(lag) > clockJumpMs;
				return undefined;
			}
			pass(me);
			if (me !== undefined) {
				me.seenAt = time;
			}
			drain();
			if (time >= swept.at) {
				sweep();
			}
			return me;
		};
		const step = async <Value>(value: (me: Member) => Value, lateMs?: number): Promise<Step<Value>> => {
			const me = begin(lateMs);
			if (me === undefined) {
				return {kind: 'forgotten'};
			}
			const answer = value(me);
			return {kind: 'done', value: answer, state: done(members.get(id))};
		};

		/** When amounts in the window reach a sum: the slot of the one that does. */
		const reached = (kind: 'r' | 't' | 'e', high: number): number | undefined => {
			let total = 0;
			for (const [slot, amount] of slotsOf(kind).filter(([slot]) => kind !== 'e' || endCounts(slot))) {
				total += amount;
				if (total >= high) {
					return slot;
				}
			}
			return undefined;
		};
		const between = (from: number, to: number | undefined): number =>
			Math.max(from, Math.min(to ?? longestPollMs, longestPollMs));
		const delayOf = (kind: 'r' | 't' | 'e', excess: number, free: number): number => {
			const leaves = kind === 'e' ? fadesAt : leavesAt;
			const high = reached(kind, excess);
			const to = high === undefined ? undefined : leaves(high) - time;
			if (free === 0 && to !== undefined) {
				return to;
			}
			const low = excess > free ? reached(kind, excess - free) : undefined;
			return between(low === undefined ? 0 : leaves(low) - time, to);
		};

		const lacks = (limit: number | null, use: number): boolean => limit !== null && use > limit;
		/** All that decides on an ask. */
		const viewOf = (ask: Ask) => {
			const size =
				ask.capacity === null ? null : ask.capacity - Math.ceil((swept.kept * ask.capacity) / whole);
			return {
				size,
				use: {requests: unheard() + counted('r'), tokens: held() + counted('t'), ended: held() + endedNow()},
				max: {
					requests: leftOf(ask.limits.requests, 'requests'),
					tokens: leftOf(ask.limits.tokens, 'tokens'),
					ended: stamping.countsFrom === 'first-byte' ? null : leftOf(ask.limits.tokens, 'ended'),
				},
				needed: ask.tokens + (unheard() > 0 ? ask.headroom : 0),
				isProbing: ask.mayProbe && stamping.countsFrom === 'unknown',
			};
		};
		type View = ReturnType<typeof viewOf>;
		const fits = (
			{tokens}: Ask,
			{size, use, max, needed, isProbing}: View,
			before: readonly Ticket[],
		): 'lease' | 'probe' | undefined => {
			const more = sum(before.map((ticket) => ticket.tokens));
			const isFull =
				lacks(max.requests, use.requests + before.length + 1) ||
				lacks(max.tokens, use.tokens + more + needed) ||
				(size !== null && tokens + held() + more > size - debt);
			const isFullByEnd = lacks(max.ended, use.ended + more + needed);
			return isFull || (isFullByEnd && !(isProbing && probe === undefined))
				? undefined
				: isFullByEnd
					? 'probe'
					: 'lease';
		};
		const isBefore = (first: Ticket, second: Ticket): boolean => {
			const order = ({lane, part, arrived, owner}: Ticket): readonly (number | string)[] => [
				lane,
				part,
				arrived,
				owner,
			];
			const [mine, other] = [order(first), order(second)];
			const index = mine.findIndex((each, place) => each !== other[place]);
			return index >= 0 && (mine[index] ?? 0) < (other[index] ?? 0);
		};
		const ticketOf = (ask: Ask): Ticket => {
			const own = tickets.get(id);
			return {
				owner: id,
				id: ask.id,
				lane: lanes.indexOf(ask.lane),
				part: Math.round(ask.ownPart * whole),
				arrived: own?.id === ask.id ? own.arrived : time,
				tokens: ask.tokens,
				until: time + ticketMs,
			};
		};
		const sceneNow = (): ProbeScene => ({
			ended: slotsOf('e')
				.map(([slot, tokens]) => ({agoMs: Math.ceil(time - (slot * windowMs) / 600), tokens}))
				.toReversed(),
			inFlight: open().map(([each, {reserved, sentAt, heard}]) => ({
				id: each,
				reserved,
				sentAgoMs: time - sentAt,
				isHeard: heard !== undefined,
			})),
		});
		const grant = (me: Member, {id: entry, tokens, reserved}: Ask, kind: 'lease' | 'probe'): AskVerdict => {
			const scene = sceneNow();
			entries.set(entry, {owner: me, tokens, reserved, sentAt: time, heard: undefined, end: undefined});
			if (tickets.get(id)?.id === entry) {
				tickets.delete(id);
			}
			if (kind === 'lease') {
				return {kind};
			}
			probe = entry;
			return {kind, scene};
		};
		const refillDelay = (tokens: number, size: number): number => {
			const wanted = tokens + held();
			const missing = wanted - (size - debt);
			const to = wanted <= size ? missing / perMs() : undefined;
			if (perMs() <= 0) {
				return longestPollMs;
			}
			return held() === 0 && to !== undefined ? to : between(Math.max(0, missing - held()) / perMs(), to);
		};
		const delayOn = ({tokens}: Ask, {size, use, max, needed, isProbing}: View): number => {
			const free = held() + needed - tokens;
			const over = (limit: number | null, wanted: number): number | undefined =>
				limit !== null && wanted > limit ? wanted - limit : undefined;
			const requests = over(max.requests, use.requests + 1);
			const byFirst = over(max.tokens, use.tokens + needed);
			const byEnd = isProbing && probe === undefined ? undefined : over(max.ended, use.ended + needed);
			const atEnd = byEnd === undefined ? 1 : delayOf('e', byEnd, free);
			const delays = [
				requests === undefined ? 1 : delayOf('r', requests, 0),
				byFirst === undefined ? 1 : delayOf('t', byFirst, free),
				isProbing ? Math.min(atEnd, longestPollMs) : atEnd,
				size !== null && tokens + held() > size - debt ? refillDelay(tokens, size) : 1,
			];
			return Math.ceil(Math.max(...delays));
		};

		/** What is known of an ask without a count. */
		const verdictAtOnce = ({id: entry}: Ask): AskVerdict | undefined => {
			const known = entries.get(entry);
			if (known !== undefined && known.end === undefined) {
				return {kind: 'lease'};
			}
			if (dayUntil > time) {
				return {kind: 'day', forMs: dayUntil - time};
			}
			const delayMs = swept.awaited > 0 ? longestPollMs : healUntil - time;
			return healUntil > time ? {kind: 'wait', delayMs, reason: 'turn'} : undefined;
		};
		const takeTurn = (ask: Ask, {max}: View): void => {
			const [own, mine] = [tickets.get(id), ticketOf(ask)];
			const isNext = own === undefined || own.id === ask.id || isBefore(mine, own);
			if (isNext && !lacks(max.tokens, ask.tokens) && !lacks(max.requests, 1)) {
				tickets.set(id, mine);
			}
		};
		const ticketsBefore = (ask: Ask): readonly Ticket[] => {
			for (const {owner} of [...tickets.values()].filter(({until}) => until <= time)) {
				tickets.delete(owner);
			}
			const mine = ticketOf(ask);
			const others = [...tickets.values()].filter(({owner, id: other}) => owner !== id || other !== ask.id);
			return others.filter((ticket) => isBefore(ticket, mine));
		};

		const judge = (me: Member, ask: Ask): AskVerdict => {
			const atOnce = verdictAtOnce(ask);
			if (atOnce !== undefined) {
				return atOnce;
			}
			capacity = ask.capacity ?? capacity;
			const view = viewOf(ask);
			const kind = fits(ask, view, ticketsBefore(ask));
			if (kind !== undefined) {
				return grant(me, ask, kind);
			}
			takeTurn(ask, view);
			if (fits(ask, view, []) !== undefined) {
				return {kind: 'wait', delayMs: longestPollMs, reason: 'turn'};
			}
			const reason = lacks(view.max.requests, view.use.requests + 1) ? 'requests' : 'tokens';
			return {kind: 'wait', delayMs: delayOn(ask, view), reason};
		};

		const reopen = (me: Member, each: Entry): void => {
			each.owner = me;
			each.heard = each.heard !== undefined && each.heard < (each.end?.slot ?? 0) ? each.heard : undefined;
			each.sentAt = time;
			each.end = undefined;
		};

		/** What a member says of its entry. Returns the tokens that it owes by its end. */
		const hearOf = (
			me: Member,
			{
				id: entry,
				firstByteAgoMs,
				end,
			}: Pick<EntryState, 'id'> & {firstByteAgoMs?: number | undefined; end?: EntryEnd | undefined},
			each: Entry,
		): number | undefined => {
			const isReopened = each.end?.how === 'kept' && end?.settled !== 'kept';
			if (isReopened) {
				reopen(me, each);
			}
			if (each.end !== undefined || each.owner !== me) {
				return undefined;
			}
			if (firstByteAgoMs !== undefined) {
				hear(entry, each, time - firstByteAgoMs);
			}
			const counts = end === undefined ? undefined : finish(entry, each, time - end.agoMs, end.settled);
			return isReopened ? 0 : counts;
		};
		/** A new ledger: all that were members are awaited. */
		const startAnew = (at: number): void => {
			entries.clear();
			tickets.clear();
			for (const member of members.values()) {
				member.lump = undefined;
				if (member.goneAt === undefined) {
					member.isAwaited = isMade || at - member.seenAt < vanishedAfterMs;
					member.goneAt = at;
				}
			}
			epoch++;
			isMade = true;
			[steps, last, madeAt, gapAt] = [0, at, at, 0];
			[healUntil, holdUntil] = [at + probationMs, at + probationMs];
			[capacity, debt, drainedAt, probe] = [asked ?? 0, 0, at, undefined];
			swept = none;
		};
		const awaitThem = (saw: readonly string[]): void => {
			const part = partKnown() > 0 ? partKnown() : Math.floor(whole / (saw.length + 1));
			for (const each of saw.filter((name) => !members.has(name))) {
				members.set(each, {
					...stranger(undefined),
					seenAt: 0,
					part,
					checkedAt: 0,
					goneAt: time,
					isAwaited: true,
				});
			}
		};
		/** An entry as its member knows it. Returns what ended before the ledger knew of it: when, and tokens. */
		const bringOne = (
			me: Member,
			{id: entry, tokens, reserved, sentAgoMs, firstByteAgoMs, end}: EntryState,
		): readonly [at: number, tokens: number] | undefined => {
			const known = entries.get(entry);
			const each = known ?? {
				owner: me,
				tokens,
				reserved,
				sentAt: time - sentAgoMs,
				heard: undefined,
				end: undefined,
			};
			entries.set(entry, each);
			const counts = hearOf(me, {id: entry, firstByteAgoMs, end}, each);
			if (end === undefined || counts === undefined || known !== undefined) {
				debt += counts ?? 0;
				return undefined;
			}
			return [time - end.agoMs, counts];
		};
		const bring = (me: Member, list: readonly EntryState[]): void => {
			const late = list.flatMap((each) => {
				const found = bringOne(me, each);
				return found === undefined ? [] : [found];
			});
			late.sort(([a], [b]) => a - b);
			let owed = 0;
			for (const [index, [from, counts]] of late.entries()) {
				owed = Math.max(0, owed + counts - ((late[index + 1]?.[0] ?? time) - from) * perMs());
			}
			debt += owed;
		};
		const stranger = (facts: MemberFacts | undefined): Member => ({
			...{facts, own: 0, seenAt: time, part: 0, checkedAt: time, goneAt: undefined, isAwaited: false},
			...{isBuried: false, lump: undefined, use: {requests: 0, tokens: 0}, waiting: 0},
		});

		/** Whether the ledger lacks what this member has seen of it. */
		const hasLost = (me: Member | undefined, at: number): boolean => {
			const hasGap = at - last >= vanishedAfterMs || at < last || at - gapAt < awaitedMs;
			const hasForgotten =
				known !== undefined && (steps < known.state.steps || (me?.own ?? Infinity) < known.own);
			return hasForgotten || (hasJumped && hasGap);
		};

		const heal = (isOfThePast: boolean): void => {
			if (swept.awaited > 0) {
				healUntil = Math.max(healUntil, madeAt + awaitedMs + windowMs);
			} else if (isOfThePast) {
				healUntil = Math.max(healUntil, time + windowMs);
			}
		};

		const enter = (facts: MemberFacts, list: readonly EntryState[], saw: readonly string[]): FleetState => {
			id = facts.id;
			const at = now();
			let me = members.get(id);
			const isOther = !isMade || known?.state.epoch !== String(epoch);
			const isLost = !isMade || (!isOther && hasLost(me, at));
			const knowsPast = (isLost || isOther) && (known !== undefined || saw.length > 0 || list.length > 0);
			if (isLost) {
				startAnew(at);
			}
			pass(me);
			drain();
			if (knowsPast && known !== undefined && dayOf(known.state.at) === today.day) {
				today.tokens = Math.max(today.tokens, known.state.usedToday);
			}
			const isAwaiting = time < madeAt + awaitedMs;
			const isStranger = me === undefined;
			me ??= stranger(facts);
			Object.assign(me, {
				facts,
				seenAt: time,
				goneAt: undefined,
				isAwaited: false,
				isBuried: false,
				lump: undefined,
			});
			members.set(id, me);
			if (knowsPast && isAwaiting) {
				awaitThem(saw);
			}
			sweep();
			heal(knowsPast && (isAwaiting || isStranger));
			bring(me, list);
			hasJumped = false;
			return done(me, true);
		};

		const endOne = (me: Member, each: Parameters<SharedLedger['end']>[0][number]): void => {
			const known = entries.get(each.id);
			if (known !== undefined) {
				debt += hearOf(me, each, known) ?? 0;
			} else if (each.end.settled === 'given-back' && tickets.get(id)?.id === each.id) {
				tickets.delete(id);
			}
		};

		const notAsked = async (): Promise<never> => {
			throw new Error('The model does not keep the text of notes.');
		};

		return {
			enter: async (facts, list, seen) =>
				enter(
					facts,
					list,
					seen.filter((each) => each !== facts.id),
				),
			async reserve(ask) {
				asked = ask.capacity;
				return step((me) => judge(me, ask), 1000);
			},
			end: async (ends) =>
				step((me) => {
					for (const each of ends) {
						endOne(me, each);
					}
					return undefined;
				}),
			renew: async ({inFlight, use, waiting}) =>
				step((me) => {
					Object.assign(me, {use, waiting});
					if (waiting === 0) {
						tickets.delete(id);
					}
					for (const {id: entry, firstByteAgoMs} of inFlight) {
						const each = entries.get(entry);
						if (each?.owner === me && each.end === undefined && firstByteAgoMs !== undefined) {
							hear(entry, each, time - firstByteAgoMs);
						}
					}
					const own = open().filter(([, {owner}]) => owner === me);
					if (own.length !== inFlight.length && time - me.checkedAt >= vanishedAfterMs) {
						me.checkedAt = time;
						const named = new Set(inFlight.map((each) => each.id));
						keepAll(me, (entry, each) => !named.has(entry) && each.sentAt <= time - vanishedAfterMs);
					}
					return undefined;
				}),
			async leave() {
				await step((me) => {
					keepAll(me, () => true);
					members.delete(id);
					tickets.delete(id);
					swept = {...swept, parts: swept.parts - me.part, live: swept.live - 1};
				});
				known = undefined;
			},
			bury: async (other) =>
				step(() => {
					const member = members.get(other);
					if (member !== undefined && other !== id) {
						if (member.goneAt === undefined) {
							keepAll(member, () => true);
							members.delete(other);
							tickets.delete(other);
						} else {
							Object.assign(member, {isBuried: true, part: 0, isAwaited: false});
						}
					}
					if (other !== id) {
						sweep();
					}
					return undefined;
				}),
			members: async () =>
				step(() =>
					[...members]
						.filter(([, {isBuried}]) => !isBuried)
						.map(
							([each, {facts, goneAt, seenAt, use, waiting}]): FleetMemberState => ({
								...(facts ?? {id: each, name: each, host: '', pid: 0}),
								state: goneAt === undefined ? 'live' : 'vanished',
								seenAgoMs: time - seenAt,
								use,
								inFlight: open().filter(([, {owner}]) => owner.facts?.id === each).length,
								waiting,
							}),
						),
				),
			fates: async (ids) =>
				step(() =>
					ids.flatMap((each): EntryFate[] => {
						const entry = entries.get(each);
						if (entry?.end === undefined) {
							return entry === undefined ? [] : [{id: each, isHeard: entry.heard !== undefined}];
						}
						const {slot, how} = entry.end;
						const agoMs = Math.max(0, Math.ceil(time - (slot * windowMs) / 600));
						const isHeard = typeof how === 'number' || (entry.heard ?? slot) < slot;
						return [{id: each, isHeard, end: {agoMs, settled: how}}];
					}),
				),
			notes: notAsked,
			note: async (name, value) =>
				step(() => {
					notes++;
					if (name === 'stamping') {
						const {countsFrom, marks} = value as unknown as {countsFrom: string; marks: string};
						stamping = {countsFrom, marks: marks.length === 600 ? marks : ''};
					}
					if (name === 'day') {
						dayUntil = (value as unknown as {until: number}).until;
					}
					return undefined;
				}),
			claimTask: notAsked,
		};
	};

	return {
		ledger,
		/** All is gone. */
		flush() {
			isMade = false;
			swept = none;
			[steps, last, notes, dayUntil, healUntil, gapAt] = [0, 0, 0, 0, 0, 0];
			stamping = unknown;
			today = {day: 0, tokens: 0};
			members.clear();
			entries.clear();
			tickets.clear();
		},
	};
}
