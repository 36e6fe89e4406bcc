import {setTimeout as delay} from 'node:timers/promises';
import {createClient} from '@redis/client';
import Bottleneck from 'bottleneck';
import {Redis} from 'ioredis';
import PQueue from 'p-queue';
import {RateLimiterRedis, RateLimiterRes} from 'rate-limiter-flexible';
import {createRedisLedger, redisKeys} from '../../../source/admission/fleet/redis-ledger.ts';
import {probationMs, type SharedLedger} from '../../../source/admission/fleet/shared-ledger.ts';
import {systemClock} from '../../../source/domain/clock.ts';
import {askOf, factsOf} from '../../helpers/redis-ledgers.ts';
import {hasRedis, type RedisServer, startRedisServer, storeBy} from '../../helpers/redis-server.ts';
import type {BenchCase, Row} from '../helpers/bench-case.ts';
import {count, milliseconds, percent, ratio} from '../helpers/format.ts';
import {median, quantile} from '../helpers/statistics.ts';

/**
 * The ledger of a fleet in Redis: what a step costs, and what limiters that people use let through of the same demand.
 */

const members = 8;
const ratePerSecond = 2000;
const maxP99Ms = 3;
const maxBytes = 300;
/** A quota that does not refuse, and one that does. */
const wide = {requests: 1_000_000, tokens: 1_000_000_000};
const bucket = '111122223333/us-east-1/anthropic.claude-sonnet-4-20250514-v1:0/cross-region';

const connect = async (redis: RedisServer) => {
	const client = createClient({RESP: 2, url: redis.url});
	client.on('error', () => {});
	await client.connect();
	return client;
};

const enterAll = async (redis: RedisServer, name: string, windowMs: number, number: number) => {
	const clients = await Promise.all(Array.from({length: number}, async () => connect(redis)));
	const ledgers = clients.map((client) =>
		createRedisLedger({
			store: storeBy(async (words) => client.sendCommand([...words])),
			bucket: name,
			windowMs,
			clock: systemClock,
		}),
	);
	for (const [index, ledger] of ledgers.entries()) {
		await ledger.enter(factsOf(`member-${index}`), [], []);
	}
	// They live until all is measured.
	const beat = setInterval(() => {
		for (const ledger of ledgers) {
			void ledger.renew({inFlight: [], use: {requests: 0, tokens: 0}, waiting: 1}).catch(() => {});
		}
	}, 1000);
	await delay(probationMs + 100);
	const close = (): void => {
		clearInterval(beat);
		for (const client of clients) {
			client.destroy();
		}
	};
	return {ledgers, close};
};

const turnOf = (ledgers: readonly SharedLedger[], index: number): SharedLedger => {
	const ledger = ledgers[index % ledgers.length];
	if (ledger === undefined) {
		throw new Error('no member');
	}
	return ledger;
};

/** A reserve and its end, by the member whose turn it is. */
type Round = (index: number) => Promise<{readonly end: () => Promise<unknown>}>;

const roundOf =
	(ledgers: readonly SharedLedger[]): Round =>
	async (index) => {
		const [ledger, id] = [turnOf(ledgers, index), `steady-${index}`];
		await ledger.reserve(askOf(id, {limits: wide, capacity: wide.tokens}));
		return {end: async () => ledger.end([{id, firstByteAgoMs: 1, end: {agoMs: 0, settled: 60}}])};
	};

/** The same by a script that does nothing: what this machine and this process make of that rate. */
const nothingBy = async (
	redis: RedisServer,
): Promise<{readonly round: Round; readonly close: () => void}> => {
	const clients = await Promise.all(Array.from({length: members}, async () => connect(redis)));
	const words = Array.from({length: 17}, (_, index) => String(index * 12_345));
	const step = async (index: number): Promise<unknown> =>
		storeBy(async (sent) => clients[index % members]?.sendCommand([...sent])).eval(
			"return {'done', {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14}}",
			redisKeys(bucket),
			words,
		);
	return {
		async round(index) {
			await step(index);
			return {end: async () => step(index)};
		},
		close() {
			for (const client of clients) {
				client.destroy();
			}
		},
	};
};

