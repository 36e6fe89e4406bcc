import type {Snapshot} from '../../source/domain/snapshot.ts';
import type {Line} from '../../source/text/segment.ts';
import {innerWidth} from '../../source/tui/frame.ts';
import {placeOverlay} from '../../source/tui/overlays/overlay-lines.ts';
import {detailLines, detailTitle} from '../../source/tui/panels/detail.ts';
import {footerLine, headerLines} from '../../source/tui/panels/header.ts';
import {notesLines} from '../../source/tui/panels/notes.ts';
import {noticeOf} from '../../source/tui/panels/notice.ts';
import {tinyLines} from '../../source/tui/panels/tiny.ts';
import {variantTableLines, variantTableTitle} from '../../source/tui/panels/variant-table.ts';
import {initialLists, withList} from '../../source/view/lists.ts';
import {initialState, type State} from '../../source/view/state.ts';
import {configFixture, planFixture, snapshotFixture, targetFixture} from './snapshot-fixture.ts';

/** A run and its screen with text of others in every place that takes text. */

/** @param next Gives the text of a place. */
export function snapshotWith(next: () => string): Snapshot {
	const snapshot = snapshotFixture();
	const variants = snapshot.variants.map((variant) => ({
		...variant,
		name: next(),
		sample: next(),
		prompt: {system: next(), user: next()},
		stopReasons: {[next()]: 3},
	}));
	const nameOf = (index: number): string => variants[index % variants.length]?.name ?? '';
	return {
		...snapshot,
		targets: [targetFixture({model: next(), region: next(), endpoint: next()})],
		simulated: false,
		progress: {...snapshot.progress, waitingFor: next()},
		variants,
		best: [{target: 0, throughput: nameOf(0), efficiency: nameOf(1), cost: nameOf(2), latency: nameOf(3)}],
		events: [{at: next(), kind: next(), text: next()}],
		advice: [{kind: 'limit', text: next(), usefulPerMinute: null}],
		failures: [{class: 'timeout', message: next(), advice: next(), count: 1, firstAt: next()}],
	};
}

/** The lists, with a filter on the variants. */
export function filtered(filter: string): State['lists'] {
	return withList({lists: initialLists()}, 'variants', {filter}).lists;
}

export function stateWith(next: () => string, overrides: Partial<State> = {}): State {
	return {
		...initialState({
			config: {...configFixture(), preset: next(), models: [next()]},
			isDemo: false,
			startsAtOnce: false,
			nowMs: 0,
		}),
		stage: {kind: 'running'},
		snapshot: snapshotWith(next),
		lists: filtered(next()),
		log: [{id: 1, atMs: 0, kind: 'engine', text: next()}],
		flash: {text: next(), untilMs: 10_000},
		...overrides,
	};
}

/** Every line that the panels of a run can have. */
export function screenLines(next: () => string, width: number): readonly Line[] {
	const state = stateWith(next, {lists: filtered('')});
	const fault = {message: next(), hint: next(), exitCode: 1} as const;
	const planned = stateWith(next, {
		stage: {kind: 'planned'},
		plan: planFixture({remarks: [next()], priceSource: next()}),
	});
	const failed = stateWith(next, {stage: {kind: 'failed', fault}});
	return [
		...headerLines(state, width, 3),
		...headerLines(failed, width, 1),
		...variantTableLines(state, width, 9, true),
		variantTableTitle({...state, lists: filtered(next())}).title,
		...detailLines(state, width),
		detailTitle(state).title,
		...notesLines(state, width, 12),
		...(noticeOf(planned, innerWidth(width))?.lines ?? []),
		...(noticeOf(failed, innerWidth(width))?.lines ?? []),
		footerLine(state, width),
		footerLine({...state, isTyping: true, lists: filtered(next())}, width),
		...tinyLines(state, width, 4),
		...placeOverlay(state, {kind: 'exported', files: [next()]}, width, 24).lines,
	];
}
