import {expect, it} from 'vitest';
import {besideOthers, makePlan} from '../../../source/metrics/decisions/make-plan.ts';
import {cellOf, itemsOf, loadOf, quotaOf, specOf, targetOf, variantOf} from '../../helpers/spec-fixture.ts';

const target = targetOf(quotaOf(100, null));

it('a plan that needs more than a minute of the quota says how many, within its share', () => {
	const load = loadOf('measure', {requests: 200, durationMs: null});
	const plan = makePlan(specOf({targets: [target], load, share: 0.5}), []);
	expect(plan.requests).toBe(200);
	expect(plan.quotaShare).toBe(0.5);
	expect(plan.quotaMinutes).toBe(4);
});

it('a plan beside others takes as long as the rate that they leave', () => {
	const spec = specOf({targets: [target], load: loadOf('measure', {requests: 200, durationMs: null})});
	const plan = makePlan(spec, []);
	expect(besideOthers(plan, spec, [{requests: 0, tokens: 0}])).toBe(plan);
	expect(besideOthers(plan, spec, [{requests: 60, tokens: 9000}]).quotaMinutes).toBe(5);
	const full = besideOthers(plan, spec, [{requests: 100, tokens: 0}]);
	expect(full.quotaMinutes).toBeNull();
	expect(full.remarks.at(-1)).toContain('Others use the whole quota now');
});

it('a plan that a duration ends takes as long as that', () => {
	const load = loadOf('saturate', {requests: null, durationMs: 60_000});
	expect(makePlan(specOf({targets: [target], load}), []).quotaMinutes).toBeNull();
});

it('without a quota there is nothing to wait for', () => {
	const load = loadOf('measure', {requests: 200, durationMs: null});
	const plan = makePlan(specOf({targets: [targetOf(quotaOf(null, null))], load}), []);
	expect([plan.quotaShare, plan.quotaMinutes]).toEqual([null, null]);
});

it('what warms up is part of the plan, within the most requests that may be sent', () => {
	const load = loadOf('measure', {requests: 20, durationMs: null, warmUpRequests: 5});
	const partOf = (maxRequests: number | null) =>
		makePlan(specOf({targets: [target], load, maxRequests}), []).quotaShare;
	expect(partOf(null)).toBe(0.25);
	expect(partOf(10)).toBe(0.1);
});

it('a plan says when there are too few items to decide, and only then', () => {
	const remarksFor = (items: number, count: number, isEliminating = true) =>
		makePlan(
			specOf({
				targets: [target],
				task: {task: 'x', content: undefined, items: itemsOf(items), checks: []},
				variants: Array.from({length: count}, (_, index) => variantOf(`v${index}`)),
				cells: Array.from({length: count}, (_, variant) => cellOf({variant})),
				isEliminating,
			}),
			[],
		).remarks;
	expect(remarksFor(4, 2)).toEqual([
		'4 items cannot decide between 2 variants, however often they are asked: 6 items are the least.',
	]);
	// Five rivals: each must be beaten at 2 %, which takes seven.
	expect(remarksFor(6, 6)[0]).toContain('7 items are the least');
	expect([...remarksFor(6, 2), ...remarksFor(0, 2), ...remarksFor(4, 2, false)]).toEqual([]);
});

it('a plan that may take more than a day allows says so before anything is sent', () => {
	const remarksFor = (perDay: number | null) =>
		makePlan(
			specOf({
				targets: [targetOf(quotaOf(100, null, perDay))],
				load: loadOf('measure', {requests: 100, durationMs: null}),
			}),
			[],
		).remarks;
	const [remark] = remarksFor(1000);
	expect(remark).toMatch(
		/^The run may take [\d,]+ quota tokens of test\.model-v1:0, and its quota allows 1,000 per day: it is given up when they are used\.$/,
	);
	expect([...remarksFor(null), ...remarksFor(1e9)]).toEqual([]);
});
