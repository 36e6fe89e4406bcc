import fc from 'fast-check';
import {describe, expect, it, vi} from 'vitest';
import {families} from '../../source/bedrock/families/registry.ts';
import {failureClasses, methods} from '../../source/domain/backend.ts';
import {isSoak} from '../helpers/random-cases.ts';
import {chunk, converseStreamOf, event} from './frames.ts';
import {eventStreamHeaders, jsonHeaders, withReplays} from './harness.ts';
import {allRecordings, hasRecordings, whySkipped} from './recordings.ts';
import type {Replay} from './replay-server.ts';

// Hundreds of calls a test: on a busy machine they take their time.
vi.setConfig({testTimeout: 180_000});

const replays = withReplays();
type Outcome = Awaited<ReturnType<typeof replays.call>>['outcome'];

/** Every number that stands in what was served, base64 parts of chunks included. */
const numbersIn = ({body, headers}: Replay): ReadonlySet<number> => {
	const text = Buffer.from(body).toString('latin1');
	const inner = [...text.matchAll(/"bytes":"([^"]*)"/g)].map(([, part = '']) =>
		Buffer.from(part, 'base64').toString('latin1'),
	);
	const all = [text, ...inner, ...Object.values(headers)].join(' ');
	return new Set([...all.matchAll(/\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g)].map(([number]) => Number(number)));
};

/** An outcome is whole, and each of its numbers was told by the service. */
const expectHonest = (outcome: Outcome, replay: Replay): void => {
	if (outcome.kind === 'failed') {
		expect(failureClasses).toContain(outcome.failure.class);
		expect(outcome.failure.message).not.toBe('');
		expect(outcome.failure.advice).not.toBe('');
		return;
	}

	const told = numbersIn(replay);
	const {usage, serverLatencyMs} = outcome;
	for (const number of [usage?.inputTokens, usage?.outputTokens, usage?.reasoningTokens, serverLatencyMs]) {
		expect(number === undefined || told.has(number), `${number} was never told`).toBe(true);
	}

	for (const number of [usage?.cacheReadTokens, usage?.cacheWriteTokens]) {
		expect(number === undefined || number === 0 || told.has(number), `${number} was never told`).toBe(true);
	}
};

/** Counts as services have been seen to send them, and as they should not. */
const oddCount = fc.oneof(
	fc.nat(100_000),
	fc.constantFrom<unknown>(null, -1, 1.5, '12', 'NaN', Number.MAX_SAFE_INTEGER + 2, [], {}, true),
);

const usageKeys = [
	'inputTokens',
	'outputTokens',
	'cacheReadInputTokens',
	'cacheWriteInputTokenCount',
	'input_tokens',
	'output_tokens',
	'cache_read_input_tokens',
	'inputTokenCount',
	'outputTokenCount',
];
const oddUsage = fc.dictionary(fc.constantFrom(...usageKeys), oddCount);

/** Known shapes with anything in their places. */
const oddBody = fc.oneof(
	fc.jsonValue(),
	fc.record({
		output: fc.record({message: fc.record({content: fc.array(fc.record({text: fc.jsonValue()}))})}),
		stopReason: fc.jsonValue(),
		usage: oddUsage,
		metrics: fc.record({latencyMs: oddCount}),
	}),
	fc.record({content: fc.array(fc.record({type: fc.string(), text: fc.jsonValue()})), usage: oddUsage}),
	fc.record({generation: fc.jsonValue(), prompt_token_count: oddCount, generation_token_count: oddCount}),
	fc.record({results: fc.array(fc.record({outputText: fc.jsonValue(), tokenCount: oddCount}))}),
	fc.record({outputs: fc.array(fc.jsonValue())}),
	fc.record({generations: fc.jsonValue(), 'amazon-bedrock-invocationMetrics': oddUsage}),
	fc.record({
		choices: fc.array(fc.record({message: fc.jsonValue(), delta: fc.jsonValue()})),
		usage: fc.jsonValue(),
	}),
	fc.record({text: fc.jsonValue(), finish_reason: fc.jsonValue(), event_type: fc.jsonValue()}),
	fc.record({completion: fc.jsonValue(), stop_reason: fc.jsonValue(), type: fc.jsonValue()}),
);

const headerText = fc.stringMatching(/^[\x21-\x7e]{1,20}$/);
const oddHeaders = fc.dictionary(
	fc.constantFrom(
		'x-amzn-bedrock-input-token-count',
		'X-Amzn-Bedrock-Output-Token-Count',
		'x-amzn-bedrock-cache-read-input-token-count',
		'X-AMZN-BEDROCK-INVOCATION-LATENCY',
		'x-amzn-errortype',
		'Retry-After',
		'x-amz-retry-after',
	),
	fc.oneof(fc.nat(10_000).map(String), headerText),
);

const method = fc.constantFrom(...methods);
const baseModel = fc.constantFrom(
	...families.map(({name}) => name),
	'anthropic.claude-sonnet-4-6',
	'amazon.nova-lite-v1:0',
	'amazon.titan-text-express-v1',
	'meta.llama3-8b-instruct-v1:0',
	'mistral.mistral-7b-instruct-v0:2',
	'cohere.command-r-v1:0',
	'ai21.j2-mid-v1',
	'deepseek.r1-v1:0',
	'openai.gpt-oss-120b-1:0',
	'an unknown model',
);
const status = fc.constantFrom(200, 200, 200, 400, 403, 404, 408, 424, 429, 500, 502, 503, 529, 299, 599);

