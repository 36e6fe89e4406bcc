import {mkdtempSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {setImmediate as turn} from 'node:timers/promises';
import {afterAll, afterEach, beforeAll, describe, expect, it, vi} from 'vitest';
import type {ScriptStore} from '../../source/admission/fleet/redis-ledger.ts';
import type {
	AcquireOptions,
	Lease,
	Limiter,
	LimiterEvent,
	LimiterOptions,
	LimiterStore,
} from '../../source/limiter/api.ts';
import {createLimiter, diskStore, memoryStore, redisStore} from '../../source/limiter/index.ts';
import type {RedisClient} from '../../source/limiter/redis-clients.ts';
import {FakeClock} from '../helpers/fake-clock.ts';
import {virtualTime} from '../helpers/redis-ledgers.ts';
import {hasRedis, needsRedis, type RedisServer, startRedisServer} from '../helpers/redis-server.ts';

/** One suite for all stores of source/limiter/stores.ts, at what the library exports, in virtual time. */

/** What is asked of the disk is done by other threads: it is counted here. */
const disk = vi.hoisted(() => ({underWay: 0}));

vi.mock('node:fs/promises', async (original) => {
	type Call = (...words: unknown[]) => Promise<unknown>;
	const counted =
		(call: Call): Call =>
		async (...words) => {
			disk.underWay++;
			try {
				return await call(...words);
			} finally {
				disk.underWay--;
			}
		};
	const real = await original<Record<string, Call>>();
	const open = counted(async (...words) => {
		const handle = (await real.open?.(...words)) as Record<string, Call>;
		return {
			writeFile: counted(async (...text) => handle.writeFile?.(...text)),
			close: counted(async () => handle.close?.()),
		};
	});
	const names = ['mkdir', 'readFile', 'readdir', 'rename', 'rm'];
	return {...real, open, ...Object.fromEntries(names.map((name) => [name, counted(real[name] as Call)]))};
});

const model = 'amazon.nova-lite-v1:0';
const windowMs = 60_000;

let redis: RedisServer | undefined;
/** Steps of the store that are under way. */
let underWay = 0;
let accounts = 0;

beforeAll(async () => {
	redis = hasRedis ? await startRedisServer() : undefined;
	// What is loaded later takes a time that is not the clock's.
	await Promise.all([
		import('../../source/admission/member-store.ts'),
		import('../../source/admission/membership.ts'),
		import('../../source/bedrock/quotas/account-lists.ts'),
		import('../../source/limiter/shared-stores.ts'),
		import('../../source/limiter/redis-clients.ts'),
		import('../../source/admission/fleet/redis-ledger.ts'),
		import('../../source/admission/fleet/fleet-member.ts'),
	]);
});
afterAll(async () => redis?.stop());

/** Resolves when nothing goes on but timers. */
const settled = async (): Promise<void> => {
	for (let quiet = 0; quiet < 8; quiet++) {
		await turn();
		if (underWay > 0 || disk.underWay > 0) {
			quiet = -1;
		}
	}
};

/** Time that store and members share: each timer rings when what came before it is done. */
class SharedClock extends FakeClock {
	override async advance(byMs: number): Promise<void> {
		const until = this.now() + byMs;
		await this.#tell();
		for (let timer = this.next(until); timer !== undefined; timer = this.next(until)) {
			this.currentMs = Math.max(this.currentMs, timer.at);
			await this.#tell();
			this.ring(timer);
			await settled();
		}
		this.currentMs = until;
		await this.#tell();
	}

	async #tell(): Promise<void> {
		await redis?.call('SET', 'test:time', String(Math.round(this.epoch())));
		await settled();
	}
}

type Bench = {
	readonly clock: SharedClock;
	readonly join: (options?: Partial<LimiterOptions>) => Limiter;
	readonly events: LimiterEvent[];
	readonly kind: string;
};

const clientOfTest = (store: ScriptStore): RedisClient => {
	const timed = virtualTime(store);
	const run = async (script: string, {keys, arguments: words}: {keys: string[]; arguments: string[]}) => {
		underWay++;
		try {
			return await timed.eval(script, keys, words);
		} finally {
			underWay--;
		}
	};
	return {
		isOpen: true,
		isReady: true,
		eval: run,
		evalSha: async () => {
			throw new Error('NOSCRIPT');
		},
	} as unknown as RedisClient;
};

