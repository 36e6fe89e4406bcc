import {readdirSync, readFileSync} from 'node:fs';
import {describe, expect, it} from 'vitest';
import {chunk, converseStreamOf, event, exception} from './frames.ts';
import {eventStreamHeaders, withReplays} from './harness.ts';
import {hasRecordings, recordingsFolder, whySkipped} from './recordings.ts';

const vectors = (kind: 'negative' | 'positive'): ReadonlyArray<readonly [string, Buffer]> => {
	if (!hasRecordings) {
		return [];
	}

	const folder = new URL(`eventstream/encoded/${kind}/`, recordingsFolder);
	return readdirSync(folder).map((name) => [name, readFileSync(new URL(name, folder))] as const);
};

const replays = withReplays();
const stream = (body: Uint8Array, method: 'converse-stream' | 'invoke-stream' = 'converse-stream') =>
	replays.call({status: 200, headers: eventStreamHeaders, body}, {method});

const cut = {kind: 'failed', failure: {class: 'stream-cut', isRetryable: true, charge: 'unknown'}};

describe.skipIf(!hasRecordings)(`vectors of the event-stream codec${whySkipped}`, () => {
	it.each(vectors('negative'))('%s cuts the stream, alone and after good frames', async (_name, bytes) => {
		const begun = event('contentBlockDelta', {contentBlockIndex: 0, delta: {text: 'Hi'}});
		for (const method of ['converse-stream', 'invoke-stream'] as const) {
			for (const body of [bytes, Buffer.concat([begun, bytes])]) {
				const {outcome} = await stream(body, method);
				expect(outcome).toMatchObject(cut);
			}
		}
	});

	it.each(vectors('positive'))('%s is a good frame but no answer', async (_name, bytes) => {
		const {outcome} = await stream(bytes);
		expect(outcome).toMatchObject(cut);
	});
});

describe('streams that end badly', () => {
	const whole = converseStreamOf('Hello');

	it('an empty stream', async () => {
		expect((await stream(Buffer.alloc(0))).outcome).toMatchObject(cut);
		expect((await stream(Buffer.alloc(0), 'invoke-stream')).outcome).toMatchObject(cut);
	});

	it('one that ends between two frames, before the answer is complete', async () => {
		const body = Buffer.concat([
			event('messageStart', {role: 'assistant'}),
			event('contentBlockDelta', {delta: {text: 'Hi'}}),
		]);
		const {outcome, firstTokens} = await stream(body);
		expect(outcome).toMatchObject(cut);
		expect(firstTokens).toBe(1);
		expect(
			(await stream(chunk({generation: 'Hi', stop_reason: null}), 'invoke-stream')).outcome,
		).toMatchObject(cut);
	});

	it('one that lacks only its counts is an answer without counts', async () => {
		const body = Buffer.concat([
			event('contentBlockDelta', {delta: {text: 'Hi'}}),
			event('messageStop', {stopReason: 'end_turn'}),
		]);
		const {outcome} = await stream(body);
		expect(outcome).toMatchObject({kind: 'answered', text: 'Hi', usage: undefined, usageSource: undefined});
	});

	it('any byte changed', async () => {
		for (let position = 0; position < whole.length; position += 13) {
			const body = Buffer.from(whole);
			body[position] = (body[position] ?? 0) ^ 0x55;
			const {outcome} = await stream(body);
			expect(outcome, `byte ${position}`).toMatchObject(cut);
		}
	});

	it('a connection that breaks', async () => {
		for (const length of [1, 30, whole.length - 40]) {
			const {outcome} = await replays.call(
				{status: 200, headers: eventStreamHeaders, body: whole.subarray(0, length), isCut: true},
				{method: 'converse-stream'},
			);
			expect(outcome, `after ${length} bytes`).toMatchObject(cut);
		}
	});

	it('an exception that the SDK does not model keeps its name and message', async () => {
		const body = Buffer.concat([
			event('messageStart', {role: 'assistant'}),
			exception('modelTimeoutException', {message: 'Took too long.'}),
		]);
		const {outcome} = await stream(body);
		expect(outcome).toMatchObject({kind: 'failed', failure: {class: 'timeout'}});
	});

	it("an error told in the model's own chunks", async () => {
		const body = Buffer.concat([
			chunk({type: 'message_start', message: {usage: {input_tokens: 9, output_tokens: 1}}}),
			chunk({type: 'error', error: {type: 'overloaded_error', message: 'Overloaded'}}),
		]);
		const {outcome} = await replays.call(
			{status: 200, headers: eventStreamHeaders, body},
			{method: 'invoke-stream', baseModel: 'anthropic.claude-sonnet-4-6'},
		);
		expect(outcome).toMatchObject({
			kind: 'failed',
			failure: {class: 'overloaded', message: 'Overloaded', charge: 'unknown'},
		});
	});
});

describe('a caller that stops waiting', () => {
	const begun = event('contentBlockDelta', {delta: {text: 'Hi'}});
	const stalled = {status: 200, headers: eventStreamHeaders, body: begun, isStalled: true};

	it('in the middle of a stream', async () => {
		const controller = new AbortController();
		const {outcome} = await replays.call(
			stalled,
			{method: 'converse-stream'},
			{
				signal: controller.signal,
				onFirstToken: () => controller.abort(),
			},
		);
		expect(outcome).toMatchObject({
			kind: 'failed',
			failure: {class: 'timeout', isRetryable: false, charge: 'unknown'},
		});
	});

	it('before the answer has begun, and before anything is sent', async () => {
		for (const abortAtOnce of [true, false]) {
			const controller = new AbortController();
			if (abortAtOnce) {
				controller.abort(new DOMException('Too late.', 'TimeoutError'));
			}

			const calling = replays.call(
				{status: 200, headers: eventStreamHeaders, body: begun.subarray(0, 20), isStalled: true},
				{method: 'converse-stream'},
				{signal: controller.signal},
			);
			setImmediate(() => controller.abort(new DOMException('Too late.', 'TimeoutError')));
			const {outcome} = await calling;
			expect(outcome).toMatchObject({kind: 'failed', failure: {class: 'timeout', isRetryable: true}});
		}
	});
});
