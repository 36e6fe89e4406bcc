import {describe, expect, it} from 'vitest';
import type {Snapshot} from '../../source/domain/snapshot.ts';
import {type Line, lineText, lineWidth, segment} from '../../source/text/segment.ts';
import {framed, innerWidth} from '../../source/tui/frame.ts';
import {placeOverlay} from '../../source/tui/overlays/overlay-lines.ts';
import {chartLines, chartTitle, nearerLimit} from '../../source/tui/panels/charts.ts';
import {detailLines, detailTitle} from '../../source/tui/panels/detail.ts';
import {gaugeLines, gaugesLegend, gaugesTitle} from '../../source/tui/panels/gauges.ts';
import {footerLine, headerLines} from '../../source/tui/panels/header.ts';
import {notesLines} from '../../source/tui/panels/notes.ts';
import {noticeOf} from '../../source/tui/panels/notice.ts';
import {tinyLines} from '../../source/tui/panels/tiny.ts';
import {variantTableLines, variantTableTitle} from '../../source/tui/panels/variant-table.ts';
import {initialState, type State} from '../../source/view/state.ts';
import {joinFrames} from '../helpers/screen.ts';
import {
	bucketFixture,
	configFixture,
	limitFixture,
	planFixture,
	snapshotFixture,
	targetFixture,
} from '../helpers/snapshot-fixture.ts';

/** Tests source/tui/panels: each panel on its own, in mono. */

function stateOf(overrides: Partial<State> = {}): State {
	return {
		...initialState({config: configFixture(), isDemo: true, startsAtOnce: true, nowMs: 0}),
		stage: {kind: 'running'},
		snapshot: snapshotFixture(),
		...overrides,
	};
}

function gauges(snapshot: Snapshot, width: number, nowMs = Date.UTC(2026, 10, 23, 17, 4)): readonly Line[] {
	return framed(
		{
			title: gaugesTitle(snapshot.targets[0], {
				bucket: snapshot.buckets[0],
				nowMs,
				endedAt: snapshot.endedAt ?? undefined,
			}),
			note: gaugesLegend(snapshot.buckets[0]),
		},
		gaugeLines(
			{
				target: snapshot.targets[0],
				targetIndex: 0,
				bucket: snapshot.buckets[0],
				timeline: snapshot.timeline,
				nowMs,
				progress: snapshot.endedAt === null ? snapshot.progress : undefined,
				isDayShown: snapshot.targets[0]?.quota.tokensPerDay.state === 'known',
			},
			innerWidth(width),
		),
		width,
		5,
	);
}

const noLimits = snapshotFixture({
	targets: [
		targetFixture({
			quota: {
				requestsPerMinute: limitFixture(null),
				tokensPerMinute: limitFixture(10_000, {state: 'unknown', source: 'assumed', applied: null}),
				tokensPerDay: limitFixture(5_000_000),
			},
		}),
	],
	buckets: [
		bucketFixture({
			requests: {used: 40, reserved: 2, limit: null},
			tokens: {used: 9400, reserved: 500, limit: 10_000},
			day: {used: 4_600_000, reserved: 0, limit: 5_000_000},
			nextRoomMs: 2400,
		}),
	],
});
const blocked = snapshotFixture({
	targets: [
		targetFixture({
			quota: {
				requestsPerMinute: limitFixture(0),
				tokensPerMinute: limitFixture(0),
				tokensPerDay: limitFixture(null),
			},
		}),
	],
	buckets: [
		bucketFixture({requests: {used: 0, reserved: 0, limit: 0}, tokens: {used: 0, reserved: 0, limit: 0}}),
	],
});

it('an endpoint that is not AWS is named also when it is a simulator; that of the embedded one is not', () => {
	const endpoint = 'http://127.0.0.1:8791';
	const snapshot = snapshotFixture({simulated: true, targets: [targetFixture({endpoint})]});
	const first = (isDemo: boolean) => lineText(headerLines(stateOf({snapshot, isDemo}), 120, 3)[0] ?? []);
	expect(first(false)).toContain(endpoint);
	expect(first(false)).toContain('SIMULATED');
	expect(first(true)).not.toContain(endpoint);
});