const open: Limiter[] = [];

afterEach(async () => {
	await Promise.all(open.splice(0).map(async (limiter) => limiter.close()));
});

const benchOf = async (kind: string): Promise<Bench> => {
	const clock = new SharedClock();
	await redis?.call('SET', 'test:time', String(clock.epoch()));
	const folder = mkdtempSync(path.join(tmpdir(), 'limiter-conformance-'));
	const shared = kind === 'memory' ? memoryStore() : undefined;
	const storeOf = (): LimiterStore =>
		shared ??
		(kind === 'disk' || redis === undefined ? diskStore({folder}) : redisStore(clientOfTest(redis.store)));
	const events: LimiterEvent[] = [];
	const account = String(++accounts);
	return {
		clock,
		events,
		kind,
		join(options = {}) {
			const limiter = createLimiter({
				region: 'us-east-1',
				quota: {requestsPerMinute: 10, tokensPerMinute: 10_000, burndown: 1},
				account,
				store: storeOf(),
				onEvent: (event) => events.push(event),
				clock,
				...options,
			} as LimiterOptions);
			open.push(limiter);
			return limiter;
		},
	};
};

type Call = Partial<AcquireOptions>;

/** Asks for a lease and remembers when it came. */
const ask = (bench: Bench, limiter: Limiter, call: Call = {}) => {
	const asked: {lease?: Lease; at?: number; fault?: unknown} = {};
	limiter.acquire({model, inputTokens: 50, maxTokens: 50, ...call}).then(
		(lease) => {
			asked.lease = lease;
			asked.at = bench.clock.now();
		},
		(fault: unknown) => {
			asked.fault = fault;
		},
	);
	return asked;
};

const count = (all: ReadonlyArray<{readonly lease?: Lease}>): number =>
	all.filter(({lease}) => lease !== undefined).length;
const many = (amount: number, make: (index: number) => ReturnType<typeof ask>) =>
	Array.from({length: amount}, (_, index) => make(index));
/** Time for all members to hear of each other. */
const soonMs = 3000;
const used = {inputTokens: 50, outputTokens: 50};

const kinds = ['memory', 'disk', ...(hasRedis ? ['redis'] : [])];

it.skipIf(hasRedis)(`the ledger in Redis${needsRedis}`, () => {});

