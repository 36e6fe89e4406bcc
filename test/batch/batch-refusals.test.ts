import {describe, expect, it} from 'vitest';
import {faultError} from '../../source/batch/create.ts';
import type {BatchInput} from '../../source/batch/setup.ts';
import {usualLimits} from '../../source/domain/batch-limits.ts';

const makings = (assumed: readonly string[] = []): BatchInput =>
	({limits: {...usualLimits, assumed}, batch: {variants: [{}]}}) as unknown as BatchInput;

describe('faultError', () => {
	const few = {kind: 'too-few', leastRecords: 100} as const;

	it('says what there is and what would be enough', () => {
		const one = faultError({...few, records: 60, jobs: 1, enough: 100}, makings());
		expect(one).toMatchObject({
			exitCode: 2,
			message: 'A batch job needs at least 100 records; this one has 60.',
			hint: expect.stringMatching(/^Add 40 requests: /),
		});
		const two = faultError({...few, records: 150, jobs: 2, enough: 200}, makings(['leastRecords']));
		expect(two).toMatchObject({
			message:
				"A batch job needs at least 100 records (AWS's default, assumed), and these 150 are too many for one job and too few for 2.",
			hint: expect.stringMatching(/^Add 50 requests, 200 in all: /),
		});
	});

	it('does not ask for more where more would not do', () => {
		const {hint} = faultError({...few, records: 150, jobs: 3, enough: null}, makings());
		expect(hint).toMatch(/^More of them would not do: 100 such records are more than a job may hold\./);
	});
});
