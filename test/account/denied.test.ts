import {expect, it} from 'vitest';
import {fractionsOf} from '../../source/account/alerts.ts';
import {whatToChange} from '../../source/account/what-to-change.ts';
import type {AccountDirectory} from '../../source/bedrock/cloudwatch/account-directory.ts';
import {createUsageSource} from '../../source/bedrock/cloudwatch/usage-reader.ts';
import type {AccountBucket, AccountRegion} from '../../source/domain/account-snapshot.ts';
import {limitKinds} from '../../source/domain/target.ts';
import {accountJson, accountLines} from '../../source/plain/account.ts';
import {accountColumns} from '../../source/view/account/account-columns.ts';
import {accountRow} from '../../source/view/account/account-rows.ts';
import {directoryOf, firstPoll, minuteMs, startAccount, startMonitor, traffic} from './account-harness.ts';

/** Tests source/account/account-bucket.ts with every source of the account denied, alone and with others: what depends on it is a dash. */

const sources = {
	list: ['cloudwatch:ListMetrics'],
	read: ['cloudwatch:GetMetricData'],
	applied: ['servicequotas:ListServiceQuotas'],
	defaults: ['servicequotas:ListAWSDefaultServiceQuotas'],
	models: ['bedrock:ListFoundationModels', 'bedrock:ListInferenceProfiles'],
} as const;
type Source = keyof typeof sources;

/** None of these, each alone, each pair, and all. */
const setsOf = (names: readonly Source[]): ReadonlyArray<readonly Source[]> => [
	[],
	...names.map((name) => [name]),
	...names.flatMap((one, at) => names.slice(at + 1).map((other) => [one, other])),
	...(names.length > 2 ? [names] : []),
];

/** Cells of a row by the key of their column, with "–" for what is not known. */
const cellsOf = (bucket: AccountBucket, at: number): Readonly<Record<string, string>> =>
	Object.fromEntries(
		accountColumns({hasRegions: false, hasAges: true}).map(({key, format}) => [
			key,
			format(accountRow(bucket, at)).trim(),
		]),
	);

/** Columns of what CloudWatch counts, and of parts of a limit. */
const counted = ['rpm', 'tpm', 'throttled', 'errors', 'first-token', 'latency', 'cost', 'age'];
const partsOfLimits = ['rpm-percent', 'tpm-percent', 'free', 'full'];

const dashes = (keys: readonly string[]): Readonly<Record<string, string>> =>
	Object.fromEntries(keys.map((key) => [key, '–']));

/** What must hold of a bucket while these sources are denied. */
const check = (bucket: AccountBucket, {at, buckets}: AccountRegion, denied: ReadonlySet<Source>): void => {
	const cells = cellsOf(bucket, at);
	const {state, changes} = whatToChange(bucket, buckets, at);
	const advice = changes.join('\n');
	if (denied.has('read')) {
		expect(state).toMatch(/–|^Blocked/);
		expect(advice).not.toMatch(/Also call|per request|throttled|free/);
	}
	if (denied.has('applied') && denied.has('defaults')) {
		expect([state, advice]).toEqual([expect.stringContaining('–'), '']);
	}
	if (denied.has('applied') || denied.has('defaults')) {
		expect(advice).not.toContain('by default');
	}
	if (denied.has('read')) {
		expect(bucket).toMatchObject({minute: null, dayTokens: null, costPerHourUsd: null, durations: []});
		expect(fractionsOf(bucket)).toEqual({requests: null, tokens: null, day: null});
		expect(cells).toMatchObject({...dashes([...counted, ...partsOfLimits, 'day']), hour: ''});
		// Only the list of ModelIds knows that nothing went on.
		expect(bucket.activity).toMatch(denied.has('list') ? /^unknown$/ : /^(unknown|idle)$/);
	}
	if (denied.has('applied') && denied.has('defaults')) {
		expect(limitKinds.map((kind) => bucket.quota[kind].state)).not.toContain('known');
		expect(cells).toMatchObject({...dashes(partsOfLimits), 'rpm-limit': '–', 'tpm-limit': '–'});
	}
	for (const kind of limitKinds) {
		const {applied, default: standard, source} = bucket.quota[kind];
		expect([applied, source === 'applied']).toEqual(
			denied.has('applied') ? [null, false] : [applied, source === 'applied'],
		);
		expect([standard, source === 'default']).toEqual(
			denied.has('defaults') ? [null, false] : [standard, source === 'default'],
		);
	}
};

it.each([
	{when: 'at noon', minutesLater: 0, names: Object.keys(sources) as Source[]},
	// No hour of the day has to be read then.
	{when: 'in the first hour of the day', minutesLater: 12 * 60 + 30, names: ['list', 'read'] as const},
])(
	'what depends on a denied source is a dash, $when',
	async ({minutesLater, names}) => {
		const denied: string[] = [];
		const account = await startAccount({
			scenario: {
				denied,
				background: [
					traffic('us.amazon.nova-lite-v1:0', {cacheReadTokens: 200}),
					traffic('amazon.nova-lite-v1:0'),
					traffic('us.amazon.nova-pro-v1:0', {shape: 'ended'}),
				],
			},
		});
		account.clock.skip(minutesLater * minuteMs);
		const directories = new Map<string, AccountDirectory>();
		let allowed: AccountRegion | undefined;
		for (const set of setsOf(names)) {
			denied.splice(0, denied.length, ...set.flatMap((name) => sources[name]));
			// What the lists say does not depend on CloudWatch: they are read once.
			const lists = set.filter((name) => name !== 'list' && name !== 'read').join();
			const directory = directories.get(lists) ?? (await directoryOf(account));
			directories.set(lists, directory);
			const watch = startMonitor(account, {
				source: createUsageSource(account.clients, account.clock),
				readDirectory: async () => directory,
				isAllOnScreen: true,
			});
			watch.monitor.start();
			await firstPoll(watch);
			watch.monitor.stop();
			const region = watch.latest();
			allowed ??= region;
			for (const bucket of region.buckets) {
				check(bucket, region, new Set(set));
				// Whatever is counted is counted whole: a metric that is not listed is asked for all the same.
				const whole = allowed.buckets.find(({key}) => key === bucket.key);
				if (bucket.minute !== null && bucket.activity === 'active') {
					expect([bucket.reported, bucket.hourErrors]).toEqual([whole?.reported, whole?.hourErrors]);
				}
			}
			if (set.includes('read')) {
				expect(accountJson(region)).not.toMatch(/PerMinute":0|Tokens":0|throttled":0/);
				expect(accountLines(region, {width: 200, ascii: false})[0]).toContain('– active of');
			}
		}
	},
	120_000,
);
