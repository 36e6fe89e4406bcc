import * as http from 'node:http';
import * as http2 from 'node:http2';
import AnthropicBedrock from '@anthropic-ai/bedrock-sdk';
import {
	BedrockRuntimeClient,
	ConverseCommand,
	type ConverseCommandInput,
} from '@aws-sdk/client-bedrock-runtime';
import {NodeHttpHandler} from '@smithy/node-http-handler';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {startTapBefore, type TapUnderTest} from '../helpers/tapped-simulator.ts';
import {type ScriptedServer, startScriptedServer} from './scripted-server.ts';

/** Tests source/tap/refusal.ts: what the tap does not pass: the client gets the service's own form of an error, the service gets nothing. */

let server: ScriptedServer;
let tapped: TapUnderTest;
beforeAll(async () => {
	server = await startScriptedServer(() => ({
		status: 200,
		headers: {'content-type': 'application/json'},
		pieces: [Buffer.from('{"output":{"message":{"role":"assistant","content":[{"text":"fine"}]}}}')],
		end: 'whole',
	}));
	tapped = await startTapBefore(server.url);
});
afterAll(async () => {
	await tapped.stop();
	await server.stop();
});

const converse = '/model/amazon.nova-lite-v1%3A0/converse';
const own = {accessKeyId: 'AKIDOFTHETAP', secretAccessKey: 'secret-of-the-tap'};
const other = {accessKeyId: 'AKIDOFSOMEONE', secretAccessKey: 'secret-of-someone'};

const input: ConverseCommandInput = {
	modelId: 'amazon.nova-lite-v1:0',
	messages: [{role: 'user', content: [{text: 'Say this is a test'}]}],
};

type Answer = {readonly status: number; readonly headers: http.IncomingHttpHeaders; readonly body: string};

/** Byte for byte what a client sends, which `fetch` would tidy up. */
const ask = (
	path: string,
	{
		method = 'POST',
		headers = {},
		body = '{}',
	}: {method?: string; headers?: http.OutgoingHttpHeaders; body?: string | Buffer} = {},
	url = tapped.url,
): Promise<Answer> =>
	new Promise((resolve, reject) => {
		const {port, pathname} = new URL(url);
		const target = path.startsWith('!') ? path.slice(1) : `${pathname}${path}`;
		const request = http.request({port, host: '127.0.0.1', agent: false, method, path: target, headers});
		request.on('error', reject);
		request.on('response', (response) => {
			const chunks: Buffer[] = [];
			response.on('data', (piece: Buffer) => chunks.push(piece));
			response.on('error', reject);
			response.on('end', () =>
				resolve({
					status: response.statusCode ?? 0,
					headers: response.headers,
					body: Buffer.concat(chunks).toString(),
				}),
			);
		});
		request.end(method === 'GET' ? undefined : body);
	});

const logged = () => tapped.tap.snapshot().events.map(({text}) => text);

const large = Buffer.alloc(26_000_000, 32);

