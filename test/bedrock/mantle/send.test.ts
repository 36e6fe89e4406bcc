import {readFileSync} from 'node:fs';
import path from 'node:path';
import {describe, expect, it} from 'vitest';
import {chatCompletions, ignoredEvents, messages, responses} from '../../../source/bedrock/mantle/dialect.ts';
import {type MantleMethod, mantleMethods} from '../../../source/domain/backend.ts';
import {withReplays} from '../../conformance/harness.ts';
import {
	chatChunks,
	chatCompletion,
	message,
	messageEvents,
	response,
	responseEvents,
	sseOf,
} from '../../helpers/vendor-answers.ts';

/** Tests source/bedrock/mantle/: the six methods against answers of the vendors' published types. */

const replays = withReplays();

const json = (body: unknown, status = 200) => ({
	status,
	headers: {'content-type': 'application/json'},
	body: Buffer.from(JSON.stringify(body)),
});
const stream = (body: Buffer) => ({status: 200, headers: {'content-type': 'text/event-stream'}, body});
const done = Buffer.from('data: [DONE]\n\n');

const models: Readonly<Record<MantleMethod, string>> = {
	messages: 'anthropic.claude-opus-5',
	'messages-stream': 'anthropic.claude-opus-5',
	'chat-completions': 'openai.gpt-oss-120b',
	'chat-completions-stream': 'openai.gpt-oss-120b',
	responses: 'openai.gpt-5.5',
	'responses-stream': 'openai.gpt-5.5',
};
const answers = {
	messages: json(message),
	'messages-stream': stream(sseOf(messageEvents, true)),
	'chat-completions': json(chatCompletion),
	'chat-completions-stream': stream(Buffer.concat([sseOf(chatChunks, false), done])),
	responses: json(response),
	'responses-stream': stream(sseOf(responseEvents, true)),
};
const paths: Readonly<Record<MantleMethod, string>> = {
	messages: '/anthropic/v1/messages',
	'messages-stream': '/anthropic/v1/messages',
	'chat-completions': '/v1/chat/completions',
	'chat-completions-stream': '/v1/chat/completions',
	responses: '/openai/v1/responses',
	'responses-stream': '/openai/v1/responses',
};

const changesOf = (method: MantleMethod) => ({method, model: models[method], baseModel: models[method]});

describe.each(mantleMethods)('%s', (method) => {
	const isStream = method.endsWith('-stream');
	const changes = changesOf(method);

	it('an answer with its counts', async () => {
		const {outcome, firstTokens, path: asked} = await replays.call(answers[method], changes);
		const hasReasoning = !method.startsWith('chat');
		const cacheWriteTokens = hasReasoning ? 30 : 0;
		expect(outcome).toMatchObject({
			kind: 'answered',
			text: 'Hi',
			reasoning: hasReasoning ? 'Well.' : undefined,
			isTruncated: false,
			isRefused: false,
			usage: {
				inputTokens: 60 - 20 - cacheWriteTokens,
				outputTokens: 7,
				cacheReadTokens: 20,
				cacheWriteTokens,
				isEstimated: false,
			},
		});
		expect(firstTokens).toBe(isStream ? 1 : 0);
		expect(asked).toBe(paths[method]);
	});

	it('in pieces of every size', async () => {
		for (const size of [1, 2, 3, 7, 64]) {
			const {outcome} = await replays.call({...answers[method], pieces: [size]}, changes);
			expect(outcome).toMatchObject({text: 'Hi', usage: {outputTokens: 7}});
		}
	});

	it('is signed for bedrock-mantle, asks for max tokens and nothing that nobody named', async () => {
		const {body} = await replays.call(answers[method], {...changes, maxTokens: 77});
		const {headers} = replays.started().server.requests.at(-1) ?? {};
		expect(headers?.authorization).toMatch(
			/^AWS4-HMAC-SHA256 Credential=simulated\/\d+\/[\w-]+\/bedrock-mantle\//,
		);
		expect(body.model).toBe(models[method]);
		expect([body.max_tokens, body.max_completion_tokens, body.max_output_tokens]).toContain(77);
		expect(body.stream).toBe(isStream ? true : undefined);
		expect(JSON.stringify(body)).not.toMatch(
			/temperature|top_p|stop"|cache|system|instructions|service_tier/,
		);
	});

	it('a page of something else', async () => {
		const page = {
			status: 200,
			headers: {'content-type': 'text/html'},
			body: Buffer.from('<html>Sign in</html>'),
		};
		const {outcome} = await replays.call(page, changes);
		expect(outcome).toMatchObject({kind: 'failed', failure: {class: 'network'}});
	});

	it('an empty answer is none', async () => {
		const empty = {...answers[method], body: Buffer.from('')};
		const {outcome} = await replays.call(empty, changes);
		expect(outcome).toMatchObject({kind: 'failed', failure: {charge: 'unknown'}});
	});

	it('ends at once when it is given up', async () => {
		const abort = new AbortController();
		const call = replays.call({...answers[method], body: Buffer.from(''), isStalled: true}, changes, {
			signal: abort.signal,
		});
		abort.abort();
		expect((await call).outcome).toMatchObject({kind: 'failed'});
	});
});

