import fc from 'fast-check';
import {describe, expect as globalExpect, it} from 'vitest';
import {whatToChange} from '../../source/account/what-to-change.ts';
import {readAlert} from '../../source/config/values.ts';
import type {AccountRegion} from '../../source/domain/account-snapshot.ts';
import {displayWidth} from '../../source/text/width.ts';
import {
	accountDetailLines,
	accountNoteLines,
	emptyTableLines,
} from '../../source/tui/account/account-detail.ts';
import {accountTableLines, accountTitle} from '../../source/tui/account/account-view.tsx';
import {accountRow} from '../../source/view/account/account-rows.ts';
import {
	accountBucketFixture,
	accountBucketsFixture,
	accountFixture,
	accountRegionFixture,
	fixtureMinute,
} from '../helpers/account-fixture.ts';
import {createCamera, joinFrames, openScreen} from '../helpers/screen.ts';
import {
	configFixture,
	planFixture,
	readySnapshotFixture,
	targetFixture,
} from '../helpers/snapshot-fixture.ts';
import {keySequences} from '../helpers/terminal.tsx';

/** Tests source/tui/account through a real emulator; sizes.test.ts has all other sizes. */

/** The frames that differ in the wide tier. */
const wideFrames: readonly string[] = ['table', 'detail', 'two Regions'];

const sizes = [
	{columns: 200, rows: 30, golden: wideFrames},
	{columns: 120, rows: 40, golden: ['table', 'detail'] as readonly string[]},
	{columns: 80, rows: 24, golden: undefined},
	{columns: 30, rows: 6, golden: undefined},
] as const;

const patienceMs = 90_000;

const openAccount = (
	size: {readonly columns: number; readonly rows: number},
	overrides: Parameters<typeof openScreen>[1] = {},
) => {
	const screen = openScreen(size, {
		isDemo: false,
		opensOnAccount: true,
		config: configFixture({models: []}),
		...overrides,
	});
	return {
		...screen,
		...createCamera(screen),
		report(...regions: ReadonlyArray<Partial<AccountRegion>>) {
			// The screen lets data through twice a second.
			screen.clock.skip(600);
			screen.engine.report({type: 'account', account: accountFixture(...regions)});
		},
		async leave() {
			await screen.terminal.press('q');
			return screen.end;
		},
	};
};

const loading = {
	phase: 'loading',
	waitingFor: ['models and quotas of the Region', 'CloudWatch: which models are in use'],
	looks: 0,
	minute: null,
	isComplete: false,
	buckets: [],
	cost: {calls: 0, metrics: 0, usd: 0, usdPerHour: 0},
} as const;

describe.concurrent.each(sizes)('at $columns x $rows', {timeout: patienceMs}, ({columns, rows, golden}) => {
	it('the account from the first report to a benchmark', async ({expect}) => {
		const {shoot, report, engine, frames, clock, leave, settled} = openAccount({columns, rows});
		await shoot('opened');
		clock.skip(2400);
		report(loading);
		await shoot('waiting');
		report({});
		await shoot('table');
		await shoot('by tokens', 's', 's');
		await shoot('inverted', 'i');
		await shoot('filter', 'i', 's', 's', 's', 's', 's', '/', 'n', 'o', 'v', 'a');
		await shoot('nothing fits', 'x');
		await shoot('detail', keySequences.escape, keySequences.down, keySequences.enter);
		await shoot('frozen', keySequences.escape, 'f');
		await shoot('Regions', 'f', 'R');
		await shoot('help', keySequences.escape, '?');
		report({}, {region: 'eu-west-1'});
		await shoot('two Regions', keySequences.escape);
		await shoot('benchmark', 'b');
		engine.report({
			type: 'prepared',
			plan: planFixture({
				crowding: 'Others use 61k of 60k quota tokens a minute.',
				remarks: ['Others use 61k of 60k quota tokens a minute.'],
			}),
			snapshot: readySnapshotFixture(),
		});
		await shoot('plan');
		await settled();
		await leave();
		expect(engine.asked().filter((type) => type !== 'look-at-account')).toEqual(['watch-account', 'prepare']);
		const kept = frames.filter(([name]) => golden?.includes(name) ?? true);
		await expect(joinFrames(kept)).toMatchFileSnapshot(`frames/monitor-${columns}x${rows}.txt`);
	});
});

