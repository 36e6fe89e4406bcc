import {describe, expect, it} from 'vitest';
import type {LaneRoom, LimiterEvent, LimiterOptions} from '../../source/limiter/api.ts';
import {
	createLimiter,
	LargerThanQuotaError,
	LimiterClosedError,
	UnknownQuotaError,
} from '../../source/limiter/index.ts';
import {FakeClock} from '../helpers/fake-clock.ts';

const model = 'amazon.nova-lite-v1:0';

const limiterWith = (options: Partial<LimiterOptions> = {}) => {
	const clock = new FakeClock();
	const events: LimiterEvent[] = [];
	const limiter = createLimiter({
		region: 'us-east-1',
		quota: {requestsPerMinute: 2, tokensPerMinute: 10_000},
		onEvent: (event) => events.push(event),
		clock,
		...options,
	} as LimiterOptions);
	return {clock, events, limiter};
};

describe('options', () => {
	it.each([
		[{region: ''}, '"" is not a Region'],
		[{share: 0}, '"0" is not a share'],
		[{share: 1.5}, '"1.5" is not a share'],
		[{burst: 'some' as 'full'}, '"some" is not a burst: full, even'],
		[{store: {kind: 'memory'} as const}, 'The store is none of those'],
		[{lanes: {top: {requestsPerMinute: 1, tokens: 1}} as object}, '"top" is not a lane: high, normal, low'],
		[{quota: 'all' as 'detect'}, '"all" is not a quota'],
		[{quota: {requestsPerMinute: -1}}, '"requestsPerMinute: -1" is not a limit'],
		[{quota: {requestsPerMinute: 1, tokensPerMinutes: 1} as object}, '"tokensPerMinutes: 1" is not a limit'],
		[{quota: {[model]: {tokensPerMinute: Number.NaN}}}, '"tokensPerMinute: NaN" is not a limit'],
		[{quota: {[model]: 5 as unknown as 'detect'}}, '"amazon.nova-lite-v1:0: 5" is not a quota'],
	])('%o is refused in words', (options: Partial<LimiterOptions>, words) => {
		expect(() => limiterWith(options)).toThrow(words);
		expect(() => limiterWith(options)).toThrow(TypeError);
	});

	it('of a call are checked as well', async () => {
		const {limiter} = limiterWith();
		await expect(limiter.acquire({model: '', inputTokens: 1})).rejects.toThrow('"" is not a model.');
		await expect(limiter.acquire({model, inputTokens: Number.NaN})).rejects.toThrow('"inputTokens: NaN"');
		await expect(limiter.acquire({model, inputTokens: 1, maxTokens: -1})).rejects.toThrow('"maxTokens: -1"');
		await expect(limiter.acquire({model, inputTokens: 1, lane: 'top' as 'high'})).rejects.toThrow(
			'"top" is not a lane',
		);
	});
});

describe('the quota of a model', () => {
	it('is found by the name it is called by, then by its foundation model', async () => {
		const {limiter} = limiterWith({
			quota: {[model]: {requestsPerMinute: 5}, 'us.amazon.nova-lite-v1:0': {requestsPerMinute: 7}},
		});
		await limiter.acquire({model, inputTokens: 1, maxTokens: 1});
		await limiter.acquire({model: 'us.amazon.nova-lite-v1:0', inputTokens: 1, maxTokens: 1});
		await limiter.acquire({model: 'eu.amazon.nova-lite-v1:0', inputTokens: 1, maxTokens: 1});
		expect(limiter.usage().buckets.map(({scope, requests}) => [scope, requests.limit])).toEqual([
			['on-demand', 5],
			['cross-region', 7],
		]);
	});

	it('may be what a function says, which is asked again where it failed', async () => {
		let isUp = false;
		const {limiter} = limiterWith({
			async quota({baseModel}) {
				if (!isUp) {
					throw new Error('not now');
				}
				return {requestsPerMinute: baseModel === model ? 3 : 4};
			},
		});
		await expect(limiter.acquire({model, inputTokens: 1})).rejects.toThrow('not now');
		isUp = true;
		await limiter.acquire({model, inputTokens: 1});
		expect(limiter.usage().buckets[0]?.requests.limit).toBe(3);
	});

	it('is an error with a name where none is given', async () => {
		const {limiter} = limiterWith({
			quota: {'anthropic.claude-3-haiku-20240307-v1:0': {requestsPerMinute: 1}},
		});
		const fault = await limiter.acquire({model, inputTokens: 1}).catch((error: unknown) => error);
		expect(fault).toBeInstanceOf(UnknownQuotaError);
		expect(fault).toMatchObject({name: 'UnknownQuotaError', model});
	});

	it('is one of its own for a profile that hides its model, which is said', async () => {
		const arn = 'arn:aws:bedrock:us-west-2:123456789012:application-inference-profile/abc';
		const {limiter, events} = limiterWith();
		await limiter.acquire({model: arn, inputTokens: 1, maxTokens: 1});
		expect(limiter.usage().buckets).toMatchObject([{baseModel: arn, region: 'us-west-2'}]);
		expect(events).toMatchObject([
			{type: 'assumed', what: 'quota', text: expect.stringContaining('does not name its foundation model')},
			{type: 'assumed', what: 'burndown'},
		]);
	});
});

