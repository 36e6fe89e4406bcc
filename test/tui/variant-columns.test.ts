import {describe, expect, it} from 'vitest';
import type {VariantFigures} from '../../source/domain/figures-schema.ts';
import type {Snapshot} from '../../source/domain/snapshot.ts';
import {lineText} from '../../source/text/segment.ts';
import {barLines, barsTitle} from '../../source/tui/panels/bars.ts';
import {variantTableLines, variantTableTitle} from '../../source/tui/panels/variant-table.ts';
import {initialState, type State} from '../../source/view/state.ts';
import {sortRows} from '../../source/view/variant-rows.ts';
import {configFixture, snapshotFixture} from '../helpers/snapshot-fixture.ts';

/** Tests source/tui/panels/variant-columns.ts and source/view/variant-rows.ts. */

function stateOf(snapshot: Snapshot, config: Partial<State['config']> = {}): State {
	return {
		...initialState({config: configFixture(config), isDemo: true, startsAtOnce: true, nowMs: 0}),
		stage: {kind: 'running'},
		snapshot,
	};
}

const tableOf = (state: State, width = 130): readonly string[] =>
	variantTableLines(state, width, 10, false).map((line) => lineText(line));

const qualityOf = (score: number, low: number, high: number): VariantFigures['quality'] => ({
	checked: 24,
	passed: Math.round(score * 24),
	score,
	low,
	high,
});

/** The variants of the fixture, each with what `change` gives for its place. */
const withEach = (change: (index: number) => Partial<VariantFigures>): Snapshot =>
	snapshotFixture({variants: snapshotFixture().variants.map((each, index) => ({...each, ...change(index)}))});

describe('quality', () => {
	const checked = withEach((index) => ({
		quality: index === 0 ? qualityOf(0.54, 0.35, 0.72) : qualityOf(1, 0.86, 1),
	}));

	it('comes before the figures of the goal, and before input and output, once answers are checked', () => {
		const [header = '', detailed = ''] = tableOf(stateOf(checked));
		expect(header).toMatch(/Useful +Passed +Sustain\/min +Limited by +Quota\/req .* Input +Output/);
		expect(detailed).toContain('▼54% (35-72)');
	});

	it('has its column as soon as the task checks anything, and none where nothing is checked', () => {
		const task = {...configFixture().task, checks: [{oneOf: ['billing', 'other']}]};
		expect(tableOf(stateOf(snapshotFixture(), {task}))[0]).toContain('Passed');
		expect(tableOf(stateOf(snapshotFixture()))[0]).not.toContain('Passed');
	});

	it('names the state of the gate', () => {
		const gated = withEach((index) => ({
			quality: {...qualityOf(0.9, 0.7, 0.97), gate: index === 1 ? 'failed' : 'unproven'},
		}));
		const [, detailed = '', concise = ''] = tableOf(stateOf(gated));
		expect(detailed).toContain('90% (70-97) unproven');
		expect(concise).toContain('90% (70-97) failed');
	});
});

it.each([
	['throughput', /Useful +Sustain\/min +Limited by +Quota\/req/],
	['efficiency', /Useful +Quota\/req +Sustain\/min +Limited by/],
	['cost', /Useful +Cost\/req +Quota\/req/],
	['latency', /Useful +Total p50 +TTFT p50/],
] as const)('the columns of the goal %s come first and stay where the table is narrow', (goal, order) => {
	const state = stateOf(snapshotFixture(), {goal});
	expect(tableOf(state)[0]).toMatch(order);
	const first = {throughput: 'Sust/m', efficiency: 'Quota', cost: '$/req', latency: 'Total'}[goal];
	expect(tableOf(state, 40)[0]).toContain(first);
});