/** Milliseconds of each reserve, sent at a steady rate whatever the answers take. */
const steady = async (round: Round, seconds: number): Promise<readonly number[]> => {
	const taken: number[] = [];
	const startedAt = performance.now();
	const total = ratePerSecond * seconds;
	const running: Array<Promise<void>> = [];
	for (let sent = 0; sent < total; ) {
		const due = Math.min(total, Math.floor(((performance.now() - startedAt) * ratePerSecond) / 1000));
		for (; sent < due; sent++) {
			const from = performance.now();
			running.push(
				round(sent).then(async ({end}) => {
					taken.push(performance.now() - from);
					await end();
				}),
			);
		}
		await delay(1);
	}
	await Promise.all(running);
	return taken;
};

/** Microseconds of the server for each script of a kind: the median of batches, because other programs run too. */
const scriptUs = async (redis: RedisServer, run: (batch: number) => Promise<void>): Promise<number> => {
	const batches: number[] = [];
	for (let batch = 0; batch < 20; batch++) {
		await redis.call('CONFIG', 'RESETSTAT');
		await run(batch);
		const figures = String(await redis.call('INFO', 'commandstats'));
		const [, calls = '0', us = '0'] = /cmdstat_evalsha:calls=(\d+),usec=(\d+)/.exec(figures) ?? [];
		batches.push(Number(us) / Number(calls));
	}
	return median(batches);
};

const bytesOf = async (redis: RedisServer, name: string): Promise<number> => {
	const keys = (await redis.call('KEYS', `bt:{${name}}:*`)) as readonly string[];
	const sizes = await Promise.all(
		keys.map(async (key) => redis.call('MEMORY', 'USAGE', key, 'SAMPLES', '0')),
	);
	return sizes.reduce((sum: number, size) => sum + Number(size), 0);
};

const costRows = async (redis: RedisServer, isQuick: boolean): Promise<readonly Row[]> => {
	const {ledgers, close} = await enterAll(redis, bucket, 60_000, members);
	try {
		const nothing = await nothingBy(redis);
		await steady(nothing.round, 1);
		const floor = quantile(await steady(nothing.round, 3), 0.99);
		nothing.close();
		await steady(roundOf(ledgers), 1);
		const taken = await steady(roundOf(ledgers), isQuick ? 3 : 10);
		const [p50, p99] = [quantile(taken, 0.5), quantile(taken, 0.99)];
		const perBatch = 100;
		const leases = await scriptUs(redis, async (batch) => {
			for (let each = 0; each < perBatch; each++) {
				await turnOf(ledgers, each).reserve(
					askOf(`lease-${batch}-${each}`, {limits: wide, capacity: wide.tokens}),
				);
			}
		});
		const ends = await scriptUs(redis, async (batch) => {
			for (let each = 0; each < perBatch; each++) {
				const id = `lease-${batch}-${each}`;
				await turnOf(ledgers, each).end([{id, firstByteAgoMs: 5, end: {agoMs: 0, settled: 60}}]);
			}
		});
		const refusals = await scriptUs(redis, async (batch) => {
			for (let each = 0; each < perBatch; each++) {
				const limits = {requests: null, tokens: 1000};
				await turnOf(ledgers, each).reserve(
					askOf(`refused-${batch}-${each}`, {limits, capacity: wide.tokens}),
				);
			}
		});
		const startedAt = performance.now();
		const rounds = isQuick ? 40 : 200;
		const together = 200;
		for (let round = 0; round < rounds; round++) {
			await Promise.all(
				Array.from({length: together}, async (_, each) =>
					turnOf(ledgers, each).reserve(
						askOf(`flood-${round}-${each}`, {limits: wide, capacity: wide.tokens}),
					),
				),
			);
		}
		const perSecond = (rounds * together * 1000) / (performance.now() - startedAt);
		const entries = rounds * together + 20 * perBatch + ratePerSecond * (isQuick ? 4 : 11);
		const bytes = (await bytesOf(redis, bucket)) / entries;
		return [
			{
				name: `reserve at ${count(ratePerSecond)} per second`,
				ours: `p99 ${milliseconds(p99, 2)}`,
				comparison: `p50 ${milliseconds(p50, 2)}`,
				relation: `a script that does nothing: p99 ${milliseconds(floor, 2)}`,
				bound: `<= ${milliseconds(maxP99Ms)}`,
				isMet: p99 <= maxP99Ms,
				figures: {p50, p99, floor, ratePerSecond},
			},
			{
				name: 'the server, per script',
				ours: `reserve ${count(leases)} us`,
				comparison: `refused ${count(refusals)} us, end ${count(ends)} us`,
				relation: `${count(perSecond)} per second`,
				bound: '',
				isMet: undefined,
				figures: {leases, refusals, ends, perSecond},
			},
			{
				name: 'memory of a request that counts',
				ours: `${count(bytes)} bytes`,
				comparison: '',
				relation: '',
				bound: `<= ${maxBytes} bytes`,
				isMet: bytes <= maxBytes,
				figures: {bytes, entries},
			},
		];
	} finally {
		close();
	}
};

