import {describe, expect, it, vi} from 'vitest';
import {createBackend} from '../../source/bedrock/backend.ts';
import type {InferenceRequest, Method} from '../../source/domain/backend.ts';
import {expectedFailureOf, expectedOf} from './expected.ts';
import {plainRequest, withReplays} from './harness.ts';
import {allRecordings, hasRecordings, type Recording, whySkipped} from './recordings.ts';

// Single bytes over a socket: on a busy machine they take their time.
vi.setConfig({testTimeout: 120_000});

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

const requestFor = (recording: Recording): InferenceRequest =>
	plainRequest({
		model: recording.modelId,
		baseModel: recording.modelId.replace(/^.*foundation-model\//, '').replace(/^(?:us|eu|global|apac)\./, ''),
		method: methods[recording.operation] ?? 'converse',
	});

/** Piece sizes: whole, single bytes, seven bytes, and sizes that look random but are the same in every run. */
const pieceSizes = (recording: Recording): ReadonlyArray<readonly number[]> => {
	const {length} = recording.response.body;
	const random = Array.from({length: 4000}, (_, index) => 1 + ((index * 7919 + length * 104_729) % 613));
	return [[length], ...(length <= 20_000 ? [[1]] : []), [7], random];
};

type Outcome = Awaited<ReturnType<ReturnType<typeof withReplays>['call']>>['outcome'];

const expectAnswer = (recording: Recording, outcome: Outcome, firstTokens: number): void => {
	const {text, stopReason, inputTokens, outputTokens} = expectedOf(recording);
	const {tokensFrom, latencyMs} = recording.observed;
	expect(outcome).toMatchObject({
		kind: 'answered',
		text,
		stopReason: stopReason ?? 'unknown',
		isSimulated: false,
		// Models that write vectors have no output tokens, and the service sends no count of them.
		usage: inputTokens === undefined ? undefined : {inputTokens, outputTokens: outputTokens ?? 0},
		...(tokensFrom === undefined ? {} : {usageSource: sources[tokensFrom]}),
		...(latencyMs === undefined ? {} : {serverLatencyMs: latencyMs}),
	});
	const hasPieces = text !== '' || (outcome.kind === 'answered' && outcome.reasoning !== undefined);
	expect(firstTokens).toBe(recording.operation.endsWith('Stream') && hasPieces ? 1 : 0);
};

const recordings = allRecordings();
const calls = recordings.filter(({operation}) => operation !== 'CountTokens');
const counts = recordings.filter(({operation}) => operation === 'CountTokens');

describe.skipIf(!hasRecordings)(`recorded answers of the real service${whySkipped}`, () => {
	const replays = withReplays();

	it('all of them are there', () => {
		expect(recordings.length).toBeGreaterThanOrEqual(120);
		expect(new Set(recordings.map(({family}) => family)).size).toBeGreaterThanOrEqual(20);
	});

	it.each(calls.map((recording) => [recording.file, recording] as const))('%s', async (_file, recording) => {
		const failure = expectedFailureOf(recording);
		for (const pieces of pieceSizes(recording)) {
			const {outcome, firstTokens} = await replays.call(
				{...recording.response, pieces},
				requestFor(recording),
			);
			if (failure === undefined) {
				expectAnswer(recording, outcome, firstTokens);
			} else {
				const {errorMessage} = recording.observed;
				expect(outcome).toMatchObject({
					kind: 'failed',
					failure: {class: failure, ...(errorMessage === undefined ? {} : {message: errorMessage})},
				});
			}
		}
	});

	it.each(counts.map((recording) => [recording.file, recording] as const))('%s', async (_file, recording) => {
		const {server, clients} = replays.started();
		server.play(recording.response);
		// A backend of its own: it remembers which model refuses.
		const count = await createBackend(clients).countTokens(
			requestFor(recording),
			new AbortController().signal,
		);
		expect(count).toBe(recording.observed.inputTokens);
	});
});
