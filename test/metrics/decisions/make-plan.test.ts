import {expect, test} from 'vitest';
import {makePlan} from '../../../source/metrics/decisions/make-plan.ts';
import {loadOf, quotaOf, specOf, targetOf} from '../../helpers/spec-fixture.ts';

const target = targetOf(quotaOf(100, null));

test('a plan that needs more than a minute of the quota says how many, within its share', () => {
	const load = loadOf('measure', {requests: 200, durationMs: null});
	const plan = makePlan(specOf({targets: [target], load, share: 0.5}), []);
	expect(plan.requests).toBe(200);
	expect(plan.quotaShare).toBe(0.5);
	expect(plan.quotaMinutes).toBe(4);
});

test('a plan that a duration ends takes as long as that', () => {
	const load = loadOf('saturate', {requests: null, durationMs: 60_000});
	expect(makePlan(specOf({targets: [target], load}), []).quotaMinutes).toBeNull();
});

test('without a quota there is nothing to wait for', () => {
	const load = loadOf('measure', {requests: 200, durationMs: null});
	const plan = makePlan(specOf({targets: [targetOf(quotaOf(null, null))], load}), []);
	expect([plan.quotaShare, plan.quotaMinutes]).toEqual([null, null]);
});

test('what warms up is part of the plan, within the most requests that may be sent', () => {
	const load = loadOf('measure', {requests: 20, durationMs: null, warmUpRequests: 5});
	const partOf = (maxRequests: number | null) =>
		makePlan(specOf({targets: [target], load, maxRequests}), []).quotaShare;
	expect(partOf(null)).toBe(0.25);
	expect(partOf(10)).toBe(0.1);
});
