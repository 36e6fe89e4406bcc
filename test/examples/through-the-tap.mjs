// A program that knows nothing of quotas. A tap in front of Bedrock paces it; with a ledger, together with all others:
//
//   bedrock-top tap --pace --ledger redis://127.0.0.1 -- node through-the-tap.mjs 20
//
// The SDK takes the tap's address from AWS_ENDPOINT_URL_BEDROCK_RUNTIME, which the tap sets.
import {BedrockRuntimeClient, ConverseCommand} from '@aws-sdk/client-bedrock-runtime';

const client = new BedrockRuntimeClient({maxAttempts: 1});
const count = Number(process.argv[2] ?? 10);

const ask = async () =>
	client.send(
		new ConverseCommand({
			modelId: 'us.amazon.nova-lite-v1:0',
			messages: [{role: 'user', content: [{text: 'Name three rivers.'}]}],
			inferenceConfig: {maxTokens: 60},
		}),
	);

const answers = await Promise.allSettled(Array.from({length: count}, ask));
const refused = answers.filter(({status}) => status === 'rejected').length;
console.log(`${count - refused} answered, ${refused} refused`);
process.exitCode = refused === 0 ? 0 : 1;
