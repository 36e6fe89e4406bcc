import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import type {BucketState, Gauge, Snapshot} from '../../source/domain/snapshot.ts';
import {gaugeLevel} from '../../source/text/bars.ts';
import {formatCount, formatPercent, formatTokens} from '../../source/text/numbers.ts';
import {lineText, lineWidth} from '../../source/text/segment.ts';
import {gaugeLines, gaugesTitle} from '../../source/tui/panels/gauges.ts';
import {headerLines} from '../../source/tui/panels/header.ts';
import {tinyLines} from '../../source/tui/panels/tiny.ts';
import {initialState, type State} from '../../source/view/state.ts';
import {joinFrames, openScreen} from '../helpers/screen.ts';
import {
	bucketFixture,
	configFixture,
	endedSnapshotFixture,
	limitFixture,
	planFixture,
	readySnapshotFixture,
	snapshotFixture,
	targetFixture,
} from '../helpers/snapshot-fixture.ts';

/** Tests source/tui/panels/gauges.ts with others in the bucket: whole frames, and what holds for any state and width. */

const targets = [
	targetFixture({
		quota: {
			requestsPerMinute: limitFixture(50),
			tokensPerMinute: limitFixture(200_000),
			tokensPerDay: limitFixture(20_000_000),
		},
	}),
];
const day = {used: 412_000, reserved: 0, others: 3_100_000, limit: 20_000_000} as const;
const at = (clock: string): string => `2026-03-01T${clock}.000Z`;
const readyAt = at('09:59:58');
const runningAt = at('10:01:30');

/** A bucket with others in it: 47 of 50 requests by CloudWatch, as of two and a half minutes ago. */
const shared = (overrides: Partial<BucketState> = {}): BucketState =>
	bucketFixture({
		requests: {used: 2, reserved: 1, others: 47, limit: 50},
		tokens: {used: 2400, reserved: 1500, others: 141_000, limit: 200_000},
		day,
		nextRoomMs: 14_000,
		share: 0.06,
		inFlight: 1,
		others: {at: at('09:59:00'), from: 'cloudwatch'},
		...overrides,
	});

const progress = {
	done: 82,
	total: 160,
	inFlight: 1,
	remainingMs: 1_560_000,
	freePerMinute: 3,
	waitingFor: 'others use 47 of 50 · next request in 14 s',
} as const;

type Scene = {readonly make: typeof snapshotFixture; readonly overrides: Partial<Snapshot>};

/** What others may do to a run. */
const scenes: Readonly<Record<string, Scene>> = {
	'ready, others use 47 of 50': {
		make: readySnapshotFixture,
		overrides: {
			at: readyAt,
			buckets: [
				shared({
					requests: {used: 0, reserved: 0, others: 47, limit: 50},
					tokens: {used: 0, reserved: 0, others: 141_000, limit: 200_000},
					day: {...day, used: 0},
					nextRoomMs: null,
					inFlight: 0,
					others: {at: at('09:57:00'), from: 'cloudwatch'},
				}),
			],
		},
	},
	'running, others hold most of it': {
		make: snapshotFixture,
		overrides: {at: runningAt, buckets: [shared()], progress},
	},
	'running, a throttle has shown others': {
		make: snapshotFixture,
		overrides: {
			at: runningAt,
			buckets: [
				shared({
					requests: {used: 18, reserved: 2, others: 30, limit: 50, throttledAt: at('10:01:19')},
					tokens: {used: 20_400, reserved: 3000, limit: 200_000},
					day: {...day, others: 0},
					nextRoomMs: 9000,
					others: {at: at('10:01:19'), from: 'throttle'},
				}),
			],
			progress: {
				...progress,
				remainingMs: 240_000,
				freePerMinute: 20,
				isSlower: true,
				waitingFor: 'others use 30 of 50 · next request in 9 s',
			},
		},
	},
	'running, others use a little': {
		make: snapshotFixture,
		overrides: {
			at: runningAt,
			buckets: [
				shared({
					requests: {used: 12, reserved: 1, others: 4, limit: 50},
					tokens: {used: 14_400, reserved: 1500, others: 61_000, limit: 200_000},
					nextRoomMs: 0,
				}),
			],
			progress: {done: 82, total: 160, inFlight: 1, remainingMs: 64_000, waitingFor: null},
		},
	},
	'ended, others as of then': {
		make: endedSnapshotFixture,
		overrides: {
			at: at('10:02:34'),
			outcome: 'stopped',
			stoppedBy: 'day',
			stopReason: 'daily token quota used up (20M of 20M)',
			buckets: [
				shared({
					day: {used: 412_000, reserved: 0, others: 19_588_000, limit: 20_000_000},
					nextRoomMs: null,
					inFlight: 0,
				}),
			],
		},
	},
};