describe('a quota that changes', () => {
	it('is in force at once, for what waits too, and is said', async () => {
		const {limiter, events} = limiterWith({quota: {requestsPerMinute: 1, tokensPerMinute: 1000}});
		await limiter.acquire({model, inputTokens: 1, maxTokens: 1});
		const waiting = limiter.acquire({model, inputTokens: 1, maxTokens: 1});
		await limiter.setQuota({requestsPerMinute: 2, tokensPerMinute: 1000});
		await waiting;
		await limiter.setQuota({requestsPerMinute: 2, tokensPerMinute: 1000});
		await limiter.setQuota({requestsPerMinute: 2, tokensPerMinute: 100});
		await expect(limiter.acquire({model, inputTokens: 100, maxTokens: 1})).rejects.toBeInstanceOf(
			LargerThanQuotaError,
		);
		expect(events.filter(({type}) => type === 'quota-changed')).toMatchObject([
			{from: {requestsPerMinute: 1}, to: {requestsPerMinute: 2, tokensPerMinute: 1000}},
			{from: {tokensPerMinute: 1000}, to: {tokensPerMinute: 100}},
		]);
		expect(limiter.usage().buckets[0]).toMatchObject({requests: {limit: 2}, tokens: {limit: 100}});
	});

	it('that is wrong is refused, and the old one stays', async () => {
		const {limiter} = limiterWith();
		await limiter.acquire({model, inputTokens: 1, maxTokens: 1});
		await expect(limiter.setQuota({requestsPerMinute: -1})).rejects.toThrow('"requestsPerMinute: -1"');
		expect(limiter.usage().buckets[0]).toMatchObject({requests: {limit: 2}});
	});

	it('that is lower lets nothing more go until what was used has left', async () => {
		const {limiter, clock} = limiterWith({quota: {tokensPerMinute: 1000}});
		for (let index = 0; index < 8; index++) {
			const lease = await limiter.acquire({model, inputTokens: 90, maxTokens: 10});
			lease.settle({inputTokens: 90, outputTokens: 10});
		}
		await limiter.setQuota({tokensPerMinute: 400});
		const lease = await clock.settle(limiter.acquire({model, inputTokens: 90, maxTokens: 10}));
		expect(lease.heldMs).toBeGreaterThanOrEqual(60_000);
	});
});

describe('the tokens of a day', () => {
	it('end it with an error that names them, and begin again at 00:00 UTC', async () => {
		const {limiter, clock} = limiterWith({quota: {tokensPerDay: 1000}});
		const acquire = async () => limiter.acquire({model, inputTokens: 300, maxTokens: 100});
		for (let index = 0; index < 2; index++) {
			(await acquire()).settle({inputTokens: 300, outputTokens: 100});
		}
		await expect(acquire()).rejects.toMatchObject({name: 'DayUsedUpError', model, limit: 1000});
		expect(limiter.usage().buckets[0]?.day).toEqual({used: 800, reserved: 0, limit: 1000, others: null});
		clock.skip(86_400_000);
		await acquire();
		expect(limiter.usage().buckets[0]?.day).toMatchObject({used: 0, reserved: 400});
	});
});

