import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {type Failure, type FailureClass, failureClasses} from '../../source/domain/backend.ts';
import {createRandom} from '../../source/domain/clock.ts';
import {loadShapes} from '../../source/domain/run-config.ts';
import {createRun} from '../../source/engine/run.ts';
import {FakeClock} from '../helpers/fake-clock.ts';
import {enforcements, ModelServer} from '../helpers/model-server.ts';
import {cellOf, loadOf, quotaOf, specOf, targetOf, variantOf} from '../helpers/spec-fixture.ts';
import {type Call, conversationsOf, Talker} from '../helpers/talker.ts';

/** Tests source/engine/run.ts: conversations, whatever the service does. */

const windowMs = 6000;
const concurrency = 4;

// The classes that end a run at once would end most of these before anything happens.
const classes = failureClasses.filter(
	(each) => !['throttled-day', 'credentials', 'access-denied', 'not-found', 'needs-profile'].includes(each),
);

const failing = (failureClass: FailureClass, random: () => number): Failure => ({
	class: failureClass,
	message: failureClass,
	advice: '',
	isRetryable: random() < 0.6,
	charge: random() < 0.5 ? 'none' : 'unknown',
});

/** Most conversations that were going on at one instant: between the first word and the end of the last answer. */
const mostAtOnce = (conversations: ReadonlyArray<readonly Call[]>): number => {
	const steps = conversations.flatMap((calls) => {
		const from = calls[0]?.startedAt ?? 0;
		const to = Math.max(...calls.map(({endedAt}) => endedAt));
		return [
			{at: from, by: 1},
			{at: to, by: -1},
		];
	});
	let [now, most] = [0, 0];
	for (const {by} of steps.toSorted((first, second) => first.at - second.at || first.by - second.by)) {
		now += by;
		most = Math.max(most, now);
	}
	return most;
};

/** Each turn says all that was said before it, with the answer that really came, and comes after the time to think. */
const checkConversation = (calls: readonly Call[], words: readonly string[], thinkMs: number): void => {
	const [opening] = calls;
	expect(opening?.request.messages).toHaveLength(1);
	for (const [index, {request, startedAt}] of calls.entries()) {
		const turn = (request.messages.length - 1) / 2;
		const said = request.messages.filter(({role}) => role === 'user').map(({text}) => text);
		expect(said).toEqual([opening?.request.messages[0]?.text, ...words.slice(1, turn + 1)]);
		const before = calls[index - 1];
		if (before?.answer !== undefined) {
			expect(startedAt).toBeGreaterThanOrEqual(before.endedAt + thinkMs);
			expect(request.messages.slice(0, -1)).toEqual([
				...before.request.messages,
				{role: 'assistant', text: before.answer},
			]);
		} else if (before !== undefined) {
			expect(startedAt).toBeGreaterThanOrEqual(before.endedAt);
			expect(request.messages).toEqual(before.request.messages);
		}
	}
};

