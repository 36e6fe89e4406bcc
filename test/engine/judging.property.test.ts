import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {createRandom} from '../../source/domain/clock.ts';
import type {AnswerRecord, UncheckedRecord} from '../../source/engine/attempts/request-records.ts';
import {createRun} from '../../source/engine/run.ts';
import type {PatternChecker} from '../../source/prompts/checks.ts';
import {FakeClock} from '../helpers/fake-clock.ts';
import {ModelServer} from '../helpers/model-server.ts';
import {randomCases} from '../helpers/random-cases.ts';
import {itemsOf, loadOf, quotaOf, specOf, targetOf, variantOf} from '../helpers/spec-fixture.ts';

/** Tests source/engine/attempts/attempts.ts: each answer is judged once. */

/** A checker whose answers come at any time and in any order, some of them never. */
const unruly = (clock: FakeClock, seed: number, neverPart: number): PatternChecker => {
	const random = createRandom(seed);
	return {
		check: async (texts) =>
			new Promise((resolve) => {
				const isMet = random() < 0.5;
				const results = texts.map(() => (isMet ? {isMet} : {isMet, reason: 'too long'}));
				if (random() >= neverPart) {
					clock.after(5000 * random() ** 4, () => resolve(results));
				}
			}),
		close() {},
	};
};

describe('an answer is judged exactly once', () => {
	it('whenever its check ends, also never, and whenever the run is stopped; and the run ends', async () => {
		await fc.assert(
			fc.asyncProperty(
				fc.record({
					seed: fc.integer(),
					shape: fc.constantFrom('measure', 'concurrency', 'saturate', 'rate', 'serial'),
					neverPart: fc.constantFrom(0, 0.1, 1),
					stopAtMs: fc.integer({min: 1, max: 15_000}),
					deadlineMs: fc.constantFrom(0, 500, 2000),
				}),
				async ({seed, shape, neverPart, stopAtMs, deadlineMs}) => {
					const clock = new FakeClock();
					const records: AnswerRecord[] = [];
					const unjudged: UncheckedRecord[] = [];
					const items = itemsOf(30);
					const base = specOf({
						seed,
						variants: [variantOf('a')],
						targets: [targetOf(quotaOf(1000, 1_000_000))],
						load: loadOf(shape, {requests: 30, concurrency: 4, ratePerMinute: 600}),
					});
					const spec = {...base, task: {...base.task, items, checks: [{regex: 'fine'}]}};
					const run = createRun(spec, {
						clock,
						backend: new ModelServer({clock, requestsPerWindow: 1000, tokensPerWindow: 1_000_000}),
						checker: unruly(clock, seed, neverPart),
						onAnswer: (record) => records.push(record),
						onUnjudged: (record) => unjudged.push(record),
					});
					const ended = run.start();
					// Some answers never get a verdict: only a stop ends such a run.
					clock.after(stopAtMs, () => run.stop('signal', deadlineMs));
					await clock.settle(ended, stopAtMs + deadlineMs + 1000);
					const {variants, phase} = run.snapshot();
					expect(phase).toBe('ended');
					expect(variants[0]?.requests.succeeded).toBe(records.length);
					const answers = records.map(({answer, at}) => `${at} ${answer}`);
					expect(answers).toEqual(expect.arrayContaining(unjudged.map(({answer, at}) => `${at} ${answer}`)));
					expect(unjudged.flatMap(({verdicts}) => verdicts.map(({kind}) => kind))).toEqual(
						unjudged.map(() => 'unchecked'),
					);
					// A check counts as slow after a while: a run that was stopped sooner may have none.
					expect(unjudged.length > 0 || neverPart < 1 || stopAtMs < 1000 || records.length < 4).toBe(true);
					await clock.advance(20_000);
					expect(clock.timers).toBe(0);
					const kinds = records.flatMap(({verdicts}) => verdicts);
					expect(kinds.length).toBe(records.length);
					expect(kinds.every(({kind, reason}) => (kind === 'useful') === (reason === undefined))).toBe(true);
				},
			),
			randomCases,
		);
	});
});
