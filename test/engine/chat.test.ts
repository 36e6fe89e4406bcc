import {describe, expect, it} from 'vitest';
import type {Failure} from '../../source/domain/backend.ts';
import {createRandom} from '../../source/domain/clock.ts';
import type {RunSpec} from '../../source/domain/run-config.ts';
import type {AnswerRecord} from '../../source/engine/attempts/request-records.ts';
import {createRun} from '../../source/engine/run.ts';
import {createSources} from '../../source/engine/scheduling/load-sources.ts';
import {FakeClock} from '../helpers/fake-clock.ts';
import {cellOf, itemsOf, loadOf, quotaOf, specOf, targetOf, variantOf} from '../helpers/spec-fixture.ts';
import {conversationsOf, Talker, type TalkerOptions} from '../helpers/talker.ts';

/** Tests source/engine/run.ts: conversations. */

const variant = variantOf('plain', {instruction: '{{task}} {{turn}}', system: 'Be kind.'});

const specOfChat = (turns: readonly string[], thinkMs: number, overrides: Partial<RunSpec> = {}): RunSpec =>
	specOf({
		task: {task: 'Help.', content: 'Notes.', items: [], checks: [], chat: {turns, thinkMs}},
		variants: [variant],
		...overrides,
	});

const setUp = (spec: RunSpec, options: Omit<TalkerOptions, 'clock'> = {}) => {
	const clock = new FakeClock();
	const talker = new Talker({clock, ...options});
	const answers: AnswerRecord[] = [];
	const run = createRun(spec, {backend: talker, clock, onAnswer: (record) => answers.push(record)});
	return {clock, talker, run, answers};
};

const broken: Failure = {
	class: 'validation',
	message: 'broken',
	advice: '',
	isRetryable: false,
	charge: 'none',
};

