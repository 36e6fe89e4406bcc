import {brotliCompressSync, gzipSync} from 'node:zlib';
import {BedrockRuntimeClient, ConverseCommand, ConverseStreamCommand} from '@aws-sdk/client-bedrock-runtime';
import {NodeHttpHandler} from '@smithy/node-http-handler';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {startTapBefore, startTappedSimulator} from '../helpers/tapped-simulator.ts';
import {modelPath} from '../simulator/harness.ts';
import {startScriptedServer} from './scripted-server.ts';

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

describe.each([
	['gzip', gzipSync],
	['br', brotliCompressSync],
] as const)('an answer that is packed on the way (%s)', (encoding, pack) => {
	it.each(['converse', 'converse-stream'])('is passed as it came, and counted: %s', async (operation) => {
		const path = modelPath(model, operation);
		const request = {
			method: 'POST',
			headers: {'content-type': 'application/json'},
			body: JSON.stringify({messages: input.messages, inferenceConfig: input.inferenceConfig}),
		};
		const plain = await fetch(`${tapped.simulator}${path}`, request);
		const bytes = Buffer.from(await plain.arrayBuffer());
		const server = await startScriptedServer(() => ({
			status: 200,
			headers: {
				'content-type': plain.headers.get('content-type') ?? '',
				'content-encoding': encoding,
			},
			pieces: [pack(bytes)],
			end: 'whole',
		}));
		const own = await startTapBefore(server.url);
		const answer = await fetch(`${own.url}${path}`, request);
		expect(Buffer.from(await answer.arrayBuffer()).equals(bytes)).toBe(true);
		await own.stop();
		await server.stop();
		const [client] = own.tap.snapshot().tap?.clients ?? [];
		expect(client).toMatchObject({requests: 1, aborted: 0, tokens: {estimated: false}});
		expect(client?.tokens.output).toBeGreaterThan(0);
	});
});

it('the log names whose request failed, and begins with the tap', async () => {
	for (const [client, called] of [
		['chat', 'no.such-model'],
		['nightly', 'no.such-model'],
		['chat', 'no.such-model'],
	] as const) {
		const answer = await fetch(`${tapped.url}${modelPath(called, 'converse')}`, {
			method: 'POST',
			headers: {'content-type': 'application/json', 'x-bedrock-top-client': client},
			body: JSON.stringify({messages: input.messages}),
		});
		await answer.arrayBuffer();
	}
	const {events, failures} = tapped.tap.snapshot();
	expect(events[0]?.text).toBe('The tap serves.');
	const texts = events.map(({text}) => text).filter((text) => /^(?:chat|nightly)/.test(text));
	expect(texts).toEqual([
		expect.stringMatching(/^chat on no\.such-model: /),
		expect.stringMatching(/^nightly on no\.such-model: /),
	]);
	expect(failures.map(({count}) => count)).toEqual([3]);
	const [target] = tapped.tap.snapshot().targets.filter(({model: called}) => called === 'no.such-model');
	expect(target?.burndown).toEqual({value: 1, source: 'assumed'});
});
