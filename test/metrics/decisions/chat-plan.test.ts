/** Tests source/metrics/decisions/make-plan.ts: the plan of a chat. */
import {describe, expect, it} from 'vitest';
import {makePlan, meanInputTokens} from '../../../source/metrics/decisions/make-plan.ts';
import {cellOf, loadOf, quotaOf, specOf, targetOf} from '../../helpers/spec-fixture.ts';

const chat = {turns: ['hello', 'word'.repeat(10), 'word'.repeat(20)], thinkMs: 1000};
const task = {task: 'Help.', content: undefined, items: [], checks: [], chat};

describe('the plan of a chat', () => {
	it('counts the history of every turn, with answers as long as they may be', () => {
		// 20, then 20 + 100 + 10, then 130 + 100 + 20.
		expect(meanInputTokens(task, cellOf(), 100)).toBe((20 + 130 + 250) / 3);
		expect(meanInputTokens({...task, chat: undefined}, cellOf(), 100)).toBe(20);
	});

	it('counts turns as requests, says that the rest is estimated, and takes a rate as that of conversations', () => {
		const plan = makePlan(specOf({task, load: loadOf('measure', {requests: 6})}), []);
		expect(plan.requests).toBe(6);
		expect(plan.quotaTokens).toBe(Math.round(6 * ((20 + 130 + 250) / 3 + 100)));
		expect(plan.remarks).toHaveLength(1);
		expect(plan.remarks[0]).toMatch(/^Each conversation has 3 turns.* estimated, with answers as long/);
		const rate = makePlan(
			specOf({
				task,
				targets: [targetOf(quotaOf(null, null))],
				load: loadOf('rate', {ratePerMinute: 10, durationMs: 60_000}),
			}),
			[],
		);
		expect(rate.quotaTokens).toBe(Math.round(30 * ((20 + 130 + 250) / 3 + 100)));
	});
});

describe('the plan of a run that goes over the quota', () => {
	it('says so, and is a reason to ask', () => {
		const plan = makePlan(specOf({share: 1.2}), []);
		expect(plan.crowding).toMatch(/goes over the quota on purpose \(share 1\.2\)/);
		expect(plan.remarks).toContain(plan.crowding);
		expect(makePlan(specOf(), []).crowding).toBeUndefined();
	});
});
