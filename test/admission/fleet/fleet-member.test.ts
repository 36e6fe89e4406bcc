import {describe, expect, it} from 'vitest';
import {FakeClock} from '../../helpers/fake-clock.ts';
import {type FleetScene, playFleet, rateOf} from '../../helpers/fleet-lab.ts';

/** Members of a fleet at one bucket of the service: the quota is used, by all alike, and never exceeded. */

const windowMs = 60_000;
const enforcements = ['sliding', 'fixed', 'refill'] as const;
const quotas = {
	requests: {requests: 120, tokens: null},
	tokens: {requests: null, tokens: 40_000},
} as const;
const cases = enforcements.flatMap((enforcement) =>
	(['requests', 'tokens'] as const).map((limit) => [enforcement, limit] as const),
);

const scene = ([enforcement, limit]: (typeof cases)[number], more: Partial<FleetScene> = {}): FleetScene => ({
	enforcement,
	...quotas[limit],
	programs: [{}, {}, {}, {}],
	windows: 3,
	phaseMs: 17_000,
	...more,
});

const throttlesOf = (lab: Awaited<ReturnType<typeof playFleet>>): number =>
	lab.members.reduce((sum, {throttledAt}) => sum + throttledAt.length, 0);

describe('members of a fleet', () => {
	it.each(cases)('use the quota, each its part, without a throttle: %s, %s', async (...it) => {
		const lab = await playFleet(new FakeClock(), scene(it));
		const [, limit] = it;
		expect(throttlesOf(lab)).toBe(0);
		expect(lab.peak[limit]).toBeLessThanOrEqual(quotas[limit][limit] ?? 0);
		const whole = rateOf(lab.members, limit, windowMs, 3 * windowMs);
		// 400 are set aside for 2 s, 280 settled from the first byte on.
		const mostTokens = ((40_000 - 200) * 60_000 * 280) / (400 * 2040 + 280 * (60_000 - 2040 + 320));
		expect(whole).toBeGreaterThanOrEqual(0.97 * (limit === 'requests' ? 120 : mostTokens));
		for (const member of lab.members) {
			const part = rateOf([member], limit, windowMs, 3 * windowMs) / whole;
			expect(part).toBeGreaterThan(0.2);
			expect(part).toBeLessThan(0.3);
		}
	});

	it('leave to one what the others do not want', async () => {
		const lab = await playFleet(
			new FakeClock(),
			scene(['sliding', 'requests'], {programs: [{}, {perWindow: 10}, {perWindow: 10}]}),
		);
		expect(throttlesOf(lab)).toBe(0);
		const [greedy, ...modest] = lab.members;
		for (const member of modest) {
			expect(rateOf([member], 'requests', windowMs, 3 * windowMs)).toBeGreaterThanOrEqual(9.5);
		}
		expect(rateOf(greedy === undefined ? [] : [greedy], 'requests', windowMs, 3 * windowMs)).toBeGreaterThan(
			97,
		);
	});
});
