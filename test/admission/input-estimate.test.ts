import {describe, expect, it} from 'vitest';
import {InputEstimate} from '../../source/admission/token-estimator.ts';
import {createRandom} from '../../source/domain/clock.ts';

/** Tests source/admission/token-estimator.ts: the input of a request by the size of its body. */

const text = (characters: number) => ({characters, images: 0, documentBytes: 0});

/** A client with 60 tokens of tools, and texts of 3 to 5 characters per token. */
const requestsOf = (seed: number, count: number) => {
	const random = createRandom(seed);
	return Array.from({length: count}, () => {
		const characters = Math.ceil(20 * 1000 ** random());
		return {characters, tokens: Math.ceil(60 + characters / (3 + 2 * random()))};
	});
};

describe('the estimate of input tokens', () => {
	it('is at least what the service counts, for 99 of 100 requests of the kind it has learnt from', () => {
		const shares = [1, 2, 3, 4, 5].map((seed) => {
			const estimate = new InputEstimate();
			for (const {characters, tokens} of requestsOf(seed, 3000)) {
				estimate.learn(text(characters), tokens);
			}
			const asked = requestsOf(seed + 100, 2000);
			return (
				asked.filter(({characters, tokens}) => estimate.tokens(text(characters)) >= tokens).length /
				asked.length
			);
		});
		expect(Math.min(...shares)).toBeGreaterThanOrEqual(0.98);
		expect(shares.reduce((sum, share) => sum + share, 0) / shares.length).toBeGreaterThanOrEqual(0.99);
	});

	it('does not take long requests for as dense as short ones', () => {
		const estimate = new InputEstimate();
		for (const {characters, tokens} of requestsOf(7, 2000)) {
			estimate.learn(text(characters), tokens);
		}
		const tokens = estimate.tokens(text(16_000));
		expect(tokens).toBeGreaterThan(16_000 / 4);
		expect(tokens).toBeLessThan((16_000 / 3) * 1.3);
	});

	it('is exact for a size that was always counted alike, and not for one that was not', () => {
		const estimate = new InputEstimate();
		estimate.learn(text(100), 31);
		estimate.learn(text(100), 31);
		expect(estimate.tokens(text(100))).toBe(31);
		estimate.learn(text(100), 33);
		expect(estimate.tokens(text(100))).toBeGreaterThanOrEqual(33);
	});

	it('begins on the safe side, and counts pictures and documents', () => {
		const estimate = new InputEstimate();
		expect(estimate.tokens(text(400))).toBe(125);
		expect(estimate.tokens({characters: 0, images: 1, documentBytes: 0})).toBeGreaterThanOrEqual(1600);
		expect(estimate.tokens({characters: 0, images: 0, documentBytes: 4000})).toBeGreaterThanOrEqual(1000);
	});
});
