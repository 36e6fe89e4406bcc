/** Tests source/engine/run.ts: a closed loop against a smaller quota. */
import {describe, expect, it} from 'vitest';
import {misjudgedQuota} from '../helpers/closed-loop-lab.ts';

describe('a closed loop that takes the quota for ten times what is enforced', () => {
	it.each(['saturate', 'concurrency'] as const)(
		'shows the latency that its callers saw, retries included: %s',
		async (shape) => {
			const {shown, seen, answers} = await misjudgedQuota(shape);
			expect(answers).toBe(600);
			expect(seen.p99).toBeGreaterThan(60_000);
			expect(Math.abs(shown.p50 / seen.p50 - 1)).toBeLessThan(0.05);
			expect(Math.abs(shown.p99 / seen.p99 - 1)).toBeLessThan(0.05);
		},
	);
});
