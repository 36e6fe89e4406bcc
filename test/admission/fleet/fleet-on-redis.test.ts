import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {createRedisLedger} from '../../../source/admission/fleet/redis-ledger.ts';
import {type FleetLab, type FleetScene, playFleet, rateOf} from '../../helpers/fleet-lab.ts';
import {RedisClock} from '../../helpers/redis-ledgers.ts';
import {hasRedis, needsRedis, type RedisServer, startRedisServer} from '../../helpers/redis-server.ts';

/**
 * Tests source/admission/fleet/fleet-member.ts with a real Redis. Its time is that of the test, as the members' is: nothing
 * depends on how busy the machine is. A minute lasts six seconds, so that there are fewer steps.
 */

const windowMs = 6000;
const tokens = 40_000;

let redis: RedisServer;

/** What may happen to the store. */
type Store = {
	/** It answers nothing; what it is asked meanwhile it does when it goes on. */
	readonly pause: () => void;
	readonly resume: () => void;
	readonly flush: () => void;
};

/** Members of a fleet with a bucket of their own. */
const play = async (
	bucket: string,
	happens: (store: Store) => FleetScene['happens'],
	windows: number,
): Promise<FleetLab> => {
	const clock = new RedisClock();
	const scripts = clock.store(redis);
	const held: Array<() => void> = [];
	let isPaused = false;
	const store: Store = {
		pause: () => {
			isPaused = true;
		},
		resume: () => {
			isPaused = false;
			for (const goOn of held.splice(0)) {
				goOn();
			}
		},
		flush: () => void redis.call('FLUSHALL'),
	};
	const wayMs = 1;
	const after = async (ms: number): Promise<void> => new Promise((resolve) => clock.after(ms, resolve));
	const lab = await playFleet(
		clock,
		{
			programs: [0, 70, 140, 210].map((startMs) => ({startMs, perWindow: 40})),
			windows,
			windowMs,
			requests: null,
			tokens,
			enforcement: 'sliding',
			firstByteMs: 30,
			answerMs: 200,
			happens: happens(store),
		},
		(link) =>
			createRedisLedger({
				store: {
					async eval(script, keys, words) {
						await (link.isCut ? new Promise(() => {}) : after(wayMs));
						if (isPaused) {
							await new Promise<void>((goOn) => held.push(goOn));
						}
						const answer = await scripts.eval(script, keys, words);
						await after(wayMs);
						return answer;
					},
				},
				bucket,
				windowMs,
				clock,
			}),
	);
	const stopped = Promise.all(lab.members.map(async ({member}) => member.stop()));
	await clock.advance(1000);
	await stopped;
	return lab;
};

const throttlesOf = ({members}: FleetLab): number =>
	members.reduce((sum, {throttledAt}) => sum + throttledAt.length, 0);

const kindsOf = ({members}: FleetLab): ReadonlyArray<readonly string[]> =>
	members.map(({events}) => events.map(({kind}) => kind));

describe.skipIf(!hasRedis)(`a fleet with a real Redis${needsRedis}`, () => {
	beforeAll(async () => {
		redis = await startRedisServer();
		await redis.call('PING');
	});
	afterAll(async () => {
		await redis.stop();
	});

	it('uses the quota and no more', async () => {
		const lab = await play('used', () => [], 3);
		expect(throttlesOf(lab)).toBe(0);
		expect(lab.peak.tokens).toBeLessThanOrEqual(tokens);
		const rate = rateOf(lab.members, 'tokens', windowMs, 3 * windowMs, windowMs);
		expect(rate).toBeGreaterThan(0.8 * tokens);
	});

	it('that is stopped loses nothing and stays below it', async () => {
		const lab = await play(
			'stopped',
			(store) => [
				[8000, store.pause],
				[13_000, store.resume],
			],
			4,
		);
		expect(throttlesOf(lab)).toBe(0);
		expect(lab.peak.tokens).toBeLessThanOrEqual(tokens);
		for (const kinds of kindsOf(lab)) {
			expect(kinds).toEqual(expect.arrayContaining(['lost', 'back']));
		}
	});

	it('that is flushed heals', async () => {
		const lab = await play('flushed', (store) => [[8000, store.flush]], 4);
		expect(throttlesOf(lab)).toBe(0);
		expect(lab.peak.tokens).toBeLessThanOrEqual(tokens);
		for (const {events} of lab.members) {
			expect(events).toContainEqual(expect.objectContaining({kind: 'lost', cause: 'forgotten'}));
			expect(events.map(({kind}) => kind)).toContain('back');
		}
	});

	it('out of reach of one member leaves it its part', async () => {
		const lab = await play(
			'cut',
			() => [
				[
					8000,
					({members: [first]}) => {
						if (first !== undefined) {
							first.link.isCut = true;
						}
					},
				],
			],
			4,
		);
		expect(throttlesOf(lab)).toBe(0);
		expect(lab.peak.tokens).toBeLessThanOrEqual(tokens);
		const [alone] = lab.members;
		expect(alone?.events.at(-1)?.kind).toBe('lost');
		expect(alone?.admitted.filter(([at]) => at > 3 * windowMs).length).toBeGreaterThan(5);
	});
});
