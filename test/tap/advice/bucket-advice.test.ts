import {describe, expect, it} from 'vitest';
import type {AccountBucket} from '../../../source/domain/account-snapshot.ts';
import {createRandom, type Random} from '../../../source/domain/clock.ts';
import type {VariantFigures} from '../../../source/domain/figures-schema.ts';
import type {Gauge} from '../../../source/domain/snapshot.ts';
import type {Quota} from '../../../source/domain/target.ts';
import {bucketAdvice} from '../../../source/tap/advice/bucket-advice.ts';
import type {Subject} from '../../../source/tap/advice/client-advice.ts';
import {Habits} from '../../../source/tap/advice/habits.ts';
import {accountBucketFixture} from '../../helpers/account-fixture.ts';
import {isSoak} from '../../helpers/random-cases.ts';
import {quotaOf, targetOf} from '../../helpers/spec-fixture.ts';

const minuteMs = 60_000;
const model = 'us.anthropic.claude-haiku-4-5-20251001-v1:0';
const startMs = Date.UTC(2026, 10, 30, 9);

/** A client by its requests in each minute, each of 100 quota tokens that occupy 120. */
const clientOf = (name: string, perMinute: readonly number[], quota: Quota, throttled = 0): Subject => {
	const habits = new Habits();
	for (const [minute, requests] of perMinute.entries()) {
		for (let request = 0; request < requests; request++) {
			const at = minute * minuteMs + 30_000;
			habits.used({quotaTokens: 100, occupied: 120}, at);
		}
	}
	const succeeded = perMinute.reduce((sum, requests) => sum + requests, 0);
	return {
		name,
		habits,
		target: {...targetOf(quota, model), scope: 'cross-region'},
		figures: {
			requests: {succeeded, throttled: {requests: throttled, tokens: 0, day: 0, overloaded: 0}},
			tokens: {input: 80 * succeeded, output: 20 * succeeded, cacheRead: 0, cacheWrite: 0},
		} as VariantFigures,
		requests: succeeded,
		retries: 0,
		cachePoints: 0,
		takesCachePoints: false,
	};
};

type Situation = {
	readonly quota: Quota;
	readonly clients: Readonly<Record<string, readonly number[]>>;
	readonly others?: {readonly requests: number; readonly tokens: number};
	readonly othersFrom?: 'cloudwatch' | 'throttle';
	readonly throttled?: number;
	readonly dayUsed?: number;
	readonly account?: readonly AccountBucket[];
};

const adviceOf = ({
	quota,
	clients,
	others,
	othersFrom = 'cloudwatch',
	throttled = 0,
	dayUsed = 0,
	account = [],
}: Situation) => {
	const subjects = Object.entries(clients).map(([name, perMinute]) =>
		clientOf(name, perMinute, quota, throttled),
	);
	const minutes = Math.max(...Object.values(clients).map((perMinute) => perMinute.length));
	const gauge = (of?: number): Gauge => ({
		used: 0,
		reserved: 0,
		limit: null,
		...(of === undefined ? {} : {others: of}),
	});
	const [first] = subjects;
	return bucketAdvice(
		[
			{
				target: first?.target ?? targetOf(quota, model),
				state: {
					requests: gauge(others?.requests),
					tokens: gauge(others?.tokens),
					day: {...gauge(), used: dayUsed},
					...(others === undefined ? {} : {others: {at: '', from: othersFrom}}),
				},
				subjects,
			},
		],
		{elapsedMs: minutes * minuteMs + 1000, nowMs: startMs + minutes * minuteMs, account},
	);
};

const textsOf = (kind: string, situation: Situation): readonly string[] =>
	adviceOf(situation)
		.filter((advice) => advice.kind === kind)
		.map(({text}) => text);

const even = (perMinute: number, minutes = 10): readonly number[] =>
	Array.from({length: minutes}, () => perMinute);
const rising = (from: number, by: number, minutes = 12): readonly number[] =>
	Array.from({length: minutes}, (_, minute) => from + by * minute + (minute % 2));