const streams = mantleMethods.filter((method) => method.endsWith('-stream'));

describe.each(streams)('a broken %s', (method) => {
	const changes = changesOf(method);

	it('cut at every event it is a cut stream, never an answer', async () => {
		const whole = answers[method].body.toString('utf8');
		const events = whole.split('\n\n').slice(0, -1);
		// A chat completion has its stop reason before the counts, and Messages before its last event.
		const complete = method === 'chat-completions-stream' ? 3 : method === 'messages-stream' ? 2 : 1;
		for (let count = 1; count < events.length - complete + 1; count++) {
			const body = Buffer.from(`${events.slice(0, count).join('\n\n')}\n\n`);
			for (const isCut of [true, false]) {
				const {outcome} = await replays.call({...answers[method], body, isCut}, changes);
				expect(outcome).toMatchObject({
					kind: 'failed',
					failure: {class: 'stream-cut', charge: 'unknown', isRetryable: true},
				});
			}
		}
	});
});

describe('refusals', () => {
	const anthropic = (type: string) => ({type: 'error', error: {type, message: 'No.'}, request_id: 'req_1'});
	const openAi = (code: string | null, type: string, text = 'No.') => ({
		error: {code, message: text, param: null, type},
	});

	it.each([
		[400, anthropic('invalid_request_error'), 'validation'],
		[401, anthropic('authentication_error'), 'credentials'],
		[403, anthropic('permission_error'), 'access-denied'],
		[404, anthropic('not_found_error'), 'not-found'],
		[413, anthropic('request_too_large'), 'validation'],
		[429, anthropic('rate_limit_error'), 'throttled-requests'],
		[500, anthropic('api_error'), 'model-error'],
		[504, anthropic('timeout_error'), 'timeout'],
		[529, anthropic('overloaded_error'), 'overloaded'],
	])('Anthropic %s %o is %s', async (status, body, expected) => {
		const {outcome} = await replays.call(json(body, status), changesOf('messages'));
		expect(outcome).toMatchObject({
			kind: 'failed',
			failure: {class: expected, message: expect.stringContaining('No.')},
		});
	});

	it.each([
		[400, openAi('validation_error', 'invalid_request_error'), 'validation'],
		[401, openAi('invalid_api_key', 'permission_denied_error'), 'credentials'],
		[401, openAi('access_denied', 'permission_denied_error'), 'access-denied'],
		[404, openAi('not_found_error', 'invalid_request_error'), 'not-found'],
		[429, openAi('rate_limit_exceeded', 'rate_limit_error', 'Too many tokens. No.'), 'throttled-tokens'],
		[429, openAi(null, 'rate_limit_error'), 'throttled-requests'],
		[500, openAi('internal_server_error', 'server_error'), 'model-error'],
		[503, openAi('service_unavailable', 'server_error'), 'overloaded'],
	])('OpenAI %s %o is %s', async (status, body, expected) => {
		for (const method of ['chat-completions', 'responses-stream'] as const) {
			const {outcome} = await replays.call(json(body, status), changesOf(method));
			expect(outcome).toMatchObject({
				kind: 'failed',
				failure: {class: expected, message: expect.stringContaining('No.')},
			});
		}
	});

	it('in the middle of a stream: counted as of unknown fate', async () => {
		const begun = {
			'messages-stream': sseOf(
				[...messageEvents.slice(0, 7), {type: 'error', error: {type: 'overloaded_error', message: 'No.'}}],
				true,
			),
			'chat-completions-stream': sseOf(
				[...chatChunks.slice(0, 2), openAi('service_unavailable', 'server_error')],
				false,
			),
			'responses-stream': sseOf(
				[
					...responseEvents.slice(0, 7),
					{
						type: 'response.failed',
						sequence_number: 7,
						response: {...response, status: 'failed', error: {code: 'server_error', message: 'No.'}},
					},
				],
				true,
			),
		};
		for (const [method, body] of Object.entries(begun)) {
			const {outcome} = await replays.call(stream(body), changesOf(method as MantleMethod));
			expect(outcome, method).toMatchObject({
				kind: 'failed',
				failure: {
					class: method.startsWith('responses') ? 'model-error' : 'overloaded',
					charge: 'unknown',
				},
			});
		}
	});
});

