import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {TimeLeft} from '../../source/engine/run-lifecycle.ts';
import {FakeClock} from '../helpers/fake-clock.ts';

const windowMs = 60_000;
const setUp = () => {
	const clock = new FakeClock();
	return {clock, left: new TimeLeft(clock, windowMs)};
};

describe('the time left', () => {
	it('counts down between the estimates, and takes a shorter one at once', () => {
		const {clock, left} = setUp();
		expect(left.show(300_000)).toEqual({leftMs: 300_000, isSlower: false});
		clock.skip(10_000);
		// A little longer than what is shown, as estimates jump with every answer.
		expect(left.show(310_000)).toEqual({leftMs: 290_000, isSlower: false});
		expect(left.show(200_000)).toEqual({leftMs: 200_000, isSlower: false});
		clock.skip(1000);
		expect(left.show(240_000)).toEqual({leftMs: 199_000, isSlower: false});
	});

	it('is raised only by a clearly longer estimate, which is said for a quarter of a minute', () => {
		const {clock, left} = setUp();
		left.show(300_000);
		expect(left.show(359_000)).toEqual({leftMs: 300_000, isSlower: false});
		expect(left.show(361_000)).toEqual({leftMs: 361_000, isSlower: true});
		clock.skip(14_000);
		expect(left.show(300_000).isSlower).toBe(true);
		clock.skip(1500);
		expect(left.show(300_000).isSlower).toBe(false);
	});

	it('of a long run is raised by a tenth at least', () => {
		const {left} = setUp();
		left.show(3_600_000);
		expect(left.show(3_900_000).isSlower).toBe(false);
		expect(left.show(3_970_000).isSlower).toBe(true);
	});

	it('never grows without a word and is never negative, whatever the estimates', () => {
		fc.assert(
			fc.property(
				fc.array(fc.tuple(fc.nat(1e6), fc.nat(30_000)), {minLength: 2, maxLength: 60}),
				(estimates) => {
					const {clock, left} = setUp();
					let before = Number.POSITIVE_INFINITY;
					for (const [estimateMs, laterMs] of estimates) {
						const {leftMs, isSlower} = left.show(estimateMs);
						expect(leftMs).toBeGreaterThanOrEqual(0);
						expect(leftMs <= before || isSlower).toBe(true);
						before = leftMs;
						clock.skip(laterMs);
					}
				},
			),
		);
	});
});

describe('the pace', () => {
	it('is not known before a request is done', () => {
		const {left} = setUp();
		expect(left.paceMs(0, 5000)).toBeUndefined();
	});

	it('of a young run is that since its start', () => {
		const {left} = setUp();
		expect(left.paceMs(10, 5000)).toBe(500);
		expect(left.paceMs(30, 30_000)).toBe(1000);
	});

	it('goes by the last four windows: what was long ago says nothing', () => {
		const {left} = setUp();
		// 60 per minute for ten minutes, then 6 per minute.
		let done = 0;
		const run = (perMinute: number, fromMinute: number, toMinute: number): number | undefined => {
			let eachMs: number | undefined;
			for (let ms = fromMinute * windowMs + 5000; ms <= toMinute * windowMs; ms += 5000) {
				done += (perMinute * 5000) / windowMs;
				eachMs = left.paceMs(done, ms);
			}
			return eachMs;
		};
		expect(run(60, 0, 10)).toBeCloseTo(1000, 0);
		const soon = run(6, 10, 12) ?? Number.NaN;
		expect(soon).toBeGreaterThan(1500);
		expect(run(6, 12, 15)).toBeCloseTo(10_000, 0);
		// Nothing is done for longer than that: the whole run is what is known.
		expect(run(0, 15, 20)).toBeCloseTo((20 * windowMs) / done, 0);
	});
});
