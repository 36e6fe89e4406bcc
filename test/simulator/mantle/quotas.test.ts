import {
	paginateListServiceQuotas,
	type ServiceQuota,
	ServiceQuotasClient,
} from '@aws-sdk/client-service-quotas';
import {describe, expect, it, onTestFinished, vi} from 'vitest';
import {createBucket} from '../../../source/simulator/enforcement.ts';
import {
	createMantleBuckets,
	mantleModels,
	mantleQuotas,
} from '../../../source/simulator/mantle/mantle-models.ts';
import {startSimulator} from '../../../source/simulator/server.ts';
import type {Time} from '../../../source/simulator/time.ts';
import {credentials, defaultOptions, readStats, startForTest} from '../harness.ts';
import {anthropic, collect, failureOf, openAi} from './mantle-harness.ts';

/** Tests source/simulator/mantle/mantle-models.ts. */

const model = 'openai.gpt-5.6-terra';
const enforcement = {enforcement: 'sliding', windowMs: 60_000} as const;
const buckets = (inputTokensPerMinute: number | undefined, outputTokensPerMinute: number | undefined) =>
	createMantleBuckets(
		() => ({inputTokensPerMinute, outputTokensPerMinute}),
		enforcement,
		() => undefined,
	);

describe('Buckets of bedrock-mantle', () => {
	it('admit by input and max tokens, and give back what was not used', () => {
		const {admit} = buckets(1000, 1000);
		const first = admit('r', model, 0, 700);
		expect(admit('r', model, 1, 400)).toEqual({isAdmitted: false, side: 'input', exceededBy: 100});
		if (!first.isAdmitted) {
			throw new Error('It was refused.');
		}
		first.settle(2, 100);
		expect(admit('r', model, 3, 900).isAdmitted).toBe(true);
		expect(admit('r', model, 4, 1).isAdmitted).toBe(false);
		expect(admit('r', model, 60_003, 900).isAdmitted).toBe(true);
	});

	it('are apart by model and Region', () => {
		const {admit} = buckets(100, 100);
		expect(admit('r', model, 0, 100).isAdmitted).toBe(true);
		expect(admit('other', model, 0, 100).isAdmitted).toBe(true);
		expect(admit('r', 'openai.gpt-5.5', 0, 100).isAdmitted).toBe(true);
		expect(admit('r', model, 0, 1).isAdmitted).toBe(false);
	});

	it('count output while it is made, without any burndown, and refuse what could not begin', () => {
		const {admit, report} = buckets(undefined, 10);
		const admission = admit('r', model, 0, 1000);
		if (!admission.isAdmitted) {
			throw new Error('It was refused.');
		}
		expect([admission.produce(0, 6), admission.produce(1, 6), admission.produce(2, 6)]).toEqual([6, 4, 0]);
		expect(admit('r', model, 3, 1)).toEqual({isAdmitted: false, side: 'output', exceededBy: 1});
		expect(admission.produce(60_000, 20)).toBe(6);
		expect(report(60_000)).toMatchObject([{outputTokens: 10, maximumOutputTokens: 10}]);
	});

	it('have no limits where the service publishes none', () => {
		const {admit} = buckets(undefined, undefined);
		const admission = admit('r', model, 0, 1e12);
		expect(admission.isAdmitted && admission.produce(0, 1e12)).toBe(1e12);
	});

	it.each(['sliding', 'fixed', 'refill'] as const)('tell the room that they have: %s', (kind) => {
		const limits = {requestsPerMinute: undefined, tokensPerMinute: 100, tokensPerDay: undefined};
		const bucket = createBucket(limits, {enforcement: kind, windowMs: 60_000});
		expect(bucket.tokenRoom(0)).toBe(100);
		bucket.admit(0, 60);
		expect(bucket.tokenRoom(0)).toBe(40);
	});
});

