import fc from 'fast-check';
import {expect, it} from 'vitest';
import type {Snapshot} from '../../source/domain/snapshot.ts';
import {type Line, lineText, lineWidth} from '../../source/text/segment.ts';
import {toAscii} from '../../source/text/themes.ts';
import {barLines, barsTitle} from '../../source/tui/panels/bars.ts';
import {chartLines, latencyLines, latencyTitle} from '../../source/tui/panels/charts.ts';
import {initialState, type State} from '../../source/view/state.ts';
import {createCamera, joinFrames, openScreen} from '../helpers/screen.ts';
import {
	configFixture,
	latenciesFixture,
	pointsFixture,
	readySnapshotFixture,
	snapshotFixture,
	variantsFixture,
} from '../helpers/snapshot-fixture.ts';

/** Tests source/tui/panels/bars.ts and source/tui/panels/charts.ts: a run under a minute, and the Timeline view. */

const shortRun = {
	elapsedMs: 40_000,
	timeline: {intervalSeconds: 1, points: pointsFixture(40), latencyMs: latenciesFixture(7)},
};

function stateOf(snapshot: Snapshot, overrides: Partial<State> = {}): State {
	return {
		...initialState({config: configFixture(), isDemo: true, startsAtOnce: true, nowMs: 0}),
		stage: {kind: 'running'},
		snapshot,
		...overrides,
	};
}

const texts = (lines: readonly Line[]) => lines.map((line) => lineText(line).trimEnd());

it.each([
	[120, 40],
	[80, 24],
])('a run under a minute at %i x %i', async (columns, rows) => {
	const screen = openScreen({columns, rows});
	const {shoot, frames} = createCamera(screen);
	await screen.prepare();
	await screen.progress(shortRun);
	await shoot('bars with intervals, requests per second');
	await shoot('a window was chosen: curves', '+');
	await shoot('timeline', '0', '4');
	screen.abort();
	await screen.finish();
	await screen.end;
	await expect(joinFrames(frames)).toMatchFileSnapshot(`frames/short-run-${columns}x${rows}.txt`);
});

it('the figure of the goal comes first, the others as far as there is room', () => {
	const titles = (goal: State['config']['goal'], height: number) => {
		const state = stateOf(snapshotFixture(), {config: configFixture({goal})});
		const title = lineText(barsTitle(state).title);
		return [title, ...texts(barLines(state, 80, height)).filter((line) => /^[A-Z]/.test(line))];
	};
	expect(titles('throughput', 4)).toEqual(['Useful items per minute']);
	expect(titles('cost', 30).map((title) => title.replace(/ {2}.*/, ''))).toEqual([
		'Cost per 1,000 requests',
		'Useful items per minute',
		'Total time p50',
		'Quota tokens per request',
	]);
});

it('a bar says when it has no interval, and what is not known is a dash', () => {
	const [detailed, concise] = variantsFixture();
	if (detailed === undefined || concise === undefined) {
		throw new Error('the fixture has variants');
	}
	const variants = [
		{...detailed, sustainable: {...detailed.sustainable, low: null, high: null}},
		{...concise, sustainable: {...concise.sustainable, usefulPerMinute: null, low: null, high: null}},
	];
	expect(texts(barLines(stateOf(snapshotFixture({variants})), 70, 2))).toMatchInlineSnapshot(`
		[
		  "  detailed ██████████████████████████████████████ 132  no interval yet",
		  "★ concise                                           –",
		]
	`);
	expect(texts(barLines(stateOf(readySnapshotFixture()), 70, 5))).toEqual(['no answer yet']);
	expect(texts(latencyLines(stateOf(readySnapshotFixture()), 70, 5))).toEqual([
		'no answer in this window yet',
	]);
});

it('every row of a mixed run says its lane, and of a comparison its model', () => {
	const [first] = variantsFixture();
	const {targets} = snapshotFixture();
	if (first === undefined || targets[0] === undefined) {
		throw new Error('the fixture has variants and a target');
	}
	const lanes = [first, {...first, lane: 'low' as const}];
	expect(texts(barLines(stateOf(snapshotFixture({variants: lanes})), 90, 2)).join('\n')).toMatch(
		/detailed · normal .*\n.*detailed · low /,
	);
	const other = {...targets[0], model: 'us.amazon.nova-pro-v1:0'};
	const snapshot = snapshotFixture({targets: [targets[0], other], variants: [first, {...first, target: 1}]});
	expect(texts(barLines(stateOf(snapshot), 110, 9)).join('\n')).toContain(
		'detailed · us.amazon.nova-pro-v1:0',
	);
});

it('no chart overflows its panel, whatever the size and the times', () => {
	const latency = fc.option(fc.double({min: 0, max: 1e7, noNaN: true}), {nil: null});
	fc.assert(
		fc.property(
			fc.integer({min: 30, max: 200}),
			fc.integer({min: 0, max: 60}),
			fc.array(fc.array(latency, {maxLength: 60}), {maxLength: 4}),
			fc.constantFrom('requests', 'tokens', 'traffic', 'rate'),
			fc.constantFrom(500, 40_000, 3_600_000),
			(width, height, cells, kind, elapsedMs) => {
				const snapshot = snapshotFixture({
					elapsedMs,
					timeline: {intervalSeconds: 1, points: pointsFixture(40), latencyMs: {intervalSeconds: 1, cells}},
				});
				const state = stateOf(snapshot);
				const chart = {kind, snapshot, targetIndex: 0, windowSeconds: 60, isAscii: false} as const;
				for (const lines of [
					barLines(state, width, height),
					latencyLines(state, width, height),
					chartLines(chart, width, height),
				]) {
					expect(lines.length).toBeLessThanOrEqual(Math.max(1, height));
					expect(lines.every((line) => lineWidth(line) <= width)).toBe(true);
					expect(lines.every((line) => /^[ -~]*$/.test(toAscii(lineText(line))))).toBe(true);
				}
				expect(lineText(latencyTitle(state).title)).toBe('Mean total time');
			},
		),
	);
});
