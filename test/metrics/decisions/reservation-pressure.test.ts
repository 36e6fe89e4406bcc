/** Tests source/metrics/decisions/sustainable.ts: the rate under reservation. */
import {describe, expect, it} from 'vitest';
import {sustainableUnderReservation} from '../../../source/metrics/decisions/sustainable.ts';
import {quotaOf} from '../../helpers/spec-fixture.ts';

describe('the rate that a quota allows with what is set aside', () => {
	const request = {useful: 1, quotaTokens: 180, serviceMs: 300};

	it('leaves room for half a reservation, because only whole requests fit', () => {
		// 20,000 less 2,098, over 180 settled tokens and 4,196 x 0.3 s of a minute.
		const rate = sustainableUnderReservation(quotaOf(10_000, 20_000), {...request, reservedTokens: 4196});
		expect(rate).toBeCloseTo((20_000 - 2098) / (180 + 4196 / 200), 5);
	});

	it('is what the settled tokens allow where nothing more is set aside', () => {
		const rate = sustainableUnderReservation(quotaOf(10_000, 20_000), {...request, reservedTokens: 180});
		expect(rate).toBeCloseTo((20_000 - 90) / (180 + 180 / 200), 5);
	});

	it('is nothing where a request sets aside more than the quota, and bound by requests where they bind', () => {
		const large = {...request, reservedTokens: 50_000};
		expect(sustainableUnderReservation(quotaOf(10_000, 20_000), large)).toBe(0);
		expect(sustainableUnderReservation(quotaOf(60, 20_000), {...request, reservedTokens: 180})).toBeCloseTo(
			60 / (1 + 0.3 / 60),
			6,
		);
		expect(sustainableUnderReservation(quotaOf(null, null), request as never)).toBeUndefined();
	});
});
