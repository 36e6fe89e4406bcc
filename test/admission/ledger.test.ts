import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {Ledger} from '../../source/admission/ledger.ts';
import {SlidingSum} from '../../source/admission/ledger-account.ts';
import {Stamping} from '../../source/admission/stamping.ts';
import {FakeClock} from '../helpers/fake-clock.ts';

const windowMs = 60_000;
const open = {requests: null, tokens: null};

const setUp = () => {
	const clock = new FakeClock();
	return {clock, ledger: new Ledger(clock, windowMs, new Stamping({clock, windowMs}))};
};

describe('SlidingSum', () => {
	it('never forgets too early, and at most one slot too late', () => {
		fc.assert(
			fc.property(
				fc.array(fc.tuple(fc.integer({min: 0, max: 5000}), fc.integer({min: 1, max: 100})), {maxLength: 200}),
				(steps) => {
					const sum = new SlidingSum(windowMs);
					const added: Array<{at: number; amount: number}> = [];
					let now = 0;
					for (const [gapMs, amount] of steps) {
						now += gapMs;
						sum.add(now, amount);
						added.push({at: now, amount});
						const within = (extraMs: number): number =>
							added.reduce(
								(total, each) => total + (each.at > now - windowMs - extraMs ? each.amount : 0),
								0,
							);
						expect(sum.total(now)).toBeGreaterThanOrEqual(within(0));
						expect(sum.total(now)).toBeLessThanOrEqual(within(windowMs / 2400));
					}
				},
			),
		);
	});

	it('says when an amount will have left', () => {
		const sum = new SlidingSum(windowMs);
		sum.add(0, 10);
		sum.add(1000, 10);
		const at = (sum.reachedAt(15) ?? Number.NaN) + windowMs;
		expect(sum.total(at - 1)).toBe(10);
		expect(sum.total(at)).toBe(0);
		expect(sum.reachedAt(1)).toBeUndefined();
	});

	it('keeps a bounded number of slots', () => {
		const sum = new SlidingSum(windowMs);
		for (let at = 0; at < 200_000; at += 2) {
			sum.add(at, 1);
			sum.total(at);
		}
		expect(sum.entries(200_000).length).toBeLessThanOrEqual(2401);
	});
});

