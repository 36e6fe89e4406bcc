import {setTimeout} from 'node:timers/promises';
import {BedrockRuntimeClient, ConverseCommand} from '@aws-sdk/client-bedrock-runtime';

/**
 * An application as people write it: workers that send one request after another, with the SDK's retries on or with fetch.
 * Arguments: `sdk` or `fetch`, workers, seconds. Prints its counts as JSON.
 */

const [kind = 'sdk', workers = '200', seconds = '150'] = process.argv.slice(2);
const modelId = 'us.amazon.nova-lite-v1:0';
const messages = [{role: 'user' as const, content: [{text: 'Name three rivers.'}]}];
const inferenceConfig = {maxTokens: 50};
const startedAt = Date.now();
const until = startedAt + Number(seconds) * 1000;
const counts = {ok: 0, failed: 0, attempts: 0, minutes: 0};
const endedAt: number[] = [];

const client = new BedrockRuntimeClient({
	region: 'us-east-1',
	credentials: {accessKeyId: 'simulated', secretAccessKey: 'simulated'},
});

const bySdk = async (): Promise<void> => {
	const {$metadata} = await client.send(new ConverseCommand({modelId, messages, inferenceConfig}));
	counts.attempts += $metadata.attempts ?? 1;
};

const byFetch = async (): Promise<void> => {
	const base = process.env.AWS_ENDPOINT_URL_BEDROCK_RUNTIME ?? '';
	counts.attempts++;
	const response = await fetch(`${base}/model/${encodeURIComponent(modelId)}/converse`, {
		method: 'POST',
		headers: {'content-type': 'application/json'},
		body: JSON.stringify({messages, inferenceConfig}),
	});
	await response.text();
	if (response.status !== 200) {
		throw new Error(`${response.status}`);
	}
};

const work = async (): Promise<void> => {
	while (Date.now() < until) {
		try {
			await (kind === 'sdk' ? bySdk() : byFetch());
			counts.ok++;
			endedAt.push(Date.now() - startedAt);
		} catch {
			counts.failed++;
			// As people write it: a failure is followed by a second's rest.
			await setTimeout(1000);
		}
	}
};

await Promise.all(Array.from({length: Number(workers)}, work));
// Whole minutes only: a quota can be spent in the first second of its window.
const whole = Math.floor(Number(seconds) / 60);
const inWhole = endedAt.filter((at) => at < whole * 60_000).length;
process.stdout.write(JSON.stringify({...counts, perMinute: inWhole / whole}));
