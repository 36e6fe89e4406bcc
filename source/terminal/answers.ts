import {EventEmitter} from 'node:events';
import type {Clock} from '../domain/clock.ts';
import type {Pointer} from '../text/terminal-manners.ts';

/** What a terminal sends besides keys: answers to questions, and its mouse. */
export type TerminalAnswer =
	/** Of OSC 11. */
	| {readonly type: 'background'; readonly background: 'dark' | 'light'}
	/** Of XTVERSION: the terminal's own name and version. */
	| {readonly type: 'name'; readonly name: string}
	/** Of DA1, which every terminal knows: it comes after the answers to all that was asked before. */
	| {readonly type: 'attributes'}
	/** Of the mouse (SGR, 1006). */
	| ({readonly type: 'pointer'} & Pointer);

/** Takes answers out of what is typed. */
type AnswerReader = {
	/** @returns what was typed; the beginning of an answer is held back until the rest of it comes. */
	readonly push: (chunk: string) => string;
	readonly isHolding: () => boolean;
	/** Gives up waiting for the rest. @returns what was held back. */
	readonly release: () => string;
};

const esc = '\u001B';
const pasteStart = `${esc}[200~`;
const pasteEnd = `${esc}[201~`;

const whole = new RegExp(
	[
		// A colour: rgb:RRRR/GGGG/BBBB.
		String.raw`\u001B\]1[01];(?<color>[^\u0007\u001B]*)(?:\u0007|\u001B\\)`,
		String.raw`\u001BP>\|(?<name>[^\u001B]*)\u001B\\`,
		String.raw`(?<attributes>\u001B\[\?[\d;]*c)`,
		String.raw`\u001B\[<(?<button>\d+);(?<column>\d+);(?<row>\d+)(?<end>[Mm])`,
		// What is pasted is text, whatever it looks like.
		String.raw`(?<paste>\u001B\[200~[\s\S]*?(?:\u001B\[201~|$))`,
	].join('|'),
	'g',
);

/** The beginning of an answer that no key begins with, at the end of what came. */
const begun =
	/\u001B(?:\]1(?:[01](?:;[^\u0007\u001B]{0,64}\u001B?)?)?|P>(?:\|[^\u001B]{0,128}\u001B?)?|\[[?<][\d;]{0,32})$/;
/** What keys begin with as well. */
const perhapsBegun = /\u001B(?:\]|P|\[(?:20{0,2})?)?$/;

/** @param isExpecting While answers are expected, an escape at the end of what came may be the beginning of one. */
export function createAnswerReader(
	onAnswer: (answer: TerminalAnswer) => void,
	isExpecting: () => boolean,
): AnswerReader {
	let held = '';
	let isPasting = false;
	/** The end of what was pasted so far: its mark may come in pieces, too. */
	let tail = '';
	const take = (match: string, groups: Readonly<Record<string, string | undefined>>): string => {
		if (groups.paste !== undefined) {
			return match;
		}
		const answer = answerOf(groups);
		if (answer !== undefined) {
			onAnswer(answer);
		}
		return '';
	};
	const push = (chunk: string): string => {
		const text = held + chunk;
		held = '';
		if (isPasting) {
			const end = `${tail}${text}`.indexOf(pasteEnd);
			if (end === -1) {
				tail = `${tail}${text}`.slice(1 - pasteEnd.length);
				return text;
			}
			isPasting = false;
			const after = end + pasteEnd.length - tail.length;
			return text.slice(0, after) + push(text.slice(after));
		}
		const typed = text.replaceAll(whole, (match, ...parts) =>
			take(match, parts.at(-1) as Readonly<Record<string, string | undefined>>),
		);
		if (typed.lastIndexOf(pasteStart) > typed.lastIndexOf(pasteEnd)) {
			isPasting = true;
			tail = typed.slice(1 - pasteEnd.length);
			return typed;
		}
		const rest = begun.exec(typed) ?? (isExpecting() ? perhapsBegun.exec(typed) : null);
		if (rest === null) {
			return typed;
		}
		held = rest[0];
		return typed.slice(0, rest.index);
	};
	return {
		push,
		isHolding: () => held !== '',
		release() {
			const released = held;
			held = '';
			return released;
		},
	};
}

