import {createServer, type IncomingMessage, request as requestOf} from 'node:http';
import type {AddressInfo} from 'node:net';
import {onTestFinished} from 'vitest';

/** What came to a model: its ID, and the texts of the request. */
export type Asked = {
	readonly model: string;
	readonly system: string;
	readonly user: string;
	readonly maxTokens: number;
};
/** What it answers; a status instead refuses. */
export type Said =
	| {readonly text: string; readonly outputTokens?: number}
	| {readonly status: number; readonly type: string};

type Body = {
	readonly system?: ReadonlyArray<{readonly text: string}>;
	readonly messages: ReadonlyArray<{readonly content: ReadonlyArray<{readonly text: string}>}>;
	readonly inferenceConfig?: {readonly maxTokens?: number};
};

const bodyOf = async (message: IncomingMessage): Promise<Buffer> => {
	const chunks: Buffer[] = [];
	for await (const chunk of message) {
		chunks.push(chunk as Buffer);
	}
	return Buffer.concat(chunks);
};

/**
 * A server in front of a simulated account whose models answer what a test says (Converse only); everything else goes on.
 * @returns Its URL.
 */
export const startModelFront = async (account: string, say: (asked: Asked) => Said): Promise<string> => {
	const server = createServer(async (incoming, outgoing) => {
		const body = await bodyOf(incoming);
		const model = /^\/model\/([^/]+)\/converse$/.exec(incoming.url ?? '')?.[1];
		if (model === undefined) {
			const onward = requestOf(
				new URL(incoming.url ?? '/', account),
				{method: incoming.method, headers: incoming.headers},
				(answer) => {
					outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
					answer.pipe(outgoing);
				},
			);
			onward.on('error', () => outgoing.destroy());
			onward.end(body);
			return;
		}
		const {system = [], messages, inferenceConfig} = JSON.parse(body.toString()) as Body;
		const textOf = (parts: ReadonlyArray<{readonly text: string}>) => parts.map(({text}) => text).join('\n');
		const user = messages.map(({content}) => textOf(content)).join('\n');
		const said = say({
			model: decodeURIComponent(model),
			system: textOf(system),
			user,
			maxTokens: inferenceConfig?.maxTokens ?? 0,
		});
		if ('status' in said) {
			outgoing
				.writeHead(said.status, {'content-type': 'application/json', 'x-amzn-errortype': said.type})
				.end(JSON.stringify({message: `${said.type} of a test`}));
			return;
		}
		const inputTokens = Math.ceil((textOf(system).length + user.length) / 4);
		const outputTokens = said.outputTokens ?? Math.ceil(said.text.length / 4);
		outgoing.writeHead(200, {'content-type': 'application/json'}).end(
			JSON.stringify({
				output: {message: {role: 'assistant', content: [{text: said.text}]}},
				stopReason: 'end_turn',
				usage: {inputTokens, outputTokens, totalTokens: inputTokens + outputTokens},
				metrics: {latencyMs: 1},
			}),
		);
	});
	await new Promise<void>((resolve) => {
		server.listen(0, '127.0.0.1', resolve);
	});
	onTestFinished(() => {
		server.closeAllConnections();
		server.close();
	});
	return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
};