describe.each(kinds)('a ledger in %s: one limiter', (kind) => {
	it.each([1, 3, 10])('lets go %i requests of a quota of as many, and no more', async (requests) => {
		const bench = await benchOf(kind);
		const limiter = bench.join({quota: {requestsPerMinute: requests}});
		const all = many(requests + 5, () => ask(bench, limiter));
		await bench.clock.advance(soonMs);
		expect(count(all)).toBe(requests);
		for (const {lease} of all) {
			lease?.settle(used);
		}
		await bench.clock.advance(windowMs - soonMs - 2000);
		expect(count(all)).toBe(requests);
		await bench.clock.advance(soonMs + 4000);
		expect(count(all)).toBe(Math.min(requests + 5, 2 * requests));
	});

	it.each([
		[1000, 10],
		[950, 9],
		[99, 0],
	])('lets go what %i quota tokens allow', async (tokens, expected) => {
		const bench = await benchOf(kind);
		const limiter = bench.join({quota: {tokensPerMinute: tokens}});
		const all = many(12, () => ask(bench, limiter));
		await bench.clock.advance(soonMs);
		expect(count(all)).toBe(expected);
		expect(all.filter(({fault}) => fault !== undefined)).toHaveLength(expected === 0 ? 12 : 0);
	});

	it('counts what was settled, not what was set aside', async () => {
		const bench = await benchOf(kind);
		const limiter = bench.join({quota: {tokensPerMinute: 1000}});
		const first = many(10, () => ask(bench, limiter));
		await bench.clock.advance(soonMs);
		for (const {lease} of first) {
			lease?.firstByte();
			lease?.settle({inputTokens: 10, outputTokens: 10});
		}
		const second = many(8, () => ask(bench, limiter));
		await bench.clock.advance(soonMs);
		expect(count(second)).toBe(8);
	});

	it('counts an overrun in full, and says it', async () => {
		const bench = await benchOf(kind);
		const limiter = bench.join({quota: {tokensPerMinute: 1000, burndown: 5}});
		const first = ask(bench, limiter, {inputTokens: 100, maxTokens: 100});
		await bench.clock.advance(soonMs);
		first.lease?.settle({inputTokens: 100, outputTokens: 170});
		const second = ask(bench, limiter, {inputTokens: 100, maxTokens: 10});
		await bench.clock.advance(soonMs);
		expect(second.lease).toBeUndefined();
		expect(bench.events.map(({type}) => type)).toContain('overrun');
		await bench.clock.advance(windowMs + soonMs);
		expect(second.lease).toBeDefined();
	});

	it.each(['keep', 'dispose', 'unknown failure'])(
		'keeps what ended without a known fate: %s',
		async (how) => {
			const bench = await benchOf(kind);
			const limiter = bench.join({quota: {requestsPerMinute: 1}});
			const first = ask(bench, limiter);
			await bench.clock.advance(20_000);
			if (how === 'keep') {
				first.lease?.keep();
			} else if (how === 'dispose') {
				first.lease?.[Symbol.dispose]();
			} else {
				first.lease?.failed(Object.assign(new Error('socket hang up'), {code: 'ECONNRESET'}));
			}
			const second = ask(bench, limiter);
			await bench.clock.advance(windowMs - 2000);
			expect(second.lease).toBeUndefined();
			await bench.clock.advance(2000 + soonMs);
			expect(second.lease).toBeDefined();
		},
	);

	it.each(['give back', 'refusal', 'throttle'])(
		'gives back at once what was not counted: %s',
		async (how) => {
			const bench = await benchOf(kind);
			const limiter = bench.join({quota: {requestsPerMinute: 1}});
			const first = ask(bench, limiter);
			await bench.clock.advance(soonMs);
			if (how === 'give back') {
				first.lease?.giveBack();
			} else if (how === 'refusal') {
				first.lease?.failed({name: 'ValidationException', message: 'no', $metadata: {httpStatusCode: 400}});
			} else {
				first.lease?.failed({name: 'ThrottlingException', message: 'Too many tokens per day'});
			}
			const second = ask(bench, limiter);
			await bench.clock.advance(soonMs);
			if (how === 'throttle') {
				expect(second.fault).toMatchObject({name: 'DayUsedUpError'});
			} else {
				expect(second.lease).toBeDefined();
			}
		},
	);

	it('ends each lease once', async () => {
		const bench = await benchOf(kind);
		const limiter = bench.join({quota: {requestsPerMinute: 2}});
		const [first, second] = [ask(bench, limiter), ask(bench, limiter)];
		await bench.clock.advance(soonMs);
		first.lease?.settle(used);
		first.lease?.giveBack();
		first.lease?.settle(used);
		second.lease?.settle(used);
		const third = ask(bench, limiter);
		await bench.clock.advance(soonMs);
		expect(third.lease).toBeUndefined();
	});

	it('holds what is in flight for as long as it takes', async () => {
		const bench = await benchOf(kind);
		const limiter = bench.join({quota: {tokensPerMinute: 100}});
		const first = ask(bench, limiter);
		await bench.clock.advance(3 * windowMs);
		const second = ask(bench, limiter);
		await bench.clock.advance(soonMs);
		expect([first.lease?.isOpen, second.lease]).toEqual([true, undefined]);
		first.lease?.settle({inputTokens: 0, outputTokens: 0});
		await bench.clock.advance(soonMs);
		expect(second.lease).toBeDefined();
	});

	it.each([0.25, 0.5, 1])('uses a share of %f', async (share) => {
		const bench = await benchOf(kind);
		const limiter = bench.join({quota: {requestsPerMinute: 8}, share});
		const all = many(10, () => ask(bench, limiter));
		await bench.clock.advance(soonMs);
		expect(count(all)).toBe(8 * share);
	});

	it('refuses at once what is larger than the quota, with both numbers', async () => {
		const bench = await benchOf(kind);
		const limiter = bench.join({share: 0.5});
		const asked = ask(bench, limiter, {inputTokens: 5000, maxTokens: 1});
		await bench.clock.advance(0);
		expect(asked.fault).toMatchObject({name: 'LargerThanQuotaError', needed: 5001, limit: 5000});
	});

	it('lets lanes go in their order', async () => {
		const bench = await benchOf(kind);
		const limiter = bench.join({quota: {requestsPerMinute: 1}});
		const first = ask(bench, limiter);
		await bench.clock.advance(soonMs);
		const low = ask(bench, limiter, {lane: 'low'});
		await bench.clock.advance(soonMs);
		const [normal, high] = [ask(bench, limiter), ask(bench, limiter, {lane: 'high'})];
		first.lease?.settle(used);
		await bench.clock.advance(windowMs + soonMs);
		expect([low.lease, normal.lease, high.lease !== undefined]).toEqual([undefined, undefined, true]);
		high.lease?.settle(used);
		await bench.clock.advance(windowMs + soonMs);
		expect([low.lease, normal.lease !== undefined]).toEqual([undefined, true]);
	});

	it('lets callers of a lane come in turn', async () => {
		const bench = await benchOf(kind);
		const limiter = bench.join({quota: {requestsPerMinute: 4}});
		const burst = many(20, () => ask(bench, limiter, {caller: 'burst'}));
		const one = ask(bench, limiter, {caller: 'one'});
		await bench.clock.advance(soonMs);
		for (const {lease} of [...burst, one]) {
			lease?.settle(used);
		}
		await bench.clock.advance(windowMs + soonMs);
		expect(one.lease).toBeDefined();
		expect(count(burst)).toBeLessThan(20);
	});

	it('leaves nothing of what was aborted', async () => {
		const bench = await benchOf(kind);
		const limiter = bench.join({quota: {requestsPerMinute: 1}});
		const first = ask(bench, limiter);
		await bench.clock.advance(soonMs);
		const abort = new AbortController();
		const gone = many(5, () => ask(bench, limiter, {signal: abort.signal}));
		await bench.clock.advance(soonMs);
		abort.abort(new Error('enough'));
		await bench.clock.advance(soonMs);
		expect(gone.map(({fault}) => (fault as Error).message)).toEqual(gone.map(() => 'enough'));
		expect(limiter.usage().buckets[0]).toMatchObject({inFlight: 1, held: {count: 0}});
		first.lease?.giveBack();
		const next = ask(bench, limiter);
		await bench.clock.advance(soonMs);
		expect(next.lease).toBeDefined();
	});

	it('goes by another quota as soon as it is set, and says it', async () => {
		const bench = await benchOf(kind);
		const limiter = bench.join({quota: {requestsPerMinute: 2}});
		const all = many(6, () => ask(bench, limiter));
		await bench.clock.advance(soonMs);
		expect(count(all)).toBe(2);
		await limiter.setQuota({requestsPerMinute: 5});
		await bench.clock.advance(soonMs);
		expect(count(all)).toBe(5);
		expect(bench.events.map(({type}) => type)).toContain('quota-changed');
	});

	it('ends a day, and begins the next', async () => {
		const bench = await benchOf(kind);
		const limiter = bench.join({quota: {requestsPerMinute: 100, tokensPerDay: 150}});
		const first = ask(bench, limiter);
		await bench.clock.advance(soonMs);
		first.lease?.settle(used);
		const second = ask(bench, limiter);
		await bench.clock.advance(soonMs);
		expect(second.fault).toMatchObject({name: 'DayUsedUpError', limit: 150});
	});

	it('says how long a request was held, and what counts', async () => {
		const bench = await benchOf(kind);
		const limiter = bench.join({quota: {requestsPerMinute: 1, tokensPerMinute: 1000}});
		const first = ask(bench, limiter);
		await bench.clock.advance(soonMs);
		first.lease?.firstByte();
		first.lease?.settle({inputTokens: 30, outputTokens: 20});
		const second = ask(bench, limiter);
		await bench.clock.advance(soonMs);
		expect(limiter.usage().buckets).toMatchObject([
			{
				baseModel: model,
				requests: {used: 1, reserved: 0, limit: 1},
				tokens: {used: 50, reserved: 0, limit: 1000},
				held: {count: 1},
				members: 1,
			},
		]);
		await bench.clock.advance(windowMs + soonMs);
		expect(second.lease?.heldMs).toBeGreaterThanOrEqual(windowMs - 2 * soonMs);
		expect(bench.events.findLast(({type}) => type === 'held')).toMatchObject({heldMs: second.lease?.heldMs});
	});

	it('rejects what waits when it is closed', async () => {
		const bench = await benchOf(kind);
		const limiter = bench.join({quota: {requestsPerMinute: 1}});
		const all = many(3, () => ask(bench, limiter));
		await bench.clock.advance(soonMs);
		const closing = limiter.close();
		await bench.clock.advance(soonMs);
		await closing;
		expect(all.filter(({fault}) => (fault as Error | undefined)?.name === 'LimiterClosedError')).toHaveLength(
			2,
		);
	});
});

