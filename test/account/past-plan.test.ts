/** Tests source/account/past-plan.ts and past-store.ts: what is asked for, and what is not asked for again. */
import {mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {describe, expect, it, onTestFinished} from 'vitest';
import {type PastPlan, planPast, readPast} from '../../source/account/past-plan.ts';
import {PastStore} from '../../source/account/past-store.ts';
import {createUsageSource} from '../../source/bedrock/cloudwatch/usage-reader.ts';
import {type SeriesName, type UsageSource, usageMetrics} from '../../source/domain/usage-source.ts';
import {minuteMs, never, noon, startAccount, traffic, until} from './account-harness.ts';

const dayMs = 86_400_000;
const fifty = Array.from({length: 50}, (_unused, index) => `team${index}`);
const everything: ReadonlySet<SeriesName> = new Set(usageMetrics);
const withoutEstimate: ReadonlySet<SeriesName> = new Set(
	usageMetrics.filter((series) => series !== 'estimatedQuotaTokens'),
);

const planOf = (days: number, series = everything, modelIds = fifty): PastPlan =>
	planPast(
		{nowMs: noon, sinceMs: days * dayMs, modelIds, listed: new Map(modelIds.map((each) => [each, series]))},
		new PastStore(undefined),
	);

const datapointsOf = ({queries, window}: PastPlan['calls'][number]): number =>
	queries.length * Math.ceil((window.toMs - window.fromMs) / window.periodMs);

describe('two weeks of 50 models', () => {
	it('take 42 calls: what quotas limit by the minute, the rest by five', () => {
		const {calls, cost, windows} = planOf(14);
		expect(calls).toHaveLength(42);
		expect(cost).toMatchObject({calls: 42, metrics: 450});
		expect(cost.usd).toBeCloseTo(0.0045);
		expect(windows.fine.map(({fromMs, toMs, periodMs}) => [(toMs - fromMs) / dayMs, periodMs])).toEqual([
			[14, minuteMs],
		]);
		const byPeriod = Map.groupBy(calls, ({window}) => window.periodMs);
		const named = (periodMs: number) =>
			new Set(byPeriod.get(periodMs)?.flatMap(({queries}) => queries.map(({series}) => series)));
		expect(named(minuteMs)).toEqual(new Set(['requests', 'throttles', 'estimatedQuotaTokens']));
		expect(named(5 * minuteMs)).toEqual(
			new Set([
				'inputTokens',
				'outputTokens',
				'cacheWriteTokens',
				'cacheReadTokens',
				'clientErrors',
				'serverErrors',
			]),
		);
	});

	it('take no more than 60 where quota tokens have to be made of tokens', () => {
		const {calls} = planOf(14, withoutEstimate);
		expect(calls.length).toBeLessThanOrEqual(60);
	});

	it('ask for nothing that CloudWatch does not list', () => {
		const {cost} = planOf(14, new Set<SeriesName>(['requests', 'estimatedQuotaTokens']));
		expect(cost.metrics).toBe(100);
	});
});

describe('any time and number of models', () => {
	it.each([
		[1 / 24, 3],
		[14, 50],
		[15, 50],
		[30, 120],
		[63, 50],
		[400, 20],
		[455, 1],
	])('of %d days and %d models fits the bounds of a call', (days, models) => {
		const ids = Array.from({length: models}, (_unused, index) => `m${index}`);
		const {calls, windows} = planOf(days, everything, ids);
		for (const call of calls) {
			expect(call.queries.length).toBeLessThanOrEqual(500);
			expect(datapointsOf(call)).toBeLessThanOrEqual(100_800);
		}
		// Without gaps or overlaps, and never finer than the service keeps it.
		for (const [index, window] of windows.fine.entries()) {
			expect(window.toMs).toBe(index === 0 ? window.toMs : windows.fine[index - 1]?.fromMs);
			expect(window.fromMs % window.periodMs).toBe(0);
			const keptDays = window.periodMs === minuteMs ? 15 : window.periodMs === 5 * minuteMs ? 63 : 455;
			expect(window.fromMs).toBeGreaterThanOrEqual(noon - keptDays * dayMs);
		}
		const toMs = windows.fine[0]?.toMs ?? 0;
		const fromMs = windows.fine.at(-1)?.fromMs ?? 0;
		expect(Math.abs(toMs - fromMs - days * dayMs)).toBeLessThanOrEqual(3_600_000);
	});
});

const folderOf = (): string => {
	const folder = mkdtempSync(path.join(tmpdir(), 'past-'));
	onTestFinished(() => rmSync(folder, {recursive: true, force: true}));
	return folder;
};

const opened = async (file: string): Promise<PastStore> => {
	const store = new PastStore(file);
	await store.open(false);
	return store;
};

const listedOf = async (
	source: UsageSource,
	nowMs: number,
	store: PastStore,
	days = 1,
): Promise<PastPlan> => {
	const {models} = await source.listActive(never, 'kept');
	return planPast({nowMs, sinceMs: days * dayMs, modelIds: [...models.keys()], listed: models}, store);
};

const silent = () => {};

describe('what was read', () => {
	it('is kept: a second reading asks only for what came since', async () => {
		const account = await startAccount({scenario: {background: [traffic('amazon.nova-lite-v1:0')]}});
		const file = path.join(folderOf(), 'kept.jsonl');
		const first = await opened(file);
		const plan = await listedOf(account.source, noon, first);
		const {failure} = await readPast(plan, first, {source: account.source, signal: never, onCall: silent});
		expect(failure).toBeUndefined();

		await account.clock.advance(10 * minuteMs);
		const second = await opened(file);
		const again = await listedOf(account.source, account.clock.epoch(), second);
		expect(again.calls.length).toBeLessThanOrEqual(2);
		for (const {window} of again.calls) {
			expect(window.toMs - window.fromMs).toBeLessThanOrEqual(45 * minuteMs);
		}
		await readPast(again, second, {source: account.source, signal: never, onCall: silent});
		const [window] = again.windows.fine;
		const series = {modelId: 'amazon.nova-lite-v1:0', series: 'requests', periodMs: minuteMs} as const;
		const joined = window && second.values(series, window);
		// The same as read in one go.
		const whole = new PastStore(undefined);
		const listedLater = await listedOf(account.source, account.clock.epoch(), whole);
		await readPast(listedLater, whole, {source: account.source, signal: never, onCall: silent});
		expect(joined).toHaveLength(1440);
		expect(joined).toEqual(window && whole.values(series, window));
	});

	it('is kept through an interrupt and a line that was cut off', async () => {
		const account = await startAccount({
			scenario: {background: fifty.slice(0, 12).map((modelId) => traffic(modelId))},
		});
		const file = path.join(folderOf(), 'kept.jsonl');
		const store = await opened(file);
		const plan = await listedOf(account.source, noon, store, 14);
		const abort = new AbortController();
		let done = 0;
		await readPast(plan, store, {
			source: account.source,
			signal: abort.signal,
			onCall() {
				if (++done === 2) {
					abort.abort();
				}
			},
		});
		expect(done).toBeLessThan(plan.calls.length);
		const text = readFileSync(file, 'utf8');
		writeFileSync(file, text.slice(0, -40));

		const next = await opened(file);
		const rest = await listedOf(account.source, noon, next, 14);
		const missing = rest.calls.filter(({window}) => window.toMs - window.fromMs > dayMs);
		expect(missing.length).toBeLessThan(plan.calls.length);
		expect(rest.keptSeries).toBe(0);
		await readPast(rest, next, {source: account.source, signal: never, onCall: silent});
		const [window] = rest.windows.fine;
		for (const modelId of rest.asked.keys()) {
			const values = window && next.values({modelId, series: 'requests', periodMs: minuteMs}, window);
			expect(values?.every((value) => value > 0)).toBe(true);
		}
	});

	it('is put together when it lies in many pieces', async () => {
		const account = await startAccount({scenario: {background: [traffic('amazon.nova-lite-v1:0')]}});
		const folder = folderOf();
		const file = path.join(folder, 'kept.jsonl');
		for (let each = 0; each < 16; each++) {
			const store = await opened(file);
			const plan = await listedOf(account.source, account.clock.epoch(), store);
			await readPast(plan, store, {source: account.source, signal: never, onCall: silent});
			await account.clock.advance(20 * minuteMs);
		}
		const lines = readFileSync(file, 'utf8')
			.split('\n')
			.filter((line) => line !== '');
		expect(lines.length).toBeLessThan(8 * 14);
		expect(readdirSync(folder)).toEqual(['kept.jsonl']);
	});
});

describe('a service that throttles', () => {
	it('is asked again after growing pauses', async () => {
		const account = await startAccount({
			scenario: {background: [traffic('amazon.nova-lite-v1:0')], metrics: {throttleFirst: 8}},
		});
		const source = createUsageSource(account.clients, account.clock, 7);
		const store = new PastStore(undefined);
		let plan: PastPlan | undefined;
		void listedOf(source, noon, store).then((found) => {
			plan = found;
		});
		while (plan === undefined) {
			await account.clock.advance(1000);
			await new Promise(setImmediate);
		}
		let failure: unknown = 'not over';
		void readPast(plan, store, {source, signal: never, onCall: silent}).then((reading) => {
			({failure} = reading);
		});
		await until(() => failure !== 'not over');
		expect(failure).toBeUndefined();
		expect(account.clock.now()).toBeGreaterThanOrEqual(15_000);
	});

	it('is left alone in the end, with the reason', async () => {
		const source: UsageSource = {
			listActive: async () => {
				throw new Error('not asked');
			},
			read: async () => ({
				series: [],
				cost: {calls: 7, metrics: 0},
				failure: {action: 'cloudwatch:GetMetricData', kind: 'throttled', message: 'Rate exceeded'},
				clockAheadMs: undefined,
			}),
		};
		const {failure, calls} = await readPast(planOf(14), new PastStore(undefined), {
			source,
			signal: never,
			onCall: silent,
		});
		expect(failure?.kind).toBe('throttled');
		// Those in flight, and no more.
		expect(calls).toBe(21);
	});
});
