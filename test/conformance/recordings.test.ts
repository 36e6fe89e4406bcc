import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {type BedrockBackend, createBackend} from '../../source/bedrock/backend.ts';
import {type Clients, createClients} from '../../source/bedrock/clients.ts';
import type {InferenceRequest, Method} from '../../source/engine/backend.ts';
import {expectedFailureOf, expectedOf} from './expected.ts';
import {allRecordings, hasRecordings, type Recording, whySkipped} from './recordings.ts';
import {type ReplayServer, startReplayServer} from './replay-server.ts';

const methods: Readonly<Partial<Record<Recording['operation'], Method>>> = {
	Converse: 'converse',
	ConverseStream: 'converse-stream',
	InvokeModel: 'invoke',
	InvokeModelWithResponseStream: 'invoke-stream',
};

const sources = {
	body: 'converse',
	'stream metadata': 'converse',
	header: 'header',
	invocationMetrics: 'metrics',
} as const;

const requestFor = (recording: Recording): InferenceRequest => ({
	model: recording.modelId,
	baseModel: recording.modelId.replace(/^.*foundation-model\//, '').replace(/^(?:us|eu|global|apac)\./, ''),
	method: methods[recording.operation] ?? 'converse',
	system: undefined,
	messages: [{role: 'user', text: 'Say this is a test'}],
	maxTokens: 100,
	stop: [],
	parameters: {},
	cache: false,
	tier: undefined,
});

/** Piece sizes: whole, single bytes, seven bytes, and sizes that look random but are the same in every run. */
const pieceSizes = (recording: Recording): ReadonlyArray<readonly number[]> => {
	const {length} = recording.response.body;
	const random = Array.from({length: 4000}, (_, index) => 1 + ((index * 7919 + length * 104_729) % 613));
	return [[length], ...(length <= 20_000 ? [[1]] : []), [7], random];
};

const recordings = allRecordings();
const calls = recordings.filter(({operation}) => operation !== 'CountTokens');
const counts = recordings.filter(({operation}) => operation === 'CountTokens');

describe.skipIf(!hasRecordings)(`recorded answers of the real service${whySkipped}`, () => {
	let server: ReplayServer;
	let clients: Clients;
	let backend: BedrockBackend;

	beforeAll(async () => {
		server = await startReplayServer();
		clients = createClients(
			{region: undefined, profile: undefined, simulatorUrl: server.url},
			{maxSockets: 4},
		);
		backend = createBackend(clients);
	});

	afterAll(async () => {
		clients.close();
		await server.close();
	});

	const call = async (recording: Recording, pieces: readonly number[]) => {
		const tokens: string[] = [];
		server.play({...recording.response, pieces});
		const outcome = await backend.invoke(requestFor(recording), {
			signal: new AbortController().signal,
			onFirstToken: () => tokens.push('first'),
		});
		return {outcome, firstTokens: tokens.length};
	};

	test('all of them are there', () => {
		expect(recordings.length).toBeGreaterThanOrEqual(120);
		expect(new Set(recordings.map(({family}) => family)).size).toBeGreaterThanOrEqual(20);
	});

	test.each(calls.map((recording) => [recording.file, recording] as const))(
		'%s',
		async (_file, recording) => {
			const failure = expectedFailureOf(recording);
			for (const pieces of pieceSizes(recording)) {
				const {outcome, firstTokens} = await call(recording, pieces);
				if (failure !== undefined) {
					expect(outcome).toMatchObject({kind: 'failed', failure: {class: failure}});
					if (recording.observed.errorMessage !== undefined && outcome.kind === 'failed') {
						expect(outcome.failure.message).toBe(recording.observed.errorMessage);
					}

					continue;
				}

				const {text, stopReason, inputTokens, outputTokens} = expectedOf(recording);
				expect(outcome).toMatchObject({kind: 'answered', text, stopReason: stopReason ?? 'unknown'});
				if (outcome.kind !== 'answered') {
					continue;
				}

				expect(outcome.usage?.inputTokens).toBe(inputTokens);
				expect(outcome.usage?.outputTokens ?? undefined).toBe(
					inputTokens === undefined ? undefined : (outputTokens ?? 0),
				);
				expect(outcome.isSimulated).toBe(false);
				const {tokensFrom, latencyMs} = recording.observed;
				if (tokensFrom !== undefined) {
					expect(outcome.usageSource).toBe(sources[tokensFrom]);
				}

				if (latencyMs !== undefined) {
					expect(outcome.serverLatencyMs).toBe(latencyMs);
				}

				const isStream = recording.operation.endsWith('Stream');
				expect(firstTokens).toBe(isStream && (text !== '' || outcome.reasoning !== undefined) ? 1 : 0);
			}
		},
	);

	test.each(counts.map((recording) => [recording.file, recording] as const))(
		'%s',
		async (_file, recording) => {
			server.play(recording.response);
			// A backend of its own: it remembers which model refuses.
			const count = await createBackend(clients).countTokens(
				requestFor(recording),
				new AbortController().signal,
			);
			expect(count).toBe(recording.observed.inputTokens);
		},
	);
});
