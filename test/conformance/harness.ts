import {afterAll, beforeAll} from 'vitest';
import {type BedrockBackend, createBackend} from '../../source/bedrock/backend.ts';
import {type Clients, createClients} from '../../source/bedrock/clients/clients.ts';
import type {InferenceRequest, InvokeOptions} from '../../source/domain/backend.ts';
import {type Replay, type ReplayServer, startReplayServer} from './replay-server.ts';

/** A request with nothing but what every request has. */
export const plainRequest = (changes: Partial<InferenceRequest> = {}): InferenceRequest => ({
	model: 'amazon.nova-lite-v1:0',
	baseModel: 'amazon.nova-lite-v1:0',
	method: 'converse',
	system: undefined,
	messages: [{role: 'user', text: 'Say this is a test'}],
	maxTokens: 100,
	stop: [],
	parameters: {},
	cache: false,
	tier: undefined,
	...changes,
});

export const eventStreamHeaders = {'content-type': 'application/vnd.amazon.eventstream'};
export const jsonHeaders = {'content-type': 'application/json'};

/** A backend with real SDK clients in front of a server that gives the answers one sets; closed with the block. */
export const withReplays = () => {
	let server: ReplayServer | undefined;
	let clients: Clients | undefined;
	let backend: BedrockBackend | undefined;

	beforeAll(async () => {
		server = await startReplayServer();
		clients = createClients(
			{region: undefined, profile: undefined, simulatorUrl: server.url},
			{maxSockets: 8},
		);
		backend = createBackend(clients);
	});

	afterAll(async () => {
		clients?.close();
		await server?.close();
	});

	const started = () => {
		if (server === undefined || clients === undefined || backend === undefined) {
			throw new Error('The server is started by beforeAll.');
		}

		return {server, clients, backend};
	};

	return {
		started,
		/** Plays an answer and calls; `firstTokens` says how often the first token was told. */
		async call(
			replay: Replay,
			changes: Partial<InferenceRequest> = {},
			options: Partial<InvokeOptions> = {},
		) {
			const {server: replays, backend: called} = started();
			let firstTokens = 0;
			replays.play(replay);
			const outcome = await called.invoke(plainRequest(changes), {
				signal: new AbortController().signal,
				...options,
				onFirstToken() {
					firstTokens++;
					options.onFirstToken?.();
				},
			});
			const sent = replays.requests.at(-1);
			return {
				outcome,
				firstTokens,
				path: sent?.path,
				body: sent === undefined ? undefined : JSON.parse(sent.body),
			};
		},
	};
};
