import {describe, expect, it} from 'vitest';
import {hasFullMinute, quotaIncreaseMarkdown} from '../../source/reports/quota-increase-markdown.ts';
import {resultsOf} from '../../source/reports/results.ts';
import type {Results} from '../../source/reports/results-schema.ts';
import {environment, snapshot, variant} from '../helpers/results-fixture.ts';

/** Two minutes: 100 requests in the first, 300 in the second, 400 quota tokens each. */
const run: Results = {
	...resultsOf(
		snapshot({variants: [variant({count: 300, input: 300, output: 100}), variant({count: 100, input: 100})]}),
		environment,
	),
	timeline: {
		intervalSeconds: 30,
		points: [40, 60, 150, 150].map((requests, index) => ({
			second: index * 30,
			target: 0,
			requests,
			quotaTokens: requests * 400,
			reserved: 0,
			throttled: 0,
			inFlight: 0,
		})),
	},
};

describe('quota-increase.md', () => {
	it('holds steady and peak use beside the quota, and what a request is like', () => {
		const text = quotaIncreaseMarkdown({...run, simulated: false});
		expect(text).toContain('| requests | 400 (applied) | 200 | 300 | L-12345678 | yes |');
		expect(text).toMatch(
			/\| quota tokens \| 100[,.]?\w* \(default\) \| 80\S* \| 120\S* \| L-87654321 \| yes \|/,
		);
		expect(text).toContain('250 input tokens');
		expect(text).toContain('Cross-region model inference tokens per minute for Amazon Nova Lite');
		expect(text).not.toContain('SIMULATED');
		expect(hasFullMinute(run)).toBe(true);
	});

	it('says so where no full minute was measured, and where it was simulated', () => {
		const short = {
			...run,
			simulated: true,
			timeline: {...run.timeline, points: run.timeline.points.slice(0, 1)},
		};
		const text = quotaIncreaseMarkdown(short);
		expect(hasFullMinute(short)).toBe(false);
		expect(text).toMatch(/^# SIMULATED/);
		expect(text).toContain('no full minute was measured');
		expect(text).toContain('| requests | 400 (applied) | – | – |');
	});
});
