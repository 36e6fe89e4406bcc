import {setTimeout as delay} from 'node:timers/promises';
import {afterEach, describe, expect, it} from 'vitest';
import {createRedisLedger} from '../../../source/admission/fleet/redis-ledger.ts';
import type {SharedLedger} from '../../../source/admission/fleet/shared-ledger.ts';
import {systemClock} from '../../../source/domain/clock.ts';
import {type FleetLab, type FleetScene, playFleet, rateOf} from '../../helpers/fleet-lab.ts';
import {hasRedis, needsRedis, type RedisServer, startRedisServer} from '../../helpers/redis-server.ts';
import type {Link} from '../../helpers/shared-ledger-model.ts';

/** Tests source/admission/fleet/fleet-member.ts with a real Redis, in real time: a minute lasts six seconds. A busy machine may lose a step more. */

const windowMs = 6000;
const tokens = 40_000;
const clock = {...systemClock, advance: async (byMs: number) => void (await delay(byMs))};

const servers: RedisServer[] = [];

afterEach(async () => {
	await Promise.all(servers.splice(0).map(async (server) => server.stop()));
});

/** Members of a fleet with a Redis of their own. */
const play = async (
	happens: (server: RedisServer) => FleetScene['happens'],
	windows: number,
): Promise<FleetLab> => {
	const server = await startRedisServer();
	servers.push(server);
	await server.call('PING');
	const open = (link: Link): SharedLedger =>
		createRedisLedger({
			store: {
				eval: async (script, keys, words) =>
					link.isCut ? new Promise<never>(() => {}) : server.store.eval(script, keys, words),
			},
			bucket: 'account/region/model/on-demand',
			windowMs,
			clock,
		});
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
			happens: happens(server),
		},
		open,
	);
	await Promise.all(lab.members.map(async ({member}) => member.stop()));
	return lab;
};

const throttlesOf = ({members}: FleetLab): number =>
	members.reduce((sum, {throttledAt}) => sum + throttledAt.length, 0);

const kindsOf = ({members}: FleetLab): ReadonlyArray<readonly string[]> =>
	members.map(({events}) => events.map(({kind}) => kind));

describe.skipIf(!hasRedis)(`a fleet with a real Redis${needsRedis}`, () => {
	it.concurrent('uses the quota and no more', async () => {
		const begin = clock.now();
		const lab = await play(() => [], 3);
		expect(throttlesOf(lab)).toBe(0);
		expect(lab.peak.tokens).toBeLessThanOrEqual(tokens);
		const rate = rateOf(lab.members, 'tokens', begin + windowMs, begin + 3 * windowMs, windowMs);
		expect(rate).toBeGreaterThan(0.8 * tokens);
	}, 60_000);

	it.concurrent('that is stopped loses nothing and stays below it', async () => {
		const lab = await play(
			(server) => [
				[8000, () => server.pause()],
				[13_000, () => server.resume()],
			],
			4,
		);
		expect(throttlesOf(lab)).toBe(0);
		expect(lab.peak.tokens).toBeLessThanOrEqual(tokens);
		for (const kinds of kindsOf(lab)) {
			expect(kinds).toEqual(expect.arrayContaining(['lost', 'back']));
		}
	}, 60_000);

	it.concurrent('that is flushed heals', async () => {
		const lab = await play((server) => [[8000, () => void server.call('FLUSHALL')]], 4);
		expect(throttlesOf(lab)).toBe(0);
		expect(lab.peak.tokens).toBeLessThanOrEqual(tokens);
		for (const {events} of lab.members) {
			expect(events).toContainEqual(expect.objectContaining({kind: 'lost', cause: 'forgotten'}));
			expect(events.map(({kind}) => kind)).toContain('back');
		}
	}, 60_000);

	it.concurrent('out of reach of one member leaves it its part', async () => {
		const lab = await play(
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
		expect(alone?.admitted.filter(([at]) => at > clock.now() - windowMs).length).toBeGreaterThan(5);
	}, 60_000);
});
