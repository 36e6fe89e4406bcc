import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import type {Method} from '../../source/domain/backend.ts';
import {randomCases} from '../helpers/random-cases.ts';
import {chunk, converseStreamOf, event, exception, frame} from './frames.ts';
import {eventStreamHeaders, jsonHeaders, plainRequest, withReplays} from './harness.ts';
import type {Replay} from './replay-server.ts';

/** More than the connections that the clients of the harness keep. */
const broken = 10;

const errorFrame = frame(
	{':message-type': 'error', ':error-code': 'InternalError', ':error-message': 'x'},
	'',
);

const withBadChecksum = (bytes: Buffer): Buffer => {
	const copy = Buffer.from(bytes);
	copy[copy.length - 1] = (copy.at(-1) ?? 0) ^ 0xff;
	return copy;
};

const exceptions = [
	'internalServerException',
	'modelStreamErrorException',
	'modelTimeoutException',
	'serviceUnavailableException',
	'throttlingException',
	'validationException',
	'inventedException',
];

const text = event('contentBlockDelta', {contentBlockIndex: 0, delta: {text: 'Half'}});
const stream = (body: Uint8Array): Replay => ({status: 200, headers: eventStreamHeaders, body});

/** Answers that are none, by what ends them. */
const breaks: Readonly<Record<string, Replay>> = {
	...Object.fromEntries(
		exceptions.flatMap((name) => [
			[`${name} first`, stream(exception(name, {message: 'x'}))],
			[`${name} in the middle`, stream(Buffer.concat([text, exception(name, {message: 'x'})]))],
		]),
	),
	'error frame first': stream(errorFrame),
	'error frame in the middle': stream(Buffer.concat([text, errorFrame])),
	'wrong checksum first': stream(withBadChecksum(text)),
	'wrong checksum in the middle': stream(Buffer.concat([text, withBadChecksum(text)])),
	'frame of no known form': stream(Buffer.concat([text, Buffer.alloc(64, 0xff)])),
	'event of no known type': stream(event('unheardOf', {some: 'thing'})),
	'payload that is no JSON': stream(
		frame(
			{':event-type': 'contentBlockDelta', ':content-type': 'application/json', ':message-type': 'event'},
			'{"delta":',
		),
	),
	'half a frame': stream(text.subarray(0, 30)),
	'half an answer': stream(text),
	'nothing at all': stream(Buffer.alloc(0)),
	page: {
		status: 200,
		headers: {'content-type': 'text/html'},
		body: Buffer.from('<html><title>Sign in</title>'),
	},
	'page of an error': {status: 502, headers: {'content-type': 'text/html'}, body: Buffer.from('<html>')},
	'error of no known form': {status: 500, headers: jsonHeaders, body: Buffer.from('{"message":')},
	'throttle of the service': {
		status: 429,
		headers: {...jsonHeaders, 'x-amzn-errortype': 'ThrottlingException'},
		body: Buffer.from('{"message":"Too many requests"}'),
	},
	'JSON in place of a stream': {status: 200, headers: jsonHeaders, body: Buffer.from('{"output":{}}')},
};

/** How the end of a body comes after its last byte. */
const ends: Readonly<Record<string, Partial<Replay>>> = {
	'with it': {},
	'a moment later': {endsAfterMs: 10},
	never: {isStalled: true},
	'by a cut': {isCut: true},
};

const streaming: readonly Method[] = ['converse-stream', 'invoke-stream'];

const well: Readonly<Record<string, Replay>> = {
	'converse-stream': stream(converseStreamOf('fine')),
	'invoke-stream': stream(
		Buffer.concat([
			chunk({contentBlockDelta: {delta: {text: 'fine'}}}),
			chunk({
				messageStop: {stopReason: 'end_turn'},
				'amazon-bedrock-invocationMetrics': {outputTokenCount: 1},
			}),
		]),
	),
};

const cases = streaming.flatMap((method) =>
	Object.keys(breaks).flatMap((kind) => Object.keys(ends).map((end) => [method, kind, end] as const)),
);

describe('sockets', () => {
	const {started} = withReplays();

	/** The answers to so many requests at once; what stands still is given up after a moment, what is over never. */
	const ask = async (method: Method, count: number, patienceMs: number) =>
		Promise.all(
			Array.from({length: count}, async () => {
				const controller = new AbortController();
				const timer = setTimeout(() => controller.abort(), patienceMs);
				const {signal} = controller;
				return started()
					.backend.invoke(plainRequest({method}), {signal, onFirstToken() {}})
					.finally(() => clearTimeout(timer));
			}),
		);

	const breakThenAsk = async (method: Method, kind: string, end: string): Promise<void> => {
		const {server} = started();
		server.play({...(breaks[kind] as Replay), ...ends[end]});
		const outcomes = await ask(method, broken, 25);
		expect(outcomes.map((outcome) => outcome.kind)).not.toContain('answered');
		server.play(well[method] as Replay);
		const after = await ask(method, broken, 10_000);
		expect(after.map((outcome) => outcome.kind)).toEqual(Array.from({length: broken}, () => 'answered'));
	};

	it('are given back by every attempt, whatever ends it', async () => {
		await fc.assert(
			fc.asyncProperty(fc.constantFrom(...cases), async ([method, kind, end]) =>
				breakThenAsk(method, kind, end),
			),
			randomCases,
		);
	});

	it('are kept for the next request by an answer that was read to its end', async () => {
		const {server} = started();
		for (const method of streaming) {
			server.play({...(well[method] as Replay), endsAfterMs: 5});
			await ask(method, 1, 10_000);
			const opened = server.connections();
			for (let number = 0; number < 10; number++) {
				await ask(method, 1, 10_000);
			}
			expect(server.connections() - opened).toBe(0);
		}
	});

	it('are not waited for by an answer that is complete', async () => {
		for (const method of streaming) {
			for (const end of Object.values(ends)) {
				started().server.play({...(well[method] as Replay), ...end});
				const [outcome] = await ask(method, 1, 10_000);
				expect(outcome).toMatchObject({kind: 'answered', text: 'fine'});
			}
		}
	});
});