describe('a request that does not pass', () => {
	it.each([
		['no secret', `!${converse}`, {}, 403, 'AccessDeniedException', 'wrong-secret'],
		[
			'another secret',
			`!/another-secret-0123456789${converse}`,
			{},
			403,
			'AccessDeniedException',
			'wrong-secret',
		],
		[
			'a secret of a query',
			`!${converse}?test-secret-0123456789`,
			{},
			403,
			'AccessDeniedException',
			'wrong-secret',
		],
		[
			'a foreign host',
			converse,
			{headers: {host: 'other.example'}},
			403,
			'AccessDeniedException',
			'foreign-host',
		],
		[
			'an origin',
			converse,
			{headers: {origin: 'http://localhost'}},
			403,
			'AccessDeniedException',
			'from-a-page',
		],
		['a site', converse, {headers: {'sec-fetch-site': 'none'}}, 403, 'AccessDeniedException', 'from-a-page'],
		[
			'another path',
			'/foundation-models',
			{method: 'GET'},
			404,
			'UnknownOperationException',
			'unknown-route',
		],
		['a path with dots', '/model/../converse', {}, 404, 'UnknownOperationException', 'unknown-route'],
		['a double slash', '//model/m/converse', {}, 404, 'UnknownOperationException', 'unknown-route'],
		['another method', converse, {method: 'PUT'}, 404, 'UnknownOperationException', 'unknown-route'],
		[
			'a stream in both directions',
			'/model/amazon.nova-sonic-v1%3A0/invoke-with-bidirectional-stream',
			{},
			501,
			'UnknownOperationException',
			'unsupported-operation',
		],
		['a body above 25 MB', converse, {body: large}, 413, 'ValidationException', 'body-too-large'],
		[
			'a body above 25 MB that is not metered',
			'/model/m/count-tokens',
			{body: large},
			413,
			'ValidationException',
			'body-too-large',
		],
		[
			'a body that is signed in pieces',
			converse,
			{headers: {'x-amz-content-sha256': 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD'}},
			501,
			'UnknownOperationException',
			'streaming-signature',
		],
		[
			'another access key',
			converse,
			{
				headers: {
					authorization:
						'AWS4-HMAC-SHA256 Credential=AKIDOFSOMEONE/20261130/us-east-1/bedrock/aws4_request, SignedHeaders=host, Signature=00',
				},
			},
			403,
			'AccessDeniedException',
			'other-access-key',
		],
	])('%s', async (_what, path, options, status, error, reason) => {
		const before = server.requests.length;
		const lines = logged().length;
		const answer = await ask(path, options);
		expect(answer).toMatchObject({
			status,
			headers: {
				'content-type': 'application/json',
				'x-amzn-errortype': error,
				'x-bedrock-top': reason,
				'content-length': String(Buffer.byteLength(answer.body)),
			},
		});
		expect(JSON.parse(answer.body)).toEqual({
			message: expect.stringMatching(/bedrock-top|25 MB|--resign/),
			__type: error,
		});
		expect(server.requests).toHaveLength(before);
		expect(logged()).toHaveLength(lines + 1);
		expect(logged().join('\n')).not.toMatch(/test-secret-0123456789|another-secret/);
	});

	it('leaves the connection usable over HTTP/2', async () => {
		const session = http2.connect(`http://127.0.0.1:${tapped.port}`);
		const statusOf = (path: string, body: Buffer | string): Promise<number> =>
			new Promise((resolve, reject) => {
				const stream = session.request({':method': 'POST', ':path': path});
				stream.on('response', (headers) => resolve(Number(headers[':status'])));
				stream.on('error', reject);
				stream.resume();
				stream.end(body);
			});
		const base = new URL(tapped.url).pathname;
		expect(await statusOf(converse, '{}')).toBe(403);
		expect(await statusOf(`${base}${converse}`, large)).toBe(413);
		expect(await statusOf(`${base}/other`, '{}')).toBe(404);
		expect(await statusOf(`${base}${converse}`, '{}')).toBe(200);
		session.close();
	});

	it("does not keep out Node's own fetch, which names a mode", async () => {
		const response = await fetch(`${tapped.url}${converse}`, {method: 'POST', body: '{}'});
		expect(response.status).toBe(200);
		expect(server.requests.at(-1)?.headers['sec-fetch-mode']).toBe('cors');
	});
});

describe('what the SDKs make of it', () => {
	const awsClient = (endpoint: string, credentials = own, overHttp1 = false) =>
		new BedrockRuntimeClient({
			region: 'us-east-1',
			endpoint,
			credentials,
			maxAttempts: 1,
			...(overHttp1 ? {requestHandler: new NodeHttpHandler()} : {}),
		});

	it.each([false, true])('the AWS SDK names the exception and its message (HTTP/1.1: %s)', async (isOld) => {
		const wrong = awsClient(tapped.url.replace('test-secret', 'wrong'), own, isOld);
		await expect(wrong.send(new ConverseCommand(input))).rejects.toMatchObject({
			name: 'AccessDeniedException',
			message: expect.stringContaining('use the export lines'),
			$metadata: {httpStatusCode: 403},
		});
		const foreign = awsClient(tapped.url, other, isOld);
		await expect(foreign.send(new ConverseCommand(input))).rejects.toMatchObject({
			name: 'AccessDeniedException',
			message: expect.stringContaining('--resign'),
		});
		const long = {...input, messages: [{role: 'user' as const, content: [{text: 'x'.repeat(26_000_000)}]}]};
		await expect(awsClient(tapped.url, own, isOld).send(new ConverseCommand(long))).rejects.toMatchObject({
			name: 'ValidationException',
			message: expect.stringContaining('25 MB'),
		});
	});

	it('the Anthropic SDK has status and message', async () => {
		const client = new AnthropicBedrock({
			baseURL: tapped.url.replace('test-secret', 'wrong'),
			awsRegion: 'us-east-1',
			awsAccessKey: own.accessKeyId,
			awsSecretKey: own.secretAccessKey,
			maxRetries: 0,
		});
		const call = client.messages.create({
			model: 'us.anthropic.claude-sonnet-4-5-20250929-v1:0',
			max_tokens: 10,
			messages: [{role: 'user', content: 'Hi'}],
		});
		await expect(call).rejects.toMatchObject({status: 403});
		await expect(call).rejects.toThrow(/export lines/);
	});
});

describe('a service that cannot be reached', () => {
	const through = async (
		upstream: string,
		baseOf?: () => Promise<URL>,
	): Promise<{answer: Answer; lines: readonly string[]}> => {
		const broken = await startTapBefore(upstream, {}, baseOf === undefined ? {} : {baseOf});
		try {
			const answer = await ask(converse, {}, broken.url);
			// The tap goes on.
			expect((await ask('/nothing', {method: 'GET'}, broken.url)).status).toBe(404);
			return {answer, lines: broken.tap.snapshot().events.map(({text}) => text)};
		} finally {
			await broken.stop();
		}
	};

	it.each([
		['refuses the connection', 'http://127.0.0.1:1', /ECONNREFUSED/],
		['has a name that is not known', 'http://bedrock.invalid', /ENOTFOUND|EAI_AGAIN/],
	])('because it %s', async (_why, upstream, words) => {
		const {answer, lines} = await through(upstream);
		expect(answer).toMatchObject({
			status: 503,
			headers: {'x-amzn-errortype': 'ServiceUnavailableException', 'x-bedrock-top': 'upstream-unreachable'},
		});
		expect(JSON.parse(answer.body).message).toMatch(words);
		expect(lines.join('\n')).toMatch(words);
	});

	it('because it speaks no TLS', async () => {
		const {answer, lines} = await through(`https://127.0.0.1:${server.port}`);
		expect(answer).toMatchObject({status: 503, headers: {'x-bedrock-top': 'upstream-unreachable'}});
		expect(JSON.parse(answer.body).message).toMatch(/cannot reach the service/);
		expect(lines.join('\n')).toMatch(/cannot reach the service/);
	});

	it('because its address is not known', async () => {
		const {answer, lines} = await through('http://127.0.0.1:1', async () => {
			throw new Error('no address of this Region');
		});
		expect(answer).toMatchObject({status: 503});
		expect(JSON.parse(answer.body).message).toMatch(/no address of this Region/);
		expect(lines.join('\n')).toMatch(/no address of this Region/);
	});
});

describe('the port', () => {
	it('that another program has is named in one sentence', async () => {
		const failing = startTapBefore(server.url, {port: tapped.port});
		await expect(failing).rejects.toMatchObject({
			message: expect.stringContaining(`Port ${tapped.port} is already in use`),
			exitCode: 1,
			hint: expect.stringContaining('--port'),
		});
	});
});
