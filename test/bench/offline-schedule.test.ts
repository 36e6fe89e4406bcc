import {describe, expect, it} from 'vitest';
import {type KnownService, offlineScheduleMs} from './helpers/offline-schedule.ts';
import {median, quantile} from './helpers/statistics.ts';

const service: KnownService = {
	requestsPerWindow: 100,
	tokensPerWindow: 1_000_000,
	windowMs: 60_000,
	serviceMs: 300,
	delayMs: 0,
};
const requests = (count: number, reservedTokens: number, settledTokens: number) =>
	Array.from({length: count}, () => ({reservedTokens, settledTokens}));

describe('the schedule that knows every answer', () => {
	it('sends a quota at once and the next one a window later', () => {
		expect(offlineScheduleMs(requests(100, 10, 10), service)).toBe(300);
		expect(offlineScheduleMs(requests(200, 10, 10), service)).toBe(60_300);
		expect(offlineScheduleMs(requests(201, 10, 10), service)).toBe(120_300);
	});

	it('is bound by what requests in flight set aside', () => {
		const tokens = {...service, requestsPerWindow: 1000, tokensPerWindow: 1000};
		// Two fit beside each other, and so little stays of them that the window never fills.
		expect(offlineScheduleMs(requests(10, 450, 5), tokens)).toBe(5 * 300);
	});

	it('learns of room a round trip later on a slow network', () => {
		const slow = {...service, requestsPerWindow: 1000, tokensPerWindow: 1000, delayMs: 200};
		expect(offlineScheduleMs(requests(10, 450, 5), slow)).toBe(5 * 700);
	});
});

describe('statistics', () => {
	it('takes the nearest rank and the middle', () => {
		const values = [5, 1, 4, 2, 3];
		expect(quantile(values, 0.5)).toBe(3);
		expect(quantile(values, 0.99)).toBe(5);
		expect(median(values)).toBe(3);
		expect(median([1, 2, 3, 10])).toBe(2.5);
	});
});
