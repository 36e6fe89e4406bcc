import {expect, it} from 'vitest';
import {
	formatCount,
	formatDurationMs,
	formatElapsedMs,
	formatNumber,
	formatPercent,
	formatRatio,
	formatSecondsLeft,
	formatTokens,
	formatUsd,
} from '../../source/text/numbers.ts';

it.each([
	[0, '0'],
	[999, '999'],
	[1000, '1,000'],
	[1_234_567.4, '1,234,567'],
	[-1500, '-1,500'],
	[-0.2, '0'],
])('formatCount(%s) is %s', (value, text) => {
	expect(formatCount(value)).toBe(text);
});

it.each([
	[0, '0'],
	[0.416, '0.42'],
	[4, '4'],
	[4.25, '4.25'],
	[42.04, '42'],
	[42.06, '42.1'],
	[118.6, '119'],
	[4200.2, '4,200'],
])('formatNumber(%s) is %s', (value, text) => {
	expect(formatNumber(value)).toBe(text);
});

it.each([
	[0, '0'],
	[987, '987'],
	[999.6, '1k'],
	[1000, '1k'],
	[4100, '4.1k'],
	[41_000, '41k'],
	[999_499, '999k'],
	[999_999, '1M'],
	[2_500_000, '2.5M'],
	[4e10, '40G'],
])('formatTokens(%s) is %s', (value, text) => {
	expect(formatTokens(value)).toBe(text);
});

it.each([
	[0, '0%'],
	[0.001, '<1%'],
	[0.416, '42%'],
	[0.999, '99%'],
	[1, '100%'],
	[12.5, '1,250%'],
])('formatPercent(%s) is %s', (value, text) => {
	expect(formatPercent(value)).toBe(text);
});

it.each([
	[0, '0ms'],
	[1.26, '1.3ms'],
	[412.3, '412ms'],
	[999.9, '1.00s'],
	[1240, '1.24s'],
	[12_400, '12.4s'],
	[59_990, '1m 00s'],
	[65_000, '1m 05s'],
	[3_900_000, '1h 05m'],
])('formatDurationMs(%s) is %s', (value, text) => {
	expect(formatDurationMs(value)).toBe(text);
});

it.each([
	[0, '00:00'],
	[12_900, '00:12'],
	[3_723_000, '1:02:03'],
	[90_000_000, '25:00:00'],
])('formatElapsedMs(%s) is %s', (value, text) => {
	expect(formatElapsedMs(value)).toBe(text);
});

it.each([
	[0, '$0.00'],
	[0.000_012, '$0.000012'],
	[0.0012, '$0.0012'],
	[0.35, '$0.35'],
	[1204.5, '$1,204.50'],
])('formatUsd(%s) is %s', (value, text) => {
	expect(formatUsd(value)).toBe(text);
});

it('rates, ratios and seconds carry their unit', () => {
	expect(formatRatio(1.84)).toBe('1.8x');
	expect(formatRatio(12.2)).toBe('12x');
	expect(formatSecondsLeft(2400)).toBe('3 s');
});

it.each([
	formatCount,
	formatNumber,
	formatTokens,
	formatPercent,
	formatDurationMs,
	formatElapsedMs,
	formatUsd,
	formatRatio,
	formatSecondsLeft,
])('%o shows what is not known as a dash', (format) => {
	for (const value of [null, undefined, Number.NaN, Number.POSITIVE_INFINITY]) {
		expect(format(value)).toBe('–');
	}
});
