import {expect, it} from 'vitest';
import {Bucket} from '../../source/admission/bucket.ts';
import {DayLimits} from '../../source/admission/day-limit.ts';
import {FakeClock} from '../helpers/fake-clock.ts';
import {limitFixture} from '../helpers/snapshot-fixture.ts';

const shared = {
	requestsPerMinute: limitFixture(null),
	tokensPerMinute: limitFixture(null),
	tokensPerDay: {...limitFixture(null), state: 'none' as const, name: null},
	accountTokensPerDay: limitFixture(1000),
};

const twoBuckets = (regions: readonly string[]) => {
	const clock = new FakeClock();
	const days = new DayLimits(clock);
	const facts = {clock, windowMs: 60_000, share: 1, burst: 'full'} as const;
	return regions.map(
		(region) => new Bucket({...facts, quota: shared, dayOf: (quota) => days.of(region, quota)}),
	);
};

it('buckets of a Region that share the day leave each other what they settle and set aside', () => {
	const [one, other] = twoBuckets(['us-east-1', 'us-east-1']);
	const cost = {reserved: 400, setAside: 400, max: 400, likelyMax: 400};
	const first = one?.admit(cost, 'normal');
	expect(first?.kind).toBe('admitted');
	expect(other?.admit(cost, 'normal').kind).toBe('admitted');
	// 800 of 1,000 are set aside by both.
	expect(other?.admit(cost, 'normal')).toEqual({kind: 'day'});
	if (first?.kind === 'admitted') {
		one?.settle(first.reservation, 100);
	}
	expect(other?.admit(cost, 'normal').kind).toBe('admitted');
	expect(one?.admit(cost, 'normal')).toEqual({kind: 'day'});
});

it('Regions have days of their own, and so has a model with a row of its own', () => {
	const [one, other] = twoBuckets(['us-east-1', 'eu-north-1']);
	expect(one?.day).not.toBe(other?.day);
	const own = {...shared, tokensPerDay: {...limitFixture(50), name: 'of this model'}};
	const days = new DayLimits(new FakeClock());
	expect(days.of('us-east-1', own)).toMatchObject({limit: 50, isShared: false});
	expect(days.of('us-east-1', own)).not.toBe(days.of('us-east-1', own));
});

it('a model whose tokens per minute were raised is let in: the service decides', () => {
	const raised = {
		...shared,
		tokensPerMinute: {...limitFixture(9000), applied: 9000, default: 3000},
	};
	const days = new DayLimits(new FakeClock());
	expect(days.of('us-east-1', raised)).toMatchObject({limit: null, isShared: true});
	expect(days.of('us-east-1', shared)).toMatchObject({limit: 1000, isShared: true});
});
