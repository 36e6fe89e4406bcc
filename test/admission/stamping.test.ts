import {describe, expect, it} from 'vitest';
import {Stamping} from '../../source/admission/stamping.ts';
import {FakeClock} from '../helpers/fake-clock.ts';
import {isSoak} from '../helpers/random-cases.ts';
import {play, rateOf, type Scene} from '../helpers/stamping-lab.ts';

/** More of them in `npm run soak`. Every second phase lies off the grid of a second. */
const phaseCount = isSoak ? 6 : 2;
const phases = Array.from(
	{length: phaseCount},
	(_, index) => (index * 60_000) / phaseCount + (index % 2) * 537,
);
const answersMs = [5000, 11_000, 31_000];

/** A continuous load in each phase of the service's minute; a sliding log and a refilling bucket have none. */
const scenes = (enforcement: Scene['enforcement'], countFrom: Scene['countFrom']): readonly Scene[] =>
	answersMs.flatMap((answerMs) =>
		[300, 1000].flatMap((firstByteMs) =>
			(enforcement === 'fixed' ? phases : [0]).map((phaseMs, index) => ({
				enforcement,
				countFrom,
				answerMs,
				firstByteMs,
				phaseMs,
				minutes: 20,
				jitter: index % 3 === 0 ? 0 : 0.15,
				seed: index + 1,
			})),
		),
	);

const afterLearning = ({refusedAt, learntAt}: ReturnType<typeof play>): number =>
	refusedAt.filter((at) => at > (learntAt ?? Number.POSITIVE_INFINITY)).length;

describe('where tokens count from is learnt', () => {
	it.each(['sliding', 'fixed', 'refill'] as const)(
		'without a refusal where it is the first byte: %s',
		(enforcement) => {
			for (const scene of scenes(enforcement, 'first-byte')) {
				const played = play(scene);
				expect(played.refusedAt, JSON.stringify(scene)).toEqual([]);
				expect(played.bucket.stamping.countsFrom, JSON.stringify(scene)).toBe('first-byte');
				const latestMs = {5000: 1_200_000, 11000: 480_000, 31000: 240_000}[scene.answerMs] ?? 0;
				expect(played.learntAt, JSON.stringify(scene)).toBeLessThanOrEqual(latestMs);
			}
		},
	);

	it.each(['sliding', 'fixed', 'refill'] as const)(
		'with one refusal at most where it is the end: %s',
		(enforcement) => {
			for (const scene of scenes(enforcement, 'end')) {
				const played = play(scene);
				expect(played.refusedAt.length, JSON.stringify(scene)).toBeLessThanOrEqual(
					enforcement === 'refill' ? 0 : 1,
				);
				expect(afterLearning(played)).toBe(0);
			}
		},
	);

	it('also with pauses and with requests of all sizes', () => {
		const rhythm = {loadMs: 200_000, pauseMs: 110_000};
		for (const scene of scenes('fixed', 'end').filter((_, index) => index % 2 === 0)) {
			for (const change of [{rhythm}, {isMixed: true}]) {
				const played = play({...scene, ...change});
				expect(played.refusedAt.length, JSON.stringify(scene)).toBeLessThanOrEqual(1);
				expect(afterLearning(played)).toBe(0);
			}
		}
	});

	it('hardly slower than by a client that knows, and much faster than by one that assumes the end', () => {
		const gains = new Map([
			[5000, 1.04],
			[11_000, 1.14],
			[31_000, 1.35],
		]);
		for (const scene of scenes('sliding', 'first-byte')) {
			const learning = play(scene);
			const knowing = play({...scene, known: 'first-byte'});
			const strict = play({...scene, known: 'end'});
			expect(rateOf(learning, 0, 20) / rateOf(knowing, 0, 20)).toBeGreaterThan(0.95);
			expect(rateOf(learning, 10, 20) / rateOf(knowing, 10, 20)).toBeGreaterThan(0.97);
			expect(rateOf(learning, 10, 20) / rateOf(strict, 10, 20)).toBeGreaterThan(
				(gains.get(scene.answerMs) ?? 1) - 0.02,
			);
		}
		for (const scene of scenes('fixed', 'end').filter((_, index) => index % 3 === 0)) {
			expect(rateOf(play(scene), 0, 20) / rateOf(play({...scene, known: 'end'}), 0, 20)).toBeGreaterThan(
				0.98,
			);
		}
	});
});

