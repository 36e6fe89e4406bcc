import {mkdtempSync} from 'node:fs';
import fileSystem from 'node:fs/promises';
import {syncBuiltinESMExports} from 'node:module';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {setImmediate as turn} from 'node:timers/promises';
import {afterAll, afterEach, beforeAll, describe, expect, it} from 'vitest';
import type {ScriptStore} from '../../source/admission/fleet/redis-ledger.ts';
import type {
	AcquireOptions,
	AnswerUsage,
	BucketUsage,
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

/** What disk and store do is done by other threads and programs: it is counted here. */
const outside = (() => {
	let underWay = 0;
	let wake = (): void => {};
	return {
		/** Resolves at once where nothing is under way, else when something has ended. */
		next: async (): Promise<void> =>
			underWay === 0
				? undefined
				: new Promise((resolve) => {
						wake = resolve;
					}),
		isBusy: () => underWay > 0,
		async counted<Value>(work: () => Promise<Value>): Promise<Value> {
			underWay++;
			try {
				return await work();
			} finally {
				underWay--;
				wake();
			}
		},
	};
})();

type DiskCall = (...words: unknown[]) => Promise<unknown>;

const counted =
	(call: DiskCall): DiskCall =>
	async (...words) =>
		outside.counted(async () => call(...words));

const countedFile = (file: object): object =>
	new Proxy(file, {
		get(handle, name) {
			const value = Reflect.get(handle, name, handle);
			const own = typeof value === 'function' ? (value.bind(handle) as DiskCall) : undefined;
			return own === undefined ? value : name === 'writeFile' || name === 'close' ? counted(own) : own;
		},
	});

/** Counts what is asked of the disk from now on. @returns Undoes it: other files are tested in this thread too. */
const countDisk = (): (() => void) => {
	const disk = fileSystem as unknown as Record<string, DiskCall>;
	const names = ['open', 'mkdir', 'readFile', 'readdir', 'rename', 'rm'];
	const real = Object.fromEntries(names.map((name) => [name, disk[name] as DiskCall]));
	for (const name of names) {
		disk[name] = counted(real[name] as DiskCall);
	}
	disk.open = counted(async (...words) => countedFile((await real.open?.(...words)) as object));
	syncBuiltinESMExports();
	return () => {
		Object.assign(disk, real);
		syncBuiltinESMExports();
	};
};

const model = 'amazon.nova-lite-v1:0';
const windowMs = 60_000;

let redis: RedisServer | undefined;
let accounts = 0;

let stopCounting = (): void => {};

beforeAll(async () => {
	stopCounting = countDisk();
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
		import('../../source/admission/fleet/member-list.ts'),
		import('../../source/admission/fleet/redis-day.ts'),
	]);
});
afterAll(async () => {
	stopCounting();
	await redis?.stop();
});

/** Resolves when nothing goes on but timers. */
const settled = async (): Promise<void> => {
	for (let quiet = 0; quiet < 8; quiet++) {
		await turn();
		if (outside.isBusy()) {
			await outside.next();
			quiet = -1;
		}
	}
};

/** Time that store and members share: each timer rings when what came before it is done. */
class SharedClock extends FakeClock {
	#said = '';

	override async advance(byMs: number): Promise<void> {
		const until = this.now() + byMs;
		await settled();
		for (let timer = this.next(until); timer !== undefined; timer = this.next(until)) {
			this.currentMs = Math.max(this.currentMs, timer.at);
			this.#tell();
			this.ring(timer);
			await settled();
		}
		this.currentMs = until;
		this.#tell();
		await settled();
	}

