import {setTimeout as wait} from 'node:timers/promises';
import {describe, expect, it} from 'vitest';
import {openScreen} from '../helpers/screen.ts';
import {readySnapshotFixture, snapshotFixture} from '../helpers/snapshot-fixture.ts';
import {keySequences, type Terminal} from '../helpers/terminal.tsx';

const size = {columns: 80, rows: 24};

function expectRestored(terminal: Terminal) {
	expect(terminal.isAlternate()).toBe(false);
	expect(terminal.isRaw()).toBe(false);
	expect(terminal.raw().lastIndexOf('\u001B[?25h')).toBeGreaterThan(
		terminal.raw().lastIndexOf('\u001B[?25l'),
	);
}

describe('the terminal is restored', () => {
	it('after q, with the run that was measured', async () => {
		const screen = openScreen(size);
		await screen.prepare();
		expect(screen.terminal.isAlternate()).toBe(true);
		expect(screen.terminal.isRaw()).toBe(true);
		await screen.progress();
		await screen.finish();
		await screen.terminal.press('q');
		const end = await screen.end;
		expect(end.snapshot?.phase).toBe('ended');
		expect(end.stoppedBy).toBeUndefined();
		expectRestored(screen.terminal);
	});

	it('after Ctrl+C while nothing was sent: there is no run to report', async () => {
		const screen = openScreen(size, {isDemo: false});
		await screen.prepare();
		await screen.terminal.press(keySequences.control('c'));
		expect(await screen.end).toEqual({snapshot: undefined, stoppedBy: undefined, fault: undefined});
		expectRestored(screen.terminal);
	});

	it('at once after a signal; the run is stopped and waited for behind it', async () => {
		const screen = openScreen(size);
		await screen.prepare();
		await screen.progress();
		screen.abort();
		await screen.settled();
		expectRestored(screen.terminal);
		expect(screen.engine.requests.at(-1)).toEqual({type: 'stop', stoppedBy: 'signal', deadlineMs: 2000});
		await screen.finish({outcome: 'stopped', stoppedBy: 'signal'});
		const end = await screen.end;
		expect(end.stoppedBy).toBe('signal');
		expect(end.snapshot?.phase).toBe('ended');
	});

	it('after a signal even if the engine does not answer any more', async () => {
		const screen = openScreen(size);
		await screen.prepare();
		await screen.progress();
		screen.abort();
		await screen.settled();
		screen.clock.skip(2500);
		const end = await screen.end;
		expect(end.stoppedBy).toBe('signal');
		expect(end.snapshot?.phase).toBe('running');
	});

	it('before anything is drawn when the signal came first', async () => {
		const screen = openScreen(size, {signal: AbortSignal.abort()});
		const end = await screen.end;
		expect(end.snapshot).toBeUndefined();
		expectRestored(screen.terminal);
	});

	it('after an error within the screen, which comes back as a fault', async () => {
		const screen = openScreen(size);
		await screen.prepare();
		const broken = snapshotFixture();
		Object.defineProperty(broken, 'variants', {
			get() {
				throw new Error('figures are not there');
			},
		});
		screen.engine.report({type: 'snapshot', snapshot: broken});
		await screen.settled();
		// The run goes on behind it: it is stopped, and not waited for forever.
		expect(screen.engine.asked().at(-1)).toBe('stop');
		screen.clock.skip(2500);
		const end = await screen.end;
		expect(end.fault?.message).toContain('figures are not there');
		expectRestored(screen.terminal);
	});
});

describe('leaving', () => {
	it('stops a demo with a deadline and says so until it has ended', async () => {
		const screen = openScreen(size);
		await screen.prepare();
		await screen.progress();
		await screen.terminal.press('q');
		expect(await screen.settled()).toContain(
			'STOPPING · 8 requests still in flight, 2 s left; q leaves at once',
		);
		expect(screen.engine.requests.at(-1)).toEqual({type: 'stop', stoppedBy: 'key', deadlineMs: 2000});
		await screen.finish({outcome: 'stopped', stoppedBy: 'key'});
		expect((await screen.end).stoppedBy).toBe('key');
	});

	it('does not wait for an engine that does not answer', async () => {
		const screen = openScreen(size);
		await screen.prepare();
		await screen.progress();
		await screen.terminal.press('q');
		screen.clock.skip(2500);
		expect((await screen.end).snapshot?.phase).toBe('running');
	});

	it('a second Ctrl+C leaves at once', async () => {
		const screen = openScreen(size);
		await screen.prepare();
		await screen.progress();
		await screen.terminal.press(keySequences.control('c'), keySequences.control('c'));
		expect((await screen.end).snapshot?.phase).toBe('running');
		expectRestored(screen.terminal);
	});

	it('against an account asks; Esc goes on, and a second press always works', async () => {
		const screen = openScreen(size, {isDemo: false});
		await screen.prepare();
		await screen.terminal.press('r');
		await screen.progress();
		await screen.terminal.press('q');
		expect(await screen.settled()).toContain('A run that costs money is under way.');
		await screen.terminal.press(keySequences.escape);
		expect(await screen.settled()).not.toContain('costs money');
		expect(screen.engine.asked()).toEqual(['prepare', 'start']);
		await screen.terminal.press('q', 'q', 'q');
		await screen.end;
		expect(screen.engine.asked()).toEqual(['prepare', 'start', 'stop']);
	});

	it('with a fault on screen returns the fault', async () => {
		const screen = openScreen(size, {isDemo: false});
		const fault = {message: 'No Region is set.', hint: 'Use --region.', exitCode: 1} as const;
		screen.engine.report({type: 'failed', fault});
		expect(await screen.settled()).toContain('No Region is set.');
		await screen.terminal.press('q');
		expect((await screen.end).fault).toEqual(fault);
	});
});