describe.each(kinds)('a ledger in %s: several limiters', (kind) => {
	it.each([2, 3, 4])('%i use a quota once, together', async (members) => {
		const bench = await benchOf(kind);
		const all = Array.from({length: members}, () => bench.join({quota: {requestsPerMinute: 12}}));
		const asked = all.map((limiter) => many(12, () => ask(bench, limiter)));
		await bench.clock.advance(3 * soonMs);
		expect(count(asked.flat())).toBe(12);
		expect(all.map((limiter) => limiter.usage().buckets[0]?.members)).toEqual(all.map(() => members));
	});

	it('gives one alone what another does not use', async () => {
		const bench = await benchOf(kind);
		const [first, second] = [bench.join(), bench.join()];
		const one = ask(bench, second);
		await bench.clock.advance(soonMs);
		const all = many(12, () => ask(bench, first));
		await bench.clock.advance(2 * soonMs);
		// On the disk each keeps room for its own next request.
		expect([count([one]), count(all)]).toEqual([1, kind === 'disk' ? 8 : 9]);
	});

	it('counts what one that ended in order has used, until its minute is over', async () => {
		const bench = await benchOf(kind);
		const [first, second] = [bench.join(), bench.join()];
		const used6 = many(6, () => ask(bench, first));
		await bench.clock.advance(soonMs);
		expect(count(used6)).toBe(6);
		for (const {lease} of used6) {
			lease?.settle(used);
		}
		await bench.clock.advance(soonMs);
		const closing = first.close();
		await bench.clock.advance(soonMs);
		await closing;
		const all = many(12, () => ask(bench, second));
		await bench.clock.advance(12_000);
		expect(count(all)).toBe(4);
		await bench.clock.advance(windowMs);
		expect(count(all)).toBeGreaterThanOrEqual(6);
	});

	it('keeps what is in flight where a limiter is closed', async () => {
		const bench = await benchOf(kind);
		const [first, second] = [bench.join(), bench.join()];
		many(10, () => ask(bench, first));
		await bench.clock.advance(soonMs);
		const closing = first.close();
		await bench.clock.advance(soonMs);
		await closing;
		const next = ask(bench, second);
		await bench.clock.advance(soonMs);
		expect(next.lease).toBeUndefined();
	});

	it('has apart what is of another model, scope, Region or account', async () => {
		const bench = await benchOf(kind);
		const quota = {requestsPerMinute: 1};
		const [own, region, account] = [
			bench.join({quota}),
			bench.join({quota, region: 'eu-west-1'}),
			bench.join({quota, account: 'other'}),
		];
		const all = [
			ask(bench, own),
			ask(bench, own, {model: 'amazon.nova-pro-v1:0'}),
			ask(bench, own, {model: `us.${model}`}),
			ask(bench, region),
			ask(bench, account),
		];
		await bench.clock.advance(soonMs);
		expect(count(all)).toBe(all.length);
	});

	it('does not starve a large request beside small ones', async () => {
		const bench = await benchOf(kind);
		const quota = {tokensPerMinute: 1000};
		const [small, large] = [bench.join({quota}), bench.join({quota})];
		const one = many(10, () => ask(bench, small));
		await bench.clock.advance(soonMs);
		for (const {lease} of one) {
			lease?.settle(used);
		}
		const big = ask(bench, large, {inputTokens: 550, maxTokens: 50});
		let more: ReadonlyArray<ReturnType<typeof ask>> = many(10, () => ask(bench, small));
		for (let step = 0; step < 20 && big.lease === undefined; step++) {
			await bench.clock.advance(10_000);
			for (const {lease} of more) {
				lease?.settle(used);
			}
			more = [...more.filter(({lease}) => lease === undefined), ...many(3, () => ask(bench, small))];
		}
		expect(big.lease).toBeDefined();
	});
});
