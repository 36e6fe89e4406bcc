import {describe, expect, it} from 'vitest';
import {sustainableUnderReservation} from '../../../source/metrics/decisions/reservation-pressure.ts';
import {quotaOf} from '../../helpers/spec-fixture.ts';

describe('the rate that a quota allows with what is set aside', () => {
	const request = {useful: 1, quotaTokens: 180, serviceMs: 300};

	it('leaves room for one whole reservation, where less than one request is in flight', () => {
		// 88 requests of 180 tokens leave room for one that sets 4,196 aside; as a flow it would be 99.7.
		const rate = sustainableUnderReservation(quotaOf(10_000, 20_000), {...request, reservedTokens: 4196});
		expect(rate).toBeCloseTo(88.8, 1);
	});

	it('is what the settled tokens allow where nothing more is set aside', () => {
		const rate = sustainableUnderReservation(quotaOf(10_000, 20_000), {...request, reservedTokens: 180});
		expect(rate).toBeCloseTo(20_000 / 180, 5);
	});

	it('is nothing where a request sets aside more than the quota, and bound by requests where they bind', () => {
		const large = {...request, reservedTokens: 50_000};
		expect(sustainableUnderReservation(quotaOf(10_000, 20_000), large)).toBe(0);
		expect(sustainableUnderReservation(quotaOf(60, 20_000), {...request, reservedTokens: 180})).toBe(60);
		expect(sustainableUnderReservation(quotaOf(null, null), request as never)).toBeUndefined();
	});
});
