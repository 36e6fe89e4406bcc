import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import type {Snapshot} from '../../source/domain/snapshot.ts';
import {type Line, lineText, lineWidth} from '../../source/text/segment.ts';
import {innerWidth} from '../../source/tui/frame.ts';
import {placeOverlay} from '../../source/tui/overlays/overlay-lines.ts';
import {detailLines, detailTitle} from '../../source/tui/panels/detail.ts';
import {footerLine} from '../../source/tui/panels/footer.ts';
import {headerLines} from '../../source/tui/panels/header.ts';
import {notesLines} from '../../source/tui/panels/notes.ts';
import {noticeOf} from '../../source/tui/panels/notice.ts';
import {tinyLines} from '../../source/tui/panels/tiny.ts';
import {variantTableLines, variantTableTitle} from '../../source/tui/panels/variant-table.ts';
import {initialState, type State} from '../../source/view/state.ts';
import {openScreen} from '../helpers/screen.ts';
import {
	configFixture,
	planFixture,
	readySnapshotFixture,
	snapshotFixture,
	targetFixture,
} from '../helpers/snapshot-fixture.ts';

/** Tests source/tui with text from the service, a preset or a file that could harm a terminal. */

const anyText = fc.oneof(
	fc.string({unit: 'grapheme', maxLength: 60}),
	fc.string({unit: 'binary', maxLength: 60}),
	fc
		.array(
			fc.constantFrom(
				'\u001B[2J',
				'\u001B]0;title\u0007',
				'\u001B[31m',
				'\u009B5A',
				'\r\n',
				'\t',
				'\u0000',
				'\u202E',
				'漢字',
				'👩‍👩‍👧',
				'word',
				' ',
			),
		)
		.map((parts) => parts.join('')),
);

function withText(text: string): Snapshot {
	const snapshot = snapshotFixture();
	return {
		...snapshot,
		targets: [targetFixture({model: text, region: text, endpoint: text})],
		simulated: false,
		progress: {...snapshot.progress, waitingFor: text},
		variants: snapshot.variants.map((variant) => ({
			...variant,
			name: text,
			sample: text,
			prompt: {system: text, user: text},
			stopReasons: {[text]: 3},
		})),
		best: [{target: 0, throughput: text, efficiency: text, cost: text, latency: text}],
		events: [{at: text, kind: text, text}],
		advice: [{kind: 'limit', text, usefulPerMinute: null}],
		failures: [{class: 'timeout', message: text, advice: text, count: 1, firstAt: text}],
	};
}

function stateWith(text: string, overrides: Partial<State> = {}): State {
	return {
		...initialState({
			config: {...configFixture(), preset: text, models: [text]},
			isDemo: false,
			startsAtOnce: false,
			nowMs: 0,
		}),
		stage: {kind: 'running'},
		snapshot: withText(text),
		filter: text,
		log: [text],
		flash: {text, untilMs: 10_000},
		...overrides,
	};
}

function allLines(text: string, width: number): readonly Line[] {
	const state = stateWith(text);
	const fault = {message: text, hint: text, exitCode: 1} as const;
	const planned = stateWith(text, {
		stage: {kind: 'planned'},
		plan: planFixture({remarks: [text], priceSource: text}),
	});
	const failed = stateWith(text, {stage: {kind: 'failed', fault}});
	return [
		...headerLines(state, width, 3),
		...headerLines(failed, width, 1),
		...variantTableLines(state, width, 9, true),
		variantTableTitle(state).title,
		...detailLines(state, width),
		detailTitle(state).title,
		...notesLines(state, width, 12),
		...(noticeOf(planned, innerWidth(width))?.lines ?? []),
		...(noticeOf(failed, innerWidth(width))?.lines ?? []),
		footerLine(state, width),
		footerLine({...state, isTyping: true}, width),
		...tinyLines(state, width, 4),
		...placeOverlay(state, {kind: 'exported', files: [text]}, width, 24).lines,
	];
}

describe('any text', () => {
	it('reaches the screen without control characters', () => {
		fc.assert(
			fc.property(anyText, fc.integer({min: 20, max: 140}), (text, width) => {
				for (const line of allLines(text, width)) {
					expect(lineText(line)).not.toMatch(/[\p{Control}\p{Default_Ignorable_Code_Point}\u2028\u2029]/u);
				}
			}),
		);
	});

	it('makes no row wider than the screen, once it is fitted into its panel', () => {
		fc.assert(
			fc.property(anyText, fc.integer({min: 40, max: 140}), (text, width) => {
				const state = stateWith(text);
				const lines = [
					...headerLines(state, width, 3),
					...variantTableLines(state, width, 9, true),
					footerLine(state, width),
					...placeOverlay(state, {kind: 'exported', files: [text]}, width, 24).lines,
				];
				for (const line of lines) {
					expect(lineWidth(line)).toBeLessThanOrEqual(width);
				}
			}),
		);
	});
});

it('nothing that the service says moves the cursor, clears the screen or sets the title', async () => {
	const screen = openScreen({columns: 100, rows: 30}, {isDemo: false});
	const hostile = '\u001B[2J\u001B[H\u001B]0;owned\u0007\u001B[31mred\u0000\u202Eyes';
	await screen.prepare(readySnapshotFixture());
	await screen.terminal.press('r');
	screen.clock.skip(250);
	screen.engine.report({type: 'snapshot', snapshot: withText(hostile)});
	screen.engine.report({type: 'log', text: hostile});
	await screen.settled();
	for (const key of ['3', '4', '5', '6', '2']) {
		await screen.terminal.press(key);
		expect(await screen.settled()).toContain('redyes');
	}
	expect(screen.terminal.raw()).not.toContain('\u001B]0;owned');
	expect(screen.terminal.raw()).not.toContain('\u0000');
	expect(screen.terminal.raw().split('\u001B[2J')).toHaveLength(1);
	screen.abort();
	await screen.settled();
	await screen.finish();
	await screen.end;
});
