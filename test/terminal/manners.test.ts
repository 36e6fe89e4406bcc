import {expect, it} from 'vitest';
import type {Io} from '../../source/terminal/io.ts';
import {mannersOf, takesLinks, throughTmux} from '../../source/terminal/manners.ts';
import {FakeClock} from '../helpers/fake-clock.ts';
import {createTerminal} from '../helpers/terminal.tsx';

type Setting = Partial<Parameters<typeof mannersOf>[1]> & {
	readonly environment?: Record<string, string>;
	readonly isTTY?: boolean;
};

/** Manners on a terminal that answers what the test sends. */
const open = ({environment = {TERM: 'xterm-256color'}, isTTY = true, ...options}: Setting = {}) => {
	const terminal = createTerminal(80, 24, isTTY);
	const clock = new FakeClock();
	const undone: string[] = [];
	const io = {stdin: terminal.stdin, stdout: terminal.stdout, environment} as unknown as Io;
	const manners = mannersOf(io, {
		asksBackground: true,
		hasMouse: false,
		hasBell: true,
		clock,
		guard: {undoes: (sequence) => undone.push(sequence)},
		...options,
	});
	let typed = '';
	manners.stdin.on('readable', () => {
		for (let text = manners.stdin.read(); text !== null; text = manners.stdin.read()) {
			typed += text;
		}
	});
	let from = 0;
	return {
		terminal,
		clock,
		manners,
		undone,
		typed: () => typed,
		takes() {
			manners.taken();
			manners.stdin.setRawMode(true);
		},
		/** What was written since the last call. */
		written() {
			const text = terminal.raw().slice(from);
			from = terminal.raw().length;
			return text;
		},
	};
};

const attributes = '\u001B[?62c';
const white = '\u001B]11;rgb:ffff/ffff/ffff\u001B\\';
const restored = '\u001B]2;\u001B\\\u001B[23;0t';

it('asks once keys are read, and says nothing more to a terminal without an answer', () => {
	const {manners, takes, written} = open({hasMouse: true});
	manners.title('one');
	manners.taken();
	expect(written()).toBe('');
	takes();
	expect(written()).toBe('\u001B]11;?\u001B\\\u001B[>q\u001B[c');
	manners.title('two');
	expect(manners.copy('text')).toBe('refused');
	manners.given();
	expect(written()).toBe('');
});

it('with the answer title and mouse are turned on, and off again for a shell, twice for a suspended one', async () => {
	const {manners, takes, written, terminal, undone} = open({hasMouse: true, asksBackground: false});
	manners.title('one');
	takes();
	expect(written()).toBe('\u001B[>q\u001B[c');
	await terminal.press(attributes);
	const on = '\u001B[22;0t\u001B]2;one\u001B\\\u001B[?1000h\u001B[?1006h';
	expect(written()).toBe(on);
	const off = `\u001B[?1006l\u001B[?1000l${restored}`;
	expect(undone).toEqual([off]);
	manners.given();
	expect(written()).toBe(off);
	manners.title('one');
	manners.taken();
	expect(written()).toBe(on);
	manners.title('two\u001B]0;evil\u0007');
	expect(written()).toMatch(/^\u001B\]2;two[^\u001B\u0007]*\u001B\\$/);
	manners.given();
	manners.given();
	expect(written()).toBe(off);
});

it('the background counts within a second; later answers are still no keys', async () => {
	for (const [waitMs, expected] of [
		[900, 'light'],
		[1100, undefined],
	] as const) {
		const {manners, takes, terminal, clock, typed} = open();
		let heard: string | undefined;
		manners.onKnown(({background}) => {
			heard = background;
		});
		takes();
		clock.skip(waitMs);
		await terminal.press('j', ...white, ...attributes, 'k');
		expect([heard, manners.known().background, typed()]).toEqual([expected, expected, 'jk']);
	}
});

it.each([
	['an answer', attributes, 0],
	['five seconds without one', '', 5000],
] as const)('Esc may be the beginning of an answer until there was %s', async (_name, answers, waitMs) => {
	const {takes, terminal, clock, typed} = open();
	takes();
	await terminal.press('\u001B');
	expect(typed()).toBe('');
	clock.skip(25);
	expect(typed()).toBe('\u001B');
	if (answers !== '') {
		await terminal.press(answers);
	}
	clock.skip(waitMs);
	await terminal.press('\u001B');
	expect(typed()).toBe('\u001B\u001B');
	await terminal.press(white, attributes, 'k');
	expect(typed()).toBe('\u001B\u001Bk');
});

