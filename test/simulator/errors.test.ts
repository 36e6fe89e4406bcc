import {existsSync, readFileSync} from 'node:fs';
import {ConverseCommand, InvokeModelCommand} from '@aws-sdk/client-bedrock-runtime';
import {describe, expect, it} from 'vitest';
import {modelPath, post, runtimeClient, startForTest} from './harness.ts';

/** Tests source/simulator/wire/exchange.ts (ServiceError): refusals of the runtime as the SDK reads them. */

const claude = 'us.anthropic.claude-sonnet-4-5-20250929-v1:0';
const newestClaude = 'us.anthropic.claude-opus-5';
const nova = 'us.amazon.nova-lite-v1:0';
const user = {role: 'user', content: 'Hello'};
const claudeBody = {anthropic_version: 'bedrock-2023-05-31', max_tokens: 20, messages: [user]};

const malformed = (what: string): string =>
	`Malformed input request: ${what}, please reformat your input and try again.`;

describe('a wrong body of InvokeModel gets what the service says', () => {
	const cases: ReadonlyArray<readonly [name: string, modelId: string, body: unknown, message: string]> = [
		['no JSON', claude, 'Hello', 'Malformed input request, please reformat your input and try again.'],
		[
			'Claude without version',
			claude,
			{max_tokens: 20, messages: [user]},
			malformed('#: required key [anthropic_version] not found'),
		],
		[
			'Claude without max_tokens',
			claude,
			{...claudeBody, max_tokens: undefined},
			'max_tokens: Field required',
		],
		[
			'Claude with too many max_tokens',
			claude,
			{...claudeBody, max_tokens: 64_001},
			'max_tokens: 64001 > 64000, which is the maximum allowed number of output tokens for claude-sonnet-4-5-20250929-v1:0',
		],
		['Claude without messages', claude, {...claudeBody, messages: undefined}, 'messages: Field required'],
		[
			'Claude with an unknown key',
			claude,
			{...claudeBody, stream: true},
			'stream: Extra inputs are not permitted',
		],
		[
			'Claude with both ways of sampling',
			claude,
			{...claudeBody, temperature: 0, top_p: 0.5},
			'`temperature` and `top_p` cannot both be specified for this model. Please use only one.',
		],
		[
			'the newest Claude with temperature',
			newestClaude,
			{...claudeBody, temperature: 0},
			'`temperature` is deprecated for this model.',
		],
		[
			'Nova with the text under a wrong key',
			nova,
			{messages: [{role: 'user', content: [{inputText: 'Hello'}]}]},
			malformed('#/messages/0/content/0: extraneous key [inputText] is not permitted'),
		],
		[
			'Nova with a system message',
			nova,
			{messages: [{role: 'system', content: [{text: 'Hello'}]}]},
			malformed('#/messages/0/role: system is not a valid enum value'),
		],
		[
			'Nova with plain text as content',
			nova,
			{messages: [user]},
			malformed('#/messages/0/content: expected type: JSONArray, found: String'),
		],
		[
			'Titan without text',
			'amazon.titan-text-express-v1',
			{prompt: 'Hello'},
			malformed('2 schema violations found'),
		],
		[
			'Llama with a stop sequence',
			'us.meta.llama3-3-70b-instruct-v1:0',
			{prompt: 'Hello', stop: ['.']},
			malformed('#: extraneous key [stop] is not permitted'),
		],
		[
			'Llama with too many tokens',
			'meta.llama3-8b-instruct-v1:0',
			{prompt: 'Hello', max_gen_len: 4000},
			malformed('#/max_gen_len: 4000 is not less or equal to 2048'),
		],
		[
			'gpt-oss with a role of its own',
			'openai.gpt-oss-20b-1:0',
			{messages: [{role: 'human', content: 'Hello'}]},
			malformed('#/messages/0/role: human is not a valid enum value'),
		],
	];

	it.each(cases)('%s', async (_name, modelId, body, message) => {
		const {url} = await startForTest();
		const answer = await post(url, modelPath(modelId, 'invoke'), body);
		expect(answer.status).toBe(400);
		expect(answer.headers['x-amzn-errortype']).toBe(
			'ValidationException:http://internal.amazon.com/coral/com.amazon.bedrock/',
		);
		expect(JSON.parse(answer.body.toString())).toEqual({message});
	});

	it('Claude with a system message', async () => {
		const {url} = await startForTest();
		const request = new InvokeModelCommand({
			modelId: claude,
			body: JSON.stringify({...claudeBody, messages: [{role: 'system', content: 'Be kind'}, user]}),
		});
		await expect(runtimeClient(url).send(request)).rejects.toThrow('messages: Unexpected role "system".');
	});
});

