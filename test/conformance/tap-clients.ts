import {execFile} from 'node:child_process';
import {mkdtemp, readFile, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {Readable} from 'node:stream';
import {createAmazonBedrock} from '@ai-sdk/amazon-bedrock';
import AnthropicBedrock from '@anthropic-ai/bedrock-sdk';
import {BedrockClient, ListInferenceProfilesCommand} from '@aws-sdk/client-bedrock';
import {
	BedrockRuntimeClient,
	ConverseCommand,
	ConverseStreamCommand,
	CountTokensCommand,
	InvokeModelCommand,
	InvokeModelWithResponseStreamCommand,
} from '@aws-sdk/client-bedrock-runtime';
import {NodeHttp2Handler, NodeHttpHandler} from '@smithy/node-http-handler';
import {generateText, streamText} from 'ai';
import {
	anthropicInput,
	converseInput,
	fidelityModel,
	type Operation,
	type Outcome,
	plainRequestOf,
	scriptHeader,
} from './tap-answers.ts';

/** Clients that others wrote, each with what came to it over the wire and what it made of that. */

/** What a client saw of an answer. */
export type Seen = {
	readonly status: number;
	/** Without those of the connection; names in lower case, sorted. */
	readonly headers: ReadonlyArray<readonly [string, string]>;
	/** In base64. */
	readonly body: string;
	readonly isCut: boolean;
	/** What the client's user gets: an answer, or an error by its name and message. */
	readonly result: unknown;
};

const ofConnection = new Set(['connection', 'keep-alive', 'transfer-encoding']);

export const headersSeen = (headers: Iterable<readonly [string, unknown]>): Seen['headers'] =>
	[...headers]
		.map(([name, value]) => [name.toLowerCase(), String(value)] as const)
		.filter(([name]) => !ofConnection.has(name) && !name.startsWith(':'))
		.sort(([first], [second]) => (first < second ? -1 : 1));

const credentials = {accessKeyId: 'AKIDOFTHETAP', secretAccessKey: 'another'};

/** Collects a body to its end, or to where it was cut. */
const collected = async (body: Readable): Promise<{bytes: Buffer; isCut: boolean}> => {
	const chunks: Buffer[] = [];
	return new Promise((resolve) => {
		const done = (isCut: boolean) => () => resolve({bytes: Buffer.concat(chunks), isCut});
		body.on('data', (chunk: Buffer) => chunks.push(chunk));
		body.on('error', done(true));
		body.on('aborted', done(true));
		body.on('end', done(false));
	});
};

/** A body that was read before, and ends as it did. */
const again = (bytes: Buffer, isCut: boolean): Readable => {
	const body = Readable.from(
		(async function* () {
			yield bytes;
			if (isCut) {
				throw new Error('cut');
			}
		})(),
		{objectMode: false},
	);
	// The client may have had enough before.
	body.on('error', () => undefined);
	return body;
};

const errorWords = (error: unknown): string =>
	error instanceof Error ? `${error.name}: ${error.message}` : String(error);

/** What a user of the client gets. */
const made = async (call: () => Promise<unknown>): Promise<unknown> => {
	try {
		return JSON.parse(
			JSON.stringify(await call(), (name, value) => (name === '$metadata' ? undefined : value)) ?? 'null',
		);
	} catch (error) {
		return errorWords(error);
	}
};

type Wire = Omit<Seen, 'result'>;

const nothingSeen: Wire = {status: 0, headers: [], body: '', isCut: true};

/** A call of a client: which operation, how it is to be answered, and where. */
export type Call = (base: string, operation: Operation, outcome: Outcome) => Promise<Seen>;

type Handled = Awaited<ReturnType<NodeHttpHandler['handle']>>;

const awsSdk =
	(makeHandler: () => NodeHttpHandler | NodeHttp2Handler): Call =>
	async (base, operation, outcome) => {
		const inner = makeHandler();
		let wire = nothingSeen;
		const requestHandler = {
			metadata: inner.metadata,
			async handle(...[request, options]: Parameters<NodeHttpHandler['handle']>): Promise<Handled> {
				request.headers[scriptHeader] = `${operation} ${outcome}`;
				const {response} = (await inner.handle(request as never, options as never)) as Handled;
				const {bytes, isCut} = await collected(response.body as Readable);
				wire = {
					status: response.statusCode,
					headers: headersSeen(Object.entries(response.headers)),
					body: bytes.toString('base64'),
					isCut,
				};
				response.body = again(bytes, isCut);
				return {response};
			},
		};
		const settings = {region: 'us-east-1', endpoint: base, credentials, maxAttempts: 1, requestHandler};
		const runtime = new BedrockRuntimeClient(settings as never);
		const modelId = fidelityModel;
		const invokeInput = {modelId, body: plainRequestOf('invoke').body ?? ''};
		const all = async (stream: AsyncIterable<unknown> | undefined): Promise<unknown[]> => {
			const events: unknown[] = [];
			for await (const each of stream ?? []) {
				events.push(each);
			}
			return events;
		};
		const calls: Readonly<Record<Operation, () => Promise<unknown>>> = {
			converse: async () => runtime.send(new ConverseCommand({modelId, ...converseInput})),
			'converse-stream': async () =>
				all((await runtime.send(new ConverseStreamCommand({modelId, ...converseInput}))).stream),
			invoke: async () => (await runtime.send(new InvokeModelCommand(invokeInput))).body.transformToString(),
			'invoke-stream': async () =>
				all((await runtime.send(new InvokeModelWithResponseStreamCommand(invokeInput))).body),
			'count-tokens': async () =>
				runtime.send(
					new CountTokensCommand({modelId, input: {converse: {messages: converseInput.messages}}}),
				),
			'inference-profiles': async () =>
				new BedrockClient(settings as never).send(
					new ListInferenceProfilesCommand({typeEquals: 'SYSTEM_DEFINED'}),
				),
		};
		const result = await made(calls[operation]);
		inner.destroy();
		return {...wire, result};
	};

/** A `fetch` that remembers what came. */
const watchedFetch = (operation: Operation, outcome: Outcome) => {
	let wire = nothingSeen;
	return {
		wire: () => wire,
		async fetch(input: string | URL | Request, init?: RequestInit): Promise<Response> {
			const headers = new Headers(init?.headers);
			headers.set(scriptHeader, `${operation} ${outcome}`);
			const response = await fetch(input, {...init, headers});
			const chunks: Uint8Array[] = [];
			let isCut = false;
			try {
				for await (const chunk of response.body ?? []) {
					chunks.push(chunk);
				}
			} catch {
				isCut = true;
			}
			const bytes = Buffer.concat(chunks);
			wire = {
				status: response.status,
				headers: headersSeen(response.headers),
				body: bytes.toString('base64'),
				isCut,
			};
			const body = new ReadableStream({
				start(controller) {
					controller.enqueue(new Uint8Array(bytes));
					if (isCut) {
						controller.error(new Error('cut'));
					} else {
						controller.close();
					}
				},
			});
			return new Response(body, {status: response.status, headers: response.headers});
		},
	};
};

const anthropicSdk: Call = async (base, operation, outcome) => {
	const watched = watchedFetch(operation, outcome);
	const client = new AnthropicBedrock({
		baseURL: base,
		awsRegion: 'us-east-1',
		awsAccessKey: credentials.accessKeyId,
		awsSecretKey: credentials.secretAccessKey,
		maxRetries: 0,
		fetch: watched.fetch,
	});
	const body = {model: fidelityModel, ...anthropicInput};
	const result = await made(async () =>
		operation === 'invoke' ? client.messages.create(body) : client.messages.stream(body).finalMessage(),
	);
	return {...watched.wire(), result};
};

const aiSdk: Call = async (base, operation, outcome) => {
	const watched = watchedFetch(operation, outcome);
	const bedrock = createAmazonBedrock({
		baseURL: base,
		region: 'us-east-1',
		...credentials,
		fetch: watched.fetch,
	});
	const asked = {
		model: bedrock(fidelityModel),
		prompt: 'Say this is a test',
		maxRetries: 0,
		maxOutputTokens: 40,
	};
	const result = await made(async () => {
		if (operation === 'converse') {
			const {text, usage, finishReason} = await generateText(asked);
			return {text, usage, finishReason};
		}
		const parts: unknown[] = [];
		const {fullStream} = streamText({...asked, onError() {}});
		for await (const part of fullStream) {
			parts.push(
				part.type === 'error' ? errorWords(part.error) : part.type === 'text-delta' ? part.text : part.type,
			);
		}
		return parts;
	});
	return {...watched.wire(), result};
};

const plainFetch: Call = async (base, operation, outcome) => {
	const {method, path: target, body} = plainRequestOf(operation);
	const watched = watchedFetch(operation, outcome);
	const response = await watched.fetch(`${base}${target}`, {
		method,
		...(body === undefined ? {} : {body, headers: {'content-type': 'application/json'}}),
	});
	return {...watched.wire(), result: response.statusText};
};

/** @param version Which HTTP it speaks. */
const curl =
	(version: '--http1.1' | '--http2-prior-knowledge'): Call =>
	async (base, operation, outcome) => {
		const {method, path: target, body} = plainRequestOf(operation);
		const folder = await mkdtemp(path.join(tmpdir(), 'curl-'));
		const [head, answer] = [path.join(folder, 'head'), path.join(folder, 'answer')];
		const words = [
			...[
				'-sS',
				version,
				'-X',
				method,
				'-H',
				`${scriptHeader}: ${operation} ${outcome}`,
				'-D',
				head,
				'-o',
				answer,
			],
			...(body === undefined ? [] : ['-H', 'content-type: application/json', '--data-binary', body]),
			`${base}${target}`,
		];
		const code = await new Promise<number>((resolve) => {
			execFile('curl', words, (error) => resolve(error === null ? 0 : Number(error.code)));
		});
		const lines = (await readFile(head, 'utf8')).trim().split('\r\n');
		const bytes = await readFile(answer);
		await rm(folder, {recursive: true});
		return {
			status: Number(lines[0]?.split(' ')[1]),
			headers: headersSeen(lines.slice(1).map((line) => line.split(/: ?(.*)/s, 2) as [string, string])),
			body: bytes.toString('base64'),
			isCut: code !== 0,
			result: code,
		};
	};

const invokes: readonly Operation[] = ['invoke', 'invoke-stream'];
const converses: readonly Operation[] = ['converse', 'converse-stream'];

/** Clients by their name, with the operations that each knows; undefined: all. */
export const clients: Readonly<
	Record<string, {readonly call: Call; readonly operations?: readonly Operation[]}>
> = {
	'AWS SDK for JavaScript, h2c': {call: awsSdk(() => new NodeHttp2Handler())},
	'AWS SDK for JavaScript, HTTP/1.1': {call: awsSdk(() => new NodeHttpHandler())},
	'@anthropic-ai/bedrock-sdk': {call: anthropicSdk, operations: invokes},
	'@ai-sdk/amazon-bedrock': {call: aiSdk, operations: converses},
	fetch: {call: plainFetch},
	'curl, HTTP/1.1': {call: curl('--http1.1')},
	'curl, h2c': {call: curl('--http2-prior-knowledge')},
};