describe('conversations, whatever the service does and whenever the run is paused or stopped', () => {
	it('keep their order, one request at a time, each turn after the time to think, and settle everything', async () => {
		await fc.assert(
			fc.asyncProperty(
				fc.record({
					seed: fc.integer(),
					shape: fc.constantFrom(...loadShapes),
					turns: fc.integer({min: 1, max: 5}),
					thinkMs: fc.constantFrom(0, 1, 700, 5000),
					faultPart: fc.constantFrom(0, 0.1, 0.4),
					requestsPerWindow: fc.constantFrom(5, 50),
					stopAtMs: fc.integer({min: 0, max: 40_000}),
					deadlineMs: fc.constantFrom(0, 500, 5000),
				}),
				async ({seed, shape, turns, thinkMs, faultPart, requestsPerWindow, stopAtMs, deadlineMs}) => {
					const clock = new FakeClock();
					const random = createRandom(seed);
					const words = Array.from({length: turns}, (_unused, turn) => `turn ${turn}`);
					const talker = new Talker({
						clock,
						serviceMs: () => 1500 * random(),
						fault() {
							const part = random();
							if (part >= faultPart) {
								return undefined;
							}
							return part < faultPart / 10
								? 'hang'
								: failing(classes[Math.floor(random() * classes.length)] ?? 'network', random);
						},
					});
					const run = createRun(
						specOf({
							windowMs,
							seed,
							targets: [targetOf(quotaOf(requestsPerWindow, 20_000))],
							variants: [
								variantOf('a', {instruction: 'a {{turn}}'}),
								variantOf('b', {instruction: 'b {{turn}}'}),
							],
							cells: [cellOf({lane: 'high'}), cellOf({variant: 1, lane: 'low'})],
							task: {task: 'x', content: undefined, items: [], checks: [], chat: {turns: words, thinkMs}},
							load: loadOf(shape, {requests: 40, concurrency, ratePerMinute: 600}),
						}),
						{backend: talker, clock},
					);
					const ended = run.start();
					await clock.advance(stopAtMs / 2);
					run.pause();
					const callsAtPause = talker.calls.length;
					// A run that only waits for its last answers is not paused.
					const isPaused = run.snapshot().phase === 'paused';
					await clock.advance(300);
					expect(isPaused ? talker.calls.length : callsAtPause).toBe(callsAtPause);
					run.resume();
					await clock.advance(stopAtMs / 2);
					run.stop('key', deadlineMs);
					const callsAtStop = talker.calls.length;
					const stoppedAt = clock.now();
					await clock.settle(ended);
					expect(talker.calls).toHaveLength(callsAtStop);
					expect(clock.now()).toBeLessThanOrEqual(stoppedAt + deadlineMs);

					const conversations = conversationsOf(talker.calls);
					for (const calls of conversations) {
						checkConversation(calls, words, thinkMs);
					}
					// One closed loop a lane.
					const most = {concurrency: 2 * concurrency, serial: 1}[shape as string];
					expect(mostAtOnce(conversations)).toBeLessThanOrEqual(most ?? Number.POSITIVE_INFINITY);

					const {buckets, variants, phase} = run.snapshot();
					expect(phase).toBe('ended');
					expect(buckets[0]).toMatchObject({inFlight: 0, tokens: {reserved: 0}, requests: {reserved: 0}});
					const sent = variants.reduce((sum, {requests}) => sum + requests.sent, 0);
					const attempts = variants.reduce((sum, {requests}) => sum + requests.attempts, 0);
					expect(attempts).toBe(talker.calls.length);
					expect(sent).toBeLessThanOrEqual(attempts);
					expect(sent).toBeLessThanOrEqual(shape === 'measure' ? 80 : 40);
					await clock.advance(2 * windowMs);
					const left = run.snapshot().buckets[0];
					expect([left?.requests.used, left?.tokens.used]).toEqual([0, 0]);
					expect(clock.timers).toBe(0);
				},
			),
			{numRuns: 40},
		);
	}, 60_000);
});

describe('conversations inside a quota', () => {
	it('are never throttled, however the service counts', async () => {
		await fc.assert(
			fc.asyncProperty(
				fc.record({
					enforcement: fc.constantFrom(...enforcements),
					thinkMs: fc.constantFrom(0, 300, 2000),
					words: fc.integer({min: 1, max: 60}),
					delayMs: fc.constantFrom(0, 20, 200),
					tokensPerWindow: fc.constantFrom(3000, 20_000),
				}),
				async ({enforcement, thinkMs, words, delayMs, tokensPerWindow}) => {
					const clock = new FakeClock();
					const text = 'word '.repeat(words);
					const tokensOf = (characters: number): number => Math.ceil(characters / 4);
					const server = new ModelServer({
						clock,
						enforcement,
						windowMs,
						requestsPerWindow: 60,
						tokensPerWindow,
						delayMs: () => delayMs,
						text,
						inputTokens: ({messages}) =>
							tokensOf(messages.reduce((sum, message) => sum + message.text.length, 0)),
						outputTokens: () => tokensOf(text.length),
					});
					const turns = ['one', 'two and more', 'three', 'four'];
					const run = createRun(
						specOf({
							windowMs,
							targets: [targetOf(quotaOf(60, tokensPerWindow))],
							variants: [variantOf('a', {instruction: '{{turn}}'})],
							cells: [cellOf({inputTokens: {value: tokensOf(3), isEstimated: false}})],
							task: {task: 'x', content: undefined, items: [], checks: [], chat: {turns, thinkMs}},
							load: loadOf('concurrency', {concurrency: 8, durationMs: 5 * windowMs}),
						}),
						{backend: server, clock},
					);
					await clock.settle(run.start());
					expect(server.throttles).toEqual([]);
					const {requests, turns: figures} = run.snapshot().variants[0] ?? {};
					expect(requests?.succeeded).toBe(requests?.sent);
					expect(figures).toHaveLength(4);
				},
			),
			{numRuns: 40},
		);
	}, 60_000);
});
