import {afterAll, beforeAll, beforeEach, describe, expect, it} from 'vitest';
import {createRedisLedger} from '../../../source/admission/fleet/redis-ledger.ts';
import {
	probationMs,
	type SharedLedger,
	ticketMs,
	vanishedAfterMs,
} from '../../../source/admission/fleet/shared-ledger.ts';
import {FakeClock} from '../../helpers/fake-clock.ts';
import {
	askOf,
	createLedgerLab,
	enterAll,
	factsOf,
	type LedgerLab,
	passAlive,
	renew,
	stateOf,
	verdictOn,
} from '../../helpers/redis-ledgers.ts';
import {hasRedis, needsRedis, type RedisServer, startRedisServer} from '../../helpers/redis-server.ts';

const windowMs = 60_000;
/** A slot leaves as a whole. */
const slotMs = 100;
const lease = {kind: 'lease'};

let redis: RedisServer;
let lab: LedgerLab;

describe.skipIf(!hasRedis)(`a ledger in Redis${needsRedis}`, () => {
	beforeAll(async () => {
		redis = await startRedisServer();
	});
	beforeEach(async () => {
		lab = await createLedgerLab(redis);
	});
	afterAll(async () => {
		await redis.stop();
	});

	describe('an ask', () => {
		it('is let in where it fits, and hears when it will', async () => {
			const [ledger] = await enterAll(lab, 'a');
			for (let index = 0; index < 10; index++) {
				expect(await verdictOn(ledger, `${index}`)).toEqual(lease);
			}
			// It depends on answers.
			expect(await verdictOn(ledger, 'more')).toEqual({kind: 'wait', delayMs: 100, reason: 'tokens'});
			await lab.pass(200);
			const ends = Array.from({length: 10}, (_, index) => ({
				id: `${index}`,
				firstByteAgoMs: 100,
				end: {agoMs: 0, settled: 100},
			}));
			const state = stateOf(await ledger.end(ends));
			expect(state).toMatchObject({use: {requests: 10, tokens: 1000}, heldTokens: 0, inFlight: 0});
			// Tokens count from the first byte or the end: the later is what is waited for.
			const delayMs = windowMs + slotMs;
			expect(await verdictOn(ledger, 'more')).toEqual({kind: 'wait', delayMs, reason: 'tokens'});
			await passAlive(lab, delayMs - 1, [ledger]);
			expect(await verdictOn(ledger, 'more')).toMatchObject({kind: 'wait', delayMs: 1});
			await lab.pass(1);
			expect(await verdictOn(ledger, 'more')).toEqual(lease);
		});

		it('that is repeated gets the lease that it has', async () => {
			const [ledger] = await enterAll(lab, 'a');
			expect(await verdictOn(ledger, 'x')).toEqual(lease);
			const again = await ledger.reserve(askOf('x'));
			expect(again).toMatchObject({kind: 'done', value: lease, state: {inFlight: 1, heldTokens: 100}});
		});

		it('waits for requests', async () => {
			const [ledger] = await enterAll(lab, 'a');
			const limits = {requests: 1, tokens: null};
			expect(await verdictOn(ledger, 'x', {limits})).toEqual(lease);
			expect(await verdictOn(ledger, 'y', {limits})).toEqual({
				kind: 'wait',
				delayMs: 100,
				reason: 'requests',
			});
			const inFlight = [{id: 'x', firstByteAgoMs: 0}];
			await ledger.renew({inFlight, use: {requests: 1, tokens: 100}, waiting: 1});
			const delayMs = windowMs + slotMs;
			expect(await verdictOn(ledger, 'y', {limits})).toEqual({kind: 'wait', delayMs, reason: 'requests'});
		});

		it('leaves the headroom free while nothing was heard of a request', async () => {
			const [ledger] = await enterAll(lab, 'a');
			expect(await verdictOn(ledger, 'x', {tokens: 800, headroom: 150})).toEqual(lease);
			expect(await verdictOn(ledger, 'y', {headroom: 150})).toMatchObject({kind: 'wait'});
			await ledger.renew({
				inFlight: [{id: 'x', firstByteAgoMs: 0}],
				use: {requests: 1, tokens: 800},
				waiting: 1,
			});
			expect(await verdictOn(ledger, 'y', {headroom: 150})).toEqual(lease);
		});

		it('pays back an overrun at the pace of the refill, where the service refills its bucket', async () => {
			const [ledger] = await enterAll(lab, 'a');
			await ledger.note('stamping', {countsFrom: 'first-byte', accepted: 1, refused: 0, marks: ''});
			expect(await verdictOn(ledger, 'x', {tokens: 900, capacity: 1000})).toEqual(lease);
			await ledger.end([{id: 'x', firstByteAgoMs: 0, end: {agoMs: 0, settled: 3000}}]);
			await passAlive(lab, windowMs + slotMs, [ledger]);
			// The window is empty; of 3,000 tokens 1,001.67 are paid back.
			const wait = await verdictOn(ledger, 'y', {capacity: 1000});
			const delayMs = wait.kind === 'wait' ? wait.delayMs : 0;
			expect(Math.abs(delayMs - (60 * (3000 + 100 - 1000) - windowMs - slotMs))).toBeLessThanOrEqual(1);
		});

		it('counts large numbers', async () => {
			const [ledger] = await enterAll(lab, 'a');
			const large = {tokens: 3e14, reserved: 3e14, limits: {requests: null, tokens: 1e15}, capacity: 1e15};
			expect(await verdictOn(ledger, 'x', large)).toEqual(lease);
			const ended = await ledger.end([{id: 'x', firstByteAgoMs: 0, end: {agoMs: 0, settled: 3e14 - 1}}]);
			expect(stateOf(ended).use).toEqual({requests: 1, tokens: 299_999_999_999_999});
		});
	});

	describe('ends', () => {
		it('count once, whatever is repeated', async () => {
			const [ledger] = await enterAll(lab, 'a');
			const how = {settled: 60, kept: 'kept', back: 'given-back', heard: 'given-back'} as const;
			for (const id of Object.keys(how)) {
				expect(await verdictOn(ledger, id)).toEqual(lease);
			}
			const ends = Object.entries(how).map(([id, settled]) => ({
				id,
				...(id === 'settled' || id === 'heard' ? {firstByteAgoMs: 0} : {}),
				end: {agoMs: 0, settled},
			}));
			// A request that had a first byte was let in, though its tokens are given back.
			const use = {requests: 3, tokens: 160};
			expect(stateOf(await ledger.end(ends))).toMatchObject({use, inFlight: 0, heldTokens: 0});
			expect(
				stateOf(await ledger.end([...ends, {id: 'unknown', end: {agoMs: 0, settled: 5}}])),
			).toMatchObject({use});
			const entries = ends.map((end) => ({...end, tokens: 100, reserved: 100, sentAgoMs: 0}));
			expect(await ledger.enter(factsOf('a'), entries, [])).toMatchObject({use, members: 1, healingMs: 0});
		});

		it('count what is settled above the reservation from the end', async () => {
			const [ledger] = await enterAll(lab, 'a');
			expect(await verdictOn(ledger, 'x', {tokens: 100, reserved: 60})).toEqual(lease);
			await passAlive(lab, 30_000, [ledger], ['x']);
			await ledger.end([{id: 'x', firstByteAgoMs: 29_000, end: {agoMs: 0, settled: 90}}]);
			await passAlive(lab, 32_000, [ledger]);
			expect((await renew(ledger)).use).toEqual({requests: 0, tokens: 30});
			await passAlive(lab, 29_000, [ledger]);
			expect((await renew(ledger)).use).toEqual({requests: 0, tokens: 0});
		});

		it('come by themselves where a member does not name a request any more; what it says later holds', async () => {
			const [ledger] = await enterAll(lab, 'a');
			expect(await verdictOn(ledger, 'named')).toEqual(lease);
			expect(await verdictOn(ledger, 'lost')).toEqual(lease);
			await passAlive(lab, 2 * vanishedAfterMs, [ledger], ['named']);
			expect(await renew(ledger, ['named'])).toMatchObject({
				inFlight: 1,
				heldTokens: 100,
				use: {requests: 2, tokens: 200},
			});
			const late = await ledger.end([{id: 'lost', firstByteAgoMs: 6000, end: {agoMs: 5500, settled: 30}}]);
			expect(stateOf(late).use).toEqual({requests: 2, tokens: 130});
		});
	});

	describe('where tokens count from', () => {
		/** 600 tokens that ended long after their first byte, and 41 s later. */
		const late = async () => {
			const [ledger] = await enterAll(lab, 'a');
			expect(await verdictOn(ledger, 'x', {tokens: 600, reserved: 600})).toEqual(lease);
			await passAlive(lab, 30_000, [ledger], ['x']);
			await ledger.end([{id: 'x', firstByteAgoMs: 29_000, end: {agoMs: 0, settled: 600}}]);
			await passAlive(lab, 41_000, [ledger]);
			return ledger;
		};

		it('is both while it is not known', async () => {
			const ledger = await late();
			expect((await renew(ledger)).use.tokens).toBe(0);
			expect(await verdictOn(ledger, 'y', {tokens: 500})).toMatchObject({kind: 'wait', delayMs: 19_100});
		});

		it('is the end, where that is known', async () => {
			const ledger = await late();
			await ledger.note('stamping', {countsFrom: 'end', accepted: 0, refused: 1, marks: ''});
			expect((await renew(ledger)).use.tokens).toBe(600);
			expect(await verdictOn(ledger, 'y', {tokens: 500, mayProbe: true})).toMatchObject({kind: 'wait'});
		});

		it('is the first byte, where that is known', async () => {
			const ledger = await late();
			await ledger.note('stamping', {countsFrom: 'first-byte', accepted: 9, refused: 0, marks: ''});
			expect(await verdictOn(ledger, 'y', {tokens: 500})).toEqual(lease);
		});

		it('is the end since the oldest place in the minute that is not marked', async () => {
			const ledger = await late();
			const ended = Math.floor((lab.clock.epoch() - 41_000) / slotMs) % 600;
			// What ended lies in marked places, with an unmarked one 5 s before and all after unmarked.
			const marks = Array.from({length: 600}, (_, place) =>
				(place - ended + 600 + 49) % 600 < 100 ? 1 : 0,
			).join('');
			await ledger.note('stamping', {countsFrom: 'unknown', accepted: 1, refused: 0, marks});
			// It counts until that place has left the window: 4.9 s and a slot earlier than it would leave.
			expect(await verdictOn(ledger, 'y', {tokens: 500})).toMatchObject({
				kind: 'wait',
				delayMs: 19_100 - 5000,
			});
			await passAlive(lab, 14_100, [ledger]);
			expect(await verdictOn(ledger, 'y', {tokens: 500})).toEqual(lease);
		});

		it('is probed by one of all members at a time, with all that it goes into', async () => {
			const [ledger, other] = await enterAll(lab, 'a', 'b');
			expect(await verdictOn(ledger, 'x', {tokens: 600, reserved: 600})).toEqual(lease);
			await passAlive(lab, 30_000, [ledger, other], ['x']);
			await ledger.end([{id: 'x', firstByteAgoMs: 29_000, end: {agoMs: 0, settled: 600}}]);
			await passAlive(lab, 38_000, [ledger, other]);
			expect(await verdictOn(other, 'flying', {tokens: 50, reserved: 40})).toEqual(lease);
			await lab.pass(200);
			expect(await verdictOn(ledger, 'probe', {tokens: 500, mayProbe: true})).toEqual({
				kind: 'probe',
				scene: {
					ended: [{agoMs: 38_200, tokens: 600}],
					inFlight: [{id: 'flying', reserved: 40, sentAgoMs: 200, isHeard: false}],
				},
			});
			expect(await verdictOn(other, 'next', {tokens: 400, mayProbe: true})).toMatchObject({
				kind: 'wait',
				delayMs: 100,
			});
			await ledger.renew({
				inFlight: [{id: 'probe', firstByteAgoMs: 0}],
				use: {requests: 1, tokens: 500},
				waiting: 0,
			});
			expect(await verdictOn(other, 'next', {tokens: 400, mayProbe: true})).toMatchObject({kind: 'probe'});
			const fates = await ledger.fates(['flying', 'x', 'probe', 'unknown']);
			expect(fates).toMatchObject({
				value: [
					{id: 'flying', isHeard: false},
					{id: 'x', isHeard: true, end: {agoMs: 38_200, settled: 600}},
					{id: 'probe', isHeard: true},
				],
			});
		});
	});

	describe('the turn', () => {
		const large = {tokens: 600};
		const full = async () => {
			const [first, second] = await enterAll(lab, 'a', 'b');
			expect(await verdictOn(first, 'x', {tokens: 500})).toEqual(lease);
			expect(await verdictOn(first, 'large', large)).toMatchObject({kind: 'wait', reason: 'tokens'});
			return [first, second] as const;
		};
		const turn = {kind: 'wait', delayMs: 100, reason: 'turn'};

		it('is kept for what came first', async () => {
			const [, second] = await full();
			// It fits alone, but not beside the one before it.
			expect(await verdictOn(second, 'small')).toEqual(turn);
		});

		it('is given up by what is not asked again, or withdrawn, or where nothing waits', async () => {
			for (const giveUp of [
				async () => lab.pass(ticketMs),
				async (first: Awaited<ReturnType<typeof full>>[0]) =>
					first.end([{id: 'large', end: {agoMs: 0, settled: 'given-back'}}]),
				async (first: Awaited<ReturnType<typeof full>>[0]) => renew(first, ['x'], 0),
			]) {
				lab = await createLedgerLab(redis);
				const [first, second] = await full();
				await giveUp(first);
				expect(await verdictOn(second, 'small')).toEqual(lease);
			}
		});

		it('goes by lane, then by who uses least', async () => {
			const [first, second] = await full();
			expect(await verdictOn(second, 'urgent', {lane: 'high'})).toEqual(lease);
			expect(await verdictOn(first, 'large', {...large, ownPart: 0.5})).toMatchObject({kind: 'wait'});
			expect(await verdictOn(second, 'modest', {ownPart: 0.1})).toEqual(lease);
			expect(await verdictOn(second, 'greedy', {ownPart: 0.6})).toEqual(turn);
		});

		it('is not taken by what could never fit', async () => {
			const [first, second] = await enterAll(lab, 'a', 'b');
			expect(await verdictOn(first, 'huge', {tokens: 2000})).toMatchObject({kind: 'wait'});
			expect(await verdictOn(second, 'small')).toEqual(lease);
		});

		it('comes to a request of 60 % beside 100 small ones per second within two windows', async () => {
			const shortMs = 10_000;
			const ledgers = [lab.ledger(shortMs), lab.ledger(shortMs), lab.ledger(shortMs)] as const;
			for (const [index, ledger] of ledgers.entries()) {
				await ledger.enter(factsOf(`${index}`), [], []);
			}
			await lab.pass(probationMs);
			const [patient, ...busy] = ledgers;
			const used = [0, 0];
			type Flight = {readonly owner: number; readonly id: string; readonly until: number};
			let flying: readonly Flight[] = [];
			let count = 0;
			/** Sends small ones until it is refused, 50 per second at most. */
			const send = async (ledger: SharedLedger, owner: number, now: number): Promise<void> => {
				for (let each = 0; each < 5; each++) {
					const id = `${owner}-${++count}`;
					const ownPart = (used[owner] ?? 0) / 1000;
					const verdict = await verdictOn(ledger, id, {tokens: 2, reserved: 2, ownPart});
					if (verdict.kind !== 'lease') {
						return;
					}
					used[owner] = (used[owner] ?? 0) + 2;
					flying = [...flying, {owner, id, until: now + 500}];
				}
			};
			const settle = async (ledger: SharedLedger, owner: number, now: number): Promise<void> => {
				const due = flying.filter((each) => each.owner === owner && each.until <= now);
				await ledger.end(due.map(({id}) => ({id, firstByteAgoMs: 100, end: {agoMs: 0, settled: 2}})));
				flying = flying.filter((each) => !due.includes(each));
			};
			let admittedAt: number | undefined;
			const startedAt = lab.clock.now();
			while (admittedAt === undefined && lab.clock.now() - startedAt < 3 * shortMs) {
				const now = lab.clock.now();
				for (const [owner, ledger] of busy.entries()) {
					await settle(ledger, owner, now);
					await send(ledger, owner, now);
				}
				await renew(patient);
				// It has used nothing, yet the room is taken before it comes.
				const isLet =
					now - startedAt >= 7000 && (await verdictOn(patient, 'large', {tokens: 600})).kind === 'lease';
				admittedAt = isLet ? now : undefined;
				await lab.pass(100);
			}
			expect(count).toBeGreaterThan(500);
			expect((admittedAt ?? Number.POSITIVE_INFINITY) - startedAt - 7000).toBeLessThanOrEqual(2 * shortMs);
		});
	});

	describe('notes', () => {
		it('are read by all, with when they were written; each one changes a number', async () => {
			const [first, second] = await enterAll(lab, 'a', 'b');
			expect(await second.notes()).toMatchObject({value: {}, state: {notes: 0}});
			await first.note('others', {use: {tokens: 40}});
			const written = stateOf(await first.note('quota', {json: '{"name": "a b"}'}));
			expect(written.notes).toBe(2);
			await lab.pass(500);
			const at = lab.clock.epoch() - 500;
			expect(await second.notes()).toMatchObject({
				value: {others: {at, use: {tokens: 40}}, quota: {at, json: '{"name": "a b"}'}},
				state: {notes: 2},
			});
		});

		it('are kept for a day, longer than the ledger', async () => {
			const [ledger] = await enterAll(lab, 'a');
			await ledger.note('stamping', {countsFrom: 'end', accepted: 0, refused: 1, marks: ''});
			const later = lab.ledger();
			await redis.call('DEL', ...lab.keys.filter((key) => !key.endsWith(':notes')));
			await lab.pass(3_600_000);
			expect(await later.enter(factsOf('b'), [], [])).toMatchObject({notes: 1});
			expect(await later.notes()).toMatchObject({value: {stamping: {countsFrom: 'end'}}});
			await lab.pass(86_400_000);
			const last = lab.ledger();
			await last.enter(factsOf('c'), [], []);
			expect(await last.notes()).toMatchObject({value: {}});
		});

		it('stop all for the rest of the day', async () => {
			const [first, second] = await enterAll(lab, 'a', 'b');
			await first.note('day', {until: lab.clock.epoch() + 5000});
			await lab.pass(1000);
			expect(await verdictOn(second, 'x')).toEqual({kind: 'day', forMs: 4000});
			await passAlive(lab, 4000, [first, second]);
			expect(await verdictOn(second, 'x')).toEqual(lease);
		});

		it('give a task to one of them', async () => {
			const [first, second] = await enterAll(lab, 'a', 'b');
			const isTaken = async (ledger: typeof first) => {
				const step = await ledger.claimTask('read the account', 5000);
				return step.kind === 'done' && step.value;
			};
			expect([await isTaken(first), await isTaken(second), await isTaken(first)]).toEqual([
				true,
				false,
				true,
			]);
			await passAlive(lab, 5000, [first, second]);
			expect([await isTaken(second), await isTaken(first)]).toEqual([true, false]);
		});

		it.each(['leaves', 'vanishes'])('free a task when who has it %s', async (how) => {
			const [first, second] = await enterAll(lab, 'a', 'b');
			const isTaken = async (ledger: typeof first) => {
				const step = await ledger.claimTask('read the account', 60_000);
				return step.kind === 'done' && step.value;
			};
			expect([await isTaken(first), await isTaken(second)]).toEqual([true, false]);
			if (how === 'leaves') {
				await first.leave();
			} else {
				await passAlive(lab, 4000, [second]);
			}
			expect(await isTaken(second)).toBe(true);
		});
	});

	describe('what all had answered', () => {
		const answersOf = async (ledger: SharedLedger): Promise<unknown> => {
			const step = await ledger.notes();
			return step.kind === 'done' ? step.value.answers : step.kind;
		};
		const answer = async (ledger: SharedLedger, id: string, settled: number, agoMs = 0) => {
			expect(await verdictOn(ledger, id)).toEqual(lease);
			await ledger.end([{id, firstByteAgoMs: agoMs, end: {agoMs, settled}}]);
		};
		const minute = (number: number): number =>
			Math.floor(lab.clock.epoch() / 60_000) * 60_000 + number * 60_000;

		it('is one sum per minute of the end, whoever sent it', async () => {
			const [first, second] = await enterAll(lab, 'a', 'b');
			const at = minute(0);
			await answer(first, 'x', 40);
			await answer(second, 'y', 70);
			await verdictOn(first, 'kept');
			await first.end([{id: 'kept', end: {agoMs: 0, settled: 'kept'}}]);
			await passAlive(lab, 60_000, [first, second]);
			await answer(second, 'z', 5);
			// It ended in the minute before, and is heard of now.
			await answer(second, 'late', 100, 59_000);
			const known = {at, requests: 3, tokens: 210};
			expect(await answersOf(second)).toEqual({since: 0, minutes: [known]});
			await passAlive(lab, 60_000, [first, second]);
			const minutes = [known, {at: at + 60_000, requests: 1, tokens: 5}];
			expect(await answersOf(first)).toEqual({since: 0, minutes: expect.arrayContaining(minutes)});
		});

		it('is known to who comes later, after all others have left too', async () => {
			const [first] = await enterAll(lab, 'a');
			const at = minute(0);
			await answer(first, 'x', 40);
			await first.leave();
			await lab.pass(150_000);
			const answers = {since: 0, minutes: [{at, requests: 1, tokens: 40}]};
			expect((await lab.glance()).notes.answers).toEqual(answers);
			const later = lab.ledger();
			await later.enter(factsOf('b'), [], []);
			expect(await answersOf(later)).toEqual(answers);
		});

		it('is not known before a member came back that was away for longer than it remembers', async () => {
			const [first, second] = await enterAll(lab, 'a', 'b');
			await lab.pass(30_000);
			await first.enter(factsOf('a'), [], ['b']);
			await second.enter(factsOf('b'), [], ['a']);
			expect(await answersOf(second)).toMatchObject({since: 0});
			await passAlive(lab, 61_000, [second]);
			await first.enter(factsOf('a'), [], ['b']);
			expect(await answersOf(second)).toMatchObject({since: lab.clock.epoch()});
		});

		it('is one sum of the day, which neither a pause nor a loss of the store makes less', async () => {
			const [first] = await enterAll(lab, 'a');
			await answer(first, 'x', 40);
			await passAlive(lab, 61_000, [first]);
			const used = (await renew(first)).usedToday;
			expect(used).toBe(40);
			await redis.call('DEL', ...lab.keys);
			expect((await first.enter(factsOf('a'), [], [])).usedToday).toBe(used);
			await first.leave();
			await redis.call('DEL', ...lab.keys.filter((key) => !key.endsWith(':notes')));
			const later = lab.ledger();
			expect((await later.enter(factsOf('b'), [], [])).usedToday).toBe(used);
			await lab.pass(86_400_000);
			expect((await later.enter(factsOf('b'), [], [])).usedToday).toBe(0);
		});

		it('is not known before a store lost its memory', async () => {
			const [first] = await enterAll(lab, 'a');
			await lab.pass(1000);
			await redis.call('DEL', ...lab.keys);
			await first.enter(factsOf('a'), [], []);
			expect(await answersOf(first)).toEqual({since: lab.clock.epoch(), minutes: []});
		});
	});

	describe('keys', () => {
		it('expire from the first, whatever was in them and is gone again', async () => {
			const [first, second] = await enterAll(lab, 'a', 'b');
			await verdictOn(first, 'base', {tokens: 100});
			for (let round = 0; round < 120; round++) {
				const id = `${round}`;
				// Its last ticket is over by then.
				await verdictOn(second, `${id} large`, {tokens: 950});
				await verdictOn(first, id, {tokens: 1});
				await first.end([{id, firstByteAgoMs: 0, end: {agoMs: 0, settled: 1}}]);
				const lives = await Promise.all(lab.keys.map(async (key) => redis.call('PTTL', key)));
				expect(lives).not.toContain(-1);
				await lab.pass(round % 2 === 0 ? 100 : 2100);
			}
		});

		it('lie in one slot and expire by themselves', async () => {
			const [ledger, other] = await enterAll(lab, 'a', 'b');
			expect(await verdictOn(ledger, 'x')).toEqual(lease);
			expect(await verdictOn(other, 'large', {tokens: 950})).toMatchObject({kind: 'wait'});
			await ledger.end([{id: 'x', firstByteAgoMs: 0, end: {agoMs: 0, settled: 5}}]);
			await ledger.note('quota', {json: '{}'});
			const keys = (await redis.call('KEYS', `bt:{${lab.bucket}}:*`)) as readonly string[];
			expect(keys.length).toBeGreaterThanOrEqual(6);
			for (const key of keys) {
				const life = Number(await redis.call('PTTL', key));
				const most = key.endsWith(':notes')
					? 25 * 3_600_000
					: /:(?:members|facts)$/.test(key)
						? 720_000
						: 2 * windowMs;
				expect([key, life > 0 && life <= most]).toEqual([key, true]);
			}
		});

		it('take at most 300 bytes for a request that counts', async () => {
			const [ledger] = await enterAll(lab, 'a');
			const limits = {requests: null, tokens: null};
			const ids = Array.from({length: 2000}, (_, index) => `d3b07384-d113-4ec6-${index}`);
			const sizes = async (): Promise<number> => {
				const keys = (await redis.call('KEYS', `bt:{${lab.bucket}}:*`)) as readonly string[];
				const each = await Promise.all(
					keys.map(async (key) => redis.call('MEMORY', 'USAGE', key, 'SAMPLES', '0')),
				);
				return each.reduce((sum: number, size) => sum + Number(size), 0);
			};
			for (const id of ids) {
				await ledger.reserve(askOf(id, {limits}));
			}
			expect((await sizes()) / ids.length).toBeLessThan(300);
			await ledger.end(ids.map((id) => ({id, firstByteAgoMs: 0, end: {agoMs: 0, settled: 50}})));
			expect((await sizes()) / ids.length).toBeLessThan(300);
			await passAlive(lab, 2 * windowMs, [ledger]);
			expect(await sizes()).toBeLessThan(20_000);
		});
	});

	describe('a glance of somebody who has not joined', () => {
		it('sees nothing where there is no ledger, and makes none', async () => {
			expect((await lab.glance()).state).toBeUndefined();
			expect(await redis.call('EXISTS', ...lab.keys)).toBe(0);
		});

		it('sees what members see, and changes nothing', async () => {
			const [first, second] = await enterAll(lab, 'a', 'b');
			await verdictOn(first, 'x');
			await verdictOn(second, 'y');
			await first.end([{id: 'x', firstByteAgoMs: 0, end: {agoMs: 0, settled: 40}}]);
			await second.renew({inFlight: [{id: 'y'}], use: {requests: 1, tokens: 100}, waiting: 3});
			const steps = await redis.call('GET', lab.keys[0] ?? '');
			const seen = await lab.glance();
			expect(seen?.state).toMatchObject({
				use: {requests: 2, tokens: 140},
				heldTokens: 100,
				inFlight: 1,
				members: 2,
				vanished: 0,
			});
			expect(seen?.members.toSorted((one, other) => one.id.localeCompare(other.id))).toMatchObject([
				{id: 'a', name: 'service a', state: 'live', inFlight: 0, waiting: 0},
				{id: 'b', name: 'service b', state: 'live', inFlight: 1, waiting: 3},
			]);
			expect(await redis.call('GET', lab.keys[0] ?? '')).toEqual(steps);
		});

		it('takes out what has left the window since the last step, and says who is silent', async () => {
			const ledger = (await enterAll(lab, 'a'))[0];
			await verdictOn(ledger, 'x');
			await ledger.end([{id: 'x', firstByteAgoMs: 0, end: {agoMs: 0, settled: 40}}]);
			await lab.pass(windowMs + 200);
			const seen = await lab.glance();
			expect(seen?.state).toMatchObject({use: {requests: 0, tokens: 0}, members: 0, vanished: 1});
			expect(seen?.members).toMatchObject([{id: 'a', state: 'vanished', seenAgoMs: windowMs + 200}]);
		});
	});

	it('says what became of entries, and leaves out those that it does not know', async () => {
		const [ledger, other] = await enterAll(lab, 'a', 'b');
		for (const id of ['quiet', 'heard', 'settled', 'kept']) {
			expect(await verdictOn(ledger, id)).toEqual(lease);
		}
		await lab.pass(300);
		await ledger.renew({
			inFlight: [{id: 'quiet'}, {id: 'heard', firstByteAgoMs: 100}, {id: 'settled'}, {id: 'kept'}],
			use: {requests: 4, tokens: 400},
			waiting: 0,
		});
		await ledger.end([
			{id: 'settled', firstByteAgoMs: 200, end: {agoMs: 0, settled: 70}},
			{id: 'kept', end: {agoMs: 0, settled: 'kept'}},
		]);
		await lab.pass(500);
		const step = await other.fates(['kept', 'quiet', 'unknown', 'heard', 'settled']);
		const value = step?.kind === 'done' ? step.value : [];
		// The end of its slot at most.
		const agoMs = value.flatMap(({end}) => end?.agoMs ?? []);
		expect(agoMs.every((each) => each >= 500 && each <= 600)).toBe(true);
		expect(value.map(({end, ...fate}) => ({...fate, settled: end?.settled}))).toEqual([
			{id: 'kept', isHeard: false, settled: 'kept'},
			{id: 'quiet', isHeard: false},
			{id: 'heard', isHeard: true},
			{id: 'settled', isHeard: true, settled: 70},
		]);
	});

	it('takes many entries at once', async () => {
		const ledger = lab.ledger();
		const entries = Array.from({length: 2500}, (_, index) => ({
			id: `${index}`,
			tokens: 10,
			reserved: 10,
			sentAgoMs: 5000,
			...(index % 2 === 0 ? {} : {firstByteAgoMs: 4000, end: {agoMs: 3000, settled: 4}}),
		}));
		const state = await ledger.enter(factsOf('a'), entries, []);
		expect(state).toMatchObject({
			use: {requests: 2500, tokens: 1250 * 14},
			inFlight: 1250,
			heldTokens: 12_500,
		});
		expect(await ledger.enter(factsOf('a'), entries, [])).toMatchObject({use: state.use, inFlight: 1250});
	});

	it('rejects what is not an answer of a ledger', async () => {
		for (const answer of [null, 'OK', [1, 2], ['done']]) {
			const store = {eval: async () => answer};
			const ledger = createRedisLedger({store, bucket: 'b', clock: new FakeClock()});
			await expect(ledger.enter(factsOf('a'), [], [])).rejects.toThrow('instead of a step of a ledger');
		}
	});
});
