import {expect, it} from 'vitest';
import {jobName} from '../../source/batch/create.ts';

const hash = '0123456789abcdef0123';
/** The service's own pattern; it takes 63 characters. */
const pattern = /^[a-zA-Z0-9]{1,63}(-*[a-zA-Z0-9+\-.]){0,63}$/;

it.each([null, 'many', '--', 'Überweisungen für alle & jeden', 'a-preset-with-a-very-long-name-'.repeat(4)])(
	'names the jobs of "%s" so that no two are alike and the service takes them',
	(preset) => {
		const parts = [`${hash}-1`, `${hash}-2`, `${hash}-12`, 'fedcba9876543210fedc-1'].flatMap((id) =>
			[1, 2, 12, 2000].map((job) => jobName(preset, id, job)),
		);
		expect(new Set(parts).size).toBe(parts.length);
		for (const name of parts) {
			expect(name).toMatch(pattern);
			expect(name.length).toBeLessThanOrEqual(63);
			expect(name).toMatch(/^bedrock-top-\w/);
		}
	},
);
