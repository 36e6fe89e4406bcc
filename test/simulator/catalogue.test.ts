import {existsSync, readFileSync} from 'node:fs';
import {BedrockClient, ListFoundationModelsCommand} from '@aws-sdk/client-bedrock';
import {ConverseCommand, ConverseStreamCommand, InvokeModelCommand} from '@aws-sdk/client-bedrock-runtime';
import {describe, expect, it, onTestFinished} from 'vitest';
import {otherModels} from '../../source/simulator/catalog/model.ts';
import {models} from '../../source/simulator/catalog/models.ts';
import {credentials, modelPath, post, runtimeClient, startForTest} from './harness.ts';

/** Tests source/simulator/catalog/: the models of the simulated account, their states, now and in 2024. */

const ended =
	'This model version has reached the end of its life. Please refer to the AWS documentation for more details.';

/** The models that the first documents name. */
const firstModels = [
	'anthropic.claude-3-sonnet-20240229-v1:0',
	'meta.llama2-13b-chat-v1',
	'meta.llama2-70b-chat-v1',
	'ai21.j2-mid-v1',
	'ai21.j2-ultra-v1',
	'amazon.titan-text-express-v1',
	'cohere.command-text-v14',
];

const statuses = async (url: string): Promise<ReadonlyMap<string, string>> => {
	const client = new BedrockClient({endpoint: url, region: 'us-east-1', credentials, maxAttempts: 1});
	onTestFinished(() => client.destroy());
	const {modelSummaries = []} = await client.send(new ListFoundationModelsCommand({}));
	return new Map(modelSummaries.map((model) => [model.modelId ?? '', model.modelLifecycle?.status ?? '']));
};

const hello = {messages: [{role: 'user' as const, content: [{text: 'Hello'}]}]};

const converse = (modelId: string) =>
	new ConverseCommand({modelId, ...hello, inferenceConfig: {maxTokens: 5}});

describe('the models of the first documents', () => {
	it.each(firstModels)('%s answers and is on its way out', async (modelId) => {
		const {url} = await startForTest();
		const answer = await runtimeClient(url).send(converse(modelId));
		expect(answer.usage?.outputTokens).toBe(5);
		expect((await statuses(url)).get(modelId)).toBe('LEGACY');
	});

	it.each(firstModels)('%s is current in 2024', async (modelId) => {
		const {url} = await startForTest({era: '2024'});
		const answer = await runtimeClient(url).send(converse(modelId));
		expect(answer.usage?.outputTokens).toBe(5);
		expect((await statuses(url)).get(modelId)).toBe('ACTIVE');
	});

	it('Jurassic-2 answers whole only', async () => {
		const {url} = await startForTest();
		const client = runtimeClient(url);
		const answer = await client.send(
			new InvokeModelCommand({
				modelId: 'ai21.j2-mid-v1',
				body: JSON.stringify({prompt: 'Explain what rain is.', maxTokens: 8}),
			}),
		);
		const {completions, prompt} = JSON.parse(answer.body.transformToString());
		expect(completions[0].data.tokens).toHaveLength(8);
		expect(completions[0].finishReason).toEqual({reason: 'length', length: 8});
		expect(prompt.text).toBe('Explain what rain is.');
		const stream = client.send(new ConverseStreamCommand({modelId: 'ai21.j2-mid-v1', ...hello}));
		await expect(stream).rejects.toMatchObject({
			name: 'ValidationException',
			message: 'The model is unsupported for streaming',
		});
	});
});

describe('the end of a model', () => {
	const everyEnd = models.filter(({traits}) => traits.has('end-of-life')).map(({id}) => id);

	it.each(everyEnd)('%s has reached it now, and answers in 2024', async (modelId) => {
		const now = await startForTest();
		await expect(runtimeClient(now.url).send(converse(modelId))).rejects.toMatchObject({
			name: 'ResourceNotFoundException',
			message: ended,
		});
		const then = await startForTest({era: '2024'});
		expect((await runtimeClient(then.url).send(converse(modelId))).usage?.outputTokens).toBe(5);
	});

	it('comes where a scenario says so, for base ID and profiles alike', async () => {
		const {url} = await startForTest({faults: {endOfLife: ['claude-3-sonnet', 'llama2']}});
		for (const modelId of [
			'anthropic.claude-3-sonnet-20240229-v1:0',
			'us.anthropic.claude-3-sonnet-20240229-v1:0',
			'arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-3-sonnet-20240229-v1:0',
			'meta.llama2-13b-chat-v1',
		]) {
			await expect(runtimeClient(url).send(converse(modelId))).rejects.toMatchObject({
				name: 'ResourceNotFoundException',
				message: ended,
			});
		}
		const other = await runtimeClient(url).send(converse('us.amazon.nova-lite-v1:0'));
		expect(other.usage?.outputTokens).toBe(5);
	});
});

it('what came after 2024 is not known then', async () => {
	const {url} = await startForTest({era: '2024'});
	for (const modelId of ['us.anthropic.claude-sonnet-4-5-20250929-v1:0', 'openai.gpt-oss-120b-1:0']) {
		await expect(runtimeClient(url).send(converse(modelId))).rejects.toMatchObject({
			name: 'ValidationException',
			message: 'The provided model identifier is invalid.',
		});
	}
	const listed = [...(await statuses(url)).keys()];
	expect(listed).toContain('anthropic.claude-3-5-haiku-20241022-v1:0');
	expect(listed.filter((id) => /claude-(?:sonnet|opus|haiku)-[45]|gpt-oss|qwen/.test(id))).toEqual([]);
});

describe('a model that makes no text', () => {
	it.each(otherModels.filter(({output}) => output !== 'TEXT').map(({id}) => id))(
		'%s is refused in the service’s words',
		async (modelId) => {
			const {url} = await startForTest();
			for (const operation of ['converse', 'converse-stream']) {
				const answer = await post(url, modelPath(modelId, operation), hello);
				expect(answer.status).toBe(400);
				expect(JSON.parse(answer.body.toString())).toEqual({
					message:
						"This action doesn't support the model that you provided. Try again with a supported text or chat model.",
				});
			}
			const stream = await post(url, modelPath(modelId, 'invoke-with-response-stream'), {});
			expect(JSON.parse(stream.body.toString())).toEqual({
				message: 'The model is unsupported for streaming',
			});
			const whole = await post(url, modelPath(modelId, 'invoke'), hello);
			expect(whole.status).toBe(400);
			expect(JSON.parse(whole.body.toString()).message).toMatch(/^Malformed input request: /);
		},
	);
});

const data = new URL('../../../shared/data/models.json', import.meta.url);

it.skipIf(!existsSync(data))(
	'states are those of the newest list (skipped without ../shared/data/models.json)',
	async () => {
		const rows = JSON.parse(readFileSync(data, 'utf8')) as Array<{
			modelId: string;
			lifecycle?: string;
			lastSeen?: string;
		}>;
		const known = new Map(rows.map((row) => [row.modelId, row]));
		const {url} = await startForTest();
		const wrong = [...(await statuses(url))].filter(([id, status]) => {
			const row = known.get(id);
			const isListed = row?.lifecycle !== undefined && (row.lastSeen ?? '') >= '2026';
			// What the list does not have any more is on its way out; Claude 3 has reported ends after the list.
			return isListed && !/claude-3-/.test(id)
				? row.lifecycle !== status
				: !isListed && row !== undefined && status !== 'LEGACY';
		});
		expect(wrong).toEqual([]);
	},
);