function answerOf({
	color,
	name,
	attributes,
	button,
	column,
	row,
	end,
}: Readonly<Record<string, string | undefined>>): TerminalAnswer | undefined {
	if (color !== undefined) {
		const background = backgroundOf(color);
		return background === undefined ? undefined : {type: 'background', background};
	}
	if (name !== undefined) {
		return {type: 'name', name};
	}
	if (attributes !== undefined) {
		return {type: 'attributes'};
	}
	const what = pressed(Number(button), end === 'M');
	return what === undefined
		? undefined
		: {type: 'pointer', what, column: Number(column) - 1, row: Number(row) - 1};
}

/** Buttons: 0 is the left one, 64 and 65 are the wheel; Shift, Alt and Control add 4, 8 and 16. */
function pressed(button: number, isDown: boolean): Pointer['what'] | undefined {
	return isDown ? ({0: 'press', 64: 'wheel-up', 65: 'wheel-down'} as const)[button] : undefined;
}

/** Whether dark or light text reads better on a colour in the form `rgb:RRRR/GGGG/BBBB`, of 1 to 4 digits each. */
function backgroundOf(color: string): 'dark' | 'light' | undefined {
	const parts = /^rgba?:([\da-f]{1,4})\/([\da-f]{1,4})\/([\da-f]{1,4})(?:\/[\da-f]{1,4})?$/i.exec(color);
	if (parts === null) {
		return undefined;
	}
	const [red = 0, green = 0, blue = 0] = parts
		.slice(1)
		.map((hex) => (Number.parseInt(hex, 16) / (16 ** hex.length - 1)) ** 2.2);
	// White and black have the same contrast (4.6:1) with a grey of that luminance.
	return 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.179 ? 'light' : 'dark';
}

/** How long the rest of an answer is waited for, in milliseconds. */
const patienceMs = 25;

/**
 * The input as Ink reads it: the same one without the answers. Nothing is put off but the beginning of an answer.
 * @param onRaw Called whenever keys begin or cease to be read one by one.
 */
export function inputWithoutAnswers(
	stdin: NodeJS.ReadStream,
	{
		clock,
		onAnswer,
		isExpecting,
		onRaw,
	}: {
		readonly clock: Clock;
		readonly onAnswer: (answer: TerminalAnswer) => void;
		readonly isExpecting: () => boolean;
		readonly onRaw: (isRaw: boolean) => void;
	},
): NodeJS.ReadStream {
	const reader = createAnswerReader(onAnswer, isExpecting);
	let typed = '';
	let cancel: (() => void) | undefined;
	const pass = (text: string): void => {
		typed += text;
		if (typed !== '') {
			input.emit('readable');
		}
	};
	const pull = (): void => {
		cancel?.();
		let text = '';
		for (let chunk = stdin.read(); chunk !== null; chunk = stdin.read()) {
			text += reader.push(String(chunk));
		}
		if (reader.isHolding()) {
			cancel = clock.after(patienceMs, () => pass(reader.release()));
		}
		pass(text);
	};
	const input = Object.assign(new EventEmitter(), {
		isTTY: stdin.isTTY,
		setRawMode(isRaw: boolean) {
			stdin.setRawMode(isRaw);
			onRaw(isRaw);
			return input;
		},
		setEncoding(encoding: BufferEncoding) {
			stdin.setEncoding(encoding);
			return input;
		},
		ref: () => stdin.ref(),
		unref: () => stdin.unref(),
		read() {
			const text = typed;
			typed = '';
			return text === '' ? null : text;
		},
	});
	// The real one is read while somebody reads this one.
	input.on('newListener', (event) => {
		if (event === 'readable' && input.listenerCount('readable') === 0) {
			stdin.on('readable', pull);
		}
	});
	input.on('removeListener', (event) => {
		if (event === 'readable' && input.listenerCount('readable') === 0) {
			stdin.off('readable', pull);
			cancel?.();
		}
	});
	return input as unknown as NodeJS.ReadStream;
}