const limitNotes = {
	blocked: 'Blocked: AWS has set "On-demand requests" to 0. AWS Support can raise it.',
	twice: 'Service Quotas has "On-demand requests" more than once; the one with code L-1 is shown.',
};

/** Every bad input, as the monitor reports it. */
const troubles: ReadonlyArray<readonly [name: string, region: Partial<AccountRegion>, word: RegExp]> = [
	[
		'no metrics at all',
		{
			buckets: [],
			remarks: [
				'CloudWatch has no request to Bedrock in the last three hours: what is sent shows after two to three minutes; --region a,b looks at other Regions.',
			],
		},
		/R chooses other Regions/,
	],
	[
		'a Region without Bedrock',
		{
			region: 'me-central-1',
			buckets: [],
			remarks: ['Bedrock does not answer in me-central-1: perhaps it is not offered there.'],
		},
		/perhaps it is not offered there/,
	],
	[
		'a denied action',
		{
			isComplete: false,
			buckets: accountBucketsFixture().map((bucket) => ({...bucket, minute: null})),
			remarks: [
				"The account's use could not be read (IAM permission needed: cloudwatch:GetMetricData): requests, tokens, throttles and latency of the account are missing; its limits are shown.",
			],
		},
		/cloudwatch:GetMetricData/,
	],
	[
		'a throttled CloudWatch',
		{
			isComplete: false,
			nextPollSeconds: 240,
			at: fixtureMinute + 600_000,
			remarks: [
				"The account's use could not be read (CloudWatch throttles): figures are older, the next look is in 4m 00s.",
			],
		},
		/next in 4m 00s/,
	],
	[
		'partial data',
		{isComplete: false, remarks: ['CloudWatch reported 3 series in part only: their figures are older.']},
		/in part only/,
	],
	[
		'a clock that is off',
		{remarks: ["This machine's clock is 20m 00s ahead of AWS's: figures follow AWS's."]},
		/20m 00s ahead of AWS's/,
	],
	[
		'a limit of 0',
		{
			buckets: [
				accountBucketFixture({
					use: {requests: 0, quotaTokens: 0},
					quota: {
						...targetFixture().quota,
						requestsPerMinute: {...targetFixture().quota.requestsPerMinute, value: 0, state: 'blocked'},
					},
					notes: [limitNotes.blocked],
				}),
			],
		},
		/AWS Support can raise it/,
	],
	[
		'two quotas with one name',
		{buckets: [accountBucketFixture({notes: [limitNotes.twice]})]},
		/more than once/,
	],
	[
		'counts that disagree',
		{
			buckets: [
				accountBucketFixture({
					burndown: {value: 5, source: 'assumed'},
					disagreement: {estimated: 1_000_000, computed: 2_400_000, burndown: 1},
				}),
			],
		},
		/burndown 1 would explain it/,
	],
	[
		'no credentials',
		{
			phase: 'failed',
			minute: null,
			buckets: [],
			remarks: ['No AWS credentials were found.', 'Run `aws sso login`.'],
		},
		/aws sso login/,
	],
];

it(
	'every bad input is a sentence, and the rest is shown',
	async () => {
		const {shoot, report, terminal, leave} = openAccount({columns: 100, rows: 24});
		for (const [name, region, word] of troubles) {
			report(region);
			await shoot(name);
			// A sentence may be broken into lines.
			globalExpect(terminal.text().replaceAll(/[│\s]+/g, ' ')).toMatch(word);
		}
		await leave();
	},
	patienceMs,
);