const quota = 600;
const processes = 4;
const workersEach = 10;

/** One process of a peer: `next` resolves when a request may be sent. */
type Peer = {readonly next: () => Promise<void>; readonly close: () => unknown};
type Peers = Readonly<Record<string, (redis: RedisServer, windowMs: number) => Promise<readonly Peer[]>>>;

const peers: Peers = {
	async ours(redis, windowMs) {
		const {ledgers, close} = await enterAll(redis, `peers-${windowMs}`, windowMs, processes);
		return ledgers.map((ledger, index) => {
			let sent = 0;
			return {
				async next() {
					const id = `${index}-${++sent}`;
					for (;;) {
						const step = await ledger.reserve(
							askOf(id, {tokens: 1, reserved: 1, limits: {requests: quota, tokens: null}}),
						);
						if (step.kind === 'forgotten') {
							throw new Error('the ledger forgot a member');
						}
						if (step.value.kind === 'lease') {
							void ledger.end([{id, firstByteAgoMs: 0, end: {agoMs: 0, settled: 1}}]);
							return;
						}
						await delay(step.value.kind === 'wait' ? Math.min(1000, step.value.delayMs) : 100);
					}
				},
				close: index === 0 ? close : () => {},
			};
		});
	},
	async 'rate-limiter-flexible'(redis, windowMs) {
		return Array.from({length: processes}, () => {
			const storeClient = new Redis(redis.port);
			const limiter = new RateLimiterRedis({
				storeClient,
				points: quota,
				duration: windowMs / 1000,
				keyPrefix: 'peer',
			});
			return {
				async next() {
					for (;;) {
						try {
							await limiter.consume('all');
							return;
						} catch (error) {
							if (!(error instanceof RateLimiterRes)) {
								throw error;
							}
							await delay(Math.max(1, error.msBeforeNext));
						}
					}
				},
				close: () => storeClient.disconnect(),
			};
		});
	},
	async bottleneck(redis, windowMs) {
		return Promise.all(
			Array.from({length: processes}, async () => {
				const limiter = new Bottleneck({
					...{
						id: 'peer',
						datastore: 'ioredis',
						clearDatastore: false,
						clientOptions: {port: redis.port},
						Redis,
					},
					...{reservoir: quota, reservoirRefreshAmount: quota, reservoirRefreshInterval: windowMs},
				});
				limiter.on('error', () => {});
				await limiter.ready();
				return {
					next: async () => limiter.schedule(async () => {}),
					close: async () => limiter.disconnect(),
				};
			}),
		);
	},
	// It knows one process: each gets its part.
	async 'p-queue, a quarter each'(_, windowMs) {
		return Array.from({length: processes}, () => {
			const queue = new PQueue({interval: windowMs, intervalCap: quota / processes});
			return {
				next: async () => {
					await queue.add(async () => {});
				},
				close: () => queue.clear(),
			};
		});
	},
};

