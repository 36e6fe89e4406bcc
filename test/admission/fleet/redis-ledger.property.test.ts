import fc from 'fast-check';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {
	type EntryEnd,
	type EntryState,
	probationMs,
	type SharedLedger,
} from '../../../source/admission/fleet/shared-ledger.ts';
import {lanes} from '../../../source/domain/bucket-usage.ts';
import {createLedgerModel} from '../../helpers/ledger-model.ts';
import {isSoak} from '../../helpers/random-cases.ts';
import {askOf, createLedgerLab, factsOf} from '../../helpers/redis-ledgers.ts';
import {hasRedis, needsRedis, type RedisServer, startRedisServer} from '../../helpers/redis-server.ts';

/** Tests source/admission/fleet/redis-ledger.ts against its definition. */

const windowMs = 60_000;
const names = ['a', 'b', 'c'];

/** What happens next. `who` and `which` choose among members and requests that there are. */
const calm = [
	{
		weight: 10,
		arbitrary: fc.record({kind: fc.constant('pass' as const), ms: fc.integer({min: 0, max: 900})}),
	},
	{
		weight: 3,
		arbitrary: fc.record({
			kind: fc.constant('live' as const),
			seconds: fc.constantFrom(1, 1, 2, 2, 4, 10, 62),
		}),
	},
	{
		weight: 12,
		arbitrary: fc.record({
			kind: fc.constant('reserve' as const),
			who: fc.nat(2),
			lane: fc.constantFrom(...lanes),
			tokens: fc.integer({min: 1, max: 400}),
			reservedPart: fc.constantFrom(0.5, 1),
			headroom: fc.constantFrom(0, 50),
			limits: fc.constantFrom(
				{requests: null, tokens: 600},
				{requests: 6, tokens: 1000},
				{requests: 4, tokens: null},
			),
			capacity: fc.constantFrom(null, 1000, 1000),
			ownPart: fc.constantFrom(0, 0.1, 0.25),
			mayProbe: fc.boolean(),
			isAgain: fc.boolean(),
		}),
	},
	{
		weight: 8,
		arbitrary: fc.record({
			kind: fc.constant('end' as const),
			who: fc.nat(2),
			which: fc.array(fc.nat(20), {maxLength: 4}),
			how: fc.constantFrom('settled' as const, 'settled' as const, 'kept' as const, 'given-back' as const),
			part: fc.double({min: 0, max: 1.3, noNaN: true}),
			agoMs: fc.integer({min: 0, max: 300}),
		}),
	},
	{weight: 5, arbitrary: fc.record({kind: fc.constant('hear' as const), who: fc.nat(2), which: fc.nat(20)})},
	{
		weight: 8,
		arbitrary: fc.record({
			kind: fc.constant('renew' as const),
			who: fc.nat(2),
			waiting: fc.nat(1),
			forgets: fc.boolean(),
		}),
	},
	{weight: 2, arbitrary: fc.record({kind: fc.constant('enter' as const), who: fc.nat(2)})},
	{weight: 1, arbitrary: fc.record({kind: fc.constant('leave' as const), who: fc.nat(2)})},
	{weight: 1, arbitrary: fc.record({kind: fc.constant('bury' as const), who: fc.nat(2), other: fc.nat(2)})},
	{weight: 1, arbitrary: fc.record({kind: fc.constant('members' as const), who: fc.nat(2)})},
	{weight: 1, arbitrary: fc.record({kind: fc.constant('fates' as const), who: fc.nat(2)})},
	{weight: 2, arbitrary: fc.record({kind: fc.constant('withdraw' as const), who: fc.nat(2)})},
	{
		weight: 1,
		arbitrary: fc.record({
			kind: fc.constant('stamping' as const),
			who: fc.nat(2),
			countsFrom: fc.constantFrom(
				'unknown' as const,
				'unknown' as const,
				'end' as const,
				'first-byte' as const,
			),
			marked: fc.array(fc.tuple(fc.nat(599), fc.integer({min: 1, max: 250})), {maxLength: 3}),
		}),
	},
] as const;

const disasters = [
	{
		weight: 4,
		arbitrary: fc.record({kind: fc.constant('pass' as const), ms: fc.integer({min: 900, max: 31_000})}),
	},
	{weight: 2, arbitrary: fc.record({kind: fc.constant('flush' as const)})},
	{
		weight: 1,
		arbitrary: fc.record({
			kind: fc.constant('jump' as const),
			ms: fc.constantFrom(-600_000, -7000, 7000, 600_000),
		}),
	},
	{weight: 1, arbitrary: fc.record({kind: fc.constant('day' as const), who: fc.nat(2), forMs: fc.nat(3000)})},
] as const;
const happenings = fc.oneof(...calm, ...disasters);
type Happening = typeof happenings extends fc.Arbitrary<infer Value> ? Value : never;
const story = fc.oneof(
	{weight: 3, arbitrary: fc.array<Happening>(fc.oneof(...calm), {maxLength: 100, size: 'max'})},
	{weight: 1, arbitrary: fc.array<Happening>(happenings, {maxLength: 100, size: 'max'})},
);