describe('a conversation', () => {
	it('sends each turn with the real answers before it, after the time to think', async () => {
		const spec = specOfChat(['one', 'two: {{content}}', 'three'], 2000, {
			load: loadOf('serial', {requests: 3}),
		});
		const {clock, talker, run, answers} = setUp(spec);
		await clock.settle(run.start());
		expect(talker.calls.map(({request}) => request.messages)).toEqual([
			[{role: 'user', text: 'Help. one'}],
			[
				{role: 'user', text: 'Help. one'},
				{role: 'assistant', text: 'answer 0'},
				{role: 'user', text: 'two: Notes.'},
			],
			[
				{role: 'user', text: 'Help. one'},
				{role: 'assistant', text: 'answer 0'},
				{role: 'user', text: 'two: Notes.'},
				{role: 'assistant', text: 'answer 1'},
				{role: 'user', text: 'three'},
			],
		]);
		expect(talker.calls.every(({request}) => request.system === 'Be kind.')).toBe(true);
		expect(talker.calls.map(({startedAt}) => startedAt)).toEqual([0, 2300, 4600]);
		expect(run.snapshot().elapsedMs).toBe(4900);
		expect(answers.map(({conversation, turn}) => [conversation, turn])).toEqual([
			[0, 1],
			[0, 2],
			[0, 3],
		]);
	});

	it('gives every variant its number of requests, the last conversation being shorter', async () => {
		const spec = specOfChat(['one', 'two', 'three'], 1000, {
			variants: [variant, {...variant, name: 'other'}],
			cells: [cellOf(), cellOf({variant: 1})],
			load: loadOf('measure', {requests: 20}),
		});
		const {clock, talker, run} = setUp(spec);
		await clock.settle(run.start());
		const {variants, progress, outcome} = run.snapshot();
		expect(variants.map(({requests}) => requests.sent)).toEqual([20, 20]);
		expect(progress).toMatchObject({done: 40, total: 40});
		expect(outcome).toBe('completed');
		const lengths = conversationsOf(talker.calls).map((calls) => calls.length);
		expect(lengths.toSorted()).toEqual([2, 2, ...Array.from({length: 12}, () => 3)]);
	});

	it('tells tokens and time to first token of each turn apart', async () => {
		const spec = specOfChat(['one', 'two'], 0, {load: loadOf('serial', {requests: 6})});
		const {clock, run} = setUp(spec);
		await clock.settle(run.start());
		const [figures] = run.snapshot().variants;
		expect(figures?.turns?.map(({turn, requests}) => [turn, requests])).toEqual([
			[1, 3],
			[2, 3],
		]);
		const [first, second] = figures?.turns ?? [];
		// Four characters are a token: system prompt and first turn are 17, the rest 8 and 3 more.
		expect([first?.inputTokens.mean, second?.inputTokens.mean]).toEqual([5, 7]);
		expect(first?.outputTokens.mean).toBe(2);
		expect(second?.quotaTokens.mean).toBe(9);
		expect(run.snapshot().spec.chat).toEqual({turns: 2, thinkMs: 0});
	});

	it('has no turns in its figures where there is no chat', async () => {
		const {clock, run} = setUp(specOf({load: loadOf('serial', {requests: 2})}));
		await clock.settle(run.start());
		expect(run.snapshot().variants[0]).not.toHaveProperty('turns');
	});

	it('ends at a turn that fails; what would have followed is neither sent nor counted', async () => {
		const spec = specOfChat(['one', 'two', 'three'], 1000, {load: loadOf('serial', {requests: 6})});
		const {clock, talker, run} = setUp(spec, {fault: (call) => (call === 1 ? broken : undefined)});
		await clock.settle(run.start());
		expect(talker.calls.map(({request}) => request.messages.length)).toEqual([1, 3, 1, 3, 5]);
		const {requests, turns} = run.snapshot().variants[0] ?? {};
		expect(requests).toMatchObject({sent: 5, succeeded: 4, failed: {validation: 1}});
		expect(turns?.map((turn) => turn.requests)).toEqual([2, 1, 1]);
	});

	it.each([
		['refused', {isRefused: true}],
		['empty', {text: ' \n'}],
	])('ends at an answer that is %s', async (_name, answer) => {
		const spec = specOfChat(['one', 'two'], 1000, {load: loadOf('serial', {requests: 4})});
		const {clock, talker, run} = setUp(spec, {answer: (call) => (call === 0 ? answer : {})});
		await clock.settle(run.start());
		expect(talker.calls.map(({request}) => request.messages.length)).toEqual([1, 1, 3]);
	});

	it('goes on after an answer that was cut off', async () => {
		const spec = specOfChat(['one', 'two'], 0, {load: loadOf('serial', {requests: 2})});
		const {clock, talker, run} = setUp(spec, {answer: () => ({isTruncated: true})});
		await clock.settle(run.start());
		expect(talker.calls).toHaveLength(2);
	});

	it('tries a throttled turn again with the same words, and thinks once', async () => {
		const spec = specOfChat(['one', 'two'], 1000, {load: loadOf('serial', {requests: 2})});
		const throttled: Failure = {...broken, class: 'overloaded', isRetryable: true, retryAfterMs: 700};
		const {clock, talker, run} = setUp(spec, {fault: (call) => (call === 1 ? throttled : undefined)});
		await clock.settle(run.start());
		expect(talker.calls[2]?.request.messages).toEqual(talker.calls[1]?.request.messages);
		expect(run.snapshot().variants[0]?.requests).toMatchObject({sent: 2, succeeded: 2, attempts: 3});
	});
});

