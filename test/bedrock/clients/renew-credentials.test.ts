import {BedrockRuntimeClient, ConverseCommand} from '@aws-sdk/client-bedrock-runtime';
import {NodeHttpHandler} from '@smithy/node-http-handler';
import {describe, expect, it, onTestFinished} from 'vitest';
import {outfit, sendOnce} from '../../../source/bedrock/clients/client-middleware.ts';
import {createSecrets} from '../../../source/bedrock/clients/client-secrets.ts';
import {jsonHeaders} from '../../conformance/harness.ts';
import {type Replay, startReplayServer} from '../../conformance/replay-server.ts';

const refusedAs = (name: string): Replay => ({
	status: 403,
	headers: {...jsonHeaders, 'x-amzn-errortype': name},
	body: Buffer.from('{"message":"The security token included in the request is expired"}'),
});

const well: Replay = {
	status: 200,
	headers: jsonHeaders,
	body: Buffer.from(
		JSON.stringify({
			output: {message: {role: 'assistant', content: [{text: 'fine'}]}},
			stopReason: 'end_turn',
			usage: {inputTokens: 1, outputTokens: 1, totalTokens: 2},
		}),
	),
};

/** A client whose provider gives another key each time it is asked, up to the last one. */
const start = async (keys: readonly string[]) => {
	const server = await startReplayServer();
	onTestFinished(server.close);
	let asked = 0;
	const client = new BedrockRuntimeClient({
		endpoint: server.url,
		region: 'us-east-1',
		requestHandler: new NodeHttpHandler(),
		maxAttempts: 1,
		async credentials() {
			const accessKeyId = keys[Math.min(asked++, keys.length - 1)] ?? '';
			return {accessKeyId, secretAccessKey: 'secret', expiration: new Date(Date.now() + 3_600_000)};
		},
	});
	onTestFinished(() => client.destroy());
	outfit(client, createSecrets({}));
	sendOnce(client);
	const call = async () =>
		client.send(
			new ConverseCommand({
				modelId: 'amazon.nova-lite-v1:0',
				messages: [{role: 'user', content: [{text: 'Hello'}]}],
			}),
		);
	const keysSeen = () =>
		server.requests.map(
			({headers}) => /Credential=([^/]+)/.exec(String(headers.authorization ?? ''))?.[1] ?? '',
		);
	return {server, call, keysSeen, asked: () => asked};
};

describe('credentials that are refused as expired', () => {
	it.each(['ExpiredTokenException', 'ExpiredToken'])('%s: tried once more with fresh ones', async (name) => {
		const {server, call, keysSeen} = await start(['OLD', 'NEW']);
		server.play(refusedAs(name), well);
		await expect(call()).resolves.toMatchObject({stopReason: 'end_turn'});
		expect(keysSeen()).toEqual(['OLD', 'NEW']);
		await call();
		expect(keysSeen()).toEqual(['OLD', 'NEW', 'NEW']);
	});

	it('are renewed once for all requests that are refused together', async () => {
		const {server, call, keysSeen, asked} = await start(['OLD', 'NEW', 'NEWER']);
		server.play(({headers}) =>
			headers.authorization?.includes('=OLD/') ? refusedAs('ExpiredTokenException') : well,
		);
		await Promise.all(Array.from({length: 5}, call));
		expect(asked()).toBe(2);
		expect(keysSeen().filter((key) => key === 'NEW')).toHaveLength(5);
	});

	it('are not tried a second time where there are no others, or the others are refused too', async () => {
		for (const keys of [['ONLY'], ['OLD', 'NEW']]) {
			const {server, call, keysSeen} = await start(keys);
			server.play(refusedAs('ExpiredTokenException'));
			await expect(call()).rejects.toMatchObject({name: 'ExpiredTokenException'});
			expect(keysSeen()).toEqual(keys);
		}
	});

	it('are not asked for again after any other refusal', async () => {
		const {server, call, asked} = await start(['OLD', 'NEW']);
		server.play(refusedAs('AccessDeniedException'));
		await expect(call()).rejects.toMatchObject({name: 'AccessDeniedException'});
		expect(asked()).toBe(1);
	});
});
