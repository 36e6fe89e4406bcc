import {describe, expect, it} from 'vitest';
import {assertVariants, metConditions, readCondition} from '../../source/reports/conditions.ts';
import {resultsOf} from '../../source/reports/results.ts';
import {environment, snapshot} from '../helpers/results-fixture.ts';

const results = resultsOf(snapshot(), environment);
const [variant] = results.variants;
const name = variant?.name ?? '';

const met = (...texts: readonly string[]): readonly string[] =>
	metConditions(texts.map(readCondition), results);

describe('a condition of --fail-if', () => {
	it('is about any variant, or the named one', () => {
		expect(met('requests.sent>0')).toHaveLength(1);
		expect(met(`${name}:requests.sent<0`)).toEqual([]);
		expect(met(`${name}:requests.sent>0`)[0]).toContain(`of ${name} is ${variant?.requests.sent}`);
	});

	it('takes what did not occur as 0, and what is not known as true', () => {
		expect(met(`${name}:requests.failed.timeout>0`, `${name}:stopReasons.never_seen>0`)).toEqual([]);
		expect(met(`${name}:requests.failed.timeout==0`)).toHaveLength(1);
		const unknown = {...results, variants: results.variants.map((each) => ({...each, costUsd: null}))};
		expect(metConditions([readCondition('costUsd>100')], unknown)[0]).toContain('is not known');
	});

	it('is refused where its path is no figure, with those that are', () => {
		expect(() => readCondition('sample>3')).toThrow('"sample" is no figure of a variant');
		try {
			readCondition('sample>3');
		} catch (error) {
			const {hint = ''} = error as {hint?: string};
			expect(hint).toContain('latencyMs');
			expect(hint).not.toMatch(/\b(?:sample|prompt|name|lane)\b/);
		}
	});

	it('is refused before anything is sent where the run has no such variant', () => {
		const conditions = [readCondition('nope:requests.sent>1')];
		expect(() => assertVariants(conditions, ['minimal', 'concise'])).toThrow('there is no variant "nope"');
		expect(() => assertVariants([readCondition('requests.sent>1')], ['minimal'])).not.toThrow();
	});
});
