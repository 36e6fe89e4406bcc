import {describe, expect, it} from 'vitest';
import type {Io} from '../../source/terminal/io.ts';
import {mannersOf} from '../../source/terminal/manners.ts';
import type {ScreenPorts} from '../../source/tui/effects.ts';
import {FakeClock} from '../helpers/fake-clock.ts';
import {openScreen} from '../helpers/screen.ts';
import {createTerminal} from '../helpers/terminal.tsx';

/** Tests source/tui/pointer.ts, and what the screen does with the answers of its terminal. */

const attributes = '\u001B[?62c';
const size = {columns: 120, rows: 40};

/** A screen on a terminal that answers what the test sends. */
const open = (overrides: Partial<ScreenPorts> = {}) => {
	const terminal = createTerminal(size.columns, size.rows);
	const clock = new FakeClock();
	const manners = mannersOf({...terminal, environment: {TERM: 'xterm-kitty'}} as unknown as Io, {
		asksBackground: true,
		hasMouse: true,
		hasBell: true,
		clock,
		guard: {undoes: () => undefined},
	});
	const screen = openScreen(size, {
		...overrides,
		manners,
		stdin: manners.stdin,
		stdout: terminal.stdout,
	});
	const settled = async () => {
		await screen.settled();
		await terminal.drained();
		return terminal.text();
	};
	return {
		...screen,
		terminal,
		settled,
		/** Clicks on the first place that shows a text. */
		async click(text: string) {
			const lines = (await settled()).split('\n');
			const row = lines.findIndex((line) => line.includes(text));
			const column = lines[row]?.indexOf(text) ?? -1;
			expect(row, `${text} is not there:\n${lines.join('\n')}`).toBeGreaterThan(-1);
			await terminal.press(`\u001B[<0;${column + 2};${row + 1}M`, `\u001B[<0;${column + 2};${row + 1}m`);
			return settled();
		},
		async leave() {
			screen.abort();
			await screen.finish();
			await screen.end;
		},
	};
};

const selected = (text: string) => /› *★? *([a-z]+)/.exec(text)?.[1];

describe('the mouse', () => {
	it('opens views by their names, selects rows, opens the selected one', async () => {
		const screen = open();
		await screen.settled();
		await screen.terminal.press(attributes);
		await screen.prepare();
		await screen.progress();
		expect(await screen.click('3 Variants')).toContain('[3 Variants]');
		const before = selected(await screen.settled());
		const rows = (await screen.settled()).split('\n').filter((line) => /│ {3,}\S+ /.test(line));
		const other = rows
			.flatMap((line) => /^│ +★? *([a-z]+) /.exec(line)?.[1] ?? [])
			.find((name) => name !== before);
		expect(other).toBeDefined();
		expect(selected(await screen.click(`${other} `))).toBe(other);
		const list = await screen.settled();
		const detail = await screen.click(`${other} `);
		expect(detail.split('\n').length).toBe(size.rows);
		expect(detail).not.toBe(list);
		await screen.leave();
	});

	it('scrolls by its wheel, and a click beside a box closes it', async () => {
		const screen = open();
		await screen.settled();
		await screen.terminal.press(attributes);
		await screen.prepare();
		await screen.progress();
		const before = selected(await screen.settled());
		await screen.terminal.press('\u001B[<65;5;5M');
		expect(selected(await screen.settled())).not.toBe(before);
		await screen.terminal.press('\u001B[<64;5;5M');
		expect(selected(await screen.settled())).toBe(before);
		await screen.terminal.press('?');
		expect(await screen.settled()).toContain('Esc closes');
		await screen.terminal.press('\u001B[<0;1;1M');
		expect(await screen.settled()).not.toContain('Esc closes');
		await screen.leave();
	});

	it('types nothing while text is typed', async () => {
		const screen = open();
		await screen.settled();
		await screen.terminal.press(attributes);
		await screen.prepare();
		await screen.terminal.press('3', '/');
		const shown = await screen.click('2 Dashboard');
		expect(shown).toContain('[3 Variants]');
		expect(shown).not.toContain('/2');
		await screen.leave();
	});
});

it('a light background makes the theme light without a key, and everything is undone at the end', async () => {
	const screen = open({appearance: {colors: 256, ascii: false, theme: 'auto'}});
	await screen.settled();
	await screen.prepare();
	await screen.progress();
	expect(screen.terminal.raw()).toContain('\u001B[38;5;63m');
	const from = screen.terminal.raw().length;
	await screen.terminal.press('\u001B]11;rgb:ffff/', 'ffff/ffff\u001B', `\\${attributes}`);
	const text = await screen.settled();
	expect(screen.terminal.raw().slice(from)).toContain('\u001B[38;5;25m');
	expect(screen.terminal.raw().slice(from)).not.toContain('\u001B[38;5;63m');
	expect(text).not.toMatch(/rgb|ffff/);
	await screen.leave();
	const raw = screen.terminal.raw();
	for (const [on, off] of [
		['\u001B[22;0t', '\u001B[23;0t'],
		['\u001B[?1000h', '\u001B[?1000l'],
		['\u001B[?1006h', '\u001B[?1006l'],
	] as const) {
		expect(raw.split(on)).toHaveLength(2);
		expect(raw.lastIndexOf(off)).toBeGreaterThan(raw.lastIndexOf(on));
	}
});

it('what was written are links that take no cells', async () => {
	const screen = open();
	await screen.settled();
	await screen.terminal.press(attributes);
	await screen.prepare();
	await screen.progress();
	await screen.terminal.press('e');
	const text = await screen.settled();
	expect(text).toContain('reports/latency.svg');
	expect(screen.terminal.raw()).toMatch(
		/\u001B\]8;;file:\/\/[^\u001B]*\/reports\/latency\.svg(?:\u001B\\|\u0007)reports/,
	);
	const box = text.split('\n').filter((line) => line.includes('.svg'));
	expect(new Set(box.map((line) => line.lastIndexOf('│'))).size).toBe(1);
	await screen.leave();
});
