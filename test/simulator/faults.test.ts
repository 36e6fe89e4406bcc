import {
	ConverseCommand,
	ConverseStreamCommand,
	InvokeModelWithResponseStreamCommand,
} from '@aws-sdk/client-bedrock-runtime';
import {describe, expect, it} from 'vitest';
import {demoFaults} from '../../source/commands/demo.ts';
import {createRandom} from '../../source/simulator/answers/random.ts';
import {createBucket} from '../../source/simulator/enforcement.ts';
import {createFaults, type Faults} from '../../source/simulator/faults.ts';
import {parseFaults} from '../../source/simulator/options.ts';
import {modelPath, post, readStats, runtimeClient, startForTest} from './harness.ts';

/** Tests source/simulator/faults.ts and source/simulator/options.ts: the faults of a script as clients meet them. */

const nova = 'us.amazon.nova-lite-v1:0';
const request = {
	modelId: nova,
	messages: [{role: 'user' as const, content: [{text: 'Explain rain in detail.'}]}],
	inferenceConfig: {maxTokens: 100},
};

const scripted = (script: unknown, windowMs = 60_000): Faults => createFaults(parseFaults(script), windowMs);

const kindsOf = (
	faults: Faults,
	times: readonly number[],
	modelId = nova,
): readonly (string | undefined)[] => {
	const random = createRandom(1);
	return times.map((atMs) => faults.next(modelId, atMs, random)?.kind);
};

describe('a script of faults', () => {
	it('begins and ends with its times, counted from the first request', () => {
		const faults = scripted([{kind: 'unavailable', afterMs: 100, forMs: 50}]);
		expect(kindsOf(faults, [5000, 5099, 5100, 5149, 5150])).toEqual([
			undefined,
			undefined,
			'unavailable',
			'unavailable',
			undefined,
		]);
	});

	it('begins after a number of requests and meets so many', () => {
		const faults = scripted({faults: [{kind: 'internal', afterRequests: 2, count: 2}]});
		expect(kindsOf(faults, [0, 0, 0, 0, 0])).toEqual([
			undefined,
			undefined,
			'internal',
			'internal',
			undefined,
		]);
	});

	it('meets only the model that it names', () => {
		const faults = scripted([{kind: 'overloaded', model: 'claude'}]);
		expect(kindsOf(faults, [0])).toEqual([undefined]);
		expect(kindsOf(faults, [0], 'us.anthropic.claude-opus-5')).toEqual(['overloaded']);
	});

	it('meets about the part of the requests that it says', () => {
		const faults = scripted([{kind: 'unavailable', probability: 0.25}]);
		const met = kindsOf(
			faults,
			Array.from({length: 4000}, () => 0),
		).filter((kind) => kind !== undefined);
		expect(met.length).toBeGreaterThan(900);
		expect(met.length).toBeLessThan(1100);
	});

	it('makes requests of a stall wait until it is over', () => {
		const faults = scripted([{kind: 'stall', afterMs: 1000, forMs: 2000}]);
		expect([0, 999, 1000, 1500, 2999, 3000].map((atMs) => faults.stallMs(nova, atMs))).toEqual([
			0, 0, 2000, 1500, 1, 0,
		]);
	});

	it('begins again after a reset', () => {
		const faults = scripted([{kind: 'unavailable', count: 1}]);
		expect(kindsOf(faults, [0, 0])).toEqual(['unavailable', undefined]);
		faults.reset();
		expect(kindsOf(faults, [9000])).toEqual(['unavailable']);
	});

	it.each([
		[[{kind: 'explode'}], 'faults.0.kind ("explode")'],
		[[{kind: 'stall'}], 'a stall needs forMs'],
		[[{kind: 'cut', probability: 2}], 'faults.0.probability (2)'],
		[[{kind: 'cut', after: 5}], 'after'],
		[{neighbour: {share: 'half'}}, 'neighbour.share ("half")'],
		[{networkDelay: 5}, 'networkDelay'],
		['stall', 'the file ("stall")'],
	])('%j is refused and quoted', (script, quoted) => {
		expect(() => parseFaults(script)).toThrow(quoted as string);
	});
});

describe('a neighbour', () => {
	const limits = {requestsPerMinute: 600, tokensPerMinute: 60_000, tokensPerDay: undefined};

	it('takes its share evenly, while it lasts, and it leaves with the window', () => {
		const faults = scripted({neighbour: {afterMs: 0, forMs: 60_000, share: 0.5}});
		const bucket = createBucket(limits, {enforcement: 'sliding', windowMs: 60_000});
		faults.stallMs(nova, 0);
		const roomAfter = (sinceMs: number, nowMs: number): number => {
			faults.occupy(bucket, sinceMs, nowMs);
			let admitted = 0;
			while (bucket.admit(nowMs, 1).isAdmitted) {
				admitted++;
			}
			return admitted;
		};
		expect(roomAfter(0, 30_000)).toBe(450);
		// Everything is taken, and the neighbour takes its share all the same.
		expect(roomAfter(30_000, 60_000)).toBe(0);
		expect(roomAfter(60_000, 90_000)).toBe(450);
		// All of the first minute is gone, and the neighbour with it.
		expect(roomAfter(90_000, 150_000)).toBe(600);
	});

	it('takes the same however often the bucket is looked at', () => {
		const used = (steps: number): number => {
			const faults = scripted({neighbour: {share: 0.2}});
			const bucket = createBucket(limits, {enforcement: 'sliding', windowMs: 60_000});
			faults.stallMs(nova, 0);
			for (let step = 0; step < steps; step++) {
				faults.occupy(bucket, (30_000 / steps) * step, (30_000 / steps) * (step + 1));
			}
			let admitted = 0;
			while (bucket.admit(30_000, 1).isAdmitted) {
				admitted++;
			}
			return admitted;
		};
		expect(used(1)).toBe(540);
		expect(used(7)).toBe(540);
		expect(used(3000)).toBe(540);
	});
});