describe('the day of all models', () => {
	const other = 'amazon.nova-micro-v1:0';

	it('is one for the models of a Region, but for those with a day of their own', async () => {
		const {limiter} = limiterWith({
			quota: {
				[model]: {accountTokensPerDay: 1000},
				[other]: {accountTokensPerDay: 1000},
				'amazon.nova-pro-v1:0': {accountTokensPerDay: 1000, tokensPerDay: 5000},
			},
		});
		(await limiter.acquire({model, inputTokens: 300, maxTokens: 100})).settle({
			inputTokens: 300,
			outputTokens: 100,
		});
		await limiter.acquire({model: other, inputTokens: 500, maxTokens: 100});
		for (const each of [model, other]) {
			await expect(limiter.acquire({model: each, inputTokens: 1, maxTokens: 1})).rejects.toMatchObject({
				name: 'DayUsedUpError',
				model: each,
				limit: 1000,
			});
		}
		await limiter.acquire({model: 'amazon.nova-pro-v1:0', inputTokens: 500, maxTokens: 100});
		expect(limiter.usage().buckets.map(({day}) => [day.used, day.reserved, day.limit])).toEqual([
			[400, 600, 1000],
			[400, 600, 1000],
			[0, 600, 5000],
		]);
	});

	it('used up by what the service says for one, is tried for none', async () => {
		const {limiter} = limiterWith({quota: {accountTokensPerDay: 1_000_000}});
		const lease = await limiter.acquire({model, inputTokens: 300, maxTokens: 100});
		lease.failed(
			Object.assign(new Error('Too many tokens per day, please wait before trying again.'), {
				name: 'ThrottlingException',
				$metadata: {httpStatusCode: 429},
			}),
		);
		await expect(limiter.acquire({model: other, inputTokens: 1, maxTokens: 1})).rejects.toMatchObject({
			name: 'DayUsedUpError',
		});
	});

	it('is followed when the quota is read again', async () => {
		const {limiter} = limiterWith({quota: {accountTokensPerDay: 1000}});
		await limiter.acquire({model, inputTokens: 300, maxTokens: 100});
		await limiter.acquire({model: other, inputTokens: 300, maxTokens: 100});
		await limiter.setQuota({tokensPerDay: 500});
		expect(limiter.usage().buckets.map(({day}) => [day.reserved, day.limit])).toEqual([
			[400, 500],
			[400, 500],
		]);
		await limiter.setQuota({accountTokensPerDay: 900});
		expect(limiter.usage().buckets.map(({day}) => [day.reserved, day.limit])).toEqual([
			[800, 900],
			[800, 900],
		]);
	});
});