type Sent = {
	readonly id: string;
	readonly tokens: number;
	readonly reserved: number;
	readonly sentAt: number;
	firstByteAt: number | undefined;
	end: {readonly at: number; readonly settled: EntryEnd['settled']} | undefined;
};

let redis: RedisServer;

/** Random steps of three members, taken by the store and by the model. */
const tryBoth = async (steps: readonly Happening[]): Promise<void> => {
	const lab = await createLedgerLab(redis);
	let jumpedMs = 0;
	const model = createLedgerModel(windowMs, () => lab.clock.epoch() + jumpedMs, lab.clock.now);
	const members = names.map((name) => ({
		name,
		real: lab.ledger(),
		model: model.ledger(),
		isIn: false,
		wasIn: false,
		sent: new Map<string, Sent>(),
		lastAsk: '',
	}));
	type Member = (typeof members)[number];
	const epochs = new Map<string, number>();
	const plain = (value: unknown): unknown =>
		JSON.parse(
			JSON.stringify(value, (key, each: unknown) => {
				if (key !== 'epoch') {
					return each;
				}
				epochs.set(String(each), epochs.get(String(each)) ?? Math.floor(epochs.size / 2));
				return epochs.get(String(each));
			}) ?? 'null',
		);
	const sorted = (value: unknown): unknown => {
		const scene = (value as null | {value?: {scene?: {inFlight: Array<{id: string}>}}})?.value?.scene;
		scene?.inFlight.sort((first, second) => (first.id < second.id ? -1 : 1));
		const list = (value as null | {value?: unknown})?.value;
		if (Array.isArray(list)) {
			list.sort((first: {id: string}, second: {id: string}) => (first.id < second.id ? -1 : 1));
		}
		return value;
	};
	const now = lab.clock.now;
	let count = 0;

	const both = async (member: Member, step: (ledger: SharedLedger) => Promise<unknown>): Promise<unknown> => {
		const real = sorted(plain(await step(member.real)));
		const expected = sorted(plain(await step(member.model)));
		expect(real).toEqual(expected);
		return expected;
	};
	const entriesOf = ({sent}: Member): readonly EntryState[] =>
		[...sent.values()]
			.filter(({end}) => end === undefined || now() - end.at < windowMs)
			.map(({id, tokens, reserved, sentAt, firstByteAt, end}) => ({
				id,
				tokens,
				reserved,
				sentAgoMs: now() - sentAt,
				...(firstByteAt === undefined ? {} : {firstByteAgoMs: now() - firstByteAt}),
				...(end === undefined ? {} : {end: {agoMs: now() - end.at, settled: end.settled}}),
			}));
	const enter = async (member: Member): Promise<void> => {
		const seen = member.wasIn ? members.filter(({isIn}) => isIn).map(({name}) => name) : [];
		Object.assign(member, {isIn: true, wasIn: true});
		await both(member, async (ledger) => ledger.enter(factsOf(member.name), entriesOf(member), seen));
	};
	/** A member that was forgotten enters. */
	const take = async (member: Member, step: (ledger: SharedLedger) => Promise<unknown>): Promise<unknown> => {
		const result = (await both(member, step)) as {kind: string; value?: unknown};
		if (result?.kind === 'forgotten') {
			await enter(member);
			return undefined;
		}
		return result?.value;
	};
	const renew = async (own: Member, waiting: number, forgets: boolean): Promise<void> => {
		const [lost] = forgets ? flying(own) : [];
		if (lost !== undefined) {
			// It never heard of its lease.
			own.sent.delete(lost.id);
			own.lastAsk = '';
		}
		const inFlight = flying(own).map(({id, firstByteAt}) => ({
			id,
			...(firstByteAt === undefined ? {} : {firstByteAgoMs: now() - firstByteAt}),
		}));
		const use = {requests: own.sent.size, tokens: 10 * own.sent.size};
		await take(own, async (ledger) => ledger.renew({inFlight, use, waiting}));
	};
	const flying = ({sent}: Member): readonly Sent[] => [...sent.values()].filter(({end}) => end === undefined);

	type Of<Kind> = Extract<Happening, {kind: Kind}>;
	const handlers: {readonly [Kind in Happening['kind']]: (step: Of<Kind>, own: Member) => Promise<unknown>} =
		{
			pass: async ({ms}) => lab.pass(ms),
			async reserve({kind: _, who: __, isAgain, reservedPart, ...asked}, own) {
				const id = isAgain && own.lastAsk !== '' ? own.lastAsk : `${own.name}-${++count}`;
				const before = own.sent.get(id);
				own.lastAsk = id;
				if (before?.end !== undefined) {
					return;
				}
				const {tokens} = asked;
				const reserved = Math.ceil(tokens * reservedPart);
				const verdict = (await take(own, async (ledger) =>
					ledger.reserve(askOf(id, {...asked, reserved})),
				)) as {kind: string} | undefined;
				if (before === undefined && (verdict?.kind === 'lease' || verdict?.kind === 'probe')) {
					own.sent.set(id, {id, tokens, reserved, sentAt: now(), firstByteAt: undefined, end: undefined});
				}
			},
			async hear({which}, own) {
				const all = flying(own);
				const each = all[which % Math.max(1, all.length)];
				if (each !== undefined) {
					each.firstByteAt ??= now();
				}
			},
			async end(step, own) {
				const all = flying(own);
				const chosen = new Set(step.which.flatMap((which) => all[which % Math.max(1, all.length)] ?? []));
				const ends = [...chosen].map((each) => {
					const settled = step.how === 'settled' ? Math.floor(each.tokens * step.part) : step.how;
					const agoMs = Math.min(step.agoMs, now() - (each.firstByteAt ?? each.sentAt));
					each.end = {at: now() - agoMs, settled};
					return {
						id: each.id,
						...(each.firstByteAt === undefined ? {} : {firstByteAgoMs: now() - each.firstByteAt}),
						end: {agoMs, settled},
					};
				});
				await take(own, async (ledger) => ledger.end(ends));
			},
			renew: async ({waiting, forgets}, own) => renew(own, waiting, forgets),
			async live({seconds}) {
				for (let second = 0; second < seconds; second++) {
					await lab.pass(1000);
					for (const each of members.filter(({isIn}) => isIn)) {
						await renew(each, 1, false);
					}
				}
			},
			enter: async (_, own) => enter(own),
			async leave(_, own) {
				await both(own, async (ledger) => ledger.leave());
				own.isIn = false;
				for (const each of flying(own)) {
					each.end = {at: now(), settled: 'kept'};
				}
			},
			bury: async ({other}, own) => take(own, async (ledger) => ledger.bury(names[other] ?? '')),
			members: async (_, own) => take(own, async (ledger) => ledger.members()),
			async fates(_, own) {
				const ids = members.flatMap(({sent}) => [...sent.keys()]);
				await take(own, async (ledger) => ledger.fates([...ids, 'unknown']));
			},
			async withdraw(_, own) {
				if (own.lastAsk !== '' && !own.sent.has(own.lastAsk)) {
					const end = {agoMs: 0, settled: 'given-back'} as const;
					await take(own, async (ledger) => ledger.end([{id: own.lastAsk, end}]));
				}
			},
			async flush() {
				await redis.call('DEL', ...lab.keys);
				model.flush();
			},
			async jump({ms}) {
				jumpedMs += ms;
				await lab.jump(ms);
			},
			async stamping({countsFrom, marked}, own) {
				const marks = Array.from({length: 600}, () => 0);
				for (const [from, length] of marked) {
					marks.fill(1, from, from + length);
				}
				const learnt = {countsFrom, accepted: 0, refused: 0, marks: marks.join('')};
				await take(own, async (ledger) => ledger.note('stamping', learnt));
			},
			async day({forMs}, own) {
				const until = lab.clock.epoch() + jumpedMs + forMs;
				await take(own, async (ledger) => ledger.note('day', {until}));
			},
		};

	const [first, second] = members as [Member, Member];
	await enter(first);
	await enter(second);
	await lab.pass(probationMs);
	for (const step of steps) {
		const own = ('who' in step ? members[step.who] : undefined) ?? first;
		if ('who' in step && !own.isIn) {
			await enter(own);
		}
		await (handlers[step.kind] as (step: Happening, own: Member) => Promise<unknown>)(step, own);
	}
};

describe.skipIf(!hasRedis)(`a ledger in Redis, held against its definition${needsRedis}`, () => {
	beforeAll(async () => {
		redis = await startRedisServer();
	});
	afterAll(async () => {
		await redis.stop();
	});

	it('says the same at each of any steps', async () => {
		await fc.assert(fc.asyncProperty(story, tryBoth), {
			numRuns: isSoak ? 1000 : 25,
		});
	});
});
