import {createClient} from '@redis/client';
import {Redis as IoRedis} from 'ioredis';
import IoValkey from 'iovalkey';
import {afterAll, afterEach, beforeAll, describe, expect, it} from 'vitest';
import {createRedisLedger, redisKeys, type ScriptStore} from '../../source/admission/fleet/redis-ledger.ts';
import {systemClock} from '../../source/domain/clock.ts';
import {type RedisClient, StoreError, scriptStoreOf} from '../../source/limiter/redis-clients.ts';
import {FakeClock} from '../helpers/fake-clock.ts';
import {factsOf} from '../helpers/redis-ledgers.ts';
import {hasRedis, needsRedis, type RedisServer, startRedisServer} from '../helpers/redis-server.ts';

/** Its native part is there for some systems only. */
const loadGlide = async () => {
	try {
		return await import('@valkey/valkey-glide');
	} catch {
		return undefined;
	}
};
const glide = await loadGlide();

type Made = {readonly client: RedisClient; readonly close: () => unknown};

/** An error that a client reports beside its answers is not what is asked here. */
const quiet = <Client extends {on: (event: 'error', listener: () => void) => unknown}>(
	client: Client,
): Client => {
	client.on('error', () => {});
	return client;
};

const makers: Readonly<Record<string, (port: number, password?: string) => Promise<Made>>> = {
	async '@redis/client'(port, password) {
		const client = quiet(
			createClient({url: `redis://127.0.0.1:${port}`, ...(password === undefined ? {} : {password})}),
		);
		void client.connect().catch(() => {});
		return {client, close: () => client.destroy()};
	},
	async ioredis(port, password) {
		const client = quiet(new IoRedis({port, ...(password === undefined ? {} : {password})}));
		return {client, close: () => client.disconnect()};
	},
	async iovalkey(port, password) {
		const client = quiet(new IoValkey.default({port, ...(password === undefined ? {} : {password})}));
		return {client, close: () => client.disconnect()};
	},
	async '@valkey/valkey-glide'(port, password) {
		if (glide === undefined) {
			throw new Error('no native part');
		}
		glide.Logger.init('off');
		const client = await glide.GlideClient.createClient({
			addresses: [{host: '127.0.0.1', port}],
			...(password === undefined ? {} : {credentials: {password}}),
		});
		return {client, close: () => client.close()};
	},
};

const faultOf = async (answer: Promise<unknown>): Promise<string> => {
	try {
		return JSON.stringify(await answer);
	} catch (error) {
		return error instanceof StoreError ? error.fault : String(error);
	}
};

const echo = "return {KEYS[1], ARGV[1], 7, redis.call('INCR', KEYS[1])}";

let redis: RedisServer;
const opened: Made[] = [];

describe.skipIf(!hasRedis)(`clients of a real server${needsRedis}`, () => {
	beforeAll(async () => {
		redis = await startRedisServer();
	});
	afterEach(() => {
		for (const {close} of opened.splice(0)) {
			close();
		}
	});
	afterAll(async () => {
		await redis.stop();
	});

	for (const [name, make] of Object.entries(makers)) {
		const isAbsent = name.includes('glide') && glide === undefined;
		describe.skipIf(isAbsent)(
			`${name}${isAbsent ? ' (skipped: no native part for this system)' : ''}`,
			() => {
				const open = async (port: number, password?: string): Promise<ScriptStore> => {
					const made = await make(port, password);
					opened.push(made);
					return scriptStoreOf(made.client);
				};
				/** A busy machine takes its time to connect. */
				const connected = async (port: number, password?: string): Promise<ScriptStore> => {
					const store = await open(port, password);
					await expect.poll(async () => faultOf(store.eval('return 1', ['x'], []))).toBe('1');
					return store;
				};

				it('runs a script, and again after the server forgot it', async () => {
					const store = await connected(redis.port);
					const key = `key of ${name}`;
					expect(await store.eval(echo, [key], ['word'])).toEqual([key, 'word', 7, 1]);
					expect(await store.eval(echo, [key], ['word'])).toEqual([key, 'word', 7, 2]);
					await redis.call('SCRIPT', 'FLUSH');
					expect(await store.eval(echo, [key], ['word'])).toEqual([key, 'word', 7, 3]);
				});

				it('keeps a ledger', async () => {
					const store = await connected(redis.port);
					const ledger = createRedisLedger({store, bucket: `of ${name}`, clock: systemClock});
					expect(await ledger.enter(factsOf('a'), [], [])).toMatchObject({members: 1, steps: 1});
					expect(await ledger.renew({inFlight: [], use: {requests: 0, tokens: 0}, waiting: 0})).toMatchObject(
						{
							kind: 'done',
						},
					);
					expect(await ledger.members()).toMatchObject({
						value: [{id: 'a', name: 'service a', state: 'live'}],
					});
				});

				it('says that a key holds something else', async () => {
					const store = await connected(redis.port);
					const bucket = `wrong of ${name}`;
					await redis.call('SET', redisKeys(bucket)[4] ?? '', 'a word');
					const ledger = createRedisLedger({store, bucket, clock: systemClock});
					expect(await faultOf(ledger.enter(factsOf('a'), [], []))).toBe('wrong-type');
				});

				it('does not hang on a server that stands still, nor on one that is gone', {
					timeout: 20_000,
				}, async () => {
					const own = await startRedisServer();
					try {
						const store = await open(own.port);
						await store.eval(echo, ['x'], ['']);
						own.pause();
						// A busy machine may find first that the connection is silent.
						expect(['late', 'unreachable']).toContain(await faultOf(store.eval(echo, ['x'], [''])));
						own.resume();
					} finally {
						await own.stop();
					}
					const store = opened.at(-1)?.client;
					expect(store).toBeDefined();
					const gone = scriptStoreOf(store as RedisClient);
					const faults = [
						await faultOf(gone.eval(echo, ['x'], [''])),
						await faultOf(gone.eval(echo, ['x'], [''])),
					];
					expect(
						faults.every((fault) => ['late', 'unreachable'].includes(fault)),
						String(faults),
					).toBe(true);
				});

				it('says that the server asks for a password', {timeout: 20_000}, async () => {
					const own = await startRedisServer(['--requirepass', 'river-stone']);
					try {
						if (name.includes('glide')) {
							// It says so itself when it is made.
							await expect(open(own.port, 'wrong-river')).rejects.toThrow('WRONGPASS');
						} else {
							for (const password of ['wrong-river', undefined]) {
								const store = await open(own.port, password);
								await expect.poll(async () => faultOf(store.eval(echo, ['x'], ['']))).toBe('password');
							}
						}
						const right = await connected(own.port, 'river-stone');
						expect(await right.eval(echo, ['x'], ['word'])).toEqual(['x', 'word', 7, 1]);
					} finally {
						await own.stop();
					}
				});
			},
		);
	}
});

