import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import type {Backend, Failure} from '../../source/domain/backend.ts';
import {createRandom} from '../../source/domain/clock.ts';
import type {CellSpec, Price, RunSpec} from '../../source/domain/run-config.ts';
import type {AnswerRecord, LostRecord} from '../../source/engine/attempts/request-records.ts';
import {createRun} from '../../source/engine/run.ts';
import {FakeClock} from '../helpers/fake-clock.ts';
import {randomCases} from '../helpers/random-cases.ts';
import {cellOf, itemsOf, loadOf, quotaOf, specOf, targetOf, variantOf} from '../helpers/spec-fixture.ts';
import {Talker} from '../helpers/talker.ts';

/** Tests source/engine/run-core.ts: a run ends, and lost requests are listed. */

/** What ends a run before its load does. */
const stops = ['requests', 'cost', 'day', 'key', 'signal', 'duration', 'fault', 'none'] as const;
/** What may wait to be sent while it ends. */
const waitings = ['retry', 'single', 'turn', 'warm-up'] as const;

type Case = {
	readonly stop: (typeof stops)[number];
	readonly waiting: (typeof waitings)[number];
	readonly seed: number;
	/** Attempts, or hundreds of milliseconds, after which it is stopped. */
	readonly after: number;
	readonly faultPart: number;
	readonly retryAfterMs: number;
	readonly shape: 'measure' | 'concurrency' | 'rate' | 'serial';
	readonly isPaused: boolean;
	readonly isSecondAlive: boolean;
	readonly answersHang: boolean;
};

const turns = 4;
const itemsPerRequest = 3;
/** One that no binary fraction is. */
const price: Price = {input: 0.1, output: 0.1, cacheRead: 0, cacheWrite: 0, source: 'test'};

const failing = (failureClass: Failure['class'], more: Partial<Failure> = {}): Failure => ({
	class: failureClass,
	message: failureClass,
	advice: '',
	isRetryable: false,
	charge: 'none',
	...more,
});

const backendOf = (each: Case, clock: FakeClock): Backend => {
	const random = createRandom(each.seed);
	const isEnd = (call: number, model: string): boolean =>
		call >= each.after && !(each.isSecondAlive && model === 'second');
	return new Talker({
		clock,
		serviceMs: () => 50 + 1000 * random(),
		fault(call, {model}) {
			if (each.stop === 'day' && isEnd(call, model)) {
				return failing('throttled-day');
			}
			if (each.stop === 'fault' && isEnd(call, model)) {
				return failing('access-denied');
			}
			const part = random();
			if (each.answersHang && part > 0.95) {
				return 'hang';
			}
			return part < each.faultPart
				? failing(part < each.faultPart / 2 ? 'overloaded' : 'throttled-requests', {
						isRetryable: true,
						charge: random() < 0.5 ? 'none' : 'unknown',
						retryAfterMs: each.retryAfterMs,
					})
				: undefined;
		},
	});
};

const specFor = ({stop, waiting, after, shape, seed}: Case): RunSpec => {
	const priced: Partial<CellSpec> = stop === 'cost' ? {price, maxTokens: 7} : {};
	const isPacked = waiting === 'single';
	const chat =
		waiting === 'turn'
			? {turns: Array.from({length: turns}, (_unused, turn) => `turn ${turn}`), thinkMs: 400}
			: undefined;
	return specOf({
		seed,
		windowMs: 6000,
		targets: [
			targetOf(quotaOf(30, 100_000, stop === 'day' && after % 2 === 0 ? after * 200 : null), 'first'),
			targetOf(quotaOf(30, 100_000), 'second'),
		],
		variants: [
			variantOf('a', isPacked ? {itemsPerRequest} : chat === undefined ? {} : {instruction: '{{turn}}'}),
		],
		cells: [cellOf({lane: 'high', ...priced}), cellOf({lane: 'low', target: 1, ...priced})],
		task: {task: 'x', content: undefined, items: isPacked ? itemsOf(9) : [], checks: [], ...(chat && {chat})},
		load: loadOf(shape, {
			requests: isPacked ? 6 : 16,
			concurrency: 5,
			ratePerMinute: 600,
			durationMs: stop === 'duration' ? after * 100 : null,
			...(waiting === 'warm-up' ? {warmUpRequests: 5} : {}),
		}),
		maxRequests: stop === 'requests' ? after : null,
		maxCostUsd: stop === 'cost' ? after * 0.3 : null,
	});
};

