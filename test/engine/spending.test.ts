import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {isDearerTier, utf8Bytes} from '../../source/domain/accounting.ts';
import {StopRules} from '../../source/engine/run-lifecycle.ts';
import {nothingSpent, spendAnswer, spendBroken, spentUsd} from '../../source/metrics/figures/blocks.ts';
import {formatUsdWithin} from '../../source/text/numbers.ts';

/** Tests source/engine/run-lifecycle.ts (StopRules) and metrics/figures/request-measures.ts: the cost of a run. */

describe('utf8Bytes', () => {
	it('counts what a text takes', () => {
		fc.assert(
			fc.property(fc.string({unit: 'grapheme'}), (text) => {
				expect(utf8Bytes(text)).toBe(Buffer.byteLength(text.toWellFormed()));
			}),
		);
	});
});

const usage = (costUsd: number, isDearer = false) =>
	({costUsd, isDearer}) as unknown as Parameters<typeof spendAnswer>[1];

describe('a cost', () => {
	it('is a number while the fate of every attempt is known', () => {
		const spent = nothingSpent();
		expect(spentUsd(spent)).toEqual({costUsd: null});
		spendAnswer(spent, usage(0.02));
		expect(spentUsd(spent)).toEqual({costUsd: 0.02});
	});

	it('is a range beside attempts of unknown fate, from the answers to the most', () => {
		const spent = nothingSpent();
		spendAnswer(spent, usage(0.02));
		spendBroken(spent, {attempts: 1, quotaTokens: 1, costUsd: 0.01, maxUsd: 0.03});
		const {costUsd, costUsdWithin} = spentUsd(spent);
		expect(costUsd).toBeCloseTo(0.03);
		expect(formatUsdWithin(costUsd, costUsdWithin)).toBe('$0.020 to $0.050');
	});

	it('has no upper bound after an answer of a dearer tier', () => {
		const spent = nothingSpent();
		spendAnswer(spent, usage(0.02, true));
		const {costUsd, costUsdWithin} = spentUsd(spent);
		expect(formatUsdWithin(costUsd, costUsdWithin)).toBe('$0.020 or more');
	});
});

describe('a tier that an answer names', () => {
	it.each([
		[null, undefined, false],
		[null, 'default', false],
		[null, 'flex', false],
		[null, 'priority', true],
		['flex', 'priority', true],
		['priority', 'priority', false],
		[null, 'PRIORITY', true],
		[null, 'something new', true],
	])('asked %j, echoed %j: dearer %j', (asked, echoed, expected) => {
		expect(isDearerTier(asked, echoed)).toBe(expected);
	});

	it.each([
		[{maxCostUsd: 1, isMaxCostGiven: true}, {stoppedBy: 'cost'}],
		[{maxCostUsd: 1, isMaxCostGiven: false}, 'pass'],
		[{maxCostUsd: null, isMaxCostGiven: true}, 'pass'],
	])('ends a run only where the limit was typed: %j', (limit, verdict) => {
		const guards = new StopRules({maxRequests: null, ...limit});
		guards.losePrice();
		expect(guards.ask(0.1, true)).toEqual(verdict);
	});
});
