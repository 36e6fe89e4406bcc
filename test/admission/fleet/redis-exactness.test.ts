import {setTimeout as delay} from 'node:timers/promises';
import {createClient} from '@redis/client';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {createRedisLedger} from '../../../source/admission/fleet/redis-ledger.ts';
import type {SharedLedger, Step} from '../../../source/admission/fleet/shared-ledger.ts';
import {createRandom, systemClock} from '../../../source/domain/clock.ts';
import {createBucket} from '../../../source/simulator/enforcement.ts';
import {isSoak} from '../../helpers/random-cases.ts';
import {askOf, factsOf} from '../../helpers/redis-ledgers.ts';
import {
	hasRedis,
	needsRedis,
	type RedisServer,
	startRedisServer,
	storeBy,
} from '../../helpers/redis-server.ts';

/** Tests source/admission/fleet/redis-ledger.ts in real time. */

/*
 * Tests source/admission/fleet/redis-ledger.ts in real time, on real connections: requests that the ledger lets in are offered to meters of every kind that a service may
 * count with, kept here. None of them may ever refuse one.
 */

const windowMs = 2000;
const quota = 5000;
const runMs = isSoak ? 60_000 : 8000;
const connections = 4;
const workersEach = 20;

let redis: RedisServer;
const closers: Array<() => void> = [];

/** The service counts each minute from another instant. */
const phases = [0, 500, 1100, 1700];
const meters = (['first-byte', 'end'] as const).flatMap((countFrom) => [
	...(['sliding', 'refill'] as const).map((enforcement) => ({enforcement, countFrom, phaseMs: 0})),
	...phases.map((phaseMs) => ({enforcement: 'fixed' as const, countFrom, phaseMs})),
]);

describe.skipIf(!hasRedis)(`a ledger in Redis, in real time${needsRedis}`, () => {
	beforeAll(async () => {
		redis = await startRedisServer();
	});
	afterAll(async () => {
		for (const close of closers) {
			close();
		}
		await redis.stop();
	});

	it('never lets more in than any meter takes, whatever the weights', async () => {
		const startedAt = performance.now();
		const services = meters.map(({enforcement, countFrom, phaseMs}) => ({
			name: `${enforcement} ${countFrom} ${phaseMs}`,
			now: () => performance.now() - startedAt + phaseMs,
			bucket: createBucket(
				{requestsPerMinute: 400, tokensPerMinute: quota, tokensPerDay: undefined},
				{enforcement, windowMs, countFrom},
			),
		}));
		const refused: string[] = [];
		const random = createRandom(7);
		const until = performance.now() + runMs;
		let [admitted, waited, tokensSettled] = [0, 0, 0];

		const join = async (index: number): Promise<void> => {
			const client = createClient({RESP: 2, url: redis.url});
			client.on('error', () => {});
			await client.connect();
			closers.push(() => client.destroy());
			const store = storeBy(async (words) => client.sendCommand([...words]));
			const ledger: SharedLedger = createRedisLedger({store, bucket: 'exact', windowMs, clock: systemClock});
			type Flight = {firstByteAt?: number};
			const flights = new Map<string, Flight>();
			// A machine that is busy may keep a member silent for too long: then it enters again with what it has in flight.
			let entering: Promise<unknown> | undefined;
			const enter = async (): Promise<void> => {
				entering ??= ledger
					.enter(
						factsOf(`m${index}`),
						[...flights.keys()].map((id) => ({id, tokens: 60, reserved: 60, sentAgoMs: 0})),
						[],
					)
					.finally(() => {
						entering = undefined;
					});
				await entering;
			};
			const ask = async <Value>(step: () => Promise<Step<Value>>): Promise<Value | undefined> => {
				const answer = await step();
				if (answer.kind === 'done') {
					return answer.value;
				}
				await enter();
				return undefined;
			};
			await enter();
			const admit = async (id: string, tokens: number): Promise<boolean> => {
				const asked = {tokens, reserved: tokens, limits: {requests: 400, tokens: quota}, capacity: quota};
				while (performance.now() < until) {
					const verdict = await ask(async () => ledger.reserve(askOf(id, asked)));
					if (verdict?.kind === 'lease') {
						return true;
					}
					waited++;
					await delay(verdict?.kind === 'wait' ? Math.min(verdict.delayMs, 500) : 10);
				}
				return false;
			};
			const send = async (id: string, tokens: number): Promise<void> => {
				const flight: Flight = {};
				flights.set(id, flight);
				// It is counted at any instant between its lease and its first byte.
				await delay(20 * random());
				const settles = services.flatMap(({name, now, bucket}) => {
					const admission = bucket.admit(now(), tokens);
					if (!admission.isAdmitted) {
						refused.push(name);
						return [];
					}
					return [(settled: number) => admission.settle(now(), settled)];
				});
				await delay(10 * random());
				const firstByteAt = performance.now();
				flight.firstByteAt = firstByteAt;
				await delay(40 * random());
				const settled = Math.floor(tokens * random());
				for (const settle of settles) {
					settle(settled);
				}
				tokensSettled += settled;
				flights.delete(id);
				const firstByteAgoMs = performance.now() - firstByteAt;
				await ask(async () => ledger.end([{id, firstByteAgoMs, end: {agoMs: 0, settled}}]));
			};
			const work = async (worker: number): Promise<void> => {
				for (let count = 0; performance.now() < until; count++) {
					const id = `${index}-${worker}-${count}`;
					const tokens = 1 + Math.floor(60 * random());
					if (await admit(id, tokens)) {
						admitted++;
						await send(id, tokens);
					}
				}
			};
			const beat = async (): Promise<void> => {
				while (performance.now() < until) {
					await delay(1000);
					const inFlight = [...flights].map(([id, {firstByteAt}]) => ({
						id,
						...(firstByteAt === undefined ? {} : {firstByteAgoMs: performance.now() - firstByteAt}),
					}));
					await ask(async () => ledger.renew({inFlight, use: {requests: 0, tokens: 0}, waiting: 1}));
				}
			};
			await Promise.all([beat(), ...Array.from({length: workersEach}, async (_, worker) => work(worker))]);
		};
		await Promise.all(Array.from({length: connections}, async (_, index) => join(index)));

		expect(refused).toEqual([]);
		// It was full: more asked than were let in, and the quota was used.
		expect(waited).toBeGreaterThan(admitted / 10);
		expect(tokensSettled).toBeGreaterThan(quota);
	});
});