describe('a fault over the wire', () => {
	it.each([
		['throttle-requests', 'ThrottlingException', 429, 'Too many requests, please wait before trying again.'],
		['throttle-tokens', 'ThrottlingException', 429, 'Too many tokens, please wait before trying again.'],
		['throttle-day', 'ThrottlingException', 429, 'Too many tokens per day, please wait before trying again.'],
		[
			'overloaded',
			'ThrottlingException',
			429,
			`Model ${nova} is currently overloaded. Please try again later.`,
		],
		['unavailable', 'ServiceUnavailableException', 503, 'Bedrock is unable to process your request.'],
		[
			'internal',
			'InternalServerException',
			500,
			'The system encountered an unexpected error during processing. Try your request again.',
		],
		[
			'access-denied',
			'AccessDeniedException',
			403,
			"You don't have access to the model with the specified model ID.",
		],
		[
			'validation',
			'ValidationException',
			400,
			'Malformed input request, please reformat your input and try again.',
		],
		[
			'stream-error',
			'ModelErrorException',
			424,
			'The system encountered an unexpected error during processing. Try your request again.',
		],
	])('%s: %s %d', async (kind, name, status, message) => {
		const {url} = await startForTest({faults: [{kind, count: 1}]});
		const client = runtimeClient(url);
		await expect(client.send(new ConverseCommand(request))).rejects.toMatchObject({
			name,
			message,
			$metadata: {httpStatusCode: status},
		});
		await client.send(new ConverseCommand(request));
		const {throttled, failed, ok} = await readStats(url);
		expect(ok).toBe(1);
		expect(failed + throttled.requests + throttled.tokens + throttled.day + throttled.overloaded).toBe(1);
	});

	const readAll = async (stream: AsyncIterable<object> | undefined): Promise<number> => {
		let events = 0;
		for await (const _event of stream ?? []) {
			events++;
		}
		return events;
	};

	it.each([
		['modelStreamErrorException', 'ModelStreamErrorException'],
		['throttlingException', 'ThrottlingException'],
		['serviceUnavailableException', 'ServiceUnavailableException'],
	])('a stream ends with %s', async (exception, name) => {
		const {url} = await startForTest({faults: [{kind: 'stream-error', exception}]});
		const answer = await runtimeClient(url).send(new ConverseStreamCommand(request));
		await expect(readAll(answer.stream)).rejects.toMatchObject({name});
		const stats = await readStats(url);
		expect(stats.requests.byError).toEqual({[exception]: 1});
		expect(stats.tokens.output).toBeGreaterThan(0);
		expect(stats.tokens.output).toBeLessThan(100);
	});

	it.each(['http1', 'http2'] as const)(
		'a cut stream ends without its last event over %s',
		async (protocol) => {
			const {url} = await startForTest({faults: [{kind: 'cut'}]});
			const answer = await runtimeClient(url, protocol).send(
				new InvokeModelWithResponseStreamCommand({
					modelId: nova,
					body: JSON.stringify({messages: request.messages}),
				}),
			);
			await expect(readAll(answer.body)).rejects.toThrow();
			expect((await readStats(url)).requests.byError).toEqual({cut: 1});
		},
	);

	it('a cut answer is a broken connection', async () => {
		const {url} = await startForTest({faults: [{kind: 'cut'}]});
		await expect(runtimeClient(url).send(new ConverseCommand(request))).rejects.toThrow(
			/socket hang up|ECONNRESET/,
		);
		expect((await readStats(url)).requests.byStatus).toEqual({0: 1});
	});

	it('the network’s delay comes before and after the service', async () => {
		const {url} = await startForTest({faults: {networkDelayMs: 30}});
		await post(url, modelPath(nova, 'converse'), {messages: request.messages});
		await expect.poll(async () => (await readStats(url)).log.length).toBe(1);
		const entry = (await readStats(url)).log[0];
		expect((entry?.startedAt ?? 0) - (entry?.receivedAt ?? 0)).toBeGreaterThanOrEqual(29);
		expect((entry?.endedAt ?? 0) - (entry?.receivedAt ?? 0)).toBeGreaterThanOrEqual(60);
	});
});

describe('the faults of a demonstration', () => {
	it('meet the model of quota-limits alone, and each a few times only', () => {
		const faults = scripted({faults: demoFaults});
		const minutes = Array.from({length: 12}, (_unused, index) => index * 10_000);
		expect(kindsOf(faults, minutes, nova).filter((kind) => kind !== undefined)).toEqual([]);
		const met = kindsOf(faults, minutes, 'us.amazon.nova-micro-v1:0').filter((kind) => kind !== undefined);
		expect(met).toEqual(['overloaded', 'overloaded', 'overloaded', 'throttle-tokens']);
	});
});
