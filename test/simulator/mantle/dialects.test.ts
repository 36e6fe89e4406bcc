import {describe, expect, it} from 'vitest';
import {faultKinds} from '../../../source/simulator/options.ts';
import {post, type RawAnswer, readStats, startForTest} from '../harness.ts';

/** Tests source/simulator/mantle/mantle-api.ts: every error is answered in the words of the API that was called. */

type Api = {readonly name: string; readonly path: string; readonly ask: object};

const messages = [{role: 'user', content: 'What is a quota?'}];
const apis: readonly Api[] = [
	{
		name: 'Messages',
		path: '/anthropic/v1/messages',
		ask: {model: 'anthropic.claude-sonnet-5', max_tokens: 60, messages},
	},
	{
		name: 'Chat Completions',
		path: '/v1/chat/completions',
		ask: {model: 'zai.glm-4.7-flash', max_completion_tokens: 60, messages},
	},
	{
		name: 'Responses',
		path: '/openai/v1/responses',
		ask: {model: 'openai.gpt-5.4', max_output_tokens: 60, input: 'What is a quota?'},
	},
];
const authorization = {authorization: 'Bearer key'};

const expectRefusal = ({name}: Api, answer: RawAnswer): void => {
	expect(answer.headers['x-amzn-errortype']).toBeUndefined();
	const body = JSON.parse(answer.body.toString()) as Record<string, unknown>;
	const words = {message: expect.stringMatching(/\w/), type: expect.stringMatching(/^[a-z_]+$/)};
	expect(body).toEqual(
		name === 'Messages'
			? {type: 'error', request_id: expect.stringMatching(/^req_\w{52}$/), error: words}
			: {error: {...words, code: expect.stringMatching(/^[a-z_]+$/), param: null}},
	);
};

describe.each(apis)('$name', (api) => {
	it.each(faultKinds)('meets every fault in its own words: %s', async (kind) => {
		const forMs = kind === 'stall' ? {forMs: 5} : {};
		const {url} = await startForTest({faults: [{kind, ...forMs}]});
		for (const stream of [false, true]) {
			const answer = await post(url, api.path, {...api.ask, stream}, authorization).catch(() => undefined);
			if (answer === undefined) {
				expect(kind).toBe('cut');
			} else if (answer.status >= 400) {
				expectRefusal(api, answer);
			} else {
				expect(answer.headers['content-type']).toMatch(stream ? /^text\/event-stream/ : /^application\/json/);
			}
		}
		const {requests} = await readStats(url);
		expect(requests.total).toBe(2);
	});

	it.each([
		['no JSON', '{'],
		['a list', '[]'],
		['a text', '"text"'],
		['nothing', ''],
		['null', 'null'],
		['wrong types', '{"model": 1, "messages": 2, "input": 3, "max_tokens": "four"}'],
		['a body that is too large', `{"model": "${'x'.repeat(25_000_001)}"}`],
	])('refuses in its own words: %s', async (_name, body) => {
		const {url} = await startForTest();
		const answer = await post(url, api.path, body, authorization);
		expect(answer.status).toBe(400);
		expectRefusal(api, answer);
	});

	it.each(
		Object.keys({
			max_tokens: 0,
			messages: 0,
			input: 0,
			tools: 0,
			tool_choice: 0,
			system: 0,
			stop: 0,
			text: 0,
		}),
	)('lets no wrong type of a field become a fault of the simulator: %s', async (key) => {
		const {url} = await startForTest();
		for (const value of [null, 1, 'text', true, [], [1], [null], {}, {type: 1}]) {
			const answer = await post(url, api.path, {...api.ask, [key]: value}, authorization);
			expect(answer.status, JSON.stringify({[key]: value})).toBeLessThan(500);
		}
	});
});

describe('Lists of models', () => {
	it.each(['/v1/models', '/openai/v1/models', '/anthropic/v1/models', '/v1/models/none'])(
		'are refused in the words of their API: %s',
		async (path) => {
			const {url} = await startForTest();
			const response = await fetch(url + path);
			expect(response.status).toBe(401);
			const body = (await response.json()) as {error: {message: string}};
			expect(body.error.message).toBe('Invalid bearer token');
		},
	);
});