const runs = {numRuns: isSoak ? 1000 : 30};

describe('whatever is answered', () => {
	it('any JSON, any headers, any status: an honest outcome', async () => {
		await fc.assert(
			fc.asyncProperty(
				method,
				baseModel,
				status,
				oddHeaders,
				oddBody,
				async (how, base, code, headers, body) => {
					const replay = {
						status: code,
						headers: {...jsonHeaders, ...headers},
						body: Buffer.from(JSON.stringify(body) ?? ''),
					};
					const {outcome} = await replays.call(replay, {method: how, baseModel: base});
					expectHonest(outcome, replay);
				},
			),
			runs,
		);
	});

	it('any bytes', async () => {
		await fc.assert(
			fc.asyncProperty(method, status, fc.uint8Array({maxLength: 300}), async (how, code, body) => {
				for (const headers of [jsonHeaders, eventStreamHeaders]) {
					const replay = {status: code, headers, body};
					const {outcome} = await replays.call(replay, {method: how});
					expectHonest(outcome, replay);
				}
			}),
			runs,
		);
	});

	it('good frames with anything in them', async () => {
		const events = fc.array(
			fc.oneof(
				oddBody.map(chunk),
				fc
					.tuple(
						fc.constantFrom('messageStart', 'contentBlockDelta', 'messageStop', 'metadata', 'somethingNew'),
						fc.oneof(
							fc.jsonValue(),
							fc.record({delta: fc.jsonValue(), stopReason: fc.jsonValue()}),
							fc.record({usage: oddUsage, metrics: fc.record({latencyMs: oddCount})}),
						),
					)
					.map(([type, payload]) => event(type, payload)),
			),
			{maxLength: 6},
		);
		await fc.assert(
			fc.asyncProperty(
				fc.constantFrom('converse-stream' as const, 'invoke-stream' as const),
				baseModel,
				events,
				async (how, base, frames) => {
					const replay = {status: 200, headers: eventStreamHeaders, body: Buffer.concat(frames)};
					const {outcome} = await replays.call(replay, {method: how, baseModel: base});
					expectHonest(outcome, replay);
				},
			),
			runs,
		);
	});

	it('a stream with bytes changed, lost or put in is cut, or whole', async () => {
		const whole = converseStreamOf('A whole answer.', {inputTokens: 41, outputTokens: 17, totalTokens: 58});
		const change = fc.record({
			at: fc.nat(whole.length - 1),
			remove: fc.nat(20),
			insert: fc.uint8Array({maxLength: 20}),
		});
		await fc.assert(
			fc.asyncProperty(fc.array(change, {minLength: 1, maxLength: 3}), async (changes) => {
				const body = changes.reduce<Buffer>(
					(bytes, {at, remove, insert}) =>
						Buffer.concat([bytes.subarray(0, at), insert, bytes.subarray(at + remove)]),
					whole,
				);
				const {outcome} = await replays.call(
					{status: 200, headers: eventStreamHeaders, body},
					{method: 'converse-stream'},
				);
				if (outcome.kind === 'failed') {
					expect(outcome.failure.class).toBe('stream-cut');
					return;
				}

				// All that may be missing without being noticed are whole frames at the end or without text.
				expect(outcome.text === '' || outcome.text === 'A whole answer.').toBe(true);
				expect(outcome.usage === undefined || outcome.usage.inputTokens === 41).toBe(true);
			}),
			{numRuns: isSoak ? 1000 : 50},
		);
	});
});

describe.skipIf(!hasRecordings)(`recorded answers with some of their bytes changed${whySkipped}`, () => {
	// Jurassic lists its tokens instead of counting them, and vectors have no output: numbers that stand nowhere.
	const bodies = allRecordings().filter(
		// An embedding has no output to be told: that it is 0 is no invention.
		({operation, family, response}) =>
			['Converse', 'InvokeModel'].includes(operation) &&
			!/^ai21$|-embed$/.test(family) &&
			!response.body.includes('"embedding"'),
	);

	it('an honest outcome', async () => {
		const edit = fc.tuple(fc.double({min: 0, max: 1, noNaN: true}), fc.integer({min: 32, max: 126}));
		await fc.assert(
			fc.asyncProperty(
				fc.nat(bodies.length - 1),
				fc.array(edit, {minLength: 1, maxLength: 8}),
				async (index, edits) => {
					const {operation, modelId, response} = bodies[index] as (typeof bodies)[number];
					const body = Buffer.from(response.body);
					for (const [place, byte] of edits) {
						body[Math.floor(place * (body.length - 1))] = byte;
					}

					const replay = {...response, body};
					const {outcome} = await replays.call(replay, {
						method: operation === 'Converse' ? 'converse' : 'invoke',
						baseModel: modelId,
					});
					expectHonest(outcome, replay);
				},
			),
			{numRuns: isSoak ? 1000 : 50},
		);
	});
});
