import {type BedrockRuntimeClient, InvokeModelCommand} from '@aws-sdk/client-bedrock-runtime';
import {
	GetServiceQuotaCommand,
	ListServiceQuotasCommand,
	ServiceQuotasClient,
} from '@aws-sdk/client-service-quotas';
import {describe, expect, it, onTestFinished} from 'vitest';
import {credentials, runtimeClient, startForTest} from './harness.ts';

/**
 * Tests source/simulator/families/ with code as tutorials have it: a loop over variants of a prompt, in the body of
 * each vendor.
 */

type Variant = {readonly instruction: string; readonly system: string | undefined};
type Measured = {readonly input: number; readonly output: number; readonly text: string};

const variantsOf = (task: string): Readonly<Record<string, Variant>> => ({
	detailed: {
		instruction: `Please perform the following task: ${task}. Provide a detailed and thorough response.`,
		system: 'You are a helpful assistant that provides comprehensive responses.',
	},
	concise: {instruction: `Task: ${task}\nBe brief and direct.`, system: 'Provide concise responses.'},
	structured: {
		instruction: `Follow these steps:\n1. Understand this task: ${task}\n2. Answer with clear headings`,
		system: 'You provide well-structured, organized responses.',
	},
	minimal: {instruction: task, system: undefined},
});

/** The body of each vendor, and how its answer is read. */
type Vendor = {
	readonly body: (variant: Variant, content: string) => object;
	// biome-ignore lint/suspicious/noExplicitAny: tutorials read answers without types.
	readonly read: (answer: any) => Measured;
};

const words = (text: string): number => text.split(/\s+/).length * 1.3;
const joined = ({instruction}: Variant, content: string): string => `${instruction}\n\n${content}`;

const vendors: Readonly<Record<string, Vendor>> = {
	anthropic: {
		body: (variant, content) => ({
			anthropic_version: 'bedrock-2023-05-31',
			max_tokens: 1000,
			...(variant.system === undefined ? {} : {system: variant.system}),
			messages: [{role: 'user', content: joined(variant, content)}],
		}),
		read: ({usage, content}) => ({
			input: usage.input_tokens,
			output: usage.output_tokens,
			text: content[0].text,
		}),
	},
	meta: {
		body: (variant, content) => ({
			prompt: `<s>[INST] ${variant.system === undefined ? '' : `<<SYS>>\n${variant.system}\n<</SYS>>\n\n`}${joined(variant, content)} [/INST]`,
			max_gen_len: 1000,
		}),
		read: ({generation, prompt_token_count}) => ({
			input: prompt_token_count,
			output: words(generation),
			text: generation,
		}),
	},
	amazon: {
		body: (variant, content) => ({
			inputText: joined(variant, content),
			textGenerationConfig: {maxTokenCount: 1000},
		}),
		read: ({inputTextTokenCount, results}) => ({
			input: inputTextTokenCount,
			output: results[0].tokenCount,
			text: results[0].outputText,
		}),
	},
	cohere: {
		body: (variant, content) => ({prompt: joined(variant, content), max_tokens: 1000}),
		read: ({generations, prompt}) => ({
			input: words(prompt),
			output: words(generations[0].text),
			text: generations[0].text,
		}),
	},
	ai21: {
		body: (variant, content) => ({prompt: joined(variant, content), maxTokens: 1000}),
		read: ({prompt, completions}) => ({
			input: prompt.tokens.length,
			output: completions[0].data.tokens.length,
			text: completions[0].data.text,
		}),
	},
};

const measure = async (
	client: BedrockRuntimeClient,
	modelId: string,
	task: string,
	content: string,
): Promise<Readonly<Record<string, Measured>>> => {
	const vendor = vendors[modelId.split('.')[0] ?? ''] as Vendor;
	const measured: Record<string, Measured> = {};
	for (const [name, variant] of Object.entries(variantsOf(task))) {
		for (let repeat = 0; repeat < 3; repeat++) {
			const answer = await client.send(
				new InvokeModelCommand({modelId, body: JSON.stringify(vendor.body(variant, content))}),
			);
			measured[name] = vendor.read(JSON.parse(answer.body.transformToString()));
		}
	}
	return measured;
};

const text =
	'AWS Bedrock is a fully managed service that offers a choice of foundation models through a single API. ' +
	'It helps to build generative AI applications with security, privacy and responsible AI.';

describe.each([undefined, '2024'] as const)('the loop of a tutorial, era %s', (era) => {
	it.each([
		['anthropic.claude-3-sonnet-20240229-v1:0', 'Summarize the following text in a concise way'],
		[
			'meta.llama2-13b-chat-v1',
			'Classify this text into one of these categories: Technology, Business, Other',
		],
		['meta.llama2-70b-chat-v1', 'Summarize the following text in a concise way'],
		['amazon.titan-text-express-v1', 'Summarize the following text in a concise way'],
		['cohere.command-text-v14', 'Summarize the following text in a concise way'],
		['ai21.j2-mid-v1', 'Summarize the following text in a concise way'],
		['ai21.j2-ultra-v1', 'Summarize the following text in a concise way'],
	])('%s runs to its end', async (modelId, task) => {
		const {url} = await startForTest(era === undefined ? {} : {era});
		const measured = await measure(runtimeClient(url), modelId, task, text);
		expect(Object.keys(measured)).toEqual(['detailed', 'concise', 'structured', 'minimal']);
		for (const {input, output, text: said} of Object.values(measured)) {
			expect(said).toMatch(/\w/);
			expect(input).toBeGreaterThan(20);
			expect(output).toBeGreaterThan(0);
		}
		expect(measured.minimal?.input).toBeLessThan(measured.detailed?.input ?? 0);
	});
});

it('a message of the system among the messages is refused as the service does', async () => {
	const {url} = await startForTest();
	const body = {
		anthropic_version: 'bedrock-2023-05-31',
		max_tokens: 1000,
		messages: [
			{role: 'system', content: 'Be brief.'},
			{role: 'user', content: 'Hello'},
		],
	};
	const modelId = 'anthropic.claude-3-sonnet-20240229-v1:0';
	const invoked = runtimeClient(url).send(new InvokeModelCommand({modelId, body: JSON.stringify(body)}));
	await expect(invoked).rejects.toMatchObject({
		name: 'ValidationException',
		message: expect.stringContaining('Unexpected role "system"'),
	});
});

it('the quotas of its models are found by their names', async () => {
	const {url} = await startForTest();
	const client = new ServiceQuotasClient({endpoint: url, region: 'us-east-1', credentials, maxAttempts: 1});
	onTestFinished(() => client.destroy());
	const {Quotas = [], NextToken} = await client.send(
		new ListServiceQuotasCommand({ServiceCode: 'bedrock', MaxResults: 100}),
	);
	expect(Quotas).toHaveLength(100);
	expect(NextToken).toBeDefined();
	for (const QuotaCode of ['L-F406804E', 'L-674F621D', 'L-75D9A33A']) {
		const {Quota} = await client.send(new GetServiceQuotaCommand({ServiceCode: 'bedrock', QuotaCode}));
		expect(Quota?.Value).toBeGreaterThan(0);
	}
});