describe('how an answer ended', () => {
	it.each([
		['messages', json({...message, stop_reason: 'max_tokens'}), {isTruncated: true}],
		['messages', json({...message, stop_reason: 'refusal'}), {isRefused: true}],
		['messages', json({...message, stop_reason: 'tool_use'}), {unfit: 'tool-call'}],
		[
			'chat-completions',
			json({...chatCompletion, choices: [{...chatCompletion.choices[0], finish_reason: 'length'}]}),
			{isTruncated: true},
		],
		[
			'chat-completions',
			json({...chatCompletion, choices: [{...chatCompletion.choices[0], finish_reason: 'content_filter'}]}),
			{isRefused: true},
		],
		[
			'responses',
			json({...response, status: 'incomplete', incomplete_details: {reason: 'max_output_tokens'}}),
			{isTruncated: true},
		],
		[
			'responses',
			json({...response, status: 'incomplete', incomplete_details: {reason: 'content_filter'}}),
			{isRefused: true},
		],
		[
			'responses',
			json({
				...response,
				output: [
					{id: 'fc_1', type: 'function_call', call_id: 'c', name: 'f', arguments: '{}', status: 'completed'},
				],
			}),
			{unfit: 'tool-call'},
		],
		[
			'responses',
			json({
				...response,
				output: [
					{
						id: 'm',
						type: 'message',
						role: 'assistant',
						status: 'completed',
						content: [{type: 'refusal', refusal: 'No.'}],
					},
				],
			}),
			{isRefused: true},
		],
	] as const)('%s %#', async (method, answer, expected) => {
		const {outcome} = await replays.call(answer, changesOf(method));
		expect(outcome).toMatchObject({kind: 'answered', ...expected});
	});
});

const typesOf = (module: string, file: string): string =>
	readFileSync(path.resolve(import.meta.dirname, '../../../node_modules', module, file), 'utf8');

/** Names of the interfaces of a union, and of each the literal of its `type`. */
const eventTypesIn = (text: string, union: string): readonly string[] => {
	const members = new RegExp(`export type ${union} = ([^;]+);`).exec(text)?.[1]?.split('|') ?? [];
	return members.flatMap((member) => {
		const body = new RegExp(`export interface ${member.trim()} \\{([\\s\\S]*?)\\n\\}`).exec(text)?.[1] ?? '';
		return /\n {4}type: '([^']+)'/.exec(body)?.[1] ?? [];
	});
};

describe('every event of the published types is read or ignored on purpose', () => {
	it('Responses', () => {
		const types = eventTypesIn(
			typesOf('openai', 'resources/responses/responses.d.ts'),
			'ResponseStreamEvent',
		);
		expect(types.length).toBeGreaterThan(50);
		const unknown = types.filter((type) => responses.readEvent({name: type, data: {type}}) === undefined);
		expect(unknown).toEqual([]);
		expect([...ignoredEvents].filter((type) => !types.includes(type))).toEqual([]);
	});

	it('Messages', () => {
		const types = eventTypesIn(
			typesOf('@anthropic-ai/sdk', 'resources/messages/messages.d.ts'),
			'RawMessageStreamEvent',
		);
		expect(types).toHaveLength(6);
		for (const type of [...types, 'ping', 'error']) {
			expect(messages.readEvent({name: type, data: {type}}), type).toBeDefined();
		}
	});

	it('Chat Completions: chunks of one kind, and the word at the end', () => {
		expect(chatCompletions.readEvent({name: undefined, data: '[DONE]'})).toEqual({isLast: true});
		expect(chatCompletions.readEvent({name: undefined, data: chatChunks[1]})).toMatchObject({text: 'H'});
	});

	it('an event that is not known is skipped', async () => {
		const later = {type: 'response.something_new', sequence_number: 3};
		const body = sseOf([...responseEvents.slice(0, 3), later, ...responseEvents.slice(3)], true);
		const {outcome} = await replays.call(stream(body), changesOf('responses-stream'));
		expect(outcome).toMatchObject({kind: 'answered', text: 'Hi'});
	});
});