it(
	'with ASCII characters alone, in colour, and without: the same words',
	async () => {
		const looks = [
			{colors: 0, ascii: true, theme: 'auto'},
			{colors: 16, ascii: false, theme: 'auto'},
			{colors: 0, ascii: false, theme: 'mono'},
		] as const;
		const [ascii, color, mono] = await Promise.all(
			looks.map(async (appearance) => {
				const {shoot, report, frames, terminal, leave} = openAccount({columns: 120, rows: 30}, {appearance});
				report({});
				await shoot('table');
				await shoot('detail', keySequences.enter);
				const raw = terminal.raw();
				await leave();
				return {text: joinFrames(frames), raw};
			}),
		);
		globalExpect(ascii?.text).toMatch(/^[\n -~]*$/);
		globalExpect(color?.text).toBe(mono?.text);
		globalExpect(color?.raw).toMatch(/\u001B\[[\d;]*3\dm/);
		globalExpect(mono?.raw).not.toMatch(/\u001B\[[\d;]*3\dm/);
	},
	patienceMs,
);

it('what CloudWatch did not report is nowhere a 0', () => {
	const [bucket] = accountBucketsFixture();
	const unknown = {
		...(bucket ?? accountBucketFixture()),
		minute: null,
		quota: {...targetFixture().quota, tokensPerDay: targetFixture().quota.tokensPerMinute},
		dayTokens: null,
		costPerHourUsd: null,
		durations: [],
		use: {requests: 0, quotaTokens: 0},
		others: {requests: 0, quotaTokens: 0},
		peak: {requests: 0, quotaTokens: 0},
	};
	const row = accountRow(unknown, fixtureMinute);
	const [, table = []] = accountTableLines([row], {width: 196, height: 5, hasRegions: false});
	const cells = table.map(({text}) => text).join('');
	globalExpect(cells.replaceAll(/nova-lite|of 0/g, '')).not.toMatch(/(^|\s)\$?0(\.00|%)?(\s|$)/);
	const detail = accountDetailLines(row, undefined, 400).map((line) => line.map(({text}) => text).join(''));
	globalExpect(detail.filter((line) => /^(in use|tokens|last hour|today)/.test(line))).toEqual([
		'in use        – requests of 200, – quota tokens of 200k',
		...['tokens', 'last hour', 'today'].map((label) => `${label.padEnd(14)}–`),
	]);
	globalExpect(detail.find((line) => line.startsWith('by whom'))).toContain('others –. AWS does not report');
});

it('rows of several profiles name their account, and notes what each costs', () => {
	const cost = {calls: 3, metrics: 30, usd: 0.001, usdPerHour: 0.02};
	const rows = [
		accountRow(accountBucketFixture({owner: '111111111111'}), fixtureMinute),
		accountRow(accountBucketFixture({owner: '222222222222', profile: 'prod'}), fixtureMinute),
	];
	globalExpect(new Set(rows.map(({id}) => id)).size).toBe(2);
	const textOf = (lines: ReturnType<typeof accountTableLines>) =>
		lines.map((line) => line.map(({text}) => text).join(''));
	const [head, ...table] = textOf(accountTableLines(rows, {width: 120, height: 5, hasRegions: true}));
	globalExpect(head).toContain('Account');
	globalExpect(table[0]).toContain('111111111111');
	globalExpect(table[1]).toContain('222222222222');
	const regions = [
		accountRegionFixture({profile: 'team', cost}),
		accountRegionFixture({profile: 'prod', isBeside: true, cost, remarks: ['No credentials.']}),
	];
	const notes = textOf(accountNoteLines(regions, undefined, undefined, {width: 400, height: 20})).join('\n');
	globalExpect(notes).toContain('profile prod · us-east-1: No credentials.');
	globalExpect(notes).toContain('; per hour team $0.020, prod $0.020.');
});

it('an alert rings once, with a line in the log', async () => {
	const {shoot, report, terminal, leave} = openAccount(
		{columns: 120, rows: 30},
		{alerts: [readAlert('tokens>80')]},
	);
	report({});
	report({});
	await shoot('table');
	globalExpect(terminal.raw().match(/\u0007/g)).toHaveLength(1);
	globalExpect(terminal.text()).toContain('alert tokens>80: meta.llama3-3-70b-instruct-v1:0');
	await shoot('log', '6');
	globalExpect(terminal.text().match(/alert tokens>80/g)?.length).toBeGreaterThanOrEqual(1);
	await leave();
});

it('percentiles are asked for of what is on screen alone', async () => {
	const {shoot, report, engine, terminal, leave} = openAccount({columns: 80, rows: 12});
	const models = Array.from({length: 30}, (_unused, index) => `vendor.model-${10 + index}`);
	report({
		buckets: models.map((model, index) =>
			accountBucketFixture({model, use: {requests: 100 - index, quotaTokens: 100}}),
		),
	});
	const check = () => {
		const asked = engine.requests.flatMap((request) =>
			request.type === 'look-at-account' ? [request.places.map(({key}) => key.split(' ')[0])] : [],
		);
		const onScreen = models.filter((model) => terminal.text().includes(model.slice('vendor.'.length)));
		globalExpect(onScreen.length).toBeLessThan(12);
		globalExpect(asked.at(-1)).toEqual(onScreen);
		return onScreen;
	};
	await shoot('table');
	const first = check();
	await shoot('further down', ...Array.from({length: 20}, () => keySequences.down));
	globalExpect(check()).not.toEqual(first);
	await shoot('another view', '6');
	globalExpect(engine.requests.findLast(({type}) => type === 'look-at-account')).toMatchObject({places: []});
	await leave();
});

it('no line is wider than its width, whatever the account is called', () => {
	const hostile = fc.oneof(
		fc.string({unit: 'binary', maxLength: 60}),
		fc.constantFrom(
			'\u001B[31mred\u001B[0m',
			'\u202Eevil',
			'日本語のモデル'.repeat(6),
			'👩‍👩‍👧‍👦'.repeat(9),
			'a\nb\tc',
			'arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/0123456789abcdef',
		),
	);
	fc.assert(
		fc.property(
			fc.record({
				model: hostile,
				region: hostile,
				note: hostile,
				filter: hostile,
				name: hostile,
				width: fc.integer({min: 24, max: 220}),
				requests: fc.double({min: 0, max: 1e12, noNaN: true}),
			}),
			({model, region, note, filter, name, width, requests}) => {
				const limit = {...targetFixture().quota.requestsPerMinute, name};
				const bucket = accountBucketFixture({
					model,
					region,
					modelIds: [model],
					notes: [note],
					use: {requests, quotaTokens: requests * 700},
					quota: {...targetFixture().quota, requestsPerMinute: limit},
				});
				const reported = accountRegionFixture({
					region,
					buckets: [bucket],
					remarks: [note],
					waitingFor: [note],
				});
				const row = {...accountRow(bucket, reported.at), isSelected: true};
				const roomy = {
					...bucket,
					scope: 'global' as const,
					callable: model,
					use: {requests: 0, quotaTokens: 0},
				};
				const advice = whatToChange(bucket, [bucket, roomy], reported.at);
				const lines = [
					...accountTableLines([row], {width, height: 5, hasRegions: true}),
					...accountDetailLines(row, advice, width),
					...accountNoteLines([reported, reported], row, advice, {width, height: 40}),
					...emptyTableLines([reported], filter, width),
					...emptyTableLines([{...reported, phase: 'loading'}], '', width),
				];
				for (const line of lines) {
					const text = line.map((each) => each.text).join('');
					globalExpect(displayWidth(text)).toBeLessThanOrEqual(width);
					globalExpect(text).not.toMatch(/[\u0000-\u001F\u007F\u202E]/);
				}
				const {title} = accountTitle(reported, {sort: 'use', isInverted: false, filter});
				globalExpect(title.map((each) => each.text).join('')).not.toMatch(/[\u0000-\u001F\u007F\u202E]/);
			},
		),
		{numRuns: 40},
	);
});
