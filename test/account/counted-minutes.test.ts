/** Tests source/account/account-bucket.ts: every minute equals what the service counted. */
import fc from 'fast-check';
import {expect, it} from 'vitest';
import {readStats} from '../simulator/harness.ts';
import {
	directoryOf,
	firstPoll,
	minuteMs,
	nextPoll,
	noon,
	startAccount,
	startMonitor,
} from './account-harness.ts';

/** Identifiers of two buckets: the application profile draws from the same one as the system profile. */
const identifiers = [
	{name: 'us.amazon.nova-lite-v1:0', bucket: 'amazon.nova-lite-v1:0 cross-region'},
	{
		name: 'arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/sim0nova0lite',
		bucket: 'amazon.nova-lite-v1:0 cross-region',
	},
	{name: 'us.anthropic.claude-sonnet-4-6', bucket: 'anthropic.claude-sonnet-4-6 cross-region'},
];
const burndowns = new Map([
	['amazon.nova-lite-v1:0 cross-region', 1],
	['anthropic.claude-sonnet-4-6 cross-region', 5],
]);
const minutes = 12;

type Ask = {readonly second: number; readonly identifier: number; readonly words: number};

const asks = fc.array(
	fc.record({
		second: fc.integer({min: 0, max: minutes * 60 - 1}),
		identifier: fc.nat(identifiers.length - 1),
		words: fc.integer({min: 1, max: 60}),
	}),
	{minLength: 1, maxLength: 25},
);

const send = async (url: string, {identifier, words}: Ask): Promise<void> => {
	const name = encodeURIComponent(identifiers[identifier]?.name ?? '');
	const answer = await fetch(`${url}/model/${name}/converse`, {
		method: 'POST',
		headers: {
			'content-type': 'application/json',
			authorization: 'AWS4-HMAC-SHA256 Credential=simulated/20261120/us-east-1/bedrock/aws4_request',
		},
		body: JSON.stringify({
			messages: [{role: 'user', content: [{text: 'word '.repeat(words)}]}],
			inferenceConfig: {maxTokens: 30},
		}),
	});
	await answer.arrayBuffer();
};

it('every minute of every bucket is what the simulator itself counted', async () => {
	// Models and quotas are the same in every simulator: they are read once.
	let directory: ReturnType<typeof directoryOf> | undefined;
	await fc.assert(
		fc.asyncProperty(asks, async (planned) => {
			const account = await startAccount();
			for (const ask of planned.toSorted((one, other) => one.second - other.second)) {
				account.clock.skip(noon + ask.second * 1000 - account.clock.epoch());
				await send(account.url, ask);
			}
			account.clock.skip(noon + (minutes + 5) * minuteMs - account.clock.epoch());
			const watch = startMonitor(account, {
				readDirectory: async () => {
					directory ??= directoryOf(account);
					return directory;
				},
			});
			watch.monitor.start();
			await firstPoll(watch);
			await nextPoll(account, watch);

			const {log} = await readStats(account.url);
			expect(log.length).toBe(planned.length);
			const ledger = new Map<string, number>();
			const add = (key: string, amount: number) => ledger.set(key, (ledger.get(key) ?? 0) + amount);
			for (const {model, endedAt, status, inputTokens, outputTokens} of log) {
				const bucket = identifiers.find(({name}) => name === model)?.bucket ?? '';
				const minute = Math.floor(endedAt / minuteMs) * minuteMs;
				if (status === 200) {
					add(`${bucket} ${minute} requests`, 1);
					add(`${bucket} ${minute} tokens`, inputTokens + outputTokens * (burndowns.get(bucket) ?? 0));
				}
			}
			const told = new Map<string, number>();
			for (const {key, series, minute} of watch.latest().buckets) {
				const first = (minute ?? 0) + 2 * minuteMs - (series.requests.length - 1) * minuteMs;
				for (const [index, requests] of series.requests.entries()) {
					if (requests > 0) {
						told.set(`${key} ${first + index * minuteMs} requests`, requests);
						told.set(`${key} ${first + index * minuteMs} tokens`, series.quotaTokens[index] ?? 0);
					}
				}
			}
			expect([...told].toSorted()).toEqual([...ledger].toSorted());
			watch.monitor.stop();
		}),
		{numRuns: 15},
	);
}, 60_000);