describe('a limiter', () => {
	it('lets go what there is room for, and the rest when there is', async () => {
		const {clock, limiter, events} = limiterWith();
		const leases = [0, 1, 2].map(async () => limiter.acquire({model, inputTokens: 100, maxTokens: 50}));
		const [first, second] = await Promise.all(leases.slice(0, 2));
		expect(first).toMatchObject({tokens: 150, heldMs: 0, isOpen: true});
		first?.settle({inputTokens: 100, outputTokens: 20});
		second?.settle({inputTokens: 100, outputTokens: 20});
		expect(limiter.usage().buckets).toMatchObject([
			{
				baseModel: model,
				requests: {used: 2, reserved: 0, limit: 2, others: null},
				tokens: {used: 240, reserved: 0, limit: 10_000},
				held: {count: 1, oldestMs: 0},
				members: 1,
			},
		]);
		const third = await clock.settle(leases[2] ?? Promise.reject(new Error('no third')));
		expect(third.heldMs).toBeGreaterThanOrEqual(60_000);
		expect(events).toMatchObject([{type: 'held', lane: 'normal', model, heldMs: third.heldMs}]);
	});

	it('refuses at once what can never fit, with both numbers', async () => {
		const {limiter} = limiterWith({share: 0.5});
		const fault = await limiter
			.acquire({model, inputTokens: 4000, maxTokens: 1001})
			.catch((error: unknown) => error);
		expect(fault).toBeInstanceOf(LargerThanQuotaError);
		expect(fault).toMatchObject({dimension: 'tokens', needed: 5001, limit: 5000, model});
		expect((fault as Error).message).toContain('5,001');
		expect((fault as Error).message).toContain('5,000');
	});

	it('rejects with the reason of the signal, and leaves nothing behind', async () => {
		const {limiter, clock} = limiterWith({quota: {requestsPerMinute: 1}});
		const lease = await limiter.acquire({model, inputTokens: 1, maxTokens: 1});
		const before = clock.timers;
		const abort = new AbortController();
		const waiting = limiter.acquire({model, inputTokens: 1, maxTokens: 1, signal: abort.signal});
		const reason = new Error('changed my mind');
		abort.abort(reason);
		await expect(waiting).rejects.toBe(reason);
		expect(limiter.usage().buckets[0]).toMatchObject({inFlight: 1, held: {count: 0}});
		expect(clock.timers).toBe(before);
		await expect(limiter.acquire({model, inputTokens: 1, signal: AbortSignal.abort(reason)})).rejects.toBe(
			reason,
		);
		lease.giveBack();
		expect(limiter.usage().buckets[0]).toMatchObject({inFlight: 0, requests: {used: 0, reserved: 0}});
	});

	it('ends those that wait when it is closed, and takes no more', async () => {
		const {limiter} = limiterWith({quota: {requestsPerMinute: 1}});
		const lease = await limiter.acquire({model, inputTokens: 1, maxTokens: 1});
		const waiting = limiter.acquire({model, inputTokens: 1, maxTokens: 1});
		const closed = limiter.close();
		await expect(waiting).rejects.toBeInstanceOf(LimiterClosedError);
		await closed;
		await expect(limiter.acquire({model, inputTokens: 1})).rejects.toThrow('The limiter is closed.');
		lease.settle({inputTokens: 1, outputTokens: 1});
		expect(lease.isOpen).toBe(false);
	});

	it('says once what it assumes: max tokens that a call leaves out', async () => {
		const {limiter, events} = limiterWith({quota: {tokensPerMinute: 1_000_000}});
		const first = await limiter.acquire({model, inputTokens: 1});
		await limiter.acquire({model, inputTokens: 1});
		expect(first.tokens).toBe(10_001);
		expect(events).toMatchObject([{type: 'assumed', what: 'max-tokens'}]);
	});

	it('does not let a fault of the listener reach a call', async () => {
		const faults: unknown[] = [];
		const onFault = (error: unknown): void => void faults.push(error);
		process.prependOnceListener('uncaughtException', onFault);
		const others = process.listeners('uncaughtException').filter((each) => each !== onFault);
		for (const other of others) {
			process.off('uncaughtException', other);
		}
		const {limiter} = limiterWith({
			quota: {tokensPerMinute: 1_000_000},
			onEvent() {
				throw new Error('from the listener');
			},
		});
		await limiter.acquire({model, inputTokens: 1});
		await new Promise(setImmediate);
		for (const other of others) {
			process.on('uncaughtException', other);
		}
		expect(faults).toMatchObject([{message: 'from the listener'}]);
	});
});

