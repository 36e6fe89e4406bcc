import {lanes} from '../../domain/bucket-usage.ts';
import type {Clock} from '../../domain/clock.ts';
import {
	endScript,
	enterScript,
	glanceScript,
	readScript,
	renewScript,
	reserveScript,
	wordScript,
} from './redis-scripts.ts';
import {keyEnds, notesKeptMs} from './redis-window-lua.ts';
import {
	type Ask,
	type AskVerdict,
	clockJumpMs,
	type EntryEnd,
	type EntryFate,
	type EntryState,
	type FleetMemberState,
	type FleetNotes,
	type FleetState,
	type MemberFacts,
	type NoteName,
	type ProbeScene,
	type SharedLedger,
	type Step,
} from './shared-ledger.ts';

/** What a ledger needs of a client of Redis or Valkey: to run a script. Rejects within the time that the store is given. */
export type ScriptStore = {
	readonly eval: (script: string, keys: readonly string[], words: readonly string[]) => Promise<unknown>;
};

/** The keys of a bucket's ledger: all of them in one slot of a cluster. @param bucket Account, Region, model and scope. */
export function redisKeys(bucket: string): readonly string[] {
	return keyEnds.map((end) => `bt:{${bucket.replaceAll(/[{}]/g, '_')}}:${end}`);
}

/** The name of a bucket in a store: all programs that share its quota have the same, and no others. */
export function fleetBucketName({
	account,
	region,
	baseModel,
	scope,
}: {
	/** Number of the account, or what stands for it. */
	readonly account: string;
	readonly region: string;
	readonly baseModel: string;
	readonly scope: string;
}): string {
	return [account, region, baseModel, scope].join('/');
}

type RedisLedgerOptions = {
	readonly store: ScriptStore;
	readonly bucket: string;
	/** @default 60_000 */
	readonly windowMs?: number;
	readonly clock: Clock;
};

/** What a member knows of its ledger. */
type Known = {
	readonly state: FleetState;
	/** Steps of this member that the ledger has counted. */
	readonly own: number;
	/** When it asked for that, in milliseconds of its own clock. */
	readonly askedAt: number;
};

/** Entries that one script takes: more at once would keep the others waiting. */
const entriesPerStep = 1000;
/** Parts are whole numbers of millionths. */
const whole = 1_000_000;

const up = (tokens: number): string => String(Math.ceil(tokens));
const down = (limit: number | null): string => (limit === null ? '' : String(Math.max(0, Math.floor(limit))));
const ago = (ms: number | undefined): string => (ms === undefined ? '' : String(Math.max(0, Math.floor(ms))));
const outcome = ({settled}: EntryEnd): string => (typeof settled === 'number' ? up(settled) : settled);

const wordsOf = ({id, tokens, reserved, sentAgoMs, firstByteAgoMs, end}: EntryState): readonly string[] => [
	id,
	up(tokens),
	up(reserved),
	ago(sentAgoMs),
	ago(firstByteAgoMs),
	ago(end?.agoMs),
	end === undefined ? '' : outcome(end),
];

/** Something else than a ledger's script answered. */
const strange = (reply: unknown): Error =>
	new Error(
		`The store answered ${JSON.stringify(reply)?.slice(0, 60) ?? 'nothing'} instead of a step of a ledger.`,
	);

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const numbersOf = (value: unknown): readonly number[] => listOf(value).map(Number);

const stateOf = (figures: readonly unknown[]): {readonly state: FleetState; readonly own: number} => {
	const [at = 0, steps = 0, own = 0, requests = 0, tokens = 0, heldTokens = 0, inFlight = 0, ...more] =
		numbersOf(figures.slice(1));
	const [members = 0, vanished = 0, healingMs = 0, notes = 0, part = 0, usedToday = 0] = more;
	return {
		state: {
			at,
			epoch: String(figures[0]),
			steps,
			use: {requests, tokens},
			heldTokens,
			inFlight,
			members,
			vanished,
			part: part / whole,
			healingMs,
			notes,
			usedToday,
		},
		own,
	};
};

const sceneOf = (ended: unknown, inFlight: unknown): ProbeScene => ({
	ended: listOf(ended)
		.map(numbersOf)
		.map(([agoMs = 0, tokens = 0]) => ({agoMs, tokens}))
		.toReversed(),
	inFlight: listOf(inFlight).map((each) => {
		const [id, ...figures] = listOf(each);
		const [reserved = 0, sentAgoMs = 0, heard = 0] = numbersOf(figures);
		return {id: String(id), reserved, sentAgoMs, isHeard: heard === 1};
	}),
});

