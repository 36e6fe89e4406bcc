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

type Ticket = {id: string; lane: number; part: number; arrived: number; tokens: number; until: number};

const whole = 1_000_000;
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
			const {goneAt} = member;
			if (goneAt === undefined) {
				at = Math.min(at, member.seenAt + vanishedAfterMs);
				continue;
			}
			if (time >= madeAt + awaitedMs) {
				member.isAwaited = false;
			}
			if (member.lump !== undefined && (time >= goneAt + windowMs || sum(Object.values(member.lump)) === 0)) {
				member.lump = undefined;
			}
			if (time >= goneAt + partKeptMs) {
				member.isBuried = true;
				member.part = 0;
			}
			if (member.isBuried && member.lump === undefined) {
				members.delete(id);
				tickets.delete(id);
			} else if (member.lump !== undefined) {
				at = Math.min(at, goneAt + windowMs);
			}
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
			const bySlot = new Map<number, number>();
			for (const each of entries.values()) {
				for (const [slot, amount] of amounts(each)[kind]) {
					if (isIn(slot) && (kind !== 'e' || endCounts(slot))) {
						bySlot.set(slot, (bySlot.get(slot) ?? 0) + amount);
					}
				}
			}
			let total = 0;
			for (const [slot, amount] of [...bySlot]
				.filter(([, each]) => each !== 0)
				.toSorted(([a], [b]) => a - b)) {
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

		const judge = (me: Member, ask: Ask): AskVerdict => {
			if (entries.get(ask.id)?.end === undefined && entries.has(ask.id)) {
				return {kind: 'lease'};
			}
			if (dayUntil > time) {
				return {kind: 'day', forMs: dayUntil - time};
			}
			if (healUntil > time) {
				return {kind: 'wait', delayMs: swept.awaited > 0 ? longestPollMs : healUntil - time, reason: 'turn'};
			}
			capacity = ask.capacity ?? capacity;
			const size =
				ask.capacity === null ? null : ask.capacity - Math.ceil((swept.kept * ask.capacity) / whole);
			const [requests, byFirst, byEnd] = [
				unheard() + counted('r'),
				held() + counted('t'),
				held() + endedNow(),
			];
			const max = {
				requests: leftOf(ask.limits.requests, 'requests'),
				tokens: leftOf(ask.limits.tokens, 'tokens'),
				ended: stamping.countsFrom === 'first-byte' ? null : leftOf(ask.limits.tokens, 'ended'),
			};
			const needed = ask.tokens + (unheard() > 0 ? ask.headroom : 0);
			for (const [owner, ticket] of tickets) {
				if (ticket.until <= time) {
					tickets.delete(owner);
				}
			}
			const own = tickets.get(id);
			const mine: Ticket = {
				id: ask.id,
				lane: lanes.indexOf(ask.lane),
				part: Math.round(ask.ownPart * whole),
				arrived: own?.id === ask.id ? own.arrived : time,
				tokens: ask.tokens,
				until: time + ticketMs,
			};
			const order = (ticket: Ticket, owner: string): readonly (number | string)[] => [
				ticket.lane,
				ticket.part,
				ticket.arrived,
				owner,
			];
			const isBefore = (
				first: readonly (number | string)[],
				second: readonly (number | string)[],
			): boolean => {
				const index = first.findIndex((each, place) => each !== second[place]);
				return index >= 0 && (first[index] ?? 0) < (second[index] ?? 0);
			};
			const before = [...tickets].filter(
				([owner, ticket]) =>
					!(owner === id && ticket.id === ask.id) && isBefore(order(ticket, owner), order(mine, id)),
			);
			const isProbing = ask.mayProbe && stamping.countsFrom === 'unknown';
			const lacks = (limit: number | null, use: number): boolean => limit !== null && use > limit;
			const fits = (moreRequests: number, moreTokens: number): 'lease' | 'probe' | undefined => {
				if (
					lacks(max.requests, requests + moreRequests + 1) ||
					lacks(max.tokens, byFirst + moreTokens + needed) ||
					(size !== null && ask.tokens + held() + moreTokens > size - debt)
				) {
					return undefined;
				}
				return lacks(max.ended, byEnd + moreTokens + needed)
					? isProbing && probe === undefined
						? 'probe'
						: undefined
					: 'lease';
			};
			const kind = fits(before.length, sum(before.map(([, {tokens}]) => tokens)));
			if (kind !== undefined) {
				const flying = open();
				const bySlot = new Map<number, number>();
				for (const each of entries.values()) {
					for (const [slot, amount] of amounts(each).e) {
						if (isIn(slot)) {
							bySlot.set(slot, (bySlot.get(slot) ?? 0) + amount);
						}
					}
				}
				entries.set(ask.id, {
					owner: me,
					tokens: ask.tokens,
					reserved: ask.reserved,
					sentAt: time,
					heard: undefined,
					end: undefined,
				});
				if (own?.id === ask.id) {
					tickets.delete(id);
				}
				if (kind === 'lease') {
					return {kind};
				}
				probe = ask.id;
				return {
					kind,
					scene: {
						ended: [...bySlot]
							.filter(([, tokens]) => tokens !== 0)
							.toSorted(([a], [b]) => b - a)
							.map(([slot, tokens]) => ({agoMs: Math.ceil(time - (slot * windowMs) / 600), tokens})),
						inFlight: flying.map(([each, {reserved, sentAt, heard}]) => ({
							id: each,
							reserved,
							sentAgoMs: time - sentAt,
							isHeard: heard !== undefined,
						})),
					},
				};
			}
			if (!lacks(max.tokens, ask.tokens) && !lacks(max.requests, 1)) {
				if (own === undefined || own.id === ask.id || isBefore(order(mine, id), order(own, id))) {
					tickets.set(id, mine);
				}
			}
			if (fits(0, 0) !== undefined) {
				return {kind: 'wait', delayMs: longestPollMs, reason: 'turn'};
			}
			const delays = [1];
			const areRequests = lacks(max.requests, requests + 1);
			if (areRequests) {
				delays.push(delayOf('r', requests + 1 - (max.requests ?? 0), 0));
			}
			const free = held() + needed - ask.tokens;
			if (lacks(max.tokens, byFirst + needed)) {
				delays.push(delayOf('t', byFirst + needed - (max.tokens ?? 0), free));
			}
			if (lacks(max.ended, byEnd + needed) && !(isProbing && probe === undefined)) {
				const delay = delayOf('e', byEnd + needed - (max.ended ?? 0), free);
				delays.push(isProbing ? Math.min(delay, longestPollMs) : delay);
			}
			if (size !== null && ask.tokens + held() > size - debt) {
				const missing = ask.tokens + held() - (size - debt);
				const to = ask.tokens + held() <= size ? missing / perMs() : undefined;
				delays.push(
					perMs() <= 0
						? longestPollMs
						: held() === 0 && to !== undefined
							? to
							: between(Math.max(0, missing - held()) / perMs(), to),
				);
			}
			return {
				kind: 'wait',
				delayMs: Math.ceil(Math.max(...delays)),
				reason: areRequests ? 'requests' : 'tokens',
			};
		};

		const reopen = (me: Member, each: Entry): void => {
			each.owner = me;
			each.heard = each.heard !== undefined && each.heard < (each.end?.slot ?? 0) ? each.heard : undefined;
			each.sentAt = time;
			each.end = undefined;
		};

		const enter = (facts: MemberFacts, list: readonly EntryState[], saw: readonly string[]): FleetState => {
			id = facts.id;
			const at = now();
			let me = members.get(id);
			const hasGap = at - last >= vanishedAfterMs || at < last || at - gapAt < awaitedMs;
			const isOther = !isMade || known?.state.epoch !== String(epoch);
			const isLost =
				!isMade ||
				(!isOther &&
					(steps < (known?.state.steps ?? 0) ||
						(me?.own ?? Infinity) < (known?.own ?? 0) ||
						(hasJumped && hasGap)));
			const knowsPast = (isLost || isOther) && (known !== undefined || saw.length > 0 || list.length > 0);
			if (isLost) {
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
				[steps, last, madeAt, healUntil, holdUntil, gapAt] = [
					0,
					at,
					at,
					at + probationMs,
					at + probationMs,
					0,
				];
				[capacity, debt, drainedAt, probe] = [asked ?? 0, 0, at, undefined];
				swept = none;
			}
			pass(me);
			drain();
			const isAwaiting = time < madeAt + awaitedMs;
			const isStranger = me === undefined;
			me ??= {
				...{facts, own: 0, seenAt: time, part: 0, checkedAt: time, goneAt: undefined, isAwaited: false},
				...{isBuried: false, lump: undefined, use: {requests: 0, tokens: 0}, waiting: 0},
			};
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
				for (const each of saw) {
					if (!members.has(each)) {
						const part = partKnown() > 0 ? partKnown() : Math.floor(whole / (saw.length + 1));
						members.set(each, {
							...{facts: undefined, own: 0, seenAt: 0, part, checkedAt: 0, goneAt: time, isAwaited: true},
							...{isBuried: false, lump: undefined, use: {requests: 0, tokens: 0}, waiting: 0},
						});
					}
				}
			}
			sweep();
			if (swept.awaited > 0) {
				healUntil = Math.max(healUntil, madeAt + awaitedMs + windowMs);
			} else if (knowsPast && (isAwaiting || isStranger)) {
				healUntil = Math.max(healUntil, time + windowMs);
			}
			const late: Array<readonly [number, number]> = [];
			for (const {id: entry, tokens, reserved, sentAgoMs, firstByteAgoMs, end} of list) {
				let each = entries.get(entry);
				const isReopened = each?.end?.how === 'kept' && end?.settled !== 'kept';
				const isNew = each === undefined;
				if (isReopened && each !== undefined) {
					reopen(me, each);
				}
				if (each === undefined) {
					each = {owner: me, tokens, reserved, sentAt: time - sentAgoMs, heard: undefined, end: undefined};
					entries.set(entry, each);
				}
				if (each.end !== undefined || each.owner !== me) {
					continue;
				}
				if (firstByteAgoMs !== undefined) {
					hear(entry, each, time - firstByteAgoMs);
				}
				if (end !== undefined) {
					const counts = finish(entry, each, time - end.agoMs, end.settled);
					if (isNew) {
						late.push([time - end.agoMs, counts]);
					} else if (!isReopened) {
						debt += counts;
					}
				}
			}
			let owed = 0;
			for (const [index, [from, counts]] of late.toSorted(([a], [b]) => a - b).entries()) {
				const till = late.toSorted(([a], [b]) => a - b)[index + 1]?.[0] ?? time;
				owed = Math.max(0, owed + counts - (till - from) * perMs());
			}
			debt += owed;
			hasJumped = false;
			return done(me, true);
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
					for (const {id: entry, firstByteAgoMs, end} of ends) {
						const each = entries.get(entry);
						const isReopened = each?.end?.how === 'kept' && end.settled !== 'kept';
						if (each !== undefined && isReopened) {
							reopen(me, each);
						}
						if (each === undefined && end.settled === 'given-back' && tickets.get(id)?.id === entry) {
							tickets.delete(id);
						}
						if (each === undefined || each.owner !== me || each.end !== undefined) {
							continue;
						}
						if (firstByteAgoMs !== undefined) {
							hear(entry, each, time - firstByteAgoMs);
						}
						const counts = finish(entry, each, time - end.agoMs, end.settled);
						debt += isReopened ? 0 : counts;
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
			members.clear();
			entries.clear();
			tickets.clear();
		},
	};
}
