import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {partOf, type Sharer} from '../../source/admission/member-shares.ts';

const open = {requests: null, tokens: null};
const sharer = (id: string, change: Partial<Sharer> = {}): Sharer => ({
	id,
	use: {requests: 0, tokens: 0},
	most: open,
	isWaiting: true,
	needs: 100,
	lastSentAt: 0,
	...change,
});
const tokens = (id: string, sharers: readonly Sharer[], quota = 1000): number =>
	partOf(id, sharers, {requests: null, tokens: quota}).tokens ?? Number.NaN;
const using = (used: number): Sharer['use'] => ({requests: 0, tokens: used});

const anySharers = fc
	.array(
		fc.record({
			used: fc.integer({min: 0, max: 400}),
			isWaiting: fc.boolean(),
			needs: fc.integer({min: 1, max: 900}),
			most: fc.option(fc.integer({min: 1, max: 1000}), {nil: null}),
			lastSentAt: fc.integer({min: 0, max: 9}),
		}),
		{minLength: 1, maxLength: 6},
	)
	.map((each) =>
		each.map(({used, most, ...rest}, index) =>
			sharer(`m${index}`, {...rest, use: using(used), most: {requests: null, tokens: most}}),
		),
	);

describe('the part of a quota', () => {
	it('is all of it for one alone, and none where there is no limit', () => {
		expect(tokens('a', [sharer('a')])).toBe(1000);
		expect(partOf('a', [sharer('a')], open)).toEqual(open);
	});

	it('is the same for all that wait, and goes first to who used least', () => {
		const both = [sharer('a'), sharer('b')];
		expect([tokens('a', both), tokens('b', both)]).toEqual([500, 500]);
		const late = [sharer('a', {use: using(900)}), sharer('b')];
		// 100 are free: they are for b, and a sends nothing until it is down to as much.
		expect([tokens('a', late), tokens('b', late)]).toEqual([100, 100]);
	});

	it('leaves to others what somebody does not ask for, less one request', () => {
		const quiet = [sharer('a'), sharer('b', {isWaiting: false, use: using(50)})];
		expect([tokens('a', quiet), tokens('b', quiet)]).toEqual([850, 150]);
	});

	it('is no more than its own share', () => {
		const capped = [sharer('a', {most: {requests: null, tokens: 300}}), sharer('b')];
		expect([tokens('a', capped), tokens('b', capped)]).toEqual([300, 700]);
	});

	it('does not starve a request that is larger than the fair part', () => {
		const large = [
			sharer('a', {needs: 700, use: using(20)}),
			sharer('b', {use: using(40)}),
			sharer('c', {use: using(60)}),
		];
		expect(tokens('a', large)).toBe(720);
		expect(tokens('b', large)).toBe(140);
		// The turn of b: a has used more.
		const after = [sharer('a', {needs: 700, use: using(720)}), sharer('b', {use: using(40)})];
		expect(tokens('b', after)).toBe(280);
	});

	it('never adds up to more than the quota, whoever asks', () => {
		fc.assert(
			fc.property(anySharers, fc.integer({min: 1, max: 1000}), (sharers, quota) => {
				const whole = sharers.reduce(
					(sum, {id, use}) => sum + Math.max(use.tokens, tokens(id, sharers, quota)),
					0,
				);
				const used = sharers.reduce((sum, {use}) => sum + use.tokens, 0);
				const largest = Math.max(...sharers.map(({needs, use}) => needs + use.tokens));
				// What is kept for a large request may be in use still: its claim waits until it is free.
				expect(whole).toBeLessThanOrEqual(Math.max(quota, used, used + largest) + 1e-3);
				if (sharers.every(({needs}) => needs <= quota / sharers.length && needs < 100)) {
					expect(whole).toBeLessThanOrEqual(Math.max(quota, used) + 1e-3);
				}
			}),
			{seed: 7},
		);
	});
});
