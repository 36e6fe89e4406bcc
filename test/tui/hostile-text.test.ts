import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {lineText, lineWidth} from '../../source/text/segment.ts';
import {placeOverlay} from '../../source/tui/overlays/overlay-lines.ts';
import {footerLine, headerLines} from '../../source/tui/panels/header.ts';
import {variantTableLines} from '../../source/tui/panels/variant-table.ts';
import {hostileRuns, inTurn, manyHostileTexts, secretWord} from '../helpers/hostile.ts';
import {filtered, screenLines, snapshotWith, stateWith} from '../helpers/hostile-state.ts';
import {openScreen} from '../helpers/screen.ts';
import {readySnapshotFixture} from '../helpers/snapshot-fixture.ts';

/** Tests source/tui with text from the service, a preset or a file that could harm a terminal. */

/** Places of a screen that take a text: each width begins further on in the texts. */
const widths = fc.uniqueArray(fc.integer({min: 20, max: 140}), {minLength: 4, maxLength: 4});

describe('any text', () => {
	it('reaches the screen without control characters and secrets', () => {
		fc.assert(
			fc.property(manyHostileTexts, widths, (texts, all) => {
				const next = inTurn(texts);
				for (const line of all.flatMap((width) => screenLines(next, width))) {
					const text = lineText(line);
					expect(text).not.toMatch(/[\p{Control}\p{Default_Ignorable_Code_Point}\u2028\u2029]/u);
					expect(text).not.toContain(secretWord);
				}
			}),
			hostileRuns,
		);
	});

	it('makes no row wider than the screen, once it is fitted into its panel', () => {
		fc.assert(
			fc.property(manyHostileTexts, widths, (texts, all) => {
				const next = inTurn(texts);
				for (const width of all.map((each) => each + 20)) {
					const state = stateWith(next, {lists: filtered('')});
					const lines = [
						...headerLines(state, width, 3),
						...variantTableLines(state, width, 9, true),
						footerLine(state, width),
						...placeOverlay(state, {kind: 'exported', files: [next()]}, width, 24).lines,
					];
					for (const line of lines) {
						expect(lineWidth(line)).toBeLessThanOrEqual(width);
					}
				}
			}),
			hostileRuns,
		);
	});
});

it('nothing that the service says moves the cursor, clears the screen or sets the title', async () => {
	const screen = openScreen({columns: 100, rows: 30}, {isDemo: false});
	const hostile = '\u001B[2J\u001B[H\u001B]0;owned\u0007\u001B[31mred\u0000\u202Eyes';
	await screen.prepare(readySnapshotFixture());
	await screen.terminal.press('r');
	screen.clock.skip(250);
	screen.engine.report({type: 'snapshot', snapshot: snapshotWith(() => hostile)});
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
