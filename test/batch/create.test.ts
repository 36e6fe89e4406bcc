import {describe, expect, it} from 'vitest';
import {faultError, jobName} from '../../source/batch/create.ts';
import type {BatchInput} from '../../source/batch/setup.ts';
import {usualLimits} from '../../source/bedrock/jobs/batch-records.ts';

const inputWith = (assumed: readonly string[] = []): BatchInput =>
	({limits: {...usualLimits, assumed}, batch: {variants: [{}]}}) as unknown as BatchInput;

describe('faultError', () => {
	const few = {kind: 'too-few', minRecords: 100} as const;

	it('says what there is and what would be enough', () => {
		const one = faultError({...few, records: 60, jobs: 1, enough: 100}, inputWith());
		expect(one).toMatchObject({
			exitCode: 2,
			message: 'A batch job needs at least 100 records; this one has 60.',
			hint: expect.stringMatching(/^Add 40 requests: /),
		});
		const two = faultError({...few, records: 150, jobs: 2, enough: 200}, inputWith(['minRecords']));
		expect(two).toMatchObject({
			message:
				"A batch job needs at least 100 records (AWS's default, assumed), and these 150 are too many for one job and too few for 2.",
			hint: expect.stringMatching(/^Add 50 requests, 200 in all: /),
		});
	});

	it('does not ask for more where more would not do', () => {
		const {hint} = faultError({...few, records: 150, jobs: 3, enough: null}, inputWith());
		expect(hint).toMatch(/^More records would not help: 100 such records are more than a job may hold\./);
	});
});

describe('jobName', () => {
	const hash = '0123456789abcdef0123';
	/** The service's own pattern; at most 63 characters. */
	const pattern = /^[a-zA-Z0-9]{1,63}(-*[a-zA-Z0-9+\-.]){0,63}$/;

	it.each([
		null,
		'many',
		'--',
		'Überweisungen für alle & jeden',
		'a-preset-with-a-very-long-name-'.repeat(4),
	])('names the jobs of "%s" so that no two are alike and the service accepts them', (preset) => {
		const parts = [`${hash}-1`, `${hash}-2`, `${hash}-12`, 'fedcba9876543210fedc-1'].flatMap((id) =>
			[1, 2, 12, 2000].map((job) => jobName(preset, id, job)),
		);
		expect(new Set(parts).size).toBe(parts.length);
		for (const name of parts) {
			expect(name).toMatch(pattern);
			expect(name.length).toBeLessThanOrEqual(63);
			expect(name).toMatch(/^bedrock-top-\w/);
		}
	});
});
