import {describe, expect, it} from 'vitest';
import {createOwnTrafficRegistry} from '../../source/account/own-traffic-registry.ts';
import type {Use} from '../../source/domain/bucket-usage.ts';
import type {Run} from '../../source/engine/run.ts';
import {createRunAccount} from '../../source/threads/run-account.ts';
import {accountBucketFixture, accountRegionFixture} from '../helpers/account-fixture.ts';
import {FakeClock} from '../helpers/fake-clock.ts';
import {configFixture, limitFixture, planFixture, targetFixture} from '../helpers/snapshot-fixture.ts';
import {specOf} from '../helpers/spec-fixture.ts';

const minute = Date.UTC(2026, 10, 23, 17, 2);
const target = targetFixture({
	quota: {
		requestsPerMinute: limitFixture(50),
		tokensPerMinute: limitFixture(200_000),
		tokensPerDay: limitFixture(2_000_000),
	},
});
const other = targetFixture({...target, model: 'us.other.model-v1:0', baseModel: 'other.model-v1:0'});

/** A run's account with one bucket that others use. */
const setUp = (
	dayTokens: number | null,
	targets = [target],
	others: Use = {requests: 47, tokens: 141_000},
) => {
	const clock = new FakeClock();
	const link = createOwnTrafficRegistry();
	const update = (use: Use) =>
		link.update(
			accountRegionFixture({
				buckets: [
					accountBucketFixture({
						key: 'amazon.nova-lite-v1:0 cross-region',
						minute,
						dayTokens,
						others: {requests: use.requests, quotaTokens: use.tokens},
						series: {requests: [], quotaTokens: []},
					}),
				],
			}),
		);
	update(others);
	const account = createRunAccount(link, {followTargets: async () => undefined}, clock);
	const spec = specOf({targets, cells: [], maxRequests: null});
	return {clock, link, account, update, spec};
};

describe('the plan of a run beside others', () => {
	const planOf = async (dayTokens: number | null, targets = [target]) => {
		const {account, spec} = setUp(dayTokens, targets);
		const plan = planFixture({targets, quotaMinutes: 3});
		const config = {...configFixture(), connection: {...configFixture().connection}};
		return account.withHeadroom(plan, spec, config, []);
	};

	it('is refused where the quota of the day is used up', async () => {
		const {refusal, remarks} = await planOf(35_000_000);
		expect(refusal).toBe('daily token quota used up: 35M of 2M, resets 00:00 UTC');
		expect(remarks).toContain(refusal);
		expect((await planOf(2_000_000)).refusal).toBeDefined();
	});

	it('is not where some of it is left, or where it is not known', async () => {
		expect((await planOf(1_999_999)).refusal).toBeUndefined();
		expect((await planOf(null)).refusal).toBeUndefined();
	});

	it('goes on where another model has a day left, and says which has none', async () => {
		const {refusal, remarks} = await planOf(35_000_000, [target, other]);
		expect(refusal).toBeUndefined();
		expect(remarks.join('\n')).toContain(`${target.model}: daily token quota used up: 35M of 2M`);
	});
});

describe('a run that waits for its start', () => {
	const shown = () => {
		const uses: Array<readonly [number, Use, number | undefined]> = [];
		const days: number[] = [];
		const run: Pick<Run, 'setOthersUse' | 'setOthersToday'> = {
			setOthersUse: (index, use, at) => uses.push([index, use, at]),
			setOthersToday: (_, tokens) => days.push(tokens),
		};
		return {run: run as Run, uses, days};
	};

	it("shows others' use at once, as of the end of CloudWatch's minute, and each change of it", () => {
		const {account, spec, update} = setUp(100_000);
		const {run, uses, days} = shown();
		let changes = 0;
		account.observe(run, spec, () => changes++);
		expect(uses).toEqual([[0, {requests: 47, tokens: 141_000}, minute + 60_000]]);
		expect(days).toEqual([100_000]);
		expect(changes).toBe(2);
		update({requests: 5, tokens: 900});
		expect(uses.at(-1)).toEqual([0, {requests: 5, tokens: 900}, minute + 60_000]);
		expect(changes).toBe(4);
	});

	it('no longer does once the run is over, or another is watched', () => {
		const {account, spec, update} = setUp(100_000);
		const [first, second] = [shown(), shown()];
		account.observe(first.run, spec, () => undefined);
		account.attach(second.run, spec, configFixture(), new Map());
		update({requests: 5, tokens: 900});
		expect(first.uses).toHaveLength(1);
		expect(second.uses).toHaveLength(2);
		account.detach();
		update({requests: 6, tokens: 900});
		expect(second.uses).toHaveLength(2);
	});
});
