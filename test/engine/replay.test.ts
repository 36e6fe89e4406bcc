import {describe, expect, it} from 'vitest';
import type {InferenceRequest} from '../../source/domain/backend.ts';
import type {Recorded} from '../../source/domain/task.ts';
import {createRun} from '../../source/engine/run.ts';
import {makePlan} from '../../source/metrics/decisions/make-plan.ts';
import {FakeClock} from '../helpers/fake-clock.ts';
import {ModelServer, type ModelServerOptions} from '../helpers/model-server.ts';
import {cellOf, loadOf, quotaOf, specOf, targetOf, variantOf} from '../helpers/spec-fixture.ts';

/** Tests a replay: source/engine/scheduling/load-sources.ts, and its plan in source/metrics/decisions/make-plan.ts. */

const model = 'test.model-v1:0';
const other = 'test.other-v1:0';

const recordedAt = (atMs: number, over: Partial<Recorded> = {}): Recorded => ({
	atMs,
	model,
	inputTokens: 100,
	outputTokens: 50,
	...over,
});

type Sent = {
	readonly at: number;
	readonly model: string;
	readonly maxTokens: number;
	readonly length: number;
};

const specFor = (recorded: readonly Recorded[], over: Parameters<typeof specOf>[0] = {}) =>
	specOf({
		task: {task: 'Replay', content: undefined, items: [], checks: [], recorded},
		variants: [variantOf('recorded', {instruction: '{{content}}'})],
		load: loadOf('replay'),
		cells: [cellOf({inputTokens: {value: 100, isEstimated: false}, maxTokens: 50})],
		...over,
	});

const play = async (spec: ReturnType<typeof specOf>, server: Partial<ModelServerOptions> = {}) => {
	const clock = new FakeClock();
	const sent: Sent[] = [];
	const note = (request: InferenceRequest): number => {
		const length = request.messages[0]?.text.length ?? 0;
		sent.push({at: clock.now(), model: request.model, maxTokens: request.maxTokens, length});
		return Math.ceil(length / 4);
	};
	const backend = new ModelServer({
		clock,
		outputTokens: ({maxTokens}) => maxTokens,
		...server,
		inputTokens: note,
	});
	const run = createRun(spec, {backend, clock});
	await clock.settle(run.start());
	return {sent, snapshot: run.snapshot()};
};

describe('a replay', () => {
	it('sends each request at its time, of its size, with its output as max tokens', async () => {
		const {sent, snapshot} = await play(
			specFor([
				recordedAt(0),
				recordedAt(70, {inputTokens: 700, outputTokens: 9}),
				recordedAt(70, {inputTokens: 1}),
				recordedAt(90_000),
			]),
		);
		expect(sent).toEqual([
			{at: 0, model, maxTokens: 50, length: 400},
			{at: 70, model, maxTokens: 9, length: 2800},
			{at: 70, model, maxTokens: 50, length: 4},
			{at: 90_000, model, maxTokens: 50, length: 400},
		]);
		expect(snapshot).toMatchObject({
			outcome: 'completed',
			progress: {done: 4, total: 4},
			variants: [{requests: {succeeded: 4}, items: {useful: 4}}],
		});
	});

	it('waits for the quota without a throttle, and counts the wait', async () => {
		const spec = specFor([recordedAt(0), recordedAt(1), recordedAt(2)], {
			targets: [targetOf(quotaOf(2, 100_000))],
		});
		const {sent, snapshot} = await play(spec, {requestsPerWindow: 2});
		expect(sent.map(({at}) => at < 60_000)).toEqual([true, true, false]);
		expect(snapshot.variants[0]).toMatchObject({requests: {throttled: {requests: 0, tokens: 0}}});
		expect(snapshot.variants[0]?.latencyMs.dispatchDelay.max).toBeGreaterThan(59_000);
	});

	it('says which part of the answers was shorter than recorded', async () => {
		const {snapshot} = await play(
			specFor([recordedAt(0), recordedAt(1, {outputTokens: 16}), recordedAt(2), recordedAt(3)]),
			{outputTokens: () => 16},
		);
		expect(snapshot.events.find(({kind}) => kind === 'replay')?.text).toBe(
			'3 of 4 answers (75%) were shorter than recorded; the others were cut at the recorded length.',
		);
	});

	const twoModels = {
		targets: [targetOf(quotaOf(100, 100_000)), targetOf(quotaOf(100, 100_000), other)],
		cells: [cellOf({maxTokens: 50}), cellOf({target: 1, maxTokens: 50})],
	};

	it('gives each model what was recorded on it, and one that was not recorded all of it', async () => {
		const recorded = [recordedAt(0), recordedAt(5, {model: other}), recordedAt(9)];
		const own = await play(specFor(recorded, twoModels));
		expect(own.sent.map((each) => [each.at, each.model])).toEqual([
			[0, model],
			[5, other],
			[9, model],
		]);
		const alone = recorded.map((each) => ({...each, model: 'another'}));
		expect((await play(specFor(alone, twoModels))).sent).toHaveLength(6);
		expect((await play(specFor(alone, {...twoModels, isBalanced: true}))).sent).toHaveLength(3);
	});

	it('sends variants by turns, and ends at a number or a time', async () => {
		const recorded = [...Array(10).keys()].map((index) => recordedAt(index * 1000));
		const variants = [
			variantOf('a', {instruction: 'a {{content}}'}),
			variantOf('b', {instruction: 'b {{content}}'}),
		];
		const cells = [cellOf(), cellOf({variant: 1})];
		const {snapshot} = await play(specFor(recorded, {variants, cells}));
		expect(snapshot.variants.map(({requests}) => requests.succeeded)).toEqual([5, 5]);
		const few = specFor(recorded, {load: loadOf('replay', {requests: 3})});
		expect((await play(few)).snapshot.progress).toMatchObject({done: 3, total: 3});
		const short = specFor(recorded, {load: loadOf('replay', {durationMs: 4500})});
		expect((await play(short)).sent).toHaveLength(5);
	});

	it('plans requests, tokens, time and cost of each model, and says whose requests it gets', () => {
		const price = {input: 1, output: 2, cacheRead: 0, cacheWrite: 0, source: 'test'};
		const cell = cellOf({inputTokens: {value: 100, isEstimated: false}, maxTokens: 50, price});
		const spec = specFor(
			[
				recordedAt(0),
				recordedAt(5, {model: other}),
				recordedAt(30_000),
				recordedAt(30_500, {model: 'third'}),
			],
			{...twoModels, cells: [cell, {...cell, target: 1, maxTokens: 10}]},
		);
		expect(makePlan(spec, [])).toMatchObject({
			requests: 3,
			durationSeconds: 31,
			quotaTokens: 2 * 150 + 110,
			costUsd: 2 * 200 + 120,
			remarks: [
				`${model} gets the 2 requests that were recorded on it, of 4.`,
				`${other} gets the 1 request that was recorded on it, of 4.`,
			],
		});
		const third = specFor([recordedAt(0, {model: 'third'})]);
		expect(makePlan(third, []).remarks).toEqual([`${model} gets the only request, recorded on third.`]);
	});
});
