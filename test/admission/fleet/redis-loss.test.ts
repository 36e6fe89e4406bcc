import {afterAll, beforeAll, beforeEach, describe, expect, it} from 'vitest';
import {
	awaitedMs,
	type EntryState,
	partKeptMs,
	probationMs,
	type SharedLedger,
	vanishedAfterMs,
} from '../../../source/admission/fleet/shared-ledger.ts';
import {FakeClock} from '../../helpers/fake-clock.ts';
import {
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

/** Tests source/admission/fleet/redis-ledger.ts: who is a member, and each way to lose a ledger. */

const windowMs = 60_000;
const lease = {kind: 'lease'};

let redis: RedisServer;
let lab: LedgerLab;

const flown = (id: string, sentAgoMs = 0, tokens = 100): EntryState => ({
	id,
	tokens,
	reserved: tokens,
	sentAgoMs,
});
const flush = async (): Promise<unknown> => redis.call('DEL', ...lab.keys);
const isForgotten = async (ledger: SharedLedger): Promise<boolean> =>
	(await ledger.renew({inFlight: [], use: {requests: 0, tokens: 0}, waiting: 1})).kind === 'forgotten';
/** Renews until the parts are known to all. */
const settleParts = async (...ledgers: readonly SharedLedger[]): Promise<readonly number[]> => {
	for (let round = 0; round < 3; round++) {
		for (const ledger of ledgers) {
			await renew(ledger);
		}
	}
	return Promise.all(ledgers.map(async (ledger) => (await renew(ledger)).part));
};

describe.skipIf(!hasRedis)(`a ledger in Redis and its members${needsRedis}`, () => {
	beforeAll(async () => {
		redis = await startRedisServer();
	});
	beforeEach(async () => {
		lab = await createLedgerLab(redis);
	});
	afterAll(async () => {
		await redis.stop();
	});

	describe('a new ledger', () => {
		it('lets nobody in for its probation', async () => {
			const ledger = lab.ledger();
			expect(await ledger.enter(factsOf('a'), [], [])).toMatchObject({
				healingMs: probationMs,
				part: 0,
				members: 1,
			});
			await lab.pass(500);
			expect(await verdictOn(ledger, 'x')).toEqual({
				kind: 'wait',
				delayMs: probationMs - 500,
				reason: 'turn',
			});
			await lab.pass(1000);
			expect(await verdictOn(ledger, 'x')).toEqual(lease);
		});

		it('takes a step of nobody that has not entered', async () => {
			const [ledger] = await enterAll(lab, 'a');
			expect(await isForgotten(lab.ledger())).toBe(true);
			expect(await isForgotten(ledger)).toBe(false);
		});
	});

	describe('a ledger that was flushed', () => {
		it('is noticed at the next step, and waits for all that were seen, and a window', async () => {
			const [first, second] = await enterAll(lab, 'a', 'b');
			expect(await settleParts(first, second)).toEqual([0.5, 0.5]);
			expect(await verdictOn(first, 'x')).toEqual(lease);
			expect(await verdictOn(second, 'y')).toEqual(lease);
			await flush();
			expect(await verdictOn(first, 'z')).toEqual({kind: 'forgotten'});
			const state = await first.enter(factsOf('a'), [flown('x')], ['a', 'b']);
			expect(state).toMatchObject({
				healingMs: awaitedMs + windowMs,
				members: 1,
				vanished: 1,
				part: 0.5,
				use: {requests: 1, tokens: 100},
			});
			expect(await verdictOn(first, 'z')).toEqual({kind: 'wait', delayMs: 100, reason: 'turn'});
			await lab.pass(700);
			expect(await isForgotten(second)).toBe(true);
			const healed = await second.enter(factsOf('b'), [flown('y', 700)], ['a', 'b']);
			expect(healed).toMatchObject({
				healingMs: windowMs,
				members: 2,
				vanished: 0,
				use: {requests: 2, tokens: 200},
			});
			await passAlive(lab, windowMs, [first, second], ['x']);
			expect(await verdictOn(first, 'z')).toEqual(lease);
		});

		it('waits for 10 s at most; who does not come has vanished, and keeps its part', async () => {
			const [first, second] = await enterAll(lab, 'a', 'b');
			await settleParts(first, second);
			await flush();
			await first.enter(factsOf('a'), [], ['b']);
			await passAlive(lab, awaitedMs, [first]);
			expect(await renew(first)).toMatchObject({healingMs: windowMs, members: 1, vanished: 1, part: 0.5});
			await passAlive(lab, windowMs, [first]);
			expect(await verdictOn(first, 'x', {tokens: 501})).toMatchObject({kind: 'wait'});
			expect(await verdictOn(first, 'x', {tokens: 500})).toEqual(lease);
			expect(await first.members()).toMatchObject({
				value: expect.arrayContaining([
					{
						...{id: 'b', name: 'b', host: '', pid: 0, state: 'vanished'},
						...{seenAgoMs: expect.any(Number), use: {requests: 0, tokens: 0}, inFlight: 0, waiting: 0},
					},
				]),
			});
		});

		it('is noticed where a newcomer made the new one: by those that knew the old one, within the probation', async () => {
			const [first] = await enterAll(lab, 'a');
			expect(await verdictOn(first, 'x', {tokens: 900})).toEqual(lease);
			await flush();
			const newcomer = lab.ledger();
			expect(await newcomer.enter(factsOf('n'), [], [])).toMatchObject({healingMs: probationMs, part: 0});
			await lab.pass(1000);
			expect(await isForgotten(first)).toBe(true);
			await first.enter(factsOf('a'), [flown('x', 1000, 900)], []);
			expect(await verdictOn(newcomer, 'y')).toMatchObject({kind: 'wait', delayMs: windowMs});
		});

		it('is noticed later too by one whose part nobody keeps', async () => {
			const [first] = await enterAll(lab, 'a');
			await flush();
			const [newcomer] = await enterAll(lab, 'n');
			await passAlive(lab, awaitedMs, [newcomer]);
			expect(await first.enter(factsOf('a'), [flown('x', 1000, 900)], [])).toMatchObject({
				healingMs: windowMs,
			});
		});
	});

	it('is noticed to have lost its last writes, by the one that made them, however many others came', async () => {
		const [first, second] = await enterAll(lab, 'a', 'b');
		await settleParts(first, second);
		const dumps = await Promise.all(lab.keys.map(async (key) => redis.call('EXISTS', key)));
		const held = lab.keys.filter((_, index) => dumps[index] === 1);
		for (const key of held) {
			await redis.call('COPY', key, `copy:${key}`, 'REPLACE');
		}
		for (const id of ['x', 'y', 'z']) {
			expect(await verdictOn(second, id, {tokens: 200})).toEqual(lease);
		}
		await flush();
		for (const key of held) {
			await redis.call('RENAME', `copy:${key}`, key);
		}
		for (let step = 0; step < 5; step++) {
			await renew(first);
		}
		expect(await isForgotten(second)).toBe(true);
		const entries = ['x', 'y', 'z'].map((id) => flown(id, 0, 200));
		const state = await second.enter(factsOf('b'), entries, ['a']);
		expect(state).toMatchObject({
			healingMs: awaitedMs + windowMs,
			use: {requests: 3, tokens: 600},
			part: 0.5,
		});
		expect(await isForgotten(first)).toBe(true);
		expect(await first.enter(factsOf('a'), [], ['b'])).toMatchObject({
			healingMs: windowMs,
			members: 2,
			vanished: 0,
		});
	});

	it('is noticed to have been restarted', async () => {
		const [first] = await enterAll(lab, 'a');
		expect(await verdictOn(first, 'x')).toEqual(lease);
		await redis.restart();
		await lab.pass(100);
		expect(await isForgotten(first)).toBe(true);
		expect(await first.enter(factsOf('a'), [flown('x', 100)], [])).toMatchObject({
			healingMs: windowMs,
			use: {requests: 1, tokens: 100},
		});
	});

	describe.each([600_000, -600_000])('a clock of the store that jumps by %d ms', (jumpMs) => {
		it('counts as the loss of the ledger', async () => {
			const [first, second] = await enterAll(lab, 'a', 'b');
			expect(await settleParts(first, second)).toEqual([0.5, 0.5]);
			expect(await verdictOn(first, 'x', {tokens: 900})).toEqual(lease);
			await lab.jump(jumpMs);
			expect(await verdictOn(second, 'y')).toEqual({kind: 'forgotten'});
			const state = await second.enter(factsOf('b'), [], ['a']);
			expect(state).toMatchObject({healingMs: awaitedMs + windowMs, members: 1, vanished: 1, part: 0.5});
			expect(await isForgotten(first)).toBe(true);
			expect(await first.enter(factsOf('a'), [flown('x', 0, 900)], ['b'])).toMatchObject({
				healingMs: windowMs,
				members: 2,
				use: {requests: 1, tokens: 900},
			});
		});
	});

	it('does not mind the clock of a member that stood still', async () => {
		const [first] = await enterAll(lab, 'a');
		// A machine that is suspended: time passes for the store and the other alone.
		const sleeper = lab.ledger(windowMs, new FakeClock());
		await sleeper.enter(factsOf('b'), [], []);
		await passAlive(lab, 20_000, [first]);
		expect(await isForgotten(sleeper)).toBe(true);
		expect(await sleeper.enter(factsOf('b'), [], ['a'])).toMatchObject({healingMs: 0, members: 2});
		expect(await renew(first)).toMatchObject({healingMs: 0});
	});

	it('waits for its probation where nobody was heard of for long: members bring what they sent meanwhile', async () => {
		const [first, second] = await enterAll(lab, 'a', 'b');
		await settleParts(first, second);
		await lab.pass(30_000);
		expect(await first.enter(factsOf('a'), [flown('x', 20_000)], ['b'])).toMatchObject({
			healingMs: probationMs,
			members: 1,
			vanished: 1,
		});
		await lab.pass(500);
		expect(await isForgotten(second)).toBe(true);
		expect(await second.enter(factsOf('b'), [flown('y', 3000)], ['a'])).toMatchObject({
			healingMs: probationMs - 500,
			members: 2,
			use: {requests: 2, tokens: 200},
		});
		await lab.pass(1000);
		expect(await verdictOn(second, 'z')).toEqual(lease);
	});

	describe('parts', () => {
		it('never exceed the whole: a newcomer has none before the others know of it', async () => {
			const [first] = await enterAll(lab, 'a');
			expect((await renew(first)).part).toBe(1);
			const second = lab.ledger();
			expect(await second.enter(factsOf('b'), [], [])).toMatchObject({part: 0, members: 2});
			expect((await renew(second)).part).toBe(0);
			// The first may not have heard the answer that says so.
			expect((await renew(first)).part).toBe(0.5);
			expect((await renew(second)).part).toBe(0);
			await renew(first);
			expect((await renew(second)).part).toBe(0.5);
			await first.leave();
			expect((await renew(second)).part).toBe(1);
		});

		it('of vanished members are kept for ten minutes', async () => {
			const [first, second, third, fourth] = await enterAll(lab, 'a', 'b', 'c', 'd');
			expect(await settleParts(first, second, third, fourth)).toEqual([0.25, 0.25, 0.25, 0.25]);
			await passAlive(lab, vanishedAfterMs, [first, second]);
			expect(await settleParts(first, second)).toEqual([0.25, 0.25]);
			expect(await renew(first)).toMatchObject({members: 2, vanished: 2});
			expect(await verdictOn(first, 'x', {tokens: 501})).toMatchObject({kind: 'wait'});
			await first.bury('c');
			expect(await settleParts(first, second)).toEqual([0.375, 0.375]);
			expect(await verdictOn(first, 'x', {tokens: 750})).toEqual(lease);
			await passAlive(lab, partKeptMs + vanishedAfterMs, [first, second], ['x']);
			expect(await settleParts(first, second)).toEqual([0.5, 0.5]);
			const left = await first.members();
			expect(left.kind === 'done' && left.value.map(({id}) => id).toSorted()).toEqual(['a', 'b']);
		});

		it('of a vanished member cover what it had in the ledger, so that nothing counts twice', async () => {
			const [first, second] = await enterAll(lab, 'a', 'b');
			await settleParts(first, second);
			expect(await verdictOn(second, 'x', {tokens: 400})).toEqual(lease);
			await passAlive(lab, vanishedAfterMs, [first]);
			expect(await renew(first)).toMatchObject({inFlight: 0, heldTokens: 0, use: {requests: 1, tokens: 400}});
			expect(await verdictOn(first, 'y', {tokens: 501})).toMatchObject({kind: 'wait'});
			expect(await verdictOn(first, 'y', {tokens: 500})).toEqual(lease);
			await first.end([{id: 'y', end: {agoMs: 0, settled: 'given-back'}}]);
			// Back, it brings all that it has: each counts once.
			expect(await second.enter(factsOf('b'), [flown('x', 3000, 400)], ['a'])).toMatchObject({
				...{inFlight: 1, heldTokens: 400, use: {requests: 1, tokens: 400}, healingMs: 0, vanished: 0},
			});
			expect(await verdictOn(first, 'z', {tokens: 600})).toEqual(lease);
		});

		it('count for less than what a vanished member had, for a window', async () => {
			const [first, second] = await enterAll(lab, 'a', 'b');
			await settleParts(first, second);
			expect(await verdictOn(second, 'x', {tokens: 800})).toEqual(lease);
			await passAlive(lab, vanishedAfterMs, [first]);
			expect(await verdictOn(first, 'y', {tokens: 201})).toMatchObject({kind: 'wait'});
			await passAlive(lab, windowMs, [first]);
			expect(await verdictOn(first, 'y', {tokens: 500})).toEqual(lease);
		});

		it('are not kept for who left; what it used counts until it leaves the window', async () => {
			const [first, second] = await enterAll(lab, 'a', 'b');
			expect(await verdictOn(second, 'x')).toEqual(lease);
			await second.end([{id: 'x', firstByteAgoMs: 0, end: {agoMs: 0, settled: 70}}]);
			await second.leave();
			expect(await renew(first)).toMatchObject({members: 1, vanished: 0, use: {requests: 1, tokens: 70}});
			await passAlive(lab, windowMs + 100, [first]);
			expect(await renew(first)).toMatchObject({use: {requests: 0, tokens: 0}});
		});

		it('are not kept for who is buried; what it had in flight ends as of unknown fate', async () => {
			const [first, second] = await enterAll(lab, 'a', 'b');
			await settleParts(first, second);
			expect(await verdictOn(second, 'x')).toEqual(lease);
			const state = stateOf(await first.bury('b'));
			expect(state).toMatchObject({members: 1, vanished: 0, inFlight: 0, use: {requests: 1, tokens: 100}});
			expect(await verdictOn(first, 'y', {tokens: 900})).toEqual(lease);
			expect(await isForgotten(second)).toBe(true);
		});

		it('leave nothing of many that died', async () => {
			const [first] = await enterAll(lab, 'a');
			for (let round = 0; round < 20; round++) {
				for (let each = 0; each < 10; each++) {
					await lab.ledger().enter(factsOf(`dead-${round}-${each}`), [], []);
				}
				await passAlive(lab, vanishedAfterMs, [first]);
			}
			await passAlive(lab, partKeptMs, [first]);
			expect(await renew(first)).toMatchObject({members: 1, vanished: 0, part: 1});
			const counts = await Promise.all(
				lab.keys.filter((key) => /members|facts/.test(key)).map(async (key) => redis.call('HLEN', key)),
			);
			expect(counts).toEqual([1, 1]);
		});
	});
});
