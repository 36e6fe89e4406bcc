import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import type {FleetState, SharedLedger, Step} from '../../../source/admission/fleet/shared-ledger.ts';
import {probationMs} from '../../../source/admission/fleet/shared-ledger.ts';
import {askOf, createLedgerLab, factsOf, type LedgerLab} from '../../helpers/redis-ledgers.ts';
import {hasRedis, needsRedis, type RedisServer, startRedisServer} from '../../helpers/redis-server.ts';

let redis: RedisServer;
let lab: LedgerLab;

const windowMs = 60_000;

/** Members of a ledger that is past its probation. */
const members = async (...ids: readonly string[]): Promise<readonly SharedLedger[]> => {
	lab = await createLedgerLab(redis);
	const ledgers = ids.map(() => lab.ledger());
	for (const [index, ledger] of ledgers.entries()) {
		await ledger.enter(factsOf(ids[index] ?? ''), [], []);
	}
	await lab.pass(probationMs);
	return ledgers;
};

const one = async (): Promise<SharedLedger> => {
	const [ledger] = await members('a');
	return ledger as SharedLedger;
};

const stateOf = (step: Step<unknown>): FleetState => {
	if (step.kind === 'forgotten') {
		throw new Error('forgotten');
	}
	return step.state;
};

const verdict = async (ledger: SharedLedger, ...ask: Parameters<typeof askOf>) => {
	const step = await ledger.reserve(askOf(...ask));
	return step.kind === 'done' ? step.value : step;
};

const lease = {kind: 'lease'};

/** Members live while time passes. */
const passAlive = async (ms: number, ledgers: readonly SharedLedger[], inFlight: readonly string[] = []) => {
	for (let left = ms; left > 0; left -= 1000) {
		await lab.pass(Math.min(1000, left));
		for (const [index, ledger] of ledgers.entries()) {
			const own = index === 0 ? inFlight.map((id) => ({id})) : [];
			await ledger.renew({inFlight: own, use: {requests: 0, tokens: 0}, waiting: 1});
		}
	}
};

describe.skipIf(!hasRedis)(`a ledger in Redis${needsRedis}`, () => {
	beforeAll(async () => {
		redis = await startRedisServer();
	});
	afterAll(async () => {
		await redis.stop();
	});

	it('says what became of entries, and leaves out those that it does not know', async () => {
		const [ledger, other] = await members('a', 'b');
		for (const id of ['quiet', 'heard', 'settled', 'kept']) {
			expect(await verdict(ledger as SharedLedger, id)).toEqual(lease);
		}
		await lab.pass(300);
		await ledger?.renew({
			inFlight: [{id: 'quiet'}, {id: 'heard', firstByteAgoMs: 100}, {id: 'settled'}, {id: 'kept'}],
			use: {requests: 4, tokens: 400},
			waiting: 0,
		});
		await ledger?.end([
			{id: 'settled', firstByteAgoMs: 200, end: {agoMs: 0, settled: 70}},
			{id: 'kept', end: {agoMs: 0, settled: 'kept'}},
		]);
		await lab.pass(500);
		const step = await other?.fates(['kept', 'quiet', 'unknown', 'heard', 'settled']);
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

	describe('reserve', () => {
		it('lets in what fits, and says when more will', async () => {
			const ledger = await one();
			for (let index = 0; index < 10; index++) {
				expect(await verdict(ledger, `${index}`)).toEqual(lease);
			}
			// It depends on answers.
			expect(await verdict(ledger, 'more')).toEqual({kind: 'wait', delayMs: 100, reason: 'tokens'});
			await lab.pass(200);
			const ends = Array.from({length: 10}, (_, index) => ({
				id: `${index}`,
				firstByteAgoMs: 100,
				end: {agoMs: 0, settled: 100},
			}));
			const state = stateOf(await ledger.end(ends));
			expect(state).toMatchObject({use: {requests: 10, tokens: 1000}, heldTokens: 0, inFlight: 0});
			// Tokens count from the first byte or the end: the later is what is waited for. One slot of 100 ms on top.
			expect(await verdict(ledger, 'more')).toEqual({
				kind: 'wait',
				delayMs: windowMs + 100,
				reason: 'tokens',
			});
			await passAlive(windowMs + 99, [ledger]);
			expect(await verdict(ledger, 'more')).toMatchObject({kind: 'wait', delayMs: 1});
			await lab.pass(1);
			expect(await verdict(ledger, 'more')).toEqual(lease);
		});

		it('gives a repeated ask the lease that it has', async () => {
			const ledger = await one();
			expect(await verdict(ledger, 'x')).toEqual(lease);
			const again = await ledger.reserve(askOf('x'));
			expect(again).toMatchObject({kind: 'done', value: lease, state: {inFlight: 1, heldTokens: 100}});
		});

		it('waits for requests', async () => {
			const ledger = await one();
			const limits = {requests: 1, tokens: null};
			expect(await verdict(ledger, 'x', {limits})).toEqual(lease);
			expect(await verdict(ledger, 'y', {limits})).toEqual({kind: 'wait', delayMs: 100, reason: 'requests'});
			await ledger.renew({
				inFlight: [{id: 'x', firstByteAgoMs: 0}],
				use: {requests: 1, tokens: 100},
				waiting: 1,
			});
			expect(await verdict(ledger, 'y', {limits})).toEqual({
				kind: 'wait',
				delayMs: windowMs + 100,
				reason: 'requests',
			});
		});
	});

	describe('a new ledger', () => {
		it('lets nobody in for its probation', async () => {
			lab = await createLedgerLab(redis);
			const ledger = lab.ledger();
			expect(await ledger.enter(factsOf('a'), [], [])).toMatchObject({
				healingMs: probationMs,
				part: 0,
				members: 1,
			});
			await lab.pass(500);
			expect(await verdict(ledger, 'x')).toEqual({kind: 'wait', delayMs: probationMs - 500, reason: 'turn'});
			await lab.pass(1000);
			expect(await verdict(ledger, 'x')).toEqual(lease);
		});
	});
});