/** A client that answers with an error. */
const failing = (message: string, code?: string): RedisClient => {
	const fail = async (): Promise<never> => {
		throw Object.assign(new Error(message), code === undefined ? {} : {code});
	};
	return {evalSha: fail, eval: fail, isOpen: true, isReady: true};
};

describe('what a client says', () => {
	it.each([
		['NOAUTH Authentication required.', 'password'],
		['WRONGPASS invalid username-password pair or user is disabled.', 'password'],
		['ERR AUTH <password> called without any password configured for the default user.', 'password'],
		['NOPERM this user has no permissions to run the eval command', 'permission'],
		[
			'WRONGTYPE Operation against a key holding the wrong kind of value script: 1, on @user_script:3.',
			'wrong-type',
		],
		[
			'ERR Error running script (call to f_1): @user_script:1: Write commands not allowed after non deterministic commands.',
			'old-server',
		],
		["ERR unknown command 'EVAL', with args beginning with: 'river-stone'", 'old-server'],
		["ERR user_script:12: attempt to index global 'cmsgpack' (a nil value)", 'old-server'],
		['MOVED 3999 127.0.0.1:6381', 'cluster'],
		["CROSSSLOT Keys in request don't hash to the same slot", 'cluster'],
		["READONLY You can't write against a read only replica.", 'read-only'],
		["OOM command not allowed when used memory > 'maxmemory'.", 'not-now'],
		['LOADING Redis is loading the dataset in memory', 'not-now'],
		['Socket closed unexpectedly', 'unreachable'],
		['Something that nobody knows', 'other'],
	])('%s', async (message, fault) => {
		const answer = scriptStoreOf(failing(message)).eval('return 1', [], []);
		await expect(answer).rejects.toMatchObject({name: 'StoreError', fault});
		await expect(answer).rejects.not.toThrow(/river-stone|127\.0\.0\.1/);
	});

	it('is never the password that it was given', async () => {
		const answer = scriptStoreOf(failing('strange redis://user:river-stone@host:1/0')).eval(
			'return 1',
			[],
			[],
		);
		await expect(answer).rejects.toMatchObject({fault: 'other'});
		await expect(answer).rejects.not.toThrow(/river-stone/);
	});

	it('is known by the code of the system too', async () => {
		const answer = scriptStoreOf(failing('connect', 'ECONNREFUSED')).eval('return 1', [], []);
		await expect(answer).rejects.toMatchObject({fault: 'unreachable', hint: expect.stringContaining('runs')});
	});

	it('is asked of known clients only', () => {
		expect(() => scriptStoreOf({get: () => 1} as unknown as RedisClient)).toThrow(StoreError);
		expect(() => scriptStoreOf(null as unknown as RedisClient)).toThrow(StoreError);
	});

	it('is not waited for where it is closed, and for a while where it connects', async () => {
		const clock = new FakeClock();
		const closed = {...failing('never asked'), isOpen: false} as RedisClient;
		await expect(scriptStoreOf(closed, clock).eval('return 1', [], [])).rejects.toMatchObject({
			fault: 'unreachable',
		});
		const connecting = {eval: async () => 'done', evalSha: async () => 'done', isOpen: true, isReady: false};
		const first = scriptStoreOf(connecting, clock).eval('return 1', [], []);
		await expect(clock.settle(first, 300)).rejects.toMatchObject({fault: 'unreachable'});
		const second = scriptStoreOf(connecting, clock).eval('return 1', [], []);
		clock.after(100, () => {
			connecting.isReady = true;
		});
		expect(await clock.settle(second)).toBe('done');
	});
});
