import {describe, expect, it} from 'vitest';
import {DayUse, foldAccountDay} from '../../source/account/account-day.ts';
import {dayOutlook} from '../../source/account/outlook.ts';
import {UsageHistory} from '../../source/account/usage-history.ts';
import type {AccountMap, KnownBucket} from '../../source/domain/account-snapshot.ts';
import {createRandom} from '../../source/domain/clock.ts';
import {accountJson, accountLines} from '../../source/plain/account.ts';
import {limitFixture, targetFixture} from '../helpers/snapshot-fixture.ts';
import {firstPoll, minuteMs, noon, startAccount, startMonitor, traffic} from './account-harness.ts';

const lite = 'us.amazon.nova-lite-v1:0';
const pro = 'amazon.nova-pro-v1:0';

describe('the day over all models', () => {
	const look = async (accountTokensPerDay: number) => {
		const account = await startAccount({
			scenario: {
				accountTokensPerDay,
				// The third has sent nothing for hours: the day knows it all the same.
				background: [traffic(lite), traffic(pro), traffic('us.amazon.nova-2-lite-v1:0', {shape: 'ended'})],
			},
		});
		const watch = startMonitor(account);
		watch.monitor.start();
		await firstPoll(watch);
		return watch.latest();
	};

	it('adds up all models, with its pace and when it is used up, in print and JSON', async () => {
		const region = await look(2_000_000);
		const {day} = region;
		// 30 requests of 600 tokens per minute and model, since midnight.
		const perMinute = 2 * 30 * 600;
		expect(day?.limit).toMatchObject({value: 2_000_000, code: 'L-E3F10727'});
		expect(day?.models.map(({model}) => model).toSorted()).toContain('amazon.nova-pro-v1:0');
		const [first, second] = day?.models ?? [];
		expect(day?.tokens).toBe((day?.models ?? []).reduce((sum, {tokens}) => sum + tokens, 0));
		expect((first?.tokens ?? 0) + (second?.tokens ?? 0)).toBeGreaterThan(perMinute * 12 * 60 * 0.9);
		const bucket = region.buckets.find(({modelIds}) => modelIds.includes(lite));
		expect(bucket?.dayTokens).toBe(day?.tokens);
		const lines = accountLines(region, {width: 200, ascii: false}).join('\n');
		expect(lines).toMatch(
			/^Day, all models: [\d.]+M of 2M \([\d,]+%, estimate\) · [\d.]+M per hour · used up, until 00:00 UTC \(assumed\) · nova-/m,
		);
		const json = JSON.parse(accountJson(region)) as {day: object};
		expect(json.day).toMatchObject({quotaTokens: day?.tokens, usedUp: true, estimated: true});
	});

	it('leaves models their own rows where they still have them', async () => {
		const account = await startAccount({scenario: {background: [traffic(lite)]}});
		const watch = startMonitor(account);
		watch.monitor.start();
		await firstPoll(watch);
		const bucket = watch.latest().buckets.find(({modelIds}) => modelIds.includes(lite));
		expect(bucket?.quota.tokensPerDay.state).toBe('known');
		expect(bucket?.dayTokens).toBeGreaterThan(0);
		expect(watch.latest().day?.limit.value).toBe(700_000_000);
	});
});

describe('when it is used up', () => {
	const target = {
		...targetFixture(),
		quota: {
			...targetFixture().quota,
			tokensPerDay: {...limitFixture(null), state: 'none' as const, name: null},
			accountTokensPerDay: limitFixture(0),
		},
	};

	/** Half a day of requests that come evenly on average, with sizes that differ; then when it really was used up. */
	const played = (seed: number, perMinute: number, part: number) => {
		const random = createRandom(seed);
		const midnight = noon - 12 * 60 * minuteMs;
		const minutes = Array.from({length: 24 * 60}, () => {
			let [tokens, sent] = [0, -Math.log(1 - random())];
			while (sent < perMinute) {
				tokens += Math.round(500 + 1000 * random());
				sent -= Math.log(1 - random());
			}
			return tokens;
		});
		const history = new UsageHistory();
		const day = new DayUse();
		const newest = noon - 3 * minuteMs;
		const window = {fromMs: noon - 180 * minuteMs, toMs: newest + minuteMs};
		const at = Array.from({length: 178}, (_unused, index) => window.fromMs + index * minuteMs);
		const of = (each: number): number => minutes[(each - midnight) / minuteMs] ?? 0;
		history.record(
			{modelId: lite, series: 'estimatedQuotaTokens', at, values: at.map(of), isPartial: false},
			window,
		);
		history.cover([lite], window.toMs);
		const hours = {fromMs: midnight, toMs: noon - 60 * minuteMs};
		const settled = minutes.slice(0, 11 * 60).reduce((sum, tokens) => sum + tokens, 0);
		day.record(
			lite,
			[{modelId: lite, series: 'estimatedQuotaTokens', at: [midnight], values: [settled], isPartial: false}],
			hours,
			1,
		);
		const total = minutes.slice(0, 12 * 60).reduce((sum, tokens) => sum + tokens, 0);
		const limit = {...limitFixture(Math.round(total / part)), name: 'Cross-Model Max Tokens Per Day'};
		let used = 0;
		const end = minutes.findIndex((tokens) => {
			used += tokens;
			return used >= (limit.value ?? 0);
		});
		const bucket: KnownBucket = {
			key: 'one',
			target: {...target, quota: {...target.quota, accountTokensPerDay: limit}},
			isCallable: true,
			price: null,
			levers: {takesCachePoints: false, batchMinRecords: null},
			notes: [],
		};
		const map: AccountMap = {buckets: new Map([['one', bucket]]), owners: new Map([[lite, 'one']])};
		const found = foldAccountDay({
			map,
			history,
			day,
			dayIds: [lite],
			isListKnown: true,
			minute: newest,
			nowMs: noon,
		});
		return {found, endMs: midnight + end * minuteMs};
	};

	it('is forecast within 10 % of the time that is left, from half a day of steady use', () => {
		for (let seed = 1; seed <= 100; seed++) {
			const perMinute = [5, 10, 20][seed % 3] ?? 5;
			const {found, endMs} = played(seed, perMinute, [0.55, 0.7, 0.9][seed % 3] ?? 0.7);
			const outlook = found === undefined ? undefined : dayOutlook(found, noon);
			const error = Math.abs((outlook?.atMs ?? 0) - endMs);
			expect({seed, isNear: error <= Math.max(0.1 * (endMs - noon), 5 * minuteMs)}).toEqual({
				seed,
				isNear: true,
			});
		}
	});
});