describe('what was learnt', () => {
	const windowMs = 60_000;
	const setUp = () => {
		const clock = new FakeClock();
		return {clock, stamping: new Stamping({clock, windowMs, roundTripMs: () => 100})};
	};
	const fromEnd = (at: number) => ({
		countsFrom: 'end' as const,
		at,
		accepted: 0,
		refused: 1,
		marks: '0'.repeat(600),
	});

	it('is kept for a day', () => {
		const {clock, stamping} = setUp();
		stamping.adopt(fromEnd(clock.epoch() - 86_400_001));
		expect(stamping.countsFrom).toBe('unknown');
		stamping.adopt(fromEnd(clock.epoch() - 86_400_000));
		expect(stamping.countsFrom).toBe('end');
		expect(stamping.learnt).toEqual(fromEnd(clock.epoch() - 86_400_000));
	});

	it('falls when what fits anyway is refused within a window of the refusal', () => {
		const {clock, stamping} = setUp();
		const probe = {sentAt: 0};
		stamping.probe(probe, [], () => undefined);
		expect(stamping.mayProbe(clock.now())).toBe(false);
		expect(stamping.refused(probe, true)).toBe(true);
		clock.skip(windowMs - 1);
		stamping.surprised();
		expect(stamping.countsFrom).toBe('unknown');
		expect(stamping.mayProbe(clock.now())).toBe(false);
		clock.skip(windowMs);
		expect(stamping.mayProbe(clock.now())).toBe(true);
	});

	it('stays when others come later', () => {
		const {clock, stamping} = setUp();
		const probe = {sentAt: 0};
		stamping.probe(probe, [], () => undefined);
		stamping.refused(probe, true);
		clock.skip(windowMs);
		stamping.surprised();
		expect(stamping.countsFrom).toBe('end');
	});

	it('is nothing where others may have caused the refusal, and each further try comes later', () => {
		const {clock, stamping} = setUp();
		for (const pause of [1, 2, 4]) {
			const probe = {sentAt: clock.now()};
			stamping.probe(probe, [], () => undefined);
			expect(stamping.refused(probe, false)).toBe(false);
			clock.skip(pause * windowMs - 1);
			expect(stamping.mayProbe(clock.now())).toBe(false);
			clock.skip(1);
			expect(stamping.mayProbe(clock.now())).toBe(true);
		}
		expect(stamping.countsFrom).toBe('unknown');
	});

	it('reads nothing from a probe whose company was refused', () => {
		const {stamping} = setUp();
		const probe = {sentAt: 0};
		const company = {sentAt: 0};
		stamping.probe(probe, [company], () => 0);
		stamping.heard(probe);
		stamping.ended(company);
		expect(stamping.learnt).toMatchObject({accepted: 1, marks: '0'.repeat(600)});
	});

	it('marks whole tenths of a second of the minute, less a round trip on both sides', () => {
		const {clock, stamping} = setUp();
		const probe = {sentAt: clock.now()};
		stamping.probe(probe, [], () => probe.sentAt - 50_000);
		stamping.heard(probe);
		const marks = `0${'1'.repeat(98)}${'0'.repeat(501)}`;
		expect(stamping.learnt.marks).toBe(marks);
		// The minute may have begun just now, or ten seconds after the oldest instant.
		expect(stamping.endsCountSince(clock.now())).toBe(-60_000);
		clock.skip(200);
		expect(stamping.endsCountSince(clock.now())).toBeCloseTo(-50_100);
		expect(stamping.stopsCountingAt(5000)).toBeCloseTo(60_100);
		expect(stamping.stopsCountingAt(15_000)).toBe(75_000);
	});
});