it('the end waits for answers that are under way, but not for long', async () => {
	const answering = open();
	await answering.manners.settled();
	answering.takes();
	let isSettled = false;
	const settled = answering.manners.settled().then(() => {
		isSettled = true;
	});
	await answering.terminal.press(white);
	expect(isSettled).toBe(true);
	await settled;
	const silent = open();
	silent.takes();
	const given = silent.manners.settled();
	await silent.clock.advance(250);
	await given;
	await silent.manners.settled();
	expect(silent.clock.timers).toBe(0);
});

it.each([{TERM: 'dumb'}, {TERM: 'linux'}, {TERM: ''}, {TERM: 'vt100'}] as ReadonlyArray<
	Record<string, string>
>)('%o is asked nothing, and rings at most', (environment) => {
	const {manners, takes, written, terminal} = open({environment, hasMouse: true});
	takes();
	manners.title('one');
	manners.notify('over');
	manners.given();
	expect(written()).toBe('\u0007');
	expect([manners.stdin, manners.hasMouse]).toEqual([terminal.stdin, false]);
});

it('a pipe gets nothing', () => {
	const {manners, takes, written, terminal} = open({isTTY: false});
	Object.assign(terminal.stdout, {isTTY: false});
	takes();
	manners.title('one');
	manners.notify('over');
	expect(manners.copy('text')).toBe('refused');
	manners.given();
	expect(written()).toBe('');
	expect(takesLinks({environment: {TERM: 'xterm-kitty'}}, terminal.stdout)).toBe(false);
});

it('notifies where the terminal is known to, else rings; --no-bell does neither', async () => {
	for (const [environment, reply, expected] of [
		[{TERM: 'xterm-256color'}, '', '\u0007'],
		[{TERM: 'xterm-kitty'}, '', '\u001B]9;over\u001B\\'],
		[{TERM: 'xterm-256color'}, '\u001BP>|iTerm2 3.5\u001B\\', '\u001B]9;over\u001B\\'],
		[
			{TERM: 'tmux-256color', TMUX: '/run/x', LC_TERMINAL: 'iTerm2'},
			'\u001BP>|tmux 3.4\u001B\\',
			`${throughTmux('\u001B]9;over\u001B\\')}\u0007`,
		],
	] as const) {
		for (const hasBell of [true, false]) {
			const {manners, takes, written, terminal} = open({environment, hasBell, asksBackground: false});
			takes();
			await terminal.press(`${reply}${attributes}`);
			written();
			manners.notify('over');
			expect(written()).toBe(hasBell ? expected : '');
		}
	}
});

it('copies clean text, through tmux as well, and says what is known of the outcome', async () => {
	for (const [environment, expected] of [
		[{TERM: 'xterm-kitty'}, 'copied'],
		[{TERM: 'xterm-256color'}, 'asked'],
		[{TERM: 'xterm-kitty', TMUX: '/run/x'}, 'asked'],
		[{TERM: 'xterm-256color', VTE_VERSION: '7600'}, 'refused'],
	] as const) {
		const {manners, takes, written, terminal} = open({environment, asksBackground: false});
		takes();
		await terminal.press(attributes);
		written();
		expect(manners.copy('two\n\u001B[31mlines\u202E')).toBe(expected);
		const text = written();
		const [, copied = ''] = /52;c;([\w+/=]*)/.exec(text) ?? [];
		expect(Buffer.from(copied, 'base64').toString()).toBe(expected === 'refused' ? '' : 'two\nlines');
		expect(text.includes('\u001BPtmux;')).toBe('TMUX' in environment);
	}
});

it('asks for the background through tmux where tmux does not know it', async () => {
	const {manners, takes, written, terminal} = open({
		environment: {TERM: 'tmux-256color', TMUX: '/run/x'},
	});
	takes();
	expect(written()).not.toContain('Ptmux');
	await terminal.press(attributes);
	expect(written()).toContain('\u001BPtmux;\u001B\u001B]11;?\u001B\u001B\\\u001B\\');
	await terminal.press(...white);
	expect(manners.known().background).toBe('light');
});

it('links where the terminal is known to take them', async () => {
	const {manners, takes, terminal} = open();
	takes();
	await terminal.press(attributes);
	expect(manners.known().hasLinks).toBe(false);
	const other = open();
	other.takes();
	await other.terminal.press(`\u001BP>|VTE(7600)\u001B\\${attributes}`);
	expect(other.manners.known().hasLinks).toBe(true);
	expect(takesLinks({environment: {TERM: 'xterm-256color', WT_SESSION: 'x'}}, terminal.stdout)).toBe(true);
	expect(takesLinks({environment: {TERM: 'xterm-256color'}}, terminal.stdout)).toBe(false);
});