describe('Quotas of bedrock-mantle over HTTP', () => {
	it('throttle by the input quota, in the words of the service', async () => {
		const {url} = await startForTest({tokensPerMinute: 1000});
		const client = openAi(url, '/openai/v1');
		const ask = {model, input: 'What is a quota?', max_output_tokens: 900};
		const first = client.responses.create(ask);
		const answers = await Promise.allSettled([first, client.responses.create(ask)]);
		const refused = answers.find(({status}) => status === 'rejected');
		expect(refused).toMatchObject({
			reason: {
				status: 429,
				code: 'rate_limit_exceeded',
				message: expect.stringMatching(
					/^429 quota input-tpm:123456789012:openai\.gpt-5\.6-terra \(InputTokens\) exceeded by \d+/,
				),
			},
		});
		const stats = await readStats(url);
		expect(stats.throttled.tokens).toBe(1);
		expect(stats.requests.byOperation).toEqual({Responses: 2});
	});

	it('are shared by requests of a model, never by those of the runtime', async () => {
		const {url} = await startForTest({tokensPerMinute: 1000});
		const claude = {
			model: 'anthropic.claude-opus-4-7',
			max_tokens: 1000,
			messages: [{role: 'user' as const, content: 'Hello.'}],
		};
		expect(await failureOf(anthropic(url).messages.create(claude))).toMatchObject({status: 429});
		expect((await readStats(url)).buckets).toEqual([]);
	});

	it('cut an answer whose output has no room left, whole and streamed', async () => {
		// Others take all but 20 of the 40,000 output tokens, and of the input tokens all but 200.
		let nowMs = 0;
		const time: Time = {
			now: () => nowMs,
			async sleep(delayMs) {
				nowMs += Math.max(0, delayMs);
			},
		};
		const faults = {neighbour: {share: 0.9995}};
		const {url, stop} = await startSimulator({...defaultOptions, faults}, time);
		onTestFinished(stop);
		const client = openAi(url, '/openai/v1');
		const ask = {model, input: 'Explain in detail what a quota is.', max_output_tokens: 150};
		const expected = {
			status: 'incomplete',
			incomplete_details: {reason: 'max_output_tokens'},
			usage: {output_tokens: 20},
		};
		await client.responses.create({...ask, max_output_tokens: 1});
		nowMs += 120_000;
		expect(await client.responses.create(ask)).toMatchObject(expected);
		nowMs += 120_000;
		const events = await collect(await client.responses.create({...ask, stream: true}));
		expect(events.at(-1)).toMatchObject({type: 'response.incomplete', response: expected});
	});

	it('admit no more than fits, however many come at once', async () => {
		const {url} = await startForTest();
		const client = anthropic(url);
		const ask = {
			model: 'anthropic.claude-opus-4-7',
			max_tokens: 19_990,
			messages: [{role: 'user' as const, content: 'Say it.'}],
		};
		const answers = await Promise.allSettled(Array.from({length: 40}, () => client.messages.create(ask)));
		const admitted = answers.filter(({status}) => status === 'fulfilled').length;
		expect(admitted).toBeGreaterThanOrEqual(20);
		const {mantleBuckets} = (await readStats(url)) as unknown as {
			mantleBuckets: ReadonlyArray<Readonly<Record<string, number>>>;
		};
		expect(mantleBuckets).toHaveLength(1);
		expect(mantleBuckets[0]?.maximumInputTokens).toBeLessThanOrEqual(400_000);
		expect(mantleBuckets[0]?.maximumOutputTokens).toBeLessThanOrEqual(40_000);
	});

	it('give back what a client that leaves did not use', async () => {
		const {url} = await startForTest({latencyMs: 2000});
		const stream = anthropic(url).messages.stream({
			model: 'anthropic.claude-opus-4-7',
			max_tokens: 100_000,
			messages: [{role: 'user', content: 'Explain in detail what a quota is.'}],
		});
		for await (const event of stream) {
			if (event.type === 'content_block_delta') {
				break;
			}
		}
		await vi.waitFor(async () => {
			const stats = await readStats(url);
			expect(stats.requests.byError).toEqual({'client-closed': 1});
			const {mantleBuckets} = stats as unknown as {mantleBuckets: readonly object[]};
			expect(mantleBuckets).toMatchObject([{maximumInputTokens: expect.any(Number)}]);
			const [bucket] = mantleBuckets as ReadonlyArray<Readonly<Record<string, number>>>;
			expect(bucket?.maximumInputTokens).toBeGreaterThan(100_000);
			expect(bucket?.inputTokens).toBeLessThan(1000);
			expect(bucket?.outputTokens).toBeGreaterThan(0);
		}, 20_000);
	});

	it('are listed by Service Quotas under the names of AWS', async () => {
		const {url} = await startForTest();
		const client = new ServiceQuotasClient({endpoint: url, region: 'us-east-1', credentials});
		const listed: ServiceQuota[] = [];
		for await (const page of paginateListServiceQuotas({client}, {ServiceCode: 'bedrock'})) {
			listed.push(...(page.Quotas ?? []));
		}
		client.destroy();
		const mantle = listed.filter(({QuotaName = ''}) => QuotaName.startsWith('[bedrock-mantle endpoint]'));
		expect(mantle).toHaveLength(2 * mantleQuotas.length);
		expect(mantle).toContainEqual(
			expect.objectContaining({
				QuotaName: '[bedrock-mantle endpoint] Output tokens per minute for GPT-5.6 Luna',
				QuotaCode: 'L-D44E1D4E',
				Value: 40_000,
			}),
		);
	});

	it('belong to models that the endpoint serves', () => {
		const served = new Set(mantleModels.map(({id}) => id));
		expect(mantleQuotas.filter(({model: id}) => !served.has(id))).toEqual([]);
		expect(served.size).toBe(mantleModels.length);
	});
});