describe.concurrent.each([
	[120, 40],
	[80, 24],
	[60, 15],
	[30, 6],
	[200, 60],
] as const)('at %i x %i', {timeout: 40_000}, (columns, rows) => {
	it('others stand in the gauges, and what blocks the run in the header', async ({expect: expectHere}) => {
		const frames: Array<readonly [string, string]> = [];
		for (const [name, {make, overrides}] of Object.entries(scenes)) {
			const screen = openScreen({columns, rows}, {isDemo: make !== readySnapshotFixture});
			const snapshot = make({targets, ...overrides});
			screen.engine.report({
				type: 'prepared',
				plan: planFixture({targets, account: '111122223333'}),
				snapshot: snapshot.phase === 'ready' ? snapshot : readySnapshotFixture({targets}),
			});
			screen.engine.report({type: snapshot.phase === 'ended' ? 'ended' : 'snapshot', snapshot});
			frames.push([name, headOf(await screen.settled())]);
			screen.engine.report({type: 'ended', snapshot: endedSnapshotFixture()});
			await screen.settled();
			await screen.terminal.press('q');
			await screen.end;
		}
		await expectHere(joinFrames(frames)).toMatchFileSnapshot(`frames/gauges-${columns}x${rows}.txt`);
	});
});

/** Header and gauges; the whole of a frame that has no panels. */
function headOf(frame: string): string {
	const lines = frame.split('\n');
	const last = lines.findLastIndex((line) => /^(│ )?(RPM|TPM|TPD) [^·]*[░█▒]/.test(line));
	return last === -1 ? frame : lines.slice(0, last + 1).join('\n');
}

const nowMs = Date.parse(runningAt);
const limits = {RPM: 200, TPM: 200_000, TPD: 20_000_000} as const;
type Label = keyof typeof limits;

/** Parts of a limit: own, of others, set aside; and how long ago the service throttled by it, in milliseconds. */
const gaugeArbitrary = (limit: number): fc.Arbitrary<Gauge> =>
	fc
		.record({
			used: fc.double({min: 0, max: 1.1, noNaN: true}),
			others: fc.option(fc.double({min: 0, max: 1, noNaN: true}), {nil: undefined}),
			reserved: fc.double({min: 0, max: 0.5, noNaN: true}),
			throttledMs: fc.option(fc.integer({min: 0, max: 120_000}), {nil: undefined}),
			isWhole: fc.boolean(),
		})
		.map(({used, others, reserved, throttledMs, isWhole}) => {
			const part = (fraction: number) => (isWhole ? Math.round(fraction * limit) : fraction * limit);
			return {
				used: part(used),
				reserved: part(reserved),
				limit,
				...(others === undefined ? {} : {others: part(others)}),
				...(throttledMs === undefined ? {} : {throttledAt: new Date(nowMs - throttledMs).toISOString()}),
			};
		});

const bucketArbitrary: fc.Arbitrary<BucketState> = fc
	.record({
		requests: gaugeArbitrary(limits.RPM),
		tokens: gaugeArbitrary(limits.TPM),
		day: gaugeArbitrary(limits.TPD),
		nextRoomMs: fc.option(fc.integer({min: 0, max: 90_000}), {nil: null}),
	})
	.map(({day: {throttledAt: _, ...today}, ...bucket}) => bucketFixture({...bucket, day: today}));

const target = targetFixture({
	quota: {
		requestsPerMinute: limitFixture(limits.RPM),
		tokensPerMinute: limitFixture(limits.TPM),
		tokensPerDay: limitFixture(limits.TPD),
	},
});

