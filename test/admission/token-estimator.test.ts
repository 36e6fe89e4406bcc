import {describe, expect, it} from 'vitest';
import {TokenEstimator} from '../../source/admission/token-estimator.ts';
import type {Usage} from '../../source/domain/backend.ts';
import {MaxTokensTuner} from '../../source/metrics/decisions/client-settings.ts';

const usage = (inputTokens: number, outputTokens: number, overrides: Partial<Usage> = {}): Usage => ({
	inputTokens,
	outputTokens,
	cacheReadTokens: 0,
	cacheWriteTokens: 0,
	reasoningTokens: undefined,
	isEstimated: false,
	...overrides,
});

const counted = {value: 100, isEstimated: false, length: 400};

describe('CellExpectation', () => {
	it('reserves input and max tokens, and sets aside more where the burndown asks for it', () => {
		const expectation = new TokenEstimator(counted, 50);
		expect(expectation.cost(expectation.inputTokens(400), 1000, 1)).toMatchObject({
			reserved: 1100,
			setAside: 1100,
			max: 1100,
		});
		expect(expectation.cost(expectation.inputTokens(400), 60, 5)).toMatchObject({
			reserved: 160,
			setAside: 350,
			max: 400,
		});
	});

	it('puts a margin on what was not counted for a prompt of this length', () => {
		expect(new TokenEstimator(counted).inputTokens(400)).toBe(100);
		expect(new TokenEstimator(counted).inputTokens(800)).toBe(250);
		expect(new TokenEstimator({...counted, isEstimated: true}).inputTokens(400)).toBe(125);
	});

	it('learns the input from the service, cached tokens included', () => {
		const expectation = new TokenEstimator({...counted, isEstimated: true});
		expectation.learn(400, usage(20, 10, {cacheReadTokens: 60, cacheWriteTokens: 40}));
		expect(expectation.inputTokens(400)).toBe(120);
		expect(expectation.inputTokens(800)).toBe(252);
	});

	it('does not learn input from an estimate', () => {
		const expectation = new TokenEstimator(counted);
		expectation.learn(400, usage(7, 10, {isEstimated: true}));
		expect(expectation.inputTokens(400)).toBe(100);
	});

	it('expects the p99 of the output, with a margin that shrinks', () => {
		const expectation = new TokenEstimator(counted, 50);
		expect(expectation.outputTokens(1000)).toBe(50);
		expectation.learn(400, usage(100, 40));
		expect(expectation.outputTokens(1000)).toBe(80);
		for (let count = 1; count < 10_000; count++) {
			expectation.learn(400, usage(100, 40));
		}
		expect(expectation.outputTokens(1000)).toBe(41);
		expect(expectation.outputTokens(30)).toBe(30);
	});
});

describe('AutoMaxTokens', () => {
	it('keeps the max tokens until it has seen some answers, then fits them', () => {
		const auto = new MaxTokensTuner(4096);
		for (let count = 0; count < 3; count++) {
			auto.learn(16, false, 4096);
		}
		expect(auto.value).toBe(4096);
		auto.learn(16, false, 4096);
		expect(auto.value).toBe(48);
		for (let count = 0; count < 1000; count++) {
			auto.learn(16, false, 48);
		}
		expect(auto.value).toBeLessThanOrEqual(24);
		expect(auto.value).toBeGreaterThan(16);
	});

	it('doubles for good when an answer was cut off, never beyond what was asked for', () => {
		const auto = new MaxTokensTuner(100);
		for (let count = 0; count < 50; count++) {
			auto.learn(10, false, 100);
		}
		const before = auto.value;
		auto.learn(before, true, before);
		expect(auto.value).toBeGreaterThanOrEqual(2 * before);
		auto.learn(2 * before, true, 90);
		expect(auto.value).toBe(100);
	});
});