describe('a wrong request of Converse', () => {
	const hello = [{role: 'user', content: [{text: 'Hello'}]}];
	it.each([
		[
			'a system message',
			nova,
			{messages: [...hello, {role: 'system', content: [{text: 'x'}]}]},
			"1 validation error detected: Value 'system' at 'messages.2.member.role' failed to satisfy constraint: Member must satisfy enum value set: [user, assistant]",
		],
		[
			'no messages',
			nova,
			{messages: []},
			'A conversation must start with a user message. Try again with a conversation that starts with a user message.',
		],
		[
			'blank text',
			nova,
			{messages: [{role: 'user', content: [{text: ' '}]}]},
			'The text field in the ContentBlock object at messages.0.content.0 is blank. Add text to the text field, and try again.',
		],
		[
			'too many tokens',
			nova,
			{messages: hello, inferenceConfig: {maxTokens: 20_000}},
			'The maximum tokens you requested exceeds the model limit of 10000. Try again with a maximum tokens value that is lower than 10000.',
		],
		[
			'a system prompt for a model without',
			'amazon.titan-text-express-v1',
			{messages: hello, system: [{text: 'x'}]},
			"This model doesn't support system messages. Try again without a system message or use a model that supports system messages.",
		],
		[
			'temperature for the newest Claude',
			newestClaude,
			{messages: hello, inferenceConfig: {temperature: 0}},
			'The model returned the following errors: `temperature` is deprecated for this model.',
		],
	])('%s', async (_name, modelId, body, message) => {
		const {url} = await startForTest();
		for (const operation of ['converse', 'converse-stream']) {
			const answer = await post(url, modelPath(modelId, operation), body);
			expect(answer.status).toBe(400);
			expect(JSON.parse(answer.body.toString())).toEqual({message});
		}
	});
});

describe('a model that cannot be called', () => {
	const converse = (modelId: string) =>
		new ConverseCommand({
			modelId,
			messages: [{role: 'user', content: [{text: 'Hello'}]}],
			inferenceConfig: {maxTokens: 5},
		});

	it.each([
		['unknown', 'does-not-exist', 'ValidationException', 'The provided model identifier is invalid.'],
		[
			'unknown profile',
			'us.amazon.titan-text-express-v1',
			'ValidationException',
			'The provided model identifier is invalid.',
		],
		[
			'on a profile only',
			'anthropic.claude-opus-5',
			'ValidationException',
			'Invocation of model ID anthropic.claude-opus-5 with on-demand throughput isn’t supported. Retry your request with the ID or ARN of an inference profile that contains this model.',
		],
		[
			'without access',
			'us.mistral.pixtral-large-2502-v1:0',
			'AccessDeniedException',
			"You don't have access to the model with the specified model ID.",
		],
		[
			'past its life',
			'anthropic.claude-v2',
			'ResourceNotFoundException',
			'This model version has reached the end of its life. Please refer to the AWS documentation for more details.',
		],
		[
			'unknown provisioned',
			'arn:aws:bedrock:us-east-1:123456789012:provisioned-model/abc',
			'ResourceNotFoundException',
			'Could not resolve the foundation model from the provided model identifier.',
		],
	])('%s', async (_name, modelId, name, message) => {
		const {url} = await startForTest();
		await expect(runtimeClient(url).send(converse(modelId))).rejects.toMatchObject({name, message});
	});

	it.each([
		'amazon.nova-lite-v1:0',
		'eu.amazon.nova-lite-v1:0',
		'global.anthropic.claude-opus-5',
		'arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0',
		'arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.amazon.nova-lite-v1:0',
		'arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/sim0nova0lite',
	])('but %s can', async (modelId) => {
		const {url} = await startForTest();
		const answer = await runtimeClient(url).send(converse(modelId));
		expect(answer.usage?.outputTokens).toBe(5);
	});
});

const throttling = new URL('../../../shared/recordings/throttling.json', import.meta.url);

describe.skipIf(!existsSync(throttling))(
	'throttles are worded as in the reports (skipped without ../shared/recordings/throttling.json)',
	() => {
		const known = existsSync(throttling)
			? (
					JSON.parse(readFileSync(throttling, 'utf8')) as {
						http: Array<{status: number; body?: string; headers?: Record<string, string>}>;
					}
				).http
			: [];

		it.each(['throttle-requests', 'throttle-tokens', 'throttle-day', 'unavailable'])('%s', async (kind) => {
			const {url} = await startForTest({faults: [{kind}]});
			const answer = await post(url, modelPath(nova, 'converse'), {
				messages: [{role: 'user', content: [{text: 'Hello'}]}],
			});
			const {message} = JSON.parse(answer.body.toString()) as {message: string};
			const same = known.filter(({body}) => body !== undefined && JSON.parse(body).message === message);
			expect(same.length).toBeGreaterThan(0);
			expect(same.every(({status}) => status === answer.status)).toBe(true);
			expect(Object.keys(answer.headers)).not.toContain('retry-after');
			for (const recorded of same) {
				const type = Object.entries(recorded.headers ?? {}).find(
					([name]) => name.toLowerCase() === 'x-amzn-errortype',
				);
				if (type?.[1].startsWith('Throttling')) {
					expect(answer.headers['x-amzn-errortype']).toBe(type[1]);
				}
			}
		});
	},
);
