import {Writable} from 'node:stream';
import {describe, expect, it} from 'vitest';
import {tap} from '../../../source/commands/tap.ts';
import {parseArguments} from '../../../source/config/parse-arguments.ts';
import type {Io} from '../../../source/terminal/io.ts';
import {recordedCall, writeRecording} from '../../helpers/recording-fixture.ts';

/** Tests `--what-if` of source/commands/tap.ts. */

const run = async (...words: readonly string[]) => {
	let text = '';
	const stdout = new Writable({
		write(chunk, _encoding, done) {
			text += String(chunk);
			done();
		},
	});
	const io = {stdout, stderr: stdout, environment: {}} as unknown as Io;
	const startNothing = (): never => {
		throw new Error('a thread was started');
	};
	return {code: await tap(parseArguments(['tap', ...words]), io, {}, startNothing), text: () => text};
};

const file = writeRecording([
	...[...Array(9).keys()].map((index) => recordedCall(index * 100)),
	...[...Array(2).keys()].map((index) => recordedCall(30_000 + index, {client: 'batch', outputTokens: null})),
]);

describe('tap --what-if', () => {
	it('says in lines what the recording would have met', async () => {
		const {code, text} = await run('--what-if', file, '--rpm', '8', '--share', '0.5', '--burst', 'full');
		expect(code).toBe(0);
		expect(text()).toMatchInlineSnapshot(`
			"11 recorded requests of 30.0s under 8 requests per minute (50% of it with --pace). Nothing was sent.
			As they came: 3 (27%) throttled by a sliding minute (assumed below), 3 (27%) by fixed minutes.
			With --pace: 7 (64%) held, p50 25.0s, p99 25.0s, at most 25.0s; 7 sent away after 25.0s; 0 larger than the quota.

			Client    Model             Requests  Throttled  Held    p50    p99    max  Sent away  Too large
			app       amazon.nova-lite         9          1     5  25.0s  25.0s  25.0s          5          0
			batch     amazon.nova-lite         2          2     2  25.0s  25.0s  25.0s          2          0

			us.amazon.nova-lite-v1:0
			  Most in a minute as it came: 11 requests (138%) and 7.2k tokens
			  Most in a minute paced: 4 requests (50%) and 3.2k tokens
			  Smallest quota under which nobody waits: 22 requests and 14k tokens per minute (--burst full)

			Assumed: tokens count from the first byte of an answer, nobody tries again (retries in the recording are requests of their own), and input is known before it is sent.
			Assumed: 2 requests have no whole answer in the recording and count with the means of their client and model.
			"
		`);
	});

	it('says the same as JSON', async () => {
		const {text} = await run('--what-if', file, '--rpm', '8', '--json');
		expect(JSON.parse(text())).toMatchObject({
			quota: {requestsPerMinute: 8, tokensPerMinute: null, share: 1, holdMs: 25_000},
			assumed: {window: 'sliding', countsFrom: 'first-byte'},
			all: {requests: 11, throttled: {sliding: 3, fixed: 3}},
			rows: [{client: 'app'}, {client: 'batch'}],
			buckets: [{models: ['us.amazon.nova-lite-v1:0'], peak: {unpaced: {requests: 11}}}],
		});
	});

	it.each([
		[['--what-if', file], /--what-if needs a quota: --rpm N, --tpm N/],
		[['--what-if', file, '--rpm', '8', '--port', '80'], /--port does not go with --what-if/],
		[['--what-if', file, '--rpm', 'x'], /--rpm: "x"/],
		[['--what-if', '/nowhere.jsonl', '--rpm', '8'], /"\/nowhere.jsonl": it does not exist/],
		[['--what-if', file, '--rpm', '8', '--', 'node'], /--what-if starts no program/],
	])('refuses %j', async (words, expected) => {
		await expect(run(...words)).rejects.toThrow(expected);
	});
});