describe('the best and the worst of a column', () => {
	const marked = (snapshot: Snapshot) =>
		tableOf(stateOf(snapshot))
			.slice(1)
			.map((row) => [...row].filter((glyph) => glyph === '▲' || glyph === '▼').join(''));

	it('are marked with what is as good or as bad', () => {
		const [, detailed = '', concise = '', structured = '', minimal = ''] = tableOf(
			stateOf(snapshotFixture()),
		);
		expect(detailed).toContain('▼132');
		expect(concise).toContain('▲200');
		expect(structured).toContain(' 157 ');
		expect(minimal).toContain('▲190');
	});

	it('are not marked where they are within 10% of each other', () => {
		const [, , , , minimal = ''] = tableOf(stateOf(snapshotFixture()));
		expect(minimal).toContain(' 379ms');
	});

	it('are not marked where their intervals meet', () => {
		const wide = withEach((index) => ({quality: qualityOf(0.5 + 0.1 * index, 0.3, 0.95)}));
		expect(tableOf(stateOf(wide)).join('\n')).not.toMatch(/[▲▼]\d+%/);
	});

	it('are not marked for one variant', () => {
		const {variants} = snapshotFixture();
		const one = snapshotFixture({variants: variants.slice(0, 1)});
		expect(marked(one).join('')).toBe('');
		const state = stateOf(one, {variants: configFixture().variants.slice(0, 1)});
		expect(lineText(variantTableTitle(state).title)).not.toContain('best');
	});

	it('are not marked across lanes, which have a column', () => {
		const mixed = withEach((index) => ({lane: (['high', 'normal', 'low'] as const)[index] ?? 'low'}));
		const [header = '', ...rows] = tableOf(stateOf(mixed));
		expect(header).toMatch(/Variant +Lane +/);
		expect(rows[0]).toMatch(/detailed +high .* 132 /);
		// Only the last two share a lane.
		expect(marked(mixed).slice(0, 2)).toEqual(['', '']);
		expect(rows[3]).toContain('▲190');
	});
});

it('a variant in two lanes has its star in the one that was compared', () => {
	const {variants} = snapshotFixture();
	const [detailed, concise] = variants;
	if (detailed === undefined || concise === undefined) {
		throw new Error('the fixture has four variants');
	}
	const snapshot = snapshotFixture({
		variants: [
			{...detailed, state: 'out'},
			{...concise, state: 'leader'},
			{...concise, lane: 'high'},
		],
	});
	const rows = tableOf(stateOf(snapshot, {variants: configFixture().variants.slice(0, 2)})).slice(1);
	expect(rows.map((row) => row.includes('★'))).toEqual([false, true, false]);
});

describe('beside others', () => {
	const {variants} = snapshotFixture();
	// Others hold the requests: what allowed most by the whole quota is not what they leave most to.
	const left = [9, 3, 6, 4];
	const beside = withEach((index) => ({
		sustainable: {
			...(variants[index]?.sustainable ?? variants[0]?.sustainable),
			afterOthers: {usefulPerMinute: left[index] ?? 0, othersShare: 0.94, limitedBy: 'requests'},
		} as VariantFigures['sustainable'],
	}));

	it('a rate is what they leave of the whole, with the limit that it is then limited by', () => {
		const [, detailed = '', concise = ''] = tableOf(stateOf(beside));
		expect(detailed).toMatch(/▼9 of 132 +requests \+ others/);
		expect(concise).toMatch(/▲3 of 200 +requests \+ others/);
	});

	it('order, marks and bars go by the whole quota, as the verdict does, and say so', () => {
		const state = stateOf(beside);
		const title = variantTableTitle({...state, view: 'dashboard'});
		expect(lineText(title.note ?? [])).toBe('▲ best ▼ worst of the whole quota');
		const sorted = sortRows(
			beside.variants.map((figures) => ({name: figures.name, figures})),
			'sustainable',
			false,
		);
		expect(sorted.map(({name}) => name)).toEqual(['concise', 'minimal', 'structured', 'detailed']);
		expect(lineText(barsTitle(state).title)).toBe('Useful items per minute · whole quota');
		expect(barLines(state, 70, 6).map(lineText).join('\n')).toMatch(/concise .* 200 /);
	});

	it('without others nothing of it stands there', () => {
		const state = stateOf(snapshotFixture());
		expect(lineText(variantTableTitle({...state, view: 'dashboard'}).note ?? [])).toBe('▲ best ▼ worst');
		expect(lineText(barsTitle(state).title)).toBe('Useful items per minute');
	});

	it('a rate that is not known yet is one dash', () => {
		const unknown = withEach(() => ({
			sustainable: {
				usefulPerMinute: null,
				low: null,
				high: null,
				limitedBy: 'none',
				afterOthers: {usefulPerMinute: null, othersShare: 0.94, limitedBy: 'none'},
			},
		}));
		const text = tableOf(stateOf(unknown)).join('\n');
		expect(text).not.toMatch(/of –|– of|others/);
	});
});