/** One request, and from the last fifth of that window on all that is let in, for two windows. */
const admittedBy = async (own: readonly Peer[], windowMs: number): Promise<readonly number[]> => {
	const startedAt = performance.now();
	const admitted: number[] = [];
	const untilMs = 2.8 * windowMs;
	const take = async ({next}: Peer): Promise<void> => {
		await next();
		const at = performance.now() - startedAt;
		if (at < untilMs) {
			admitted.push(at);
		}
	};
	await Promise.all(own.slice(0, 1).map(take));
	await delay(0.8 * windowMs - (performance.now() - startedAt));
	const work = async (peer: Peer): Promise<void> => {
		while (performance.now() - startedAt < untilMs) {
			await Promise.race([take(peer), delay(untilMs - (performance.now() - startedAt))]);
		}
	};
	await Promise.all(own.flatMap((peer) => Array.from({length: workersEach}, async () => work(peer))));
	return admitted.toSorted((first, second) => first - second);
};

const mostInWindow = (admitted: readonly number[], windowMs: number): number => {
	let [from, most] = [0, 0];
	for (const [index, at] of admitted.entries()) {
		while ((admitted[from] ?? 0) <= at - windowMs) {
			from++;
		}
		most = Math.max(most, index - from + 1);
	}
	return most;
};

const peerRows = async (redis: RedisServer, windowMs: number): Promise<readonly Row[]> => {
	const rows: Row[] = [];
	for (const [name, make] of Object.entries(peers)) {
		await redis.call('FLUSHALL');
		const isOurs = name === 'ours';
		let own: readonly Peer[] = [];
		try {
			own = await make(redis, windowMs);
			const admitted = await admittedBy(own, windowMs);
			const most = mostInWindow(admitted, windowMs);
			// What a rolling window allows from the begin of the demand on.
			const share = admitted.length / (2 * quota);
			rows.push({
				name: `${count(quota)} per window, ${processes} processes: ${name}`,
				ours: `${count(most)} in a window`,
				comparison: `${count(admitted.length)} in two`,
				relation: `${ratio(most / quota)}, ${percent(share)} used`,
				bound: isOurs ? `<= ${count(quota)}` : '',
				isMet: isOurs ? most <= quota : undefined,
				figures: {most, admitted: admitted.length, quota},
			});
		} catch (error) {
			const [reason = ''] = String(error).split('\n');
			rows.push({
				...{name: `${count(quota)} per window, ${processes} processes: ${name}`, ours: reason.slice(0, 60)},
				...{comparison: '', relation: '', bound: '', isMet: isOurs ? false : undefined, figures: {}},
			});
		} finally {
			for (const {close} of own) {
				await close();
			}
		}
	}
	return rows;
};

export const storeCase: BenchCase = {
	name: 'store',
	group: 'engine',
	about:
		'the ledger of a fleet in Redis: latency, cost and memory of a step, and what other limiters let through',
	async run({isQuick}) {
		if (!hasRedis) {
			return [
				{
					...{name: 'the ledger in Redis', ours: 'skipped', comparison: 'there is no redis-server here'},
					...{relation: '', bound: '', isMet: undefined, figures: {}},
				},
			];
		}
		const redis = await startRedisServer();
		try {
			return [...(await costRows(redis, isQuick)), ...(await peerRows(redis, isQuick ? 3000 : 10_000))];
		} finally {
			await redis.stop();
		}
	},
};