const panels: Readonly<Record<string, (width: number) => readonly Line[]>> = {
	header: (width) => headerLines(stateOf(), width, 3),
	'header frozen': (width) =>
		headerLines(stateOf({frozen: {snapshot: snapshotFixture(), sinceMs: -12_000}}), width, 3),
	gauges: (width) => gauges(snapshotFixture(), width),
	'gauges without a limit, assumed, of the day': (width) => gauges(noLimits, width),
	'gauges blocked': (width) => gauges(blocked, width),
	chart(width) {
		const input = {
			kind: 'tokens',
			snapshot: snapshotFixture(),
			targetIndex: 0,
			windowSeconds: 120,
			isAscii: false,
		} as const;
		return framed(chartTitle(input), chartLines(input, innerWidth(width), 6), width, 8);
	},
	table: (width) =>
		framed(variantTableTitle(stateOf()), variantTableLines(stateOf(), innerWidth(width), 5, false), width, 7),
	'table in full': (width) =>
		framed(variantTableTitle(stateOf()), variantTableLines(stateOf(), innerWidth(width), 5, true), width, 7),
	'table of two models, one variant off': (width) => {
		const {variants} = snapshotFixture();
		const state = stateOf({
			switchedOff: ['minimal'],
			snapshot: snapshotFixture({
				targets: [targetFixture(), targetFixture({model: 'us.anthropic.claude-sonnet-4-5-20250929-v1:0'})],
				buckets: [bucketFixture(), bucketFixture()],
				variants: [...variants.slice(0, 3), ...variants.slice(0, 3).map((each) => ({...each, target: 1}))],
				best: [
					{target: 0, throughput: 'concise', efficiency: null, cost: null, latency: null},
					{target: 1, throughput: null, efficiency: null, cost: null, latency: null},
				],
			}),
		});
		return framed(variantTableTitle(state), variantTableLines(state, innerWidth(width), 9, false), width, 11);
	},
	detail: (width) => framed(detailTitle(stateOf()), detailLines(stateOf(), innerWidth(width)), width, 22),
	notes: (width) =>
		framed({title: [segment('Advice and events')]}, notesLines(stateOf(), innerWidth(width), 5), width, 7),
	plan(width) {
		const state = stateOf({
			stage: {kind: 'planned'},
			plan: planFixture({
				quotaShare: 1,
				quotaMinutes: 2.4,
				costUsd: null,
				remarks: ['The burndown of this model is assumed.'],
			}),
		});
		const notice = noticeOf(state, innerWidth(width));
		return framed(notice ?? {title: []}, notice?.lines ?? [], width, 8);
	},
	fault(width) {
		const fault = {
			message: 'You are not allowed to invoke this model.',
			hint: 'Add bedrock:InvokeModelWithResponseStream to the policy of your role.',
			exitCode: 1,
		} as const;
		const notice = noticeOf(stateOf({stage: {kind: 'failed', fault}}), innerWidth(width));
		return framed(notice ?? {title: []}, notice?.lines ?? [], width, 7);
	},
	footer: (width) => [footerLine(stateOf(), width)],
	tiny: (width) => tinyLines(stateOf(), width, 3),
	help: (width) => placeOverlay(stateOf(), {kind: 'help', scroll: 0}, width, 20).lines,
};

describe.each([40, 80, 120])('at %i columns', (width) => {
	it.each(Object.keys(panels))('%s fits', (name) => {
		for (const line of panels[name]?.(width) ?? []) {
			expect(lineWidth(line)).toBeLessThanOrEqual(width);
		}
	});
});

it('all panels look as they did', async () => {
	const frames = Object.entries(panels).map(
		([name, draw]) =>
			[
				name,
				draw(80)
					.map((line) => lineText(line).trimEnd())
					.join('\n'),
			] as const,
	);
	await expect(joinFrames(frames)).toMatchFileSnapshot('frames/panels-80.txt');
});

it('where one chart fits it is that of the nearer limit', () => {
	const bucket = (requests: number, tokens: number) =>
		bucketFixture({
			requests: {used: requests, reserved: 0, limit: 200},
			tokens: {used: 0, reserved: tokens, limit: 1000},
		});
	expect(nearerLimit(bucket(180, 100))).toBe('requests');
	expect(nearerLimit(bucket(20, 900))).toBe('tokens');
	expect(nearerLimit(bucketFixture({requests: {used: 50, reserved: 0, limit: null}}))).toBe('tokens');
	expect(nearerLimit(undefined)).toBe('tokens');
});

describe('the account that is called', () => {
	const shown = (plan: State['plan']): string =>
		headerLines(stateOf({plan, isDemo: false}), 120, 3)
			.map((line) => lineText(line))
			.join('\n');

	it.each([
		['111122223333', /us-east-1 · account 111122223333/],
		[null, /us-east-1 · account –/],
	])('%s', (account, expected) => {
		expect(shown(planFixture({account}))).toMatch(expected);
	});

	it('of a demo there is none', () => {
		expect(shown(planFixture())).not.toContain('account ');
	});
});

it('a fault for lack of a Region names the keys that choose one', () => {
	const fault = {message: 'No AWS Region is set.', hint: 'Name one with --region.', exitCode: 1} as const;
	const lines = noticeOf(stateOf({stage: {kind: 'failed', fault}}), 76)?.lines ?? [];
	expect(lines.map((line) => lineText(line)).at(-1)).toMatch(/1 R choose a Region/);
});