describe('a lease', () => {
	it('settles by usage in the spelling of whichever API', async () => {
		const {limiter} = limiterWith({quota: {tokensPerMinute: 10_000, burndown: 5}});
		for (const usage of [
			{inputTokens: 100, outputTokens: 10, cacheReadInputTokens: 50, cacheWriteInputTokens: 7},
			{input_tokens: 100, output_tokens: 10, cache_read_input_tokens: 50, cache_creation_input_tokens: 7},
		]) {
			const lease = await limiter.acquire({model, inputTokens: 200, maxTokens: 100});
			lease.firstByte();
			lease.settle(usage);
		}
		expect(limiter.usage().buckets[0]?.tokens.used).toBe(2 * (100 + 7 + 5 * 10));
	});

	it('keeps all where the usage has no counts, where nothing is said, and where it goes out of scope', async () => {
		const {limiter} = limiterWith({quota: {tokensPerMinute: 10_000}});
		const acquire = async () => limiter.acquire({model, inputTokens: 100, maxTokens: 100});
		(await acquire()).settle({});
		(await acquire()).keep();
		{
			using lease = await acquire();
			expect(lease.isOpen).toBe(true);
		}
		{
			using lease = await acquire();
			lease.settle({inputTokens: 1, outputTokens: 1});
		}
		expect(limiter.usage().buckets[0]).toMatchObject({inFlight: 0, tokens: {used: 602, reserved: 0}});
	});

	it('counts once, whatever is said later', async () => {
		const {limiter} = limiterWith({quota: {tokensPerMinute: 10_000}});
		const lease = await limiter.acquire({model, inputTokens: 100, maxTokens: 100});
		lease.settle({inputTokens: 100, outputTokens: 1});
		lease.settle({inputTokens: 100, outputTokens: 90});
		lease.keep();
		lease.giveBack();
		lease.failed(new Error('late'));
		lease.firstByte();
		expect(limiter.usage().buckets[0]?.tokens.used).toBe(101);
	});

	it('says an overrun', async () => {
		const {limiter, events} = limiterWith({quota: {tokensPerMinute: 10_000, burndown: 5}});
		const lease = await limiter.acquire({model, inputTokens: 100, maxTokens: 1000});
		lease.settle({inputTokens: 100, outputTokens: 900});
		expect(events).toMatchObject([{type: 'overrun', setAside: lease.tokens, settled: 4600}]);
	});

	it.each([
		['given back', {name: 'ValidationException', message: 'no', $metadata: {httpStatusCode: 400}}, 0],
		['kept', Object.assign(new Error('socket hang up'), {code: 'ECONNRESET'}), 200],
		['given back', Object.assign(new Error('refused'), {code: 'ECONNREFUSED'}), 0],
		['kept', {name: 'InternalServerException', message: 'x', $metadata: {httpStatusCode: 500}}, 200],
	])('is %s after %o', async (_words, error, used) => {
		const {limiter} = limiterWith({quota: {tokensPerMinute: 10_000}});
		const lease = await limiter.acquire({model, inputTokens: 100, maxTokens: 100});
		lease.failed(error);
		expect(limiter.usage().buckets[0]).toMatchObject({inFlight: 0, tokens: {used, reserved: 0}});
	});

	it.each([
		['Too many tokens, please wait', 'tokens'],
		['Too many requests, please wait', 'requests'],
		['Too many tokens per day, please wait', 'day'],
	])('says a throttle: %s', async (message, by) => {
		const {limiter, events} = limiterWith();
		const lease = await limiter.acquire({model, inputTokens: 100, maxTokens: 100});
		lease.failed({name: 'ThrottlingException', message, $metadata: {httpStatusCode: 429}});
		expect(events).toMatchObject([{type: 'throttled', by}]);
		expect(limiter.usage().buckets[0]).toMatchObject({inFlight: 0, tokens: {used: 0}});
	});

	it('of a day that is used up stops the next, and one is tried later', async () => {
		const {limiter, clock} = limiterWith({quota: {requestsPerMinute: 100}});
		const acquire = async () => limiter.acquire({model, inputTokens: 100, maxTokens: 100});
		(await acquire()).failed({name: 'ThrottlingException', message: 'Too many tokens per day'});
		await expect(acquire()).rejects.toMatchObject({name: 'DayUsedUpError', model, limit: null});
		clock.skip(600_000);
		const tried = await acquire();
		await expect(acquire()).rejects.toMatchObject({name: 'DayUsedUpError'});
		tried.settle({inputTokens: 1, outputTokens: 1});
		await acquire();
	});
});

describe('room that is kept for a lane', () => {
	it('is left by those below it', async () => {
		const high: LaneRoom = {requestsPerMinute: 1, tokens: 100};
		const {limiter} = limiterWith({quota: {requestsPerMinute: 10}, lanes: {high}});
		const ask = async (lane: 'high' | 'low') => limiter.acquire({model, inputTokens: 1, maxTokens: 1, lane});
		const low = Array.from({length: 10}, async () => ask('low'));
		await Promise.all(low.slice(0, 7));
		expect(limiter.usage().buckets[0]).toMatchObject({inFlight: 7, held: {count: 3}});
		await ask('high');
		for (const each of low) {
			each.catch(() => undefined);
		}
		await limiter.close();
	});
});

describe('limiters that share a store in memory', () => {
	it('share the buckets of one account', async () => {
		const {memoryStore} = await import('../../source/limiter/index.ts');
		const store = memoryStore();
		const clock = new FakeClock();
		const [first, second, other] = ['1', '1', '2'].map(
			(account) => limiterWith({store, account, clock} as Partial<LimiterOptions>).limiter,
		);
		await first?.acquire({model, inputTokens: 1, maxTokens: 1});
		await second?.acquire({model, inputTokens: 1, maxTokens: 1});
		await other?.acquire({model, inputTokens: 1, maxTokens: 1});
		expect(first?.usage().buckets[0]).toMatchObject({requests: {reserved: 2}, members: 2});
		expect(other?.usage().buckets[0]).toMatchObject({requests: {reserved: 1}, members: 1});
		await second?.close();
		expect(first?.usage().buckets[0]?.members).toBe(1);
	});
});