const rowsOf = (bucket: BucketState, width: number) =>
	gaugeLines(
		{
			target,
			targetIndex: 0,
			bucket,
			timeline: snapshotFixture().timeline,
			nowMs,
			progress: snapshotFixture().progress,
			isDayShown: true,
		},
		width,
	);

const isRecent = ({throttledAt}: Gauge): boolean =>
	throttledAt !== undefined && nowMs - Date.parse(throttledAt) < 60_000;

describe('in any state and at any width', () => {
	const property = (check: (label: Label, row: string, gauge: Gauge, bucket: BucketState) => void) => {
		fc.assert(
			fc.property(bucketArbitrary, fc.integer({min: 36, max: 220}), (bucket, width) => {
				const lines = rowsOf(bucket, width);
				const gauges = {RPM: bucket.requests, TPM: bucket.tokens, TPD: bucket.day};
				for (const [index, label] of (['RPM', 'TPM', 'TPD'] as const).entries()) {
					const line = lines[index] ?? [];
					expect(lineWidth(line)).toBe(width);
					expect(lineText(line).startsWith(label)).toBe(true);
					check(label, lineText(line), gauges[label], bucket);
				}
			}),
			{numRuns: 300},
		);
	};
	const barOf = (row: string): string => /^\w{3} ([█░▒·]+)/.exec(row)?.[1] ?? '';

	it('own, others, reserved and free stand in this order and fill the bar, each by its part of the limit', () => {
		property((_, row, {used, reserved, others = 0, limit}) => {
			const bar = barOf(row);
			expect(bar).toMatch(/^█*░*▒*·*$/);
			expect(bar.length).toBeGreaterThanOrEqual(4);
			const cells = (glyph: string): number => bar.split(glyph).length - 1;
			const taken = used + others + reserved;
			const scale = bar.length / Math.max(limit ?? 0, taken);
			for (const [glyph, value] of [
				['█', used],
				['░', others],
				['▒', reserved],
			] as const) {
				// What is above 0 has a cell where there are as many, whatever it takes from its neighbours.
				expect(Math.abs(cells(glyph) - value * scale)).toBeLessThanOrEqual(3);
				expect(value > 0 || cells(glyph) === 0).toBe(true);
			}
			expect(cells('·') > 0).toBe(taken < (limit ?? 0));
		});
	});

	it('bars keep a fifth of the width wherever words stand beside them', () => {
		property((_, row) => {
			expect(barOf(row).length * 5 >= row.length || !/ [•!x] [a-z]/.test(row)).toBe(true);
		});
	});

	it('percent, glyph and words are those of the whole: own, others and reserved', () => {
		property((label, row, gauge) => {
			const {used, reserved, others = 0} = gauge;
			const limit = limits[label];
			const fraction = (used + reserved + others) / limit;
			const [, percent, glyph, words = ''] = / (<?[\d,]+%) ([•!x])(?: (.*))?$/.exec(row.trimEnd()) ?? [];
			const format = label === 'RPM' ? formatCount : formatTokens;
			expect(percent).toBe(formatPercent(fraction));
			expect(glyph === 'x').toBe(gaugeLevel(fraction) === 'full');
			expect(glyph !== '•' || gaugeLevel(fraction) === 'ok').toBe(true);
			expect(row).toMatch(new RegExp(`(of|/) ?${format(limit)} `));
			const [, left] = /others leave (\S+)/.exec(words) ?? [];
			if (left !== undefined) {
				expect(left).toBe(format(limit - others));
				expect(others).toBeGreaterThan(used + reserved);
			}
			expect(words).not.toMatch(/-\d|NaN|Infinity/);
		});
	});

	it('never `ok` within a minute of a throttle, and never `ok` where others fill the rest', () => {
		property((_, row, gauge, {requests, tokens}) => {
			const isOk = /• ?(ok)?$/.test(row.trimEnd());
			if (isRecent(requests) || isRecent(tokens)) {
				expect(isOk).toBe(false);
			}
			const {used, reserved, others = 0, limit} = gauge;
			expect(!isOk || used + reserved + others < 0.7 * (limit ?? 0)).toBe(true);
		});
	});

	it('a tiny screen marks what is near its limit or throttled', () => {
		fc.assert(
			fc.property(bucketArbitrary, (bucket) => {
				const state: State = {
					...initialState({config: configFixture(), isDemo: true, startsAtOnce: true, nowMs: 0}),
					stage: {kind: 'running'},
					snapshot: snapshotFixture({at: runningAt, targets: [target], buckets: [bucket]}),
				};
				const text = tinyLines(state, 60, 6).map(lineText).join('\n');
				for (const [label, gauge] of [
					['RPM', bucket.requests],
					['TPM', bucket.tokens],
				] as const) {
					const {used, reserved, others = 0, limit} = gauge;
					const isNear = gaugeLevel((used + reserved + others) / (limit ?? 1)) !== 'ok';
					expect(new RegExp(`${label} [^ \n]*[!x]`).test(text)).toBe(isNear || isRecent(gauge));
				}
			}),
		);
	});
});