it('without keys the screen says so, and closes when the run is over', async () => {
	const screen = openScreen({...size, hasKeys: false});
	await screen.prepare();
	await screen.progress();
	expect(await screen.settled()).toContain('no keys: standard input is not a terminal');
	await screen.finish();
	expect((await screen.end).snapshot?.phase).toBe('ended');
	expectRestored(screen.terminal);
});

describe('painting', () => {
	it('nothing is written while nothing happens, after an end and while a plan is shown', async () => {
		for (const isDemo of [true, false]) {
			const screen = openScreen(size, {isDemo});
			await screen.prepare();
			if (isDemo) {
				await screen.progress();
				await screen.finish();
			}
			const before = screen.terminal.writes();
			screen.clock.skip(60_000);
			await wait(200);
			await screen.settled();
			expect(screen.terminal.writes()).toEqual(before);
			expect(screen.clock.timers).toBe(0);
			await screen.terminal.press('q');
			await screen.end;
		}
	});

	it('the same figures again write nothing', async () => {
		const screen = openScreen(size);
		await screen.prepare();
		await screen.progress();
		const before = screen.terminal.writes();
		await screen.progress();
		await screen.progress();
		expect(screen.terminal.writes()).toEqual(before);
		screen.abort();
		screen.clock.skip(0);
		await screen.finish();
		await screen.end;
	});

	it('no frame is higher than the terminal, at any size on the way', async () => {
		const screen = openScreen(size);
		await screen.prepare();
		await screen.progress();
		for (const [columns, rows] of [
			[120, 40],
			[60, 15],
			[30, 6],
			[200, 60],
			[80, 24],
			[40, 8],
			[1, 1],
			[81, 24],
		] as const) {
			screen.terminal.resize(columns, rows);
			const text = await screen.settled();
			expect(text.split('\n')).toHaveLength(rows);
			// A frame that is too high makes Ink clear the screen and its history.
			expect(screen.terminal.raw()).not.toContain('\u001B[3J');
			if (columns >= 40 && rows >= 8) {
				expect(text).toContain('SIMULATED');
				expect(text.split('\n').at(-1)).toContain('Quit');
			}
		}
		screen.abort();
		await screen.settled();
		await screen.finish();
		await screen.end;
	});

	it('Ctrl+L draws all of it again', async () => {
		const screen = openScreen(size);
		await screen.prepare();
		await screen.progress();
		const wanted = await screen.settled();
		screen.terminal.stdout.write('\u001B[5;10Hsomething else wrote here\r\nand here\r\n');
		expect(await screen.settled()).not.toBe(wanted);
		await screen.terminal.press(keySequences.control('l'));
		expect(await screen.settled()).toBe(wanted);
		await screen.progress({
			progress: {done: 83, total: 160, inFlight: 8, remainingMs: 64_000, waitingFor: null},
		});
		expect(await screen.settled()).toBe(wanted.replace('82/160', '83/160'));
		screen.abort();
		await screen.settled();
		await screen.finish();
		await screen.end;
	});

	it('without colour there is not one attribute; in colour meanings are coloured', async () => {
		const attributes = /\u001B\[[\d;]*m/;
		for (const colors of [0, 16, 256] as const) {
			const screen = openScreen(size, {appearance: {colors, ascii: false, theme: 'auto'}});
			await screen.prepare(readySnapshotFixture());
			await screen.progress();
			await screen.terminal.press('?');
			await screen.settled();
			expect(attributes.test(screen.terminal.raw())).toBe(colors > 0);
			screen.abort();
			await screen.settled();
			await screen.finish();
			await screen.end;
		}
	});
});

it('pasted text gives no commands, fast repeats give each of theirs', async () => {
	const screen = openScreen(size);
	await screen.prepare();
	await screen.progress();
	await screen.terminal.press('\u001B[200~quit now please\u001B[201~', 'jjj');
	const text = await screen.settled();
	expect(text).toMatch(/›\s+minimal/);
	expect(text).toContain('RUNNING');
	screen.abort();
	await screen.settled();
	await screen.finish();
	await screen.end;
});

it('u and w name what they wrote, or say why they wrote nothing', async () => {
	const screen = openScreen(size, {
		async exportWinningRequest() {
			throw new Error('There is no winning request yet.');
		},
	});
	await screen.prepare();
	await screen.progress();
	await screen.terminal.press('u');
	expect(await screen.settled()).toContain('reports/quota-increase.md');
	await screen.terminal.press(keySequences.escape, 'w');
	expect(await screen.settled()).toContain('not written: There is no winning request yet.');
	screen.abort();
	await screen.settled();
	await screen.finish();
	await screen.end;
});
