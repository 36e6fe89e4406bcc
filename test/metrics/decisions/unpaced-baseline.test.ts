import {describe, expect, it} from 'vitest';
import type {Failure} from '../../../source/domain/backend.ts';
import {figuresOf} from '../../helpers/figures-fixture.ts';
import {throttle} from '../../helpers/model-server.ts';

/** Tests the unpaced baseline of source/metrics/decisions/advice.ts. */

const linesOf = (failures: ReadonlyArray<readonly Failure[]>): readonly string[] =>
	figuresOf({
		plain: Array.from({length: 20}, (_unused, index) => ({output: 10, failures: failures[index] ?? []})),
	})
		.advice.filter(({kind}) => kind === 'retries')
		.map(({text}) => text);

describe('what an unpaced loop would have lost', () => {
	it('counts requests whose first attempt was throttled, each once, and those that were answered in the end', () => {
		const lines = linesOf([[throttle('requests'), throttle('requests')], [], [throttle('tokens')]]);
		expect(lines).toEqual([
			expect.stringMatching(/at least 2 of 20 requests \(10%\).* 2 of them were answered/),
		]);
	});

	it("says nothing of the day's quota: no retry would have saved that", () => {
		expect(linesOf([[throttle('day')]])).toEqual([]);
	});

	it('says nothing of other failures, and nothing where nothing was throttled', () => {
		const broken: Failure = {...throttle('requests'), class: 'model-error'};
		expect(linesOf([])).toEqual([]);
		expect(linesOf([[broken]])).toEqual([]);
		// The first attempt failed for another reason: such a loop had lost it anyway.
		expect(linesOf([[broken, throttle('requests')]])).toEqual([]);
	});
});