describe('the forecast', () => {
	// One request per second, then five: four more come than leave the minute.
	const points = Array.from({length: 60}, (_, second) => ({
		second,
		target: 0,
		requests: second < 50 ? 1 : 5,
		quotaTokens: second < 50 ? 1 : 5,
		reserved: 0,
		throttled: 0,
		inFlight: 0,
	}));
	const bucket = bucketFixture({
		requests: {used: 100, reserved: 0, others: 40, limit: 180},
		tokens: {used: 100, reserved: 0, limit: 200_000},
		nextRoomMs: 0,
	});
	const wordsOf = (change: Partial<Snapshot['progress']>, isOver = false): string => {
		const progress = {...snapshotFixture().progress, done: 100, inFlight: 0, total: 1000, ...change};
		const lines = gaugeLines(
			{
				target,
				targetIndex: 0,
				bucket,
				timeline: {intervalSeconds: 1, points},
				nowMs,
				progress: isOver ? undefined : progress,
				isDayShown: false,
			},
			116,
		);
		return lineText(lines[0] ?? []).trimEnd();
	};

	it('says when a limit is reached at this pace, others counted in', () => {
		expect(wordsOf({remainingMs: 600_000})).toMatch(/ 78% ! full in 10 s$/);
	});

	it('is off where the rest of the run is over before, or fits, and when the run is over', () => {
		expect(wordsOf({remainingMs: 9000})).toMatch(/ 78% ! near limit$/);
		expect(wordsOf({remainingMs: null, total: 130})).toMatch(/near limit$/);
		expect(wordsOf({remainingMs: null, total: 1000, likely: 130})).toMatch(/near limit$/);
		expect(wordsOf({remainingMs: null, total: 150})).toMatch(/full in 10 s$/);
		expect(wordsOf({}, true)).toMatch(/near limit$/);
	});
});

describe('the title', () => {
	const titleOf = (change: Parameters<typeof gaugesTitle>[1]): string =>
		lineText(gaugesTitle(target, change));
	const others = (from: 'cloudwatch' | 'throttle', clock: string) => shared({others: {at: at(clock), from}});

	it.each([
		[{bucket: undefined, nowMs, endedAt: undefined}, 'Quota applied · last 60 s'],
		[
			{bucket: others('cloudwatch', '09:58:30'), nowMs, endedAt: undefined},
			'Quota applied · last 60 s · others 3 min old',
		],
		[
			{bucket: others('throttle', '10:01:05'), nowMs, endedAt: undefined},
			'Quota applied · last 60 s · others by a throttle 25 s ago',
		],
		[
			{
				bucket: shared({
					others: {at: at('10:01:05'), from: 'throttle', reportedAt: at('09:59:00')},
				}),
				nowMs,
				endedAt: undefined,
			},
			'Quota applied · last 60 s · others by a throttle 25 s ago, else 2 min old',
		],
		// Once its minute is over the figures are dated.
		[{bucket: undefined, nowMs, endedAt: at('10:00:31')}, 'Quota applied · last 60 s'],
		[{bucket: undefined, nowMs, endedAt: at('10:00:30')}, 'Quota applied · nothing sent since 10:00:30 UTC'],
		// Where nobody knows what time it is nothing ages.
		[
			{bucket: others('cloudwatch', '09:58:30'), nowMs: undefined, endedAt: at('10:00:30')},
			'Quota applied · at the end, 10:00:30 UTC · others at 09:58 UTC',
		],
	] as const)('%#: %s', (age, expected) => {
		expect(titleOf(age)).toBe(expected);
	});

	it('a source that differs between the limits stands beside each', () => {
		const mixed = {
			...target,
			quota: {
				...target.quota,
				tokensPerMinute: limitFixture(200_000, {state: 'unknown', source: 'assumed', applied: null}),
			},
		};
		expect(lineText(gaugesTitle(mixed, {bucket: undefined, nowMs, endedAt: undefined}))).toBe(
			'Quota applied and assumed · last 60 s',
		);
		const rows = gaugeLines(
			{
				target: mixed,
				targetIndex: 0,
				bucket: bucketFixture(),
				timeline: undefined,
				nowMs,
				progress: undefined,
				isDayShown: false,
			},
			116,
		).map((row) => lineText(row).trimEnd());
		expect(rows[0]).toMatch(/ok · applied$/);
		expect(rows[1]).toMatch(/near limit · assumed$/);
	});
});