describe('load shapes of a chat', () => {
	it('concurrency: so many conversations at once, those in which somebody thinks included', async () => {
		const spec = specOfChat(['one', 'two'], 5000, {
			load: loadOf('concurrency', {concurrency: 3, durationMs: 11_500}),
		});
		const {clock, talker, run} = setUp(spec);
		await clock.settle(run.start());
		expect(talker.calls.map(({startedAt}) => startedAt)).toEqual([
			0, 0, 0, 5300, 5300, 5300, 5600, 5600, 5600, 10_900, 10_900, 10_900, 11_200, 11_200, 11_200,
		]);
	});

	it('rate: conversations arrive at the rate, and their turns come beside', async () => {
		const spec = specOfChat(['one', 'two', 'three'], 500, {
			load: loadOf('rate', {ratePerMinute: 60, durationMs: 10_000}),
		});
		const {clock, talker, run} = setUp(spec);
		await clock.settle(run.start());
		const first = talker.calls.filter(({request}) => request.messages.length === 1);
		expect(first.map(({startedAt}) => startedAt)).toEqual(
			[0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map((s) => s * 1000),
		);
		expect(talker.calls).toHaveLength(29);
		const dispatchDelay = run.snapshot().variants[0]?.latencyMs.dispatchDelay;
		expect(dispatchDelay?.max).toBe(0);
	});

	it('rate: a turn that has to wait for room says so, counted from when it was meant to be sent', async () => {
		const spec = specOfChat(['one', 'two'], 1000, {
			targets: [targetOf(quotaOf(1, null))],
			load: loadOf('rate', {ratePerMinute: 60, requests: 2}),
		});
		const {clock, talker, run} = setUp(spec);
		await clock.settle(run.start());
		const [, second] = talker.calls;
		const delay = (second?.startedAt ?? 0) - 1300;
		expect(delay).toBeGreaterThan(50_000);
		expect(run.snapshot().variants[0]?.latencyMs.dispatchDelay.max).toBeCloseTo(delay, -1);
	});

	it('rate: the room that is kept for a lane is that of all turns', () => {
		const spec = specOfChat(['one', 'two', 'three'], 500, {
			load: loadOf('rate', {ratePerMinute: 60, durationMs: 10_000}),
		});
		const {sources} = createSources({
			spec,
			random: createRandom(1),
			isAlive: () => true,
			isIn: () => true,
			isDecided: () => false,
			runningMs: () => 0,
			inFlightLimit: () => 10,
		});
		expect(sources.map(({ratePerMinute}) => ratePerMinute)).toEqual([180]);
	});

	it('does not begin another turn when the time of the run is over', async () => {
		const spec = specOfChat(['one', 'two', 'three'], 2000, {
			load: loadOf('concurrency', {concurrency: 2, durationMs: 3000}),
		});
		const {clock, talker, run} = setUp(spec);
		await clock.settle(run.start());
		expect(talker.calls.map(({startedAt}) => startedAt)).toEqual([0, 0, 2300, 2300]);
		expect(clock.now()).toBeLessThanOrEqual(3000);
		expect(clock.timers).toBe(0);
	});

	it('--max-requests counts turns, and ends conversations where they are', async () => {
		const spec = specOfChat(['one', 'two', 'three'], 1000, {
			maxRequests: 4,
			load: loadOf('concurrency', {concurrency: 2, durationMs: 60_000}),
		});
		const {clock, talker, run} = setUp(spec);
		await clock.settle(run.start());
		expect(talker.calls).toHaveLength(4);
		expect(run.snapshot()).toMatchObject({outcome: 'stopped', stoppedBy: 'requests'});
		expect(clock.timers).toBe(0);
	});

	it('--balance keeps a conversation on the model it began with', async () => {
		const spec = specOfChat(['one', 'two'], 1000, {
			isBalanced: true,
			targets: [targetOf(quotaOf(100, 100_000), 'a.one'), targetOf(quotaOf(100, 100_000), 'b.two')],
			cells: [cellOf(), cellOf({target: 1})],
			load: loadOf('concurrency', {concurrency: 6, requests: 24}),
		});
		const {clock, talker, run} = setUp(spec);
		await clock.settle(run.start());
		const models = conversationsOf(talker.calls).map((calls) => [
			...new Set(calls.map(({request}) => request.model)),
		]);
		expect(models.every((each) => each.length === 1)).toBe(true);
		expect(new Set(models.flat())).toEqual(new Set(['a.one', 'b.two']));
	});
});

describe('a chat in one lane', () => {
	it('holds conversations there, while the other lane goes over the items', async () => {
		const spec = specOf({
			task: {
				task: 'Help.',
				content: undefined,
				items: itemsOf(4),
				checks: [],
				chat: {turns: ['one', 'two'], thinkMs: 1000, lane: 'high'},
			},
			targets: [targetOf(quotaOf(1000, 1_000_000))],
			variants: [variant, variantOf('bulk', {instruction: '{{input}}', itemsPerRequest: 2})],
			cells: [cellOf({lane: 'high', ratePerMinute: 60}), cellOf({variant: 1, lane: 'low'})],
			load: loadOf('saturate', {durationMs: 6000}),
		});
		const {clock, talker, run} = setUp(spec);
		await clock.settle(run.start());
		const asked = talker.calls.map(({request}) => request.messages);
		const bulk = asked.filter(([first]) => /item \d/.test(first?.text ?? ''));
		const talked = asked.filter((messages) => !bulk.includes(messages));
		expect(bulk.length).toBeGreaterThan(10);
		expect(bulk.every((messages) => messages.length === 1)).toBe(true);
		expect(talked.filter((messages) => messages.length === 1)).toHaveLength(6);
		expect(talked.filter((messages) => messages.length === 3)).toHaveLength(5);
		expect(talked.every(([first]) => first?.text === 'Help. one')).toBe(true);
		const [high, low] = run.snapshot().variants;
		expect(high?.turns?.map(({requests}) => requests)).toEqual([6, 5]);
		expect(low).not.toHaveProperty('turns');
		// Different work has no common winner: the bulk variant is alone.
		const {verdicts, gain} = run.snapshot();
		expect(verdicts[0]).toMatchObject({basis: 'only', recommended: 'bulk'});
		expect(gain).toBeNull();
		expect(low?.items.sent).toBeGreaterThan(low?.requests.sent ?? Number.POSITIVE_INFINITY);
	});
});

describe('what a turn sets aside', () => {
	it('follows the history: the counted tokens of the turn before, its answer, and the new words', async () => {
		const long = 'word '.repeat(400);
		const spec = specOfChat(['one', long, 'three'], 0, {
			cells: [cellOf({maxTokens: 10, inputTokens: {value: 5, isEstimated: false}})],
			load: loadOf('serial', {requests: 30}),
		});
		const {clock, run} = setUp(spec);
		const running = run.start();
		const held: number[] = [];
		for (let turn = 0; turn < 3; turn++) {
			await clock.advance(150);
			held.push(run.snapshot().buckets[0]?.tokens.reserved ?? 0);
			await clock.advance(150);
		}
		run.stop('key', 0);
		await clock.settle(running);
		const sent = run.snapshot().variants[0]?.turns?.map(({inputTokens}) => inputTokens.mean ?? 0) ?? [];
		expect(sent).toHaveLength(3);
		for (const [turn, input] of sent.entries()) {
			// Never less than the service reserves, and not much more.
			expect(held[turn]).toBeGreaterThanOrEqual(input + 10);
			expect(held[turn]).toBeLessThan((input + 10) * 1.5 + 30);
		}
	});

	it('lets a conversation end that outgrew its bucket, while others go on', async () => {
		const long = 'word '.repeat(2000);
		const spec = specOfChat(['one', long], 0, {
			targets: [targetOf(quotaOf(100, 1000))],
			load: loadOf('serial', {requests: 4}),
		});
		const {clock, talker, run} = setUp(spec);
		await clock.settle(run.start());
		expect(talker.calls.map(({request}) => request.messages.length)).toEqual([1, 1]);
		expect(run.snapshot().variants[0]?.requests.sent).toBe(2);
		expect(run.snapshot().failures[0]?.message).toContain('can never be sent');
	});
});