const verdictOf = (kind: string, [first, second]: readonly unknown[]): AskVerdict => {
	switch (kind) {
		case 'lease':
			return {kind};
		case 'probe':
			return {kind, scene: sceneOf(first, second)};
		case 'day':
			return {kind, forMs: Number(first)};
		case 'wait':
			return {
				kind,
				delayMs: Number(first),
				reason: second === 'requests' || second === 'turn' ? second : 'tokens',
			};
		default:
			throw strange(kind);
	}
};

const memberOf = (row: unknown): FleetMemberState => {
	const [id = '', facts = ''] = listOf(row).map(String);
	const [gone = 0, seenAgoMs = 0, requests = 0, tokens = 0, inFlight = 0, waiting = 0] =
		numbersOf(row).slice(2);
	// Of one that another saw, nothing else is known.
	const {name, host, pid} =
		facts === '' ? {name: id, host: '', pid: 0} : (JSON.parse(facts) as Omit<MemberFacts, 'id'>);
	return {
		id,
		name,
		host,
		pid,
		state: gone > 0 ? 'vanished' : 'live',
		seenAgoMs,
		use: {requests, tokens},
		inFlight,
		waiting,
	};
};

const fateOf = (row: unknown): EntryFate => {
	const [id, heard, agoMs, how] = listOf(row);
	const settled: EntryEnd['settled'] = how === 'kept' || how === 'given-back' ? how : Number(how);
	const end = agoMs === undefined ? {} : {end: {agoMs: Number(agoMs), settled}};
	return {id: String(id), isHeard: Number(heard) === 1, ...end};
};

const noteNames = ['stamping', 'others', 'reported', 'quota', 'day'] as const satisfies readonly NoteName[];

const notesOf = (flat: unknown, now: number): FleetNotes => {
	const words = listOf(flat).map(String);
	const written = new Map(
		words.flatMap((word, index) => (index % 2 === 0 ? [[word, words[index + 1]]] : [])),
	);
	const notes = Object.fromEntries(
		noteNames.flatMap((name) => {
			const [at = '', ...words] = written.get(name)?.split(' ') ?? [];
			return at === '' || now - Number(at) > notesKeptMs
				? []
				: [[name, {...(JSON.parse(words.join(' ')) as object), at: Number(at)}]];
		}),
	);
	const minutes = [...written].flatMap(([name, text = '']) => {
		const [minute = 0, requests = 0, tokens = 0] = text.split(' ').map(Number);
		return name.startsWith('minute:') ? [{at: minute * 60_000, requests, tokens}] : [];
	});
	return {...notes, answers: {since: Number(written.get('since') ?? 0), minutes}};
};

