import {BedrockRuntimeClient, ConverseCommand, ConverseStreamCommand} from '@aws-sdk/client-bedrock-runtime';
import {NodeHttpHandler} from '@smithy/node-http-handler';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {startTappedSimulator} from '../helpers/tapped-simulator.ts';

/** The AWS SDK through a tap, over real HTTP, in front of a simulator. */

let tapped: Awaited<ReturnType<typeof startTappedSimulator>>;
beforeAll(async () => {
	tapped = await startTappedSimulator();
});
afterAll(async () => {
	await tapped.stop();
});

const model = 'us.amazon.nova-lite-v1:0';
const input = {
	modelId: model,
	messages: [{role: 'user' as const, content: [{text: 'Name three rivers.'}]}],
	inferenceConfig: {maxTokens: 40},
};

const clientOver = (protocol: 'h1' | 'h2c') =>
	new BedrockRuntimeClient({
		region: 'us-east-1',
		endpoint: tapped.url,
		credentials: {accessKeyId: 'AKIDOFTHETAP', secretAccessKey: 'another'},
		...(protocol === 'h1' ? {requestHandler: new NodeHttpHandler()} : {}),
	});

describe.each(['h1', 'h2c'] as const)('the AWS SDK over %s', (protocol) => {
	it('gets whole and streamed answers through the tap', async () => {
		const client = clientOver(protocol);
		const whole = await client.send(new ConverseCommand(input));
		const streamed = await client.send(new ConverseStreamCommand(input));
		let usage: unknown;
		for await (const event of streamed.stream ?? []) {
			usage = event.metadata?.usage ?? usage;
		}
		client.destroy();
		expect(whole.usage?.outputTokens).toBeGreaterThan(0);
		expect(usage).toEqual(expect.objectContaining({inputTokens: whole.usage?.inputTokens}));
	});
});

describe('what is counted', () => {
	it("equals the server's account", async () => {
		const stats = (await (await fetch(`${tapped.simulator}/__stats`)).json()) as {
			buckets: ReadonlyArray<{settledTokens?: number}>;
			totals?: Record<string, number>;
		};
		const {tap: figures, variants} = tapped.tap.snapshot();
		expect(figures?.clients.map(({name, requests}) => [name, requests])).toEqual([['aws-sdk-js', 4]]);
		expect(variants[0]?.tokens.quota).toBe(figures?.clients[0]?.tokens.quota);
		expect(JSON.stringify(stats)).toContain(String(figures?.clients[0]?.tokens.quota));
	});
});
