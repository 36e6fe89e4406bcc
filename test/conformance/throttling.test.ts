import {readFileSync} from 'node:fs';
import {describe, expect, it} from 'vitest';
import {failureOf} from '../../source/bedrock/failures/failure-of.ts';
import type {FailureClass, Method} from '../../source/domain/backend.ts';
import {event, frame} from './frames.ts';
import {eventStreamHeaders, withReplays} from './harness.ts';
import {hasRecordings, recordingsFolder, whySkipped} from './recordings.ts';

type Reported = {
	readonly status?: number;
	readonly headers?: Readonly<Record<string, string>>;
	readonly body?: string;
	readonly jsSdkError?: object;
	readonly frameHeaders?: Readonly<Record<string, string>>;
	readonly payload?: string;
	readonly source: string;
};

const reported: {readonly http: readonly Reported[]; readonly midStream: readonly Reported[]} = hasRecordings
	? JSON.parse(readFileSync(new URL('throttling.json', recordingsFolder), 'utf8'))
	: {http: [], midStream: []};

/** The words by which a person tells the limits apart. */
const classByWords = (status: number | undefined, text: string): FailureClass => {
	if (status === 503 || text.includes('unable to process')) {
		return 'overloaded';
	}

	if (text.includes('per day')) {
		return 'throttled-day';
	}

	return text.includes('Too many tokens') ? 'throttled-tokens' : 'throttled-requests';
};

describe.skipIf(!hasRecordings)(`throttles and overloads as reported${whySkipped}`, () => {
	const replays = withReplays();
	const answers = reported.http.filter(({body}) => body !== undefined);
	const frames = reported.midStream.filter(({frameHeaders}) => frameHeaders !== undefined);

	it('there are some of each kind', () => {
		expect(answers.length).toBeGreaterThanOrEqual(9);
		expect(frames.length).toBeGreaterThanOrEqual(2);
	});

	describe.each<Method>(['converse', 'converse-stream', 'invoke', 'invoke-stream'])('%s', (method) => {
		it.each(answers)('$status $body', async ({status = 0, headers = {}, body = ''}) => {
			const {outcome} = await replays.call({status, headers, body: Buffer.from(body)}, {method});
			const expected = classByWords(status, body);
			expect(outcome).toMatchObject({
				kind: 'failed',
				failure: {
					class: expected,
					isRetryable: expected !== 'throttled-day',
					charge: status === 429 ? 'none' : 'unknown',
				},
			});
			expect(outcome).not.toHaveProperty('failure.retryAfterMs');
		});
	});

	it.each(frames)('within a stream: $payload', async ({frameHeaders = {}, payload = ''}) => {
		const exception = frame(frameHeaders, payload);
		const first = {
			'converse-stream': event('messageStart', {role: 'assistant'}),
			'invoke-stream': event('chunk', {bytes: Buffer.from('{"messageStart":{}}').toString('base64')}),
		};
		for (const method of ['converse-stream', 'invoke-stream'] as const) {
			for (const body of [exception, Buffer.concat([first[method], exception])]) {
				const {outcome} = await replays.call({status: 200, headers: eventStreamHeaders, body}, {method});
				expect(outcome).toMatchObject({
					kind: 'failed',
					// It had been answered with 200: whether it was counted is not known.
					failure: {
						class: classByWords(undefined, payload),
						message: JSON.parse(payload).message.replace(/\s+/g, ' '),
						charge: 'unknown',
					},
				});
			}
		}
	});

	it('an SDK error of which only name and metadata were reported', () => {
		const [error] = reported.http.flatMap(({jsSdkError}) => jsSdkError ?? []);
		expect(failureOf(error, {})).toMatchObject({class: 'throttled-requests', isRetryable: true});
	});
});
