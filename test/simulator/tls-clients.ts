import AnthropicBedrock from '@anthropic-ai/bedrock-sdk';
import {BedrockClient, ListFoundationModelsCommand} from '@aws-sdk/client-bedrock';
import {
	BedrockRuntimeClient,
	ConverseCommand,
	ConverseStreamCommand,
	InvokeModelCommand,
} from '@aws-sdk/client-bedrock-runtime';
import {CloudWatchClient, ListMetricsCommand} from '@aws-sdk/client-cloudwatch';
import {GetObjectCommand, PutObjectCommand, S3Client} from '@aws-sdk/client-s3';
import {ListServiceQuotasCommand, ServiceQuotasClient} from '@aws-sdk/client-service-quotas';
import {GetCallerIdentityCommand, STSClient} from '@aws-sdk/client-sts';
import {NodeHttpHandler} from '@smithy/node-http-handler';
import OpenAI from 'openai';
import {bedrock} from 'openai/providers/bedrock';

/**
 * A program of a user: it knows the simulator from the printed variables alone, and trusts what they say. Node reads the
 * certificates to trust once, at start, so it is a process of its own. Prints what came of each call as JSON.
 */

const model = 'us.amazon.nova-lite-v1:0';
const messages = [{role: 'user' as const, content: [{text: 'Explain rain.'}]}];
const once = {maxAttempts: 1};
const overHttp1 = {...once, requestHandler: new NodeHttpHandler()};

const textOf = async (answer: AsyncIterable<object> | undefined): Promise<string> => {
	let last = '';
	for await (const event of answer ?? []) {
		last = Object.keys(event)[0] ?? '';
	}
	return last;
};

const calls: Readonly<Record<string, () => Promise<unknown>>> = {
	'converse over HTTP/2': async () => {
		const client = new BedrockRuntimeClient(once);
		const {metadata} = client.config.requestHandler;
		const {stopReason} = await client.send(new ConverseCommand({modelId: model, messages}));
		return [metadata?.handlerProtocol, stopReason];
	},
	'a stream over HTTP/2': async () => {
		const client = new BedrockRuntimeClient(once);
		return textOf((await client.send(new ConverseStreamCommand({modelId: model, messages}))).stream);
	},
	'converse over HTTP/1.1': async () =>
		(await new BedrockRuntimeClient(overHttp1).send(new ConverseCommand({modelId: model, messages})))
			.stopReason,
	'invoke over HTTP/1.1': async () => {
		const body = JSON.stringify({messages});
		const client = new BedrockRuntimeClient(overHttp1);
		const answer = await client.send(new InvokeModelCommand({modelId: model, body}));
		return JSON.parse(answer.body.transformToString()).stopReason;
	},
	'the control plane': async () =>
		((await new BedrockClient(once).send(new ListFoundationModelsCommand({}))).modelSummaries ?? []).length >
		0,
	'Service Quotas': async () => {
		const ask = new ListServiceQuotasCommand({ServiceCode: 'bedrock'});
		return ((await new ServiceQuotasClient(once).send(ask)).Quotas ?? []).length > 0;
	},
	CloudWatch: async () =>
		Array.isArray((await new CloudWatchClient(once).send(new ListMetricsCommand({}))).Metrics),
	STS: async () => (await new STSClient(once).send(new GetCallerIdentityCommand({}))).Account?.length,
	S3: async () => {
		const client = new S3Client({...once, forcePathStyle: true});
		const place = {Bucket: 'bucket', Key: 'key'};
		await client.send(new PutObjectCommand({...place, Body: 'kept'}));
		return (await client.send(new GetObjectCommand(place))).Body?.transformToString();
	},
	'Chat Completions': async () => {
		const answer = await new OpenAI({maxRetries: 0}).chat.completions.create({
			model: 'openai.gpt-oss-120b',
			messages: [{role: 'user', content: 'Explain rain.'}],
		});
		return answer.choices[0]?.finish_reason;
	},
	"OpenAI's provider for Bedrock": async () => {
		const client = new OpenAI({provider: bedrock({apiKey: 'simulated'}), maxRetries: 0});
		return (await client.responses.create({model: 'openai.gpt-5.4', input: 'Explain rain.'})).status;
	},
	'Claude of Anthropic': async () => {
		const answer = await new AnthropicBedrock({maxRetries: 0}).messages.create({
			model: 'us.anthropic.claude-sonnet-4-5-20250929-v1:0',
			max_tokens: 2000,
			messages: [{role: 'user', content: 'Explain rain.'}],
		});
		return answer.stop_reason;
	},
	fetch: async () => (await fetch(`${process.env.AWS_ENDPOINT_URL}/__stats`)).status,
};

/** The code of whatever lies at the bottom of an error. */
const codeOf = (error: unknown): unknown => {
	const {cause, code, name} = error as NodeJS.ErrnoException & {cause?: unknown};
	return cause instanceof Error ? codeOf(cause) : (code ?? name);
};

const outcomes = await Promise.all(
	Object.entries(calls).map(async ([name, call]) => [
		name,
		await call().catch((error: unknown) => ({refused: codeOf(error)})),
	]),
);
process.stdout.write(JSON.stringify(Object.fromEntries(outcomes)));
process.exit(0);
