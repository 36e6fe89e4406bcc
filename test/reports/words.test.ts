import {describe, expect, it} from 'vitest';
import {resultsOf} from '../../source/reports/results.ts';
import {caveatsOf} from '../../source/reports/words.ts';
import {environment, snapshot} from '../helpers/results-fixture.ts';

describe('what is not exact', () => {
	const withService = (
		countsFrom: 'unknown' | 'end',
		serviceMs: number,
		limitedBy: 'tokens' | 'requests',
	) => {
		const results = resultsOf(snapshot(), environment);
		return caveatsOf({
			...results,
			variants: results.variants.map((variant) => ({
				...variant,
				sustainable: {...variant.sustainable, countsFrom, limitedBy},
				latencyMs: {
					...variant.latencyMs,
					service: {...variant.latencyMs.service, mean: serviceMs},
					timeToFirstToken: {...variant.latencyMs.timeToFirstToken, mean: 500},
				},
			})),
		}).filter((text) => text.includes('tokens of an answer start to count'));
	};

	it('is a rate that rests on where tokens count from, while that is not known', () => {
		expect(withService('unknown', 11_000, 'tokens')).toEqual([
			'When the tokens of an answer start to count is not confirmed: if at its end and not its first byte, rates are up to 18% lower.',
		]);
		expect(withService('end', 11_000, 'tokens')).toEqual([]);
		expect(withService('unknown', 11_000, 'requests')).toEqual([]);
		expect(withService('unknown', 1000, 'tokens')).toEqual([]);
	});
});
