import {describe, expect, it} from 'vitest';
import {createRandom, exponential, type Random} from '../../../source/domain/clock.ts';
import {cutByTimeout, Habits} from '../../../source/tap/advice/habits.ts';
import {isSoak} from '../../helpers/random-cases.ts';

const at = (mean: number) => (random: Random) => exponential(mean, random);
const uniform = (most: number) => (random: Random) => most * random();
const logNormal = (median: number, spread: number) => (random: Random) =>
	median * Math.exp(spread * Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random()));

/** Requests of a client that gives some of them up, whether a timeout was seen at any reading of them. */
const isSeen = (
	random: Random,
	{
		abort,
		answer,
		timeout = Number.POSITIVE_INFINITY,
	}: {
		readonly abort: (random: Random) => number;
		readonly answer: (random: Random) => number;
		readonly timeout?: number;
	},
	requests: number,
): boolean => {
	const habits = new Habits();
	let longestMs = 0;
	for (let request = 0; request < requests; request++) {
		const abortMs = random() < 0.2 ? abort(random) : Number.POSITIVE_INFINITY;
		const answerMs = answer(random);
		if (answerMs < Math.min(abortMs, timeout)) {
			longestMs = Math.max(longestMs, answerMs);
		} else {
			// A timer is late by what the process has to do.
			habits.gaveUp(Math.min(abortMs, timeout + 400 * random()));
		}
		if (cutByTimeout(habits.aborts, longestMs) !== undefined) {
			return true;
		}
	}
	return false;
};

const shareSeen = (of: Parameters<typeof isSeen>[1], runs: number, requests = 400): number => {
	const random = createRandom(17);
	return Array.from({length: runs}, () => isSeen(random, of, requests)).filter(Boolean).length / runs;
};

describe('a timeout of a client', () => {
	const runs = isSoak ? 1000 : 150;

	it.each([
		['by people, about 5 s', at(5000), logNormal(4000, 0.8)],
		['by people, about 20 s', at(20_000), logNormal(8000, 0.8)],
		['by people, about a minute', at(60_000), logNormal(20_000, 0.8)],
		['evenly up to 30 s', uniform(30_000), logNormal(8000, 0.8)],
		['evenly up to 30 s, answers short', uniform(30_000), logNormal(500, 0.3)],
		['about a second', at(1000), logNormal(4000, 0.8)],
	])('given up %s: none is seen, but in one of a hundred cases', (_, abort, answer) => {
		expect(shareSeen({abort, answer}, runs)).toBeLessThanOrEqual(0.01);
	});

	it.each([30_000, 60_000, 100_000])('of %i ms is seen where it cuts answers', (timeout) => {
		const answer = logNormal(timeout / 2, 0.6);
		const never = () => Number.POSITIVE_INFINITY;
		expect(shareSeen({abort: never, answer, timeout}, 50)).toBe(1);
		// Beside people who give up now and then.
		expect(shareSeen({abort: at(300_000), answer, timeout}, 50)).toBeGreaterThan(0.9);
	});

	it('needs eight requests of the same age to a second', () => {
		const ages = [60_100, 60_200, 60_300, 60_000, 60_500, 60_400, 60_250];
		expect(cutByTimeout(ages, 59_000)).toBeUndefined();
		expect(cutByTimeout([...ages, 60_050], 59_000)).toEqual({afterMs: 60_250, count: 8});
		expect(cutByTimeout([...ages, 60_050], 61_000)).toBeUndefined();
		expect(cutByTimeout([...ages, 50_050], 59_000)).toBeUndefined();
	});

	it('is judged by the newest requests: memory is bounded', () => {
		const habits = new Habits();
		for (let request = 0; request < 1000; request++) {
			habits.gaveUp(request);
		}
		expect(habits.aborts).toHaveLength(128);
		expect(habits.aborts.at(-1)).toBe(999);
	});
});

describe('answers by max tokens', () => {
	const answer = {
		usage: {outputTokens: 10, isEstimated: false},
		isTruncated: false,
		quotaTokens: 20,
		reserved: 100,
		service: 1000,
		timeToFirstToken: undefined,
		total: 1000,
	};

	it('are kept apart for eight values; others are one more group', () => {
		const habits = new Habits();
		for (let maxTokens = 100; maxTokens < 200; maxTokens++) {
			habits.answered({facts: {maxTokens}, expected: {maxTokens}}, answer);
		}
		expect(habits.answersAt).toHaveLength(9);
		expect(habits.answersAt.at(-1)).toMatchObject({least: 108, isSet: true, sums: {quotaTokens: 92 * 20}});
	});

	it('whose tokens the service did not count are left out', () => {
		const habits = new Habits();
		habits.answered(
			{facts: {maxTokens: 9}, expected: {maxTokens: 9}},
			{...answer, usage: {outputTokens: 3, isEstimated: true}},
		);
		expect(habits.answersAt).toEqual([]);
		expect(habits.longestMs).toBe(1000);
	});
});