describe('the limit that is reached first', () => {
	it.each<[string, Situation]>([
		[
			'requests, with another client',
			{quota: quotaOf(1000, 1e6), clients: {app: rising(100, 30), job: even(100, 12)}},
		],
		[
			'tokens, with others',
			{quota: quotaOf(1000, 60_000), clients: {app: rising(100, 10)}, others: {requests: 50, tokens: 20_000}},
		],
		['reached now', {quota: quotaOf(200, 1e6), clients: {app: even(195)}}],
		['the day', {quota: quotaOf(1000, 1e6, 1e6), clients: {app: even(100)}, dayUsed: 400_000}],
		[
			'the minute before the day',
			{quota: quotaOf(500, 1e6, 1e6), clients: {app: rising(100, 30)}, dayUsed: 400_000},
		],
	])('%s', (_, situation) => {
		expect(textsOf('limit', situation)).toMatchSnapshot();
	});

	it.each<[string, Situation]>([
		['level use', {quota: quotaOf(1000, 1e6), clients: {app: even(300, 30)}}],
		['falling use', {quota: quotaOf(1000, 1e6), clients: {app: rising(100, 30).toReversed()}}],
		['seven minutes', {quota: quotaOf(1000, 1e6), clients: {app: rising(100, 60, 7)}}],
		['growth that takes more than an hour', {quota: quotaOf(10_000, 1e7), clients: {app: rising(100, 30)}}],
		['unknown quotas', {quota: quotaOf(null, null), clients: {app: rising(100, 30)}}],
		['29 answers', {quota: quotaOf(3, 1e6), clients: {app: [...even(3, 9), 2]}}],
		['a day that ends before', {quota: quotaOf(1000, 1e6, 1e8), clients: {app: even(100)}}],
	])('is not named for %s', (_, situation) => {
		expect(textsOf('limit', situation)).toEqual([]);
	});

	it('counts only others that CloudWatch reported: a throttle shows them for an instant', () => {
		const situation = {
			quota: quotaOf(1000, 1e6),
			clients: {app: even(300)},
			others: {requests: 650, tokens: 0},
		};
		expect(textsOf('limit', situation)).toHaveLength(1);
		expect(textsOf('limit', {...situation, othersFrom: 'throttle'})).toEqual([]);
	});

	it('is named for level traffic in few cases, looked at every minute', () => {
		const random = createRandom(7);
		const runs = isSoak ? 300 : 60;
		const wrong = Array.from({length: runs}, () => {
			const perMinute: number[] = [];
			return Array.from({length: 30}, () => {
				perMinute.push(drawn(random, 60));
				return textsOf('limit', {quota: quotaOf(150, 1e6), clients: {app: [...perMinute]}}).length > 0;
			}).includes(true);
		}).filter(Boolean).length;
		// 4% of 300; three standard errors of 60 above 5%.
		expect(wrong / runs).toBeLessThan(0.05 + 3 * Math.sqrt((0.05 * 0.95) / runs));
	});
});

/** Requests of one minute at random times. */
const drawn = (random: Random, mean: number): number => {
	let at = 0;
	let count = -1;
	while (at < 1) {
		at -= Math.log(1 - random()) / mean;
		count++;
	}
	return count;
};

describe('another scope or Region', () => {
	const full: Situation = {quota: quotaOf(200, 1e6), clients: {app: even(180)}};
	const base = targetOf(quotaOf(null, null), model).baseModel;
	const other = (more: Partial<AccountBucket>): AccountBucket => ({
		...accountBucketFixture({model: base, scope: 'global'}),
		callable: `global.${base}`,
		...more,
	});

	it('of the model with room is named, as it is called', () => {
		expect(textsOf('scope', {...full, account: [other({})]})).toMatchSnapshot();
	});

	it.each<[string, Situation]>([
		['nothing is known of any', full],
		['it cannot be called', {...full, account: [other({callable: null})]}],
		['it is of another model', {...full, account: [other({model: 'amazon.nova-lite-v1:0'})]}],
		['there is room here', {...full, clients: {app: even(100)}, account: [other({})]}],
	])('is not named where %s', (_, situation) => {
		expect(textsOf('scope', situation)).toEqual([]);
	});
});

describe('figures for a quota increase', () => {
	it('are those of the busiest minute, with others and what is set aside', () => {
		const quota = quotaOf(200, 100_000);
		expect(
			textsOf('quota-increase', {
				quota,
				clients: {app: [...even(90), 150], job: even(20, 11)},
				others: {requests: 10, tokens: 1000},
			}),
		).toMatchSnapshot();
	});

	it('say how many requests were throttled, and that more may be wanted', () => {
		const situation = {quota: quotaOf(200, 1e6), clients: {app: even(190)}, throttled: 37};
		expect(textsOf('quota-increase', situation)).toEqual([
			expect.stringContaining(
				'37 requests were throttled. Ask for at least 272 requests per minute in place of 200',
			),
		]);
	});

	it('are not given where no minute was near a limit', () => {
		expect(textsOf('quota-increase', {quota: quotaOf(200, 1e6), clients: {app: even(100)}})).toEqual([]);
	});
});
