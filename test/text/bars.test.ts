import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {gaugeBar, gaugeFraction, gaugeLevel} from '../../source/text/bars.ts';
import {lineText} from '../../source/text/segment.ts';

const bar = (used: number, reserved: number, limit: number | null, width = 10) =>
	lineText(gaugeBar({used, reserved, limit}, width));

it('used, reserved and free are apart by glyph', () => {
	expect(bar(30, 20, 100)).toBe('███▒▒·····');
	expect(bar(0, 0, 100)).toBe('··········');
	expect(bar(0, 50, 100)).toBe('▒▒▒▒▒·····');
	expect(bar(140, 0, 100)).toBe('██████████');
});

it('a little shows, and a little left shows', () => {
	expect(bar(1, 0, 10_000)).toBe('█·········');
	expect(bar(9_999, 0, 10_000)).toBe('█████████·');
});

it('no limit has no bar; a limit of 0 is taken whole', () => {
	expect(bar(50, 5, null)).toBe('··········');
	expect(bar(0, 0, 0)).toBe('██████████');
	expect(gaugeFraction({used: 1, reserved: 1, limit: null})).toBeNull();
	expect(gaugeFraction({used: 0, reserved: 0, limit: 0})).toBe(1);
});

it('the bar is as wide as asked for any figures', () => {
	const figure = fc.double({min: -10, max: 1e9, noNaN: true});
	fc.assert(
		fc.property(
			figure,
			figure,
			fc.option(figure),
			fc.integer({min: 0, max: 80}),
			(used, reserved, limit, width) => {
				expect(bar(used, reserved, limit, width)).toHaveLength(width);
			},
		),
	);
});

describe('levels', () => {
	it.each([
		[null, 'ok'],
		[0.699, 'ok'],
		[0.7, 'near'],
		[0.899, 'near'],
		[0.9, 'full'],
		[2, 'full'],
	] as const)('%s is %s', (fraction, level) => {
		expect(gaugeLevel(fraction)).toBe(level);
	});
});