/** The ledger of one bucket in Redis or Valkey, as one member uses it. */
export function createRedisLedger({
	store,
	bucket,
	windowMs = 60_000,
	clock,
}: RedisLedgerOptions): SharedLedger {
	const keys = redisKeys(bucket);
	let member = '';
	let known: Known | undefined;
	/** The store's clock moved against ours: what it has counted is lost. */
	let hasJumped = false;
	let capacity: number | null = null;
	/** Requests in flight whose first byte the ledger knows of. */
	const heard = new Set<string>();

	/** When it is now by the store's clock, as far as it is known. */
	const expectedAt = (): number =>
		known === undefined ? 0 : Math.round(known.state.at + clock.now() - known.askedAt);

	const send = async (
		script: string,
		words: readonly string[],
	): Promise<{readonly reply: readonly unknown[]; readonly askedAt: number}> => {
		const askedAt = clock.now();
		const {epoch = '', steps = 0, part = 0} = known?.state ?? {};
		const common = [windowMs, member, epoch, steps, known?.own ?? 0, expectedAt(), Math.round(part * whole)];
		const reply = await store.eval(script, keys, [...common.map(String), ...words]);
		if (!Array.isArray(reply) || !Array.isArray(reply[1])) {
			throw strange(reply);
		}
		return {reply, askedAt};
	};

	/** Replies may come in any order: the newest holds. */
	const learn = (figures: readonly unknown[], askedAt: number, isNew: boolean): FleetState => {
		const {state, own} = stateOf(figures);
		if (isNew || (state.epoch === known?.state.epoch && state.steps > known.state.steps)) {
			known = {state, own: Math.max(own, isNew ? 0 : (known?.own ?? 0)), askedAt};
		}
		return state;
	};

	const step = async <Value>(
		script: string,
		words: readonly string[],
		answerOf: (kind: string, more: readonly unknown[], state: FleetState) => Value,
	): Promise<Step<Value>> => {
		const {reply, askedAt} = await send(script, words);
		const [kind, figures, ...more] = reply;
		if (kind === 'forgotten') {
			hasJumped ||= known !== undefined && Math.abs(Number(listOf(figures)[0]) - expectedAt()) > clockJumpMs;
			return {kind};
		}
		const state = learn(listOf(figures), askedAt, false);
		return {kind: 'done', value: answerOf(String(kind), more, state), state};
	};

	const nothing = (): undefined => undefined;

	return {
		async enter(facts, entries, seen) {
			member = facts.id;
			heard.clear();
			const {id, ...who} = facts;
			const put = async (some: readonly EntryState[], saw: readonly string[]): Promise<FleetState> => {
				const epoch = crypto.randomUUID().slice(0, 13);
				const {at = 0, usedToday = 0} = known?.state ?? {};
				const {reply, askedAt} = await send(enterScript, [
					...[epoch, hasJumped ? '1' : '0', down(capacity), JSON.stringify(who), String(at), up(usedToday)],
					...[String(saw.length), ...saw],
					...some.flatMap(wordsOf),
				]);
				const [kind, figures] = reply;
				if (kind !== 'done') {
					throw strange(kind);
				}
				hasJumped = false;
				return learn(listOf(figures), askedAt, true);
			};
			const others = seen.filter((each) => each !== id);
			let state = await put(entries.slice(0, entriesPerStep), others);
			for (let from = entriesPerStep; from < entries.length; from += entriesPerStep) {
				state = await put(entries.slice(from, from + entriesPerStep), []);
			}
			for (const {id: entry, firstByteAgoMs, end} of entries) {
				if (firstByteAgoMs !== undefined && end === undefined) {
					heard.add(entry);
				}
			}
			return state;
		},

		async reserve(ask: Ask) {
			capacity = ask.capacity;
			const {id, lane, tokens, reserved, headroom, limits, ownPart, mayProbe} = ask;
			return step(
				reserveScript,
				[
					...[id, String(lanes.indexOf(lane)), up(tokens), up(reserved), up(headroom)],
					...[down(limits.requests), down(limits.tokens), down(ask.capacity)],
					...[String(Math.round(ownPart * whole)), mayProbe ? '1' : '0'],
				],
				verdictOf,
			);
		},

		fates: async (ids) => step(readScript, ['fates', ...ids], (_, [flat]) => listOf(flat).map(fateOf)),

		async end(ends) {
			const words = ends.flatMap(({id, firstByteAgoMs, end}) => [
				id,
				ago(firstByteAgoMs),
				ago(end.agoMs),
				outcome(end),
			]);
			const result = await step(endScript, words, nothing);
			if (result.kind === 'done') {
				for (const {id} of ends) {
					heard.delete(id);
				}
			}
			return result;
		},

		async renew({inFlight, use, waiting}) {
			const words = inFlight.flatMap(({id, firstByteAgoMs}) => [
				id,
				heard.has(id) ? '' : ago(firstByteAgoMs),
			]);
			const result = await step(
				renewScript,
				[up(use.requests), up(use.tokens), String(waiting), ...words],
				nothing,
			);
			if (result.kind === 'done') {
				for (const {id, firstByteAgoMs} of inFlight) {
					if (firstByteAgoMs !== undefined) {
						heard.add(id);
					}
				}
			}
			return result;
		},

		async leave() {
			await step(wordScript, ['leave'], nothing);
			known = undefined;
		},

		bury: async (id) => step(wordScript, ['bury', id], nothing),

		members: async () => step(readScript, ['members'], (_, [flat]) => listOf(flat).map(memberOf)),

		notes: async () => step(readScript, ['notes'], (_, [flat], {at}) => notesOf(flat, at)),

		note: async (name, value) => step(wordScript, ['note', name, JSON.stringify(value)], nothing),

		claimTask: async (name, forMs) =>
			step(wordScript, ['task', name, up(forMs)], (_, [isOurs]) => Number(isOurs) === 1),
	};
}

/** A ledger as somebody sees it who has not joined. */
type Glance = {
	/** The store's time: milliseconds since 1970. */
	readonly at: number;
	/** Undefined where there is none now. */
	readonly state: FleetState | undefined;
	readonly members: readonly FleetMemberState[];
	readonly notes: FleetNotes;
};

/** Reads the ledger of a bucket without joining it. */
export async function glanceAt({
	store,
	bucket,
	windowMs = 60_000,
}: Omit<RedisLedgerOptions, 'clock'>): Promise<Glance> {
	const reply = await store.eval(glanceScript, redisKeys(bucket), [
		String(windowMs),
		'',
		'',
		'0',
		'0',
		'0',
		'0',
	]);
	const [kind, figures, members, notes] = listOf(reply);
	if (kind !== 'done' && kind !== 'none') {
		throw strange(reply);
	}
	const state = kind === 'none' ? undefined : stateOf(listOf(figures)).state;
	const at = Number(listOf(figures)[1]);
	return {at, state, members: listOf(members).map(memberOf), notes: notesOf(notes, at)};
}