describe('what blocks a run, in the header', () => {
	const stateOf = (change: Partial<State>): State => ({
		...initialState({config: configFixture(), isDemo: true, startsAtOnce: true, nowMs: 0}),
		stage: {kind: 'running'},
		snapshot: snapshotFixture({at: runningAt, targets, buckets: [shared()], progress}),
		...change,
	});
	const statusLine = (state: State, width: number, height = 3): string =>
		lineText(headerLines(state, width, height)[height === 1 ? 0 : 1] ?? []);

	it('when the next request goes is never cut off, and from 70 columns on who is in the way neither', () => {
		for (let width = 40; width <= 220; width++) {
			for (const line of [statusLine(stateOf({}), width), statusLine(stateOf({}), width, 1)]) {
				expect(line).toMatch(/^RUNNING .*next request in 14 s( |$)/);
				expect(line.includes('others use 47 of 50') || width < 70).toBe(true);
			}
		}
	});

	it('the reason that a run cannot start is whole wherever it fits', () => {
		const refusal = 'daily token quota used up: 35M of 2M, resets 00:00 UTC';
		const blocked = stateOf({stage: {kind: 'planned'}, plan: planFixture({targets, refusal})});
		expect(statusLine(blocked, 80)).toContain(`BLOCKED · ${refusal}`);
		expect(statusLine(blocked, 60).trimEnd()).toBe('BLOCKED · daily token quota used up: 35M of 2M');
		const tiny = tinyLines({...blocked, isDemo: false}, 30, 6).map((line) => lineText(line).trimEnd());
		expect(tiny.slice(0, 3)).toEqual([
			'SIMULATED · BLOCKED',
			'daily token quota used up',
			'35M of 2M · resets 00:00 UTC',
		]);
		expect(tiny.join('\n')).not.toContain('shows the plan');
	});
});

it('of a model on bedrock-mantle are those of its input and of its output', () => {
	const onMantle = targetFixture({
		scope: 'mantle',
		quota: {
			requestsPerMinute: limitFixture(null),
			tokensPerMinute: limitFixture(400_000),
			outputTokensPerMinute: limitFixture(40_000),
			tokensPerDay: limitFixture(null),
		},
	});
	const bucket = bucketFixture({output: {used: 30_000, reserved: 4000, limit: 40_000}});
	const input = {
		target: onMantle,
		targetIndex: 0,
		timeline: undefined,
		nowMs,
		progress: undefined,
		isDayShown: false,
	};
	const linesOf = (shown: BucketState | undefined) =>
		gaugeLines({...input, bucket: shown}, 116).map((line) => lineText(line).trimEnd());
	expect(linesOf(bucket)).toEqual([
		expect.stringMatching(/^IN .* 132k used \+ 22k reserved of 200k +77% ! near limit$/),
		expect.stringMatching(/^OUT .* 30k used \+ 4k reserved of 40k +85% ! near limit$/),
	]);
	expect(linesOf(undefined)).toEqual([
		expect.stringMatching(/^IN .*not kept$/),
		expect.stringMatching(/^OUT .*not kept$/),
	]);
	expect(lineText(gaugesTitle(onMantle, {bucket, nowMs, endedAt: undefined}))).toContain('applied');
});