/** Conversations that the log says were left before their last turn. */
const unsentTurns = (texts: readonly string[]): number =>
	texts.reduce((sum, text) => sum + Number(/^(\d+) conversations? ended before/.exec(text)?.[1] ?? 0), 0);

const checkListed = (
	{waiting, stop}: Case,
	answers: readonly AnswerRecord[],
	lost: readonly LostRecord[],
	log: readonly string[],
): void => {
	if (waiting === 'single') {
		const packed = answers.filter(({items}) => items.length > 1);
		const single = [...answers, ...lost].filter(({items}) => items.length === 1);
		const unparsed = packed.flatMap(({verdicts}) => verdicts.filter(({kind}) => kind === 'unparsed'));
		expect(single).toHaveLength(unparsed.length);
	}
	if (waiting === 'turn' && stop !== 'fault' && stop !== 'day') {
		const goingOn = answers.filter(({turn = 0}) => turn < turns).length;
		const later = answers.filter(({turn = 0}) => turn > 1).length;
		// A later turn that was lost is one, and so is a first one; of the first ones none went on.
		const lostLater = goingOn - later - unsentTurns(log);
		expect(lostLater).toBeGreaterThanOrEqual(0);
		expect(lostLater).toBeLessThanOrEqual(lost.length);
	}
};

/** Runs one case to its end, which must come. */
const drain = async (each: Case): Promise<void> => {
	const clock = new FakeClock();
	const answers: AnswerRecord[] = [];
	const lost: LostRecord[] = [];
	const run = createRun(specFor(each), {
		backend: backendOf(each, clock),
		clock,
		onAnswer: (record) => answers.push(record),
		onLost: (record) => lost.push(record),
	});
	const ended = run.start();
	if (each.isPaused) {
		await clock.advance(each.after * 50);
		run.pause();
		await clock.advance(1000);
		run.resume();
	}
	if (each.stop === 'key' || each.stop === 'signal') {
		await clock.advance(each.after * 100);
		run.stop(each.stop, 2000);
	}
	await clock.settle(ended);
	const {variants, progress, events, phase} = run.snapshot();
	expect({phase, inFlight: progress.inFlight}).toEqual({phase: 'ended', inFlight: 0});
	const sent = variants.reduce((sum, {requests}) => sum + requests.sent, 0);
	// Warm-up requests are no part of the figures.
	if (each.waiting !== 'warm-up') {
		expect(answers.length + lost.filter(({attempts}) => attempts > 0).length).toBe(sent);
	}
	checkListed(
		each,
		answers,
		lost,
		events.map(({text}) => text),
	);
};

const caseOf = (stop: Case['stop'], waiting: Case['waiting']): fc.Arbitrary<Case> =>
	fc.record({
		stop: fc.constant(stop),
		waiting: fc.constant(waiting),
		seed: fc.integer(),
		after: fc.integer({min: 1, max: 20}),
		faultPart: fc.constantFrom(0, 0.2, 0.7),
		retryAfterMs: fc.constantFrom(0, 3000, 99_999_000),
		shape: fc.constantFrom('measure', 'concurrency', 'rate', 'serial'),
		isPaused: fc.boolean(),
		isSecondAlive: fc.boolean(),
		answersHang: fc.boolean(),
	});

describe('a run ends, and what can never be sent is lost and listed', () => {
	const pairs = stops.flatMap((stop) => waitings.map((waiting) => [stop, waiting] as const));

	it.each(pairs)('stopped by %s with a waiting %s', async (stop, waiting) => {
		const numRuns = Math.ceil(randomCases.numRuns / 8);
		await fc.assert(fc.asyncProperty(caseOf(stop, waiting), drain), {numRuns});
	});
});