	/** The store has the time before any step that is sent later: commands of one connection keep their order. */
	#tell(): void {
		const time = String(Math.round(this.epoch()));
		if (redis !== undefined && time !== this.#said) {
			this.#said = time;
			const {call} = redis;
			void outside.counted(async () => call('SET', 'test:time', time));
		}
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
	const run = async (script: string, {keys, arguments: words}: {keys: string[]; arguments: string[]}) =>
		outside.counted(async () => timed.eval(script, keys, words));
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

const benchOf = async (kind: string, epochMs?: number): Promise<Bench> => {
	const clock = new SharedClock(epochMs);
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
/** A store of others is asked once a second at least. */
const lateMs = 1200;
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

	it.each([
		['its first byte', 10_000, 40_000, 70_000],
		['its end, where no first byte is known', undefined, 40_000, 100_000],
	])('counts a request for a minute from %s', async (_name, firstByteAt, endAt, expected) => {
		const bench = await benchOf(kind);
		const limiter = bench.join({quota: {requestsPerMinute: 1}});
		const first = ask(bench, limiter);
		await bench.clock.advance(firstByteAt ?? 0);
		if (firstByteAt !== undefined) {
			first.lease?.firstByte();
		}
		const second = ask(bench, limiter);
		await bench.clock.advance(endAt - bench.clock.now());
		first.lease?.settle(used);
		await bench.clock.advance(expected - 100 - bench.clock.now());
		expect(second.lease).toBeUndefined();
		await bench.clock.advance(100 + lateMs);
		expect(second.at).toBeGreaterThanOrEqual(expected);
	});

	it('hears a first byte once', async () => {
		const bench = await benchOf(kind);
		const limiter = bench.join({quota: {requestsPerMinute: 1}});
		const first = ask(bench, limiter);
		await bench.clock.advance(10_000);
		first.lease?.firstByte();
		await bench.clock.advance(20_000);
		first.lease?.firstByte();
		first.lease?.settle(used);
		first.lease?.firstByte();
		const second = ask(bench, limiter);
		await bench.clock.advance(40_000 + lateMs);
		expect(second.at).toBeGreaterThanOrEqual(70_000);
	});

	it('counts in full what broke off after its first byte, for a minute from its end', async () => {
		const bench = await benchOf(kind);
		const limiter = bench.join({quota: {tokensPerMinute: 1000}});
		const first = ask(bench, limiter, {inputTokens: 100, maxTokens: 500});
		await bench.clock.advance(5000);
		first.lease?.firstByte();
		await bench.clock.advance(35_000);
		first.lease?.failed(Object.assign(new Error('socket hang up'), {code: 'ECONNRESET'}));
		const [fits, waits] = [
			ask(bench, limiter, {inputTokens: 300, maxTokens: 100}),
			ask(bench, limiter, {inputTokens: 400, maxTokens: 100}),
		];
		await bench.clock.advance(soonMs);
		expect([fits.lease !== undefined, waits.lease]).toEqual([true, undefined]);
		fits.lease?.giveBack();
		await bench.clock.advance(99_900 - bench.clock.now());
		expect(waits.lease).toBeUndefined();
		await bench.clock.advance(100 + lateMs);
		expect(waits.at).toBeGreaterThanOrEqual(100_000);
	});

	it('goes by a bucket that refills: what was overrun beyond the quota has to come back', async () => {
		const bench = await benchOf(kind);
		const limiter = bench.join({quota: {tokensPerMinute: 1000, burndown: 1}});
		const first = ask(bench, limiter);
		await bench.clock.advance(soonMs);
		first.lease?.settle({inputTokens: 1000, outputTokens: 2000});
		const second = ask(bench, limiter);
		await bench.clock.advance(windowMs + 2 * soonMs);
		expect(second.lease).toBeUndefined();
		// At 1000 per minute from 2000 below nothing.
		await bench.clock.advance(2 * windowMs);
		expect(second.lease).toBeDefined();
	});

	it('charges an overrun at once, and says both figures', async () => {
		const bench = await benchOf(kind);
		const limiter = bench.join({quota: {tokensPerMinute: 1000, burndown: 2}});
		const first = ask(bench, limiter, {inputTokens: 100, maxTokens: 100});
		await bench.clock.advance(soonMs);
		first.lease?.settle({inputTokens: 300, outputTokens: 300});
		await bench.clock.advance(soonMs);
		expect(limiter.usage().buckets[0]?.tokens).toMatchObject({used: 900, reserved: 0});
		expect(bench.events.find(({type}) => type === 'overrun')).toMatchObject({
			setAside: first.lease?.tokens,
			settled: 900,
		});
	});

	it.each<[string, AnswerUsage, number]>([
		['with output times burndown', {inputTokens: 10, outputTokens: 20}, 110],
		[
			'with cache writes and without cache reads',
			{inputTokens: 10, outputTokens: 2, cacheReadInputTokens: 500, cacheWriteInputTokens: 30},
			50,
		],
		[
			'in the spelling of a model',
			{input_tokens: 10, output_tokens: 20, cache_creation_input_tokens: 5},
			115,
		],
		['in full where the answer names no counts', {}, 1000],
	])('settles %s', async (_name, usage, expected) => {
		const bench = await benchOf(kind);
		const limiter = bench.join({quota: {tokensPerMinute: 10_000, burndown: 5}});
		const first = ask(bench, limiter, {inputTokens: 500, maxTokens: 100});
		await bench.clock.advance(soonMs);
		expect(first.lease?.tokens).toBe(1000);
		first.lease?.settle(usage);
		await bench.clock.advance(soonMs);
		expect(limiter.usage().buckets[0]?.tokens).toMatchObject({used: expected, reserved: 0});
	});

	it.each<[string, (lease: Lease) => void, number]>([
		[
			'settle twice',
			(lease) => {
				lease.settle({inputTokens: 20, outputTokens: 10});
				lease.settle({inputTokens: 900, outputTokens: 10});
			},
			30,
		],
		[
			'settle after give back',
			(lease) => {
				lease.giveBack();
				lease.settle(used);
			},
			0,
		],
		[
			'keep after settle',
			(lease) => {
				lease.settle({inputTokens: 20, outputTokens: 10});
				lease.keep();
			},
			30,
		],
		[
			'give back after keep',
			(lease) => {
				lease.keep();
				lease.giveBack();
			},
			100,
		],
		[
			'a throttle after settle',
			(lease) => {
				lease.settle({inputTokens: 20, outputTokens: 10});
				lease.failed({name: 'ThrottlingException', message: 'Too many requests'});
			},
			30,
		],
	])('goes by the first end: %s', async (_name, end, expected) => {
		const bench = await benchOf(kind);
		const limiter = bench.join({quota: {requestsPerMinute: 2, tokensPerMinute: 1000}});
		const first = ask(bench, limiter);
		await bench.clock.advance(soonMs);
		if (first.lease !== undefined) {
			end(first.lease);
		}
		await bench.clock.advance(soonMs);
		const [bucket] = limiter.usage().buckets;
		expect(bucket?.tokens).toMatchObject({used: expected, reserved: 0});
		expect(bucket?.requests.used).toBe(expected === 0 ? 0 : 1);
		expect(bucket?.inFlight).toBe(0);
		expect(bench.events.map(({type}) => type)).not.toContain('throttled');
	});

	it.each<[string, Partial<LimiterOptions>, object]>([
		['no requests', {quota: {requestsPerMinute: 0}}, {dimension: 'requests', needed: 1, limit: 0}],
		['no tokens', {quota: {tokensPerMinute: 0}}, {dimension: 'tokens', needed: 100, limit: 0}],
		[
			'a share below one request',
			{quota: {requestsPerMinute: 3}, share: 0.25},
			{dimension: 'requests', needed: 1, limit: 0},
		],
	])('refuses at once where the quota allows %s', async (_name, options, fault) => {
		const bench = await benchOf(kind);
		const asked = ask(bench, bench.join(options));
		await bench.clock.advance(soonMs);
		expect(asked.fault).toMatchObject({name: 'LargerThanQuotaError', ...fault});
	});

	it('lets a request go that is as large as the quota, and none that is larger by one', async () => {
		const bench = await benchOf(kind);
		const limiter = bench.join({quota: {tokensPerMinute: 1000}});
		const [larger, as] = [
			ask(bench, limiter, {inputTokens: 501, maxTokens: 500}),
			ask(bench, limiter, {inputTokens: 500, maxTokens: 500}),
		];
		await bench.clock.advance(soonMs);
		expect(larger.fault).toMatchObject({needed: 1001, limit: 1000});
		expect(as.lease?.tokens).toBe(1000);
	});

	it('holds nothing where nothing is limited', async () => {
		const bench = await benchOf(kind);
		const limiter = bench.join({quota: {requestsPerMinute: null, tokensPerMinute: null}});
		const all = many(50, () => ask(bench, limiter));
		await bench.clock.advance(0);
		expect(count(all)).toBe(50);
		expect(limiter.usage().buckets[0]?.requests).toMatchObject({reserved: 50, limit: null});
	});

	it('sets the most aside that the model may write where max tokens are left out, and says it once', async () => {
		const bench = await benchOf(kind);
		const limiter = bench.join({quota: {tokensPerMinute: 50_000}});
		const all = [1, 2].map(() => ask(bench, limiter, {maxTokens: undefined} as object));
		await bench.clock.advance(soonMs);
		expect(all.map(({lease}) => lease?.tokens)).toEqual([10_050, 10_050]);
		expect(bench.events.filter(({type}) => type === 'assumed')).toMatchObject([{what: 'max-tokens', model}]);
	});

	it('gives the turn of what was aborted to the next', async () => {
		const bench = await benchOf(kind);
		const limiter = bench.join({quota: {requestsPerMinute: 1}});
		const first = ask(bench, limiter);
		await bench.clock.advance(soonMs);
		const abort = new AbortController();
		const gone = ask(bench, limiter, {signal: abort.signal, lane: 'high'});
		const next = ask(bench, limiter);
		await bench.clock.advance(soonMs);
		abort.abort(new Error('enough'));
		first.lease?.giveBack();
		await bench.clock.advance(soonMs);
		expect(gone).toMatchObject({fault: {message: 'enough'}});
		expect(next.lease).toBeDefined();
	});

	it('goes by a lower quota while requests wait, and says both', async () => {
		const bench = await benchOf(kind);
		const limiter = bench.join({quota: {requestsPerMinute: 6}});
		const all = many(8, () => ask(bench, limiter));
		await bench.clock.advance(soonMs);
		expect(count(all)).toBe(6);
		await limiter.setQuota({requestsPerMinute: 4});
		for (const {lease} of all.slice(0, 2)) {
			lease?.giveBack();
		}
		await bench.clock.advance(soonMs);
		expect(count(all)).toBe(6);
		all[2]?.lease?.giveBack();
		await bench.clock.advance(soonMs);
		expect(count(all)).toBe(7);
		expect(limiter.usage().buckets[0]?.requests.limit).toBe(4);
		expect(bench.events.find(({type}) => type === 'quota-changed')).toMatchObject({
			from: {requestsPerMinute: 6, tokensPerMinute: null},
			to: {requestsPerMinute: 4, tokensPerMinute: null},
		});
	});

	it('refuses what waits where the quota was lowered below it', async () => {
		const bench = await benchOf(kind);
		const limiter = bench.join({quota: {tokensPerMinute: 1000}});
		const first = ask(bench, limiter, {inputTokens: 500, maxTokens: 500});
		const second = ask(bench, limiter, {inputTokens: 400, maxTokens: 400});
		await bench.clock.advance(soonMs);
		await limiter.setQuota({tokensPerMinute: 700});
		await bench.clock.advance(soonMs);
		expect(first.lease?.isOpen).toBe(true);
		expect(second.fault).toMatchObject({name: 'LargerThanQuotaError', needed: 800, limit: 700});
	});

	it('keeps room for a lane above', async () => {
		const bench = await benchOf(kind);
		const limiter = bench.join({
			quota: {requestsPerMinute: 10},
			lanes: {high: {requestsPerMinute: 3, tokens: 100}},
		});
		const normal = many(12, () => ask(bench, limiter));
		await bench.clock.advance(soonMs);
		// Three are expected above, and two standard deviations more: seven.
		expect(count(normal)).toBe(3);
		const high = many(8, () => ask(bench, limiter, {lane: 'high'}));
		await bench.clock.advance(soonMs);
		expect([count(normal), count(high)]).toEqual([3, 7]);
	});

	it('begins a day at 00:00 UTC', async () => {
		const bench = await benchOf(kind, Date.UTC(2026, 0, 1, 23, 58));
		const limiter = bench.join({quota: {requestsPerMinute: 100, tokensPerDay: 150}});
		const first = ask(bench, limiter);
		await bench.clock.advance(soonMs);
		first.lease?.settle(used);
		const second = ask(bench, limiter);
		await bench.clock.advance(soonMs);
		expect(limiter.usage().buckets[0]?.day).toMatchObject({used: 100, limit: 150});
		expect(second.fault).toMatchObject({name: 'DayUsedUpError', limit: 150});
		await bench.clock.advance(2 * windowMs);
		const third = ask(bench, limiter);
		await bench.clock.advance(soonMs);
		expect(third.lease).toBeDefined();
		expect(limiter.usage().buckets[0]?.day).toMatchObject({used: 0, reserved: 100});
	});

	it.each([
		['ThrottlingException', 'Too many requests, please wait before trying again.', 'requests'],
		['ThrottlingException', 'Too many tokens, please wait before trying again.', 'tokens'],
		['ServiceUnavailableException', 'Too many connections.', 'capacity'],
	])('says a throttle as an event: %s, %s', async (name, message, by) => {
		const bench = await benchOf(kind);
		const limiter = bench.join({quota: {requestsPerMinute: 1, tokensPerMinute: 1000}});
		const first = ask(bench, limiter);
		await bench.clock.advance(soonMs);
		first.lease?.failed({name, message, $metadata: {httpStatusCode: by === 'capacity' ? 503 : 429}});
		await bench.clock.advance(soonMs);
		expect(bench.events.filter(({type}) => type === 'throttled')).toMatchObject([
			{
				by,
				model,
				baseModel: model,
				scope: 'on-demand',
				region: 'us-east-1',
				at: bench.clock.epoch() - soonMs,
			},
		]);
		expect(limiter.usage().buckets[0]).toMatchObject({inFlight: 0, tokens: {used: 0, reserved: 0}});
	});

	it('has a quota for each model', async () => {
		const bench = await benchOf(kind);
		const other = 'amazon.nova-pro-v1:0';
		const limiter = bench.join({quota: {[model]: {requestsPerMinute: 2}, [other]: {requestsPerMinute: 3}}});
		const all = [model, other].map((each) => many(5, () => ask(bench, limiter, {model: each})));
		const unknown = ask(bench, limiter, {model: 'amazon.nova-micro-v1:0'});
		await bench.clock.advance(soonMs);
		expect(all.map(count)).toEqual([2, 3]);
		expect(unknown.fault).toMatchObject({name: 'UnknownQuotaError'});
		const usage = limiter
			.usage()
			.buckets.map(({baseModel, requests, held}) => [baseModel, requests.limit, held.count]);
		expect(usage.toSorted()).toEqual([
			[model, 2, 3],
			[other, 3, 2],
		]);
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

	it.each(['gives back', 'settles for less', 'stops waiting'])(
		'has room for one when another %s',
		async (how) => {
			const bench = await benchOf(kind);
			const quota = {tokensPerMinute: 1000};
			const [first, second] = [bench.join({quota}), bench.join({quota})];
			const one = ask(bench, first, {inputTokens: 500, maxTokens: 400});
			await bench.clock.advance(soonMs);
			expect(one.lease).toBeDefined();
			const abort = new AbortController();
			const waiting = [
				...(how === 'stops waiting'
					? [ask(bench, first, {inputTokens: 500, maxTokens: 500, lane: 'high', signal: abort.signal})]
					: []),
				ask(bench, second, {inputTokens: 300, maxTokens: 200}),
			];
			await bench.clock.advance(soonMs);
			expect(count(waiting)).toBe(0);
			abort.abort();
			if (how === 'settles for less') {
				one.lease?.settle({inputTokens: 100, outputTokens: 50});
			} else {
				one.lease?.giveBack();
			}
			await bench.clock.advance(2 * soonMs);
			expect(waiting.at(-1)?.lease).toBeDefined();
		},
	);

	it('says in sum what all have used, and who they are', async () => {
		const bench = await benchOf(kind);
		const all = [bench.join(), bench.join(), bench.join()];
		const asked = all.map((limiter) => many(2, () => ask(bench, limiter)));
		await bench.clock.advance(2 * soonMs);
		for (const [first] of asked) {
			first?.lease?.firstByte();
			first?.lease?.settle({inputTokens: 10, outputTokens: 20});
		}
		await bench.clock.advance(soonMs);
		const sum = (pick: (bucket: BucketUsage) => number): number =>
			all.reduce(
				(total, limiter) => total + limiter.usage().buckets.reduce((of, each) => of + pick(each), 0),
				0,
			);
		// In memory there is one ledger, which each of them shows whole.
		const times = kind === 'memory' ? 3 : 1;
		expect(sum(({tokens}) => tokens.used)).toBe(90 * times);
		expect(sum(({tokens}) => tokens.reserved)).toBe(300 * times);
		expect(sum(({requests}) => requests.used)).toBe(3 * times);
		expect(sum(({inFlight}) => inFlight)).toBe(3 * times);
		expect(all.map((limiter) => limiter.usage().buckets[0]?.members)).toEqual([3, 3, 3]);
	});

	it('has one day for all, and counts what those had used that are gone', async () => {
		const bench = await benchOf(kind, Date.UTC(2026, 5, 1, 23, 57));
		const quota = {requestsPerMinute: 100, tokensPerDay: 250};
		const limiters = [bench.join({quota}), bench.join({quota})];
		for (const limiter of limiters) {
			const asked = ask(bench, limiter);
			await bench.clock.advance(soonMs);
			asked.lease?.settle(used);
			await bench.clock.advance(soonMs);
		}
		const refused = await Promise.all(limiters.map((limiter) => ask(bench, limiter)));
		await bench.clock.advance(soonMs);
		for (const {fault} of refused) {
			expect(fault).toMatchObject({name: 'DayUsedUpError', limit: 250});
		}
		const third = bench.join({quota});
		await bench.clock.advance(soonMs);
		await Promise.all(limiters.map(async (limiter) => limiter.close()));
		await bench.clock.advance(120_000);
		const alone = ask(bench, third);
		await bench.clock.advance(soonMs);
		expect(alone.fault).toMatchObject({name: 'DayUsedUpError', limit: 250});
		await bench.clock.advance(windowMs);
		const next = ask(bench, third);
		await bench.clock.advance(soonMs);
		expect(next.lease).toBeDefined();
	});

	it('knows who has left', async () => {
		const bench = await benchOf(kind);
		const [first, second] = [bench.join(), bench.join()];
		const all = [ask(bench, first), ask(bench, second)];
		await bench.clock.advance(soonMs);
		expect(second.usage().buckets[0]?.members).toBe(2);
		for (const {lease} of all) {
			lease?.settle(used);
		}
		const closing = first.close();
		await bench.clock.advance(soonMs);
		await closing;
		await bench.clock.advance(soonMs);
		expect(second.usage().buckets[0]?.members).toBe(1);
	});

	it('counts tokens that one which ended in order has used', async () => {
		const bench = await benchOf(kind);
		const quota = {tokensPerMinute: 1000};
		const first = bench.join({quota});
		const one = ask(bench, first, {inputTokens: 400, maxTokens: 400});
		await bench.clock.advance(soonMs);
		one.lease?.settle({inputTokens: 400, outputTokens: 200});
		const closing = first.close();
		await bench.clock.advance(soonMs);
		await closing;
		const second = bench.join({quota});
		const [waits, fits] = [
			ask(bench, second, {inputTokens: 300, maxTokens: 200, lane: 'low'}),
			ask(bench, second, {inputTokens: 200, maxTokens: 200}),
		];
		await bench.clock.advance(2 * soonMs);
		expect([waits.lease, fits.lease !== undefined]).toEqual([undefined, true]);
		fits.lease?.giveBack();
		await bench.clock.advance(windowMs + soonMs);
		expect(waits.at).toBeGreaterThanOrEqual(windowMs + soonMs);
	});

	it('goes by what one learnt of where tokens count from', async () => {
		const bench = await benchOf(kind);
		const quota = {tokensPerMinute: 1000};
		const first = bench.join({quota});
		const one = ask(bench, first, {inputTokens: 500, maxTokens: 500});
		await bench.clock.advance(soonMs);
		one.lease?.firstByte();
		await bench.clock.advance(47_000);
		one.lease?.settle({inputTokens: 500, outputTokens: 500});
		await bench.clock.advance(1000);
		const probe = ask(bench, first, {inputTokens: 300, maxTokens: 200});
		await bench.clock.advance(32_000);
		// There is room from the first byte and as it refills, and none from the end: it is sent to find out.
		expect(probe.lease).toBeDefined();
		probe.lease?.failed({name: 'ThrottlingException', message: 'Too many tokens, please wait.'});
		expect(bench.events.at(-1)).toMatchObject({type: 'throttled', shows: 'counted from the end'});
		await bench.clock.advance(soonMs);
		const closing = first.close();
		await bench.clock.advance(soonMs);
		await closing;
		const second = bench.join({quota});
		const next = ask(bench, second, {inputTokens: 300, maxTokens: 200});
		await bench.clock.advance(109_900 - bench.clock.now());
		expect(next.lease).toBeUndefined();
		await bench.clock.advance(100 + lateMs);
		expect(next.at).toBeGreaterThanOrEqual(110_000);
	});

	it('has one bucket for all spellings of a model, and one for each scope', async () => {
		const bench = await benchOf(kind);
		const quota = {requestsPerMinute: 2};
		const [first, second] = [bench.join({quota}), bench.join({quota})];
		const same = [
			ask(bench, first),
			ask(bench, second, {model: `arn:aws:bedrock:us-east-1::foundation-model/${model}`}),
			ask(bench, first, {model: 'amazon.nova-lite-v1'}),
		];
		const scopes = ['us.', 'eu.', 'global.'].map((prefix) =>
			ask(bench, second, {model: `${prefix}${model}`}),
		);
		await bench.clock.advance(2 * soonMs);
		expect(count(same)).toBe(2);
		// Both geographies are one scope, with a quota of its own.
		expect(count(scopes)).toBe(3);
		expect(second.usage().buckets.map(({scope, inFlight}) => [scope, inFlight])).toEqual(
			expect.arrayContaining([
				['cross-region', 2],
				['global', 1],
			]),
		);
	});

	it('lets each have its turn where one has many that wait', async () => {
		const bench = await benchOf(kind);
		const quota = {requestsPerMinute: 4};
		const [first, second] = [bench.join({quota}), bench.join({quota})];
		const burst = many(30, (index) => ask(bench, first, {caller: `caller ${index % 3}`}));
		await bench.clock.advance(soonMs);
		const one = ask(bench, second, {caller: 'one'});
		await bench.clock.advance(soonMs);
		for (const {lease} of [...burst, one]) {
			lease?.settle(used);
		}
		await bench.clock.advance(windowMs + 2 * soonMs);
		expect(one.lease).toBeDefined();
		expect(count(burst)).toBeLessThanOrEqual(8);
	});

	it('lets a high lane of one go before a normal one of another', async () => {
		const bench = await benchOf(kind);
		const quota = {requestsPerMinute: 2};
		const [first, second] = [bench.join({quota}), bench.join({quota})];
		const started = [ask(bench, first), ask(bench, second)];
		await bench.clock.advance(2 * soonMs);
		expect(count(started)).toBe(2);
		const normal = many(3, () => ask(bench, first));
		await bench.clock.advance(soonMs);
		const high = ask(bench, second, {lane: 'high'});
		await bench.clock.advance(soonMs);
		for (const {lease} of started) {
			lease?.settle(used);
		}
		await bench.clock.advance(windowMs + 2 * soonMs);
		expect(high.lease).toBeDefined();
		expect(count(normal)).toBeLessThanOrEqual(1);
	});

	it('goes by another quota in all where it is set in all', async () => {
		const bench = await benchOf(kind);
		const quota = {requestsPerMinute: 2};
		const both = [bench.join({quota}), bench.join({quota})];
		const all = both.flatMap((limiter) => many(10, () => ask(bench, limiter)));
		await bench.clock.advance(2 * soonMs);
		expect(count(all)).toBe(2);
		await Promise.all(both.map(async (limiter) => limiter.setQuota({requestsPerMinute: 12})));
		await bench.clock.advance(3 * soonMs);
		expect(count(all)).toBe(12);
	});
});

/** A clock that stops when its program does. */
const mortal = (clock: SharedClock) => {
	let isDead = false;
	return {
		now: clock.now,
		epoch: clock.epoch,
		after: (delayMs: number, callback: () => void) =>
			clock.after(delayMs, () => {
				if (!isDead) {
					callback();
				}
			}),
		die() {
			isDead = true;
		},
	};
};

// In memory the members are one program: they end together, and the first of them decides the share.
describe.each(kinds.filter((kind) => kind !== 'memory'))('a ledger in %s: programs of their own', (kind) => {
	it('counts what a member that crashed had in flight, until it has surely left', async () => {
		const bench = await benchOf(kind);
		const clock = mortal(bench.clock);
		const [first, second] = [bench.join({clock} as object), bench.join()];
		const lost = many(4, () => ask(bench, first));
		await bench.clock.advance(soonMs);
		expect(count(lost)).toBe(4);
		clock.die();
		const abort = new AbortController();
		const all = many(30, () => ask(bench, second, {signal: abort.signal}));
		await bench.clock.advance(windowMs - soonMs);
		const before = count(all);
		expect(before).toBeGreaterThan(0);
		expect(before).toBeLessThanOrEqual(6);
		abort.abort();
		for (const {lease} of all) {
			lease?.giveBack();
		}
		// Its part is kept for ten minutes where nobody can say that it has ended. Nobody waits meanwhile: who waits asks often.
		await bench.clock.advance(11 * windowMs);
		const later = many(30, () => ask(bench, second));
		await bench.clock.advance(soonMs);
		expect(count(later)).toBe(10);
		expect(second.usage().buckets[0]?.members).toBe(1);
	});

	it('lets each go to its own share, and both no further than the quota', async () => {
		const bench = await benchOf(kind);
		const quota = {requestsPerMinute: 12};
		const [less, more] = [bench.join({quota, share: 0.25}), bench.join({quota, share: 0.75})];
		const few = many(12, () => ask(bench, less));
		await bench.clock.advance(2 * soonMs);
		expect(count(few)).toBe(3);
		const rest = many(12, () => ask(bench, more));
		await bench.clock.advance(3 * soonMs);
		expect(count(few)).toBe(3);
		expect(count(rest)).toBeGreaterThanOrEqual(6);
		expect(count(rest)).toBeLessThanOrEqual(9);
	});
});
