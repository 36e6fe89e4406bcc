import {mkdtempSync, readdirSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {afterEach, describe, expect, it} from 'vitest';
import type {Limiter, LimiterEvent, LimiterOptions} from '../../source/limiter/api.ts';
import {createLimiter, diskStore} from '../../source/limiter/index.ts';

/** The disk below two limiters, as two programs have them. Their rules are tested in test/admission, by its virtual clock. */

const model = 'amazon.nova-lite-v1:0';
const open: Limiter[] = [];

afterEach(async () => {
	await Promise.all(open.splice(0).map(async (limiter) => limiter.close()));
});

const limiterOn = (folder: string, options: Partial<LimiterOptions> = {}): Limiter => {
	const limiter = createLimiter({
		region: 'us-east-1',
		quota: {requestsPerMinute: 40},
		store: diskStore({folder}),
		...options,
	});
	open.push(limiter);
	return limiter;
};

const newFolder = (): string => mkdtempSync(path.join(tmpdir(), 'limiter-disk-'));
const call = {model, inputTokens: 1, maxTokens: 1};

describe('limiters on one disk', () => {
	it('use the quota once, together, and know each other', async () => {
		const folder = newFolder();
		const [first, second] = [limiterOn(folder), limiterOn(folder)];
		let sent = 0;
		const ask = async (limiter: Limiter): Promise<void> => {
			await limiter.acquire(call);
			sent++;
		};
		const all = Array.from({length: 60}, async (_, index) => ask(index % 2 === 0 ? first : second));
		for (const each of all) {
			each.catch(() => undefined);
		}
		await expect.poll(() => sent, {timeout: 10_000}).toBe(40);
		await expect.poll(() => first.usage().buckets[0]?.members, {timeout: 5000}).toBe(2);
		const used = [first, second].map((limiter) => limiter.usage().buckets[0]?.requests.reserved ?? 0);
		expect(used[0]).toBeGreaterThan(10);
		expect(used[1]).toBeGreaterThan(10);
		expect((used[0] ?? 0) + (used[1] ?? 0)).toBe(40);
	}, 20_000);

	it('count the day of all models together, whichever model each calls', async () => {
		const folder = newFolder();
		const quota = {accountTokensPerDay: 1000};
		const [first, second] = [limiterOn(folder, {quota}), limiterOn(folder, {quota})];
		const lite = await first.acquire({...call, inputTokens: 500, maxTokens: 100});
		lite.settle({inputTokens: 500, outputTokens: 100});
		const micro = 'amazon.nova-micro-v1:0';
		await expect
			.poll(
				async () => {
					const lease = await second
						.acquire({model: micro, inputTokens: 400, maxTokens: 100})
						.catch(({name}: Error) => name);
					if (typeof lease !== 'string') {
						lease.giveBack();
					}
					return lease;
				},
				{timeout: 5000},
			)
			.toBe('DayUsedUpError');
		await second.acquire({model: micro, inputTokens: 300, maxTokens: 50});
		expect(second.usage().buckets[0]?.day).toMatchObject({used: 0, reserved: 350, limit: 1000, others: 600});
	});

	it('of another account have buckets of their own', async () => {
		const folder = newFolder();
		const [first, second] = [limiterOn(folder, {account: '1'}), limiterOn(folder, {account: '2'})];
		await first.acquire(call);
		await second.acquire(call);
		expect(readdirSync(path.join(folder, 'use'))).toHaveLength(2);
	});

	it('that cannot be written is said, and the limiter goes on alone', async () => {
		const events: LimiterEvent[] = [];
		const limiter = limiterOn('/proc/none', {onEvent: (event) => events.push(event)});
		await limiter.acquire(call);
		expect(events).toMatchObject([{type: 'store-lost', model, reason: expect.any(String)}]);
	});
});
