import fc from 'fast-check';
import {expect, it} from 'vitest';
import {createAnswerReader, inputWithoutAnswers, type TerminalAnswer} from '../../source/terminal/answers.ts';
import {FakeClock} from '../helpers/fake-clock.ts';
import {createTerminal} from '../helpers/terminal.tsx';

const background = '\u001B]11;rgb:ffff/ffff/ffff\u001B\\';
const name = '\u001BP>|WezTerm 2026\u001B\\';
const attributes = '\u001B[?62;4;52c';
const click = '\u001B[<0;12;4M';

const readAll = (chunks: readonly string[], isExpecting = true) => {
	const answers: TerminalAnswer[] = [];
	const reader = createAnswerReader(
		(answer) => answers.push(answer),
		() => isExpecting,
	);
	const typed = chunks.map((chunk) => reader.push(chunk)).join('') + reader.release();
	return {answers, typed};
};

it('takes answers out of what is typed', () => {
	const {answers, typed} = readAll([`q${background}j${name}\u001B[A${attributes}${click}\r`]);
	expect(typed).toBe('qj\u001B[A\r');
	expect(answers).toEqual([
		{type: 'background', background: 'light'},
		{type: 'name', name: 'WezTerm 2026'},
		{type: 'attributes'},
		{type: 'pointer', what: 'press', column: 11, row: 3},
	]);
});

it('in whatever pieces they come', () => {
	const part = fc.constantFrom(
		background,
		name,
		attributes,
		click,
		'q',
		'\u001B[B',
		'\u001BOP',
		'text',
		'\r',
	);
	fc.assert(
		fc.property(fc.array(part, {maxLength: 8}), fc.array(fc.nat({max: 5}), {minLength: 1}), (parts, cuts) => {
			const text = parts.join('');
			const chunks: string[] = [];
			for (let at = 0, turn = 0; at < text.length; turn++) {
				const size = 1 + (cuts[turn % cuts.length] ?? 0);
				chunks.push(text.slice(at, at + size));
				at += size;
			}
			const whole = readAll([text]);
			expect(readAll(chunks)).toEqual(whole);
			expect(whole.typed).toBe(
				parts.filter((each) => ![background, name, attributes, click].includes(each)).join(''),
			);
		}),
	);
});

it('an answer that comes late in two pieces is no text, though nobody waits for it', () => {
	expect(readAll([background.slice(0, 9), background.slice(9)], false).typed).toBe('');
	expect(readAll(['\u001B', 'j'], false).typed).toBe('\u001Bj');
});

it('what is pasted is text, whatever it looks like', () => {
	const pasted = `\u001B[200~one${background}${click}two\u001B[201~`;
	for (const chunks of [[pasted], [pasted.slice(0, 20), pasted.slice(20)], [...pasted]]) {
		expect(readAll(chunks)).toEqual({answers: [], typed: pasted});
	}
});

it.each([
	['rgb:0000/0000/0000', 'dark'],
	['rgb:00/2b/36', 'dark'],
	['rgb:fdfd/f6f6/e3e3', 'light'],
	['rgba:f/f/f/f', 'light'],
	['rgb:8080/8080/8080', 'light'],
])('%s is %s', (color, expected) => {
	expect(readAll([`\u001B]11;${color}\u0007`]).answers).toEqual([{type: 'background', background: expected}]);
});

it('a colour that is none says nothing, and other buttons and releases do nothing', () => {
	expect(readAll(['\u001B]11;\u0007\u001B]11;red\u001B\\\u001B[<2;1;1M\u001B[<0;1;1m'])).toEqual({
		answers: [],
		typed: '',
	});
	expect(readAll(['\u001B[<64;1;1M\u001B[<65;1;1M']).answers).toMatchObject([
		{what: 'wheel-up'},
		{what: 'wheel-down'},
	]);
});

it('the input in front of Ink passes keys at once, and a lone Esc after a moment', async () => {
	const terminal = createTerminal(80, 24);
	const clock = new FakeClock();
	let typed = '';
	const input = inputWithoutAnswers(terminal.stdin, {
		clock,
		onAnswer: () => undefined,
		isExpecting: () => true,
		onRaw: () => undefined,
	});
	const listener = () => {
		typed += input.read() ?? '';
	};
	input.on('readable', listener);
	await terminal.press('j', background, 'k');
	expect(typed).toBe('jk');
	await terminal.press('\u001B');
	expect(typed).toBe('jk');
	clock.skip(25);
	expect(typed).toBe('jk\u001B');
	input.off('readable', listener);
	await terminal.press('x');
	expect([typed, clock.timers]).toEqual(['jk\u001B', 0]);
});