describe('Ledger', () => {
	it('holds a request until one window after its answer', () => {
		const {clock, ledger} = setUp();
		const reservation = ledger.reserve(100, 'normal');
		clock.skip(90_000);
		expect(ledger.use()).toEqual({requests: 1, tokens: 100});
		ledger.settle(reservation, 40);
		clock.skip(windowMs - 1);
		expect(ledger.use()).toEqual({requests: 1, tokens: 40});
		clock.skip(100);
		expect(ledger.use()).toEqual({requests: 0, tokens: 0});
	});

	it('counts the request itself from its first byte', () => {
		const {clock, ledger} = setUp();
		const reservation = ledger.reserve(100, 'normal');
		clock.skip(1000);
		ledger.confirm(reservation);
		clock.skip(windowMs + 100);
		expect(ledger.use()).toEqual({requests: 0, tokens: 100});
		ledger.settle(reservation, 40);
		// Whether its tokens do, too, is not known: both counts are kept.
		expect(ledger.use()).toEqual({requests: 0, tokens: 0});
		expect(ledger.roomFromEndIn(1, 40)).toBeGreaterThan(windowMs - 100);
		expect(ledger.roomFromEndIn(1, 41)).toBe(0);
	});

	it('forgets a throttled attempt at once and keeps one of unknown fate whole', () => {
		const {clock, ledger} = setUp();
		ledger.giveBack(ledger.reserve(100, 'normal'));
		expect(ledger.use()).toEqual({requests: 0, tokens: 0});
		ledger.keep(ledger.reserve(100, 'normal'));
		clock.skip(windowMs - 1);
		expect(ledger.use()).toEqual({requests: 1, tokens: 100});
	});

	it('charges an overrun at once, and says how large it is', () => {
		const {ledger} = setUp();
		expect(ledger.settle(ledger.reserve(100, 'normal'), 130)).toBe(30);
		expect(ledger.use().tokens).toBe(130);
		expect(ledger.roomIn(1, {requests: null, tokens: 120})).toBeGreaterThan(0);
	});

	it('says when there is room, or that it depends on answers', () => {
		const {clock, ledger} = setUp();
		const limits = {requests: 2, tokens: 100};
		expect(ledger.roomIn(100, limits)).toBe(0);
		ledger.settle(ledger.reserve(60, 'normal'), 60);
		const delayMs = ledger.roomIn(60, limits) ?? Number.NaN;
		clock.skip(delayMs - 1);
		expect(ledger.roomIn(60, limits)).toBeGreaterThan(0);
		clock.skip(1);
		expect(ledger.roomIn(60, limits)).toBe(0);
		ledger.reserve(60, 'normal');
		expect(ledger.roomIn(60, limits)).toBeUndefined();
	});

	it('settles, gives back or keeps every reservation exactly once', () => {
		const endings = ['settle', 'giveBack', 'keep', 'confirm'] as const;
		fc.assert(
			fc.property(
				fc.array(
					fc.tuple(fc.integer({min: 1, max: 100}), fc.array(fc.constantFrom(...endings), {maxLength: 4})),
					{maxLength: 50},
				),
				(requests) => {
					const {clock, ledger} = setUp();
					let tokens = 0;
					for (const [reserved, calls] of requests) {
						const reservation = ledger.reserve(reserved, 'low');
						for (const call of [...calls, 'keep' as const]) {
							if (call === 'settle') {
								ledger.settle(reservation, reserved / 2);
							} else {
								ledger[call](reservation);
							}
						}
						const ending = calls.find((call) => call !== 'confirm') ?? 'keep';
						tokens += {settle: reserved / 2, giveBack: 0, keep: reserved}[ending];
					}
					expect(ledger.inFlight).toBe(0);
					expect(ledger.heldTokens).toBe(0);
					expect(ledger.use().tokens).toBeCloseTo(tokens);
					expect(ledger.laneUse('low')).toEqual(ledger.use());
					clock.skip(windowMs + 100);
					expect(ledger.use().tokens).toBe(0);
				},
			),
		);
	});

	it('hands its last window to the next run', () => {
		const {clock, ledger} = setUp();
		for (let second = 0; second < 100; second++) {
			ledger.settle(ledger.reserve(10, 'normal'), 10);
			clock.skip(1000);
		}
		ledger.reserve(500, 'normal');
		const entries = ledger.exportEntries();
		expect(entries.length).toBeLessThanOrEqual(62);
		// 20 s later, in another process with a clock of its own.
		const later = new FakeClock(clock.epoch() + 20_000);
		const next = new Ledger(later, windowMs, new Stamping({clock: later, windowMs}));
		next.importEntries(entries);
		const {requests, tokens} = next.use();
		expect(requests).toBeGreaterThanOrEqual(40);
		expect(requests).toBeLessThanOrEqual(43);
		expect(tokens).toBe((requests - 1) * 10 + 500);
		later.skip(41_000);
		expect(next.use().requests).toBe(0);
	});

	it('takes entries from the future for new ones: the wall clock was set back', () => {
		const {clock, ledger} = setUp();
		ledger.importEntries([{at: clock.epoch() + 3_600_000, requests: 5, tokens: 50, ended: 50}]);
		expect(ledger.use()).toEqual({requests: 5, tokens: 50});
		clock.skip(windowMs + 100);
		expect(ledger.use()).toEqual({requests: 0, tokens: 0});
	});

	it('does not notice steps of the wall clock', () => {
		const {clock, ledger} = setUp();
		ledger.settle(ledger.reserve(10, 'normal'), 10);
		clock.stepEpoch(7_200_000);
		expect(ledger.use().requests).toBe(1);
		clock.stepEpoch(-14_400_000);
		expect(ledger.roomIn(1, open)).toBe(0);
		clock.skip(windowMs + 100);
		expect(ledger.use().requests).toBe(0);
	});
});
