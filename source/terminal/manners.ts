import type {OutputConfig} from '../config/resolve-output.ts';
import {type Clock, systemClock} from '../domain/clock.ts';
import type {KnownTerminal, Pointer, TerminalManners} from '../text/terminal-manners.ts';
import {cleanLines, cleanText} from '../text/width.ts';
import {inputWithoutAnswers, type TerminalAnswer} from './answers.ts';
import type {Io} from './io.ts';

/**
 * What a screen may ask of its terminal beyond drawing. A terminal that does not answer gets none of the sequences, but
 * the question whether it does.
 */
type Manners = TerminalManners & {
	/** The input without the answers. */
	readonly stdin: NodeJS.ReadStream;
	readonly known: () => KnownTerminal;
};

const esc = '\u001B';
const bell = '\u0007';
const stringEnd = `${esc}\\`;

const askBackground = `${esc}]11;?${stringEnd}`;
const askName = `${esc}[>q`;
const askAttributes = `${esc}[c`;

const pushTitle = `${esc}[22;0t`;
/** Empty first: not every terminal has a stack. */
const popTitle = `${esc}]2;${stringEnd}${esc}[23;0t`;
const mouseOn = `${esc}[?1000h${esc}[?1006h`;
const mouseOff = `${esc}[?1006l${esc}[?1000l`;

/** Passes a sequence through tmux to the terminal around it, where its user allows that. */
export function throughTmux(sequence: string): string {
	return `${esc}Ptmux;${sequence.replaceAll(esc, esc + esc)}${stringEnd}`;
}

type Environment = Io['environment'];

/** Terminals that know no such sequences, and may print them. */
const plainTerms = /^(?:|dumb|unknown|linux|ansi|cons25.*|eterm.*|emacs.*|sun.*|vt\d.*)$/;

/** Whether the terminal may be asked at all. */
function mayAsk({stdin, stdout, environment}: Io): boolean {
	return stdin.isTTY && stdout.isTTY && !plainTerms.test(environment.TERM ?? '');
}

/** All that the environment says about the terminal's name. */
function namesIn(environment: Environment): string {
	const {TERM, TERM_PROGRAM, LC_TERMINAL, VTE_VERSION, WT_SESSION, KONSOLE_VERSION} = environment;
	return [
		TERM,
		TERM_PROGRAM,
		LC_TERMINAL,
		VTE_VERSION && 'vte',
		WT_SESSION && 'windows-terminal',
		KONSOLE_VERSION && 'konsole',
	]
		.filter(Boolean)
		.join(' ');
}

const notifying = /iterm|wezterm|ghostty|kitty|foot/i;
const linking =
	/iterm|wezterm|ghostty|kitty|foot|vte|windows-terminal|konsole|mintty|alacritty|vscode|contour|rio|tmux (?:3\.[4-9]|[4-9])/i;
const copying = /wezterm|ghostty|kitty|foot|windows-terminal|alacritty|contour|rio/i;
const withoutClipboard = /apple_terminal|vte/i;

/** Whether links (OSC 8) may be written to a terminal that was not asked. */
export function takesLinks(io: Pick<Io, 'environment'>, stream: NodeJS.WriteStream): boolean {
	const {environment} = io;
	return stream.isTTY && !plainTerms.test(environment.TERM ?? '') && linking.test(namesIn(environment));
}

/** Milliseconds in which an answer may still decide something; later ones are taken out of the input and forgotten. */
const answerLimitMs = 1000;
/**
 * Milliseconds in which an answer may still come in any pieces. Where a terminal never answers, the Esc key does not wait
 * for one after that; a later answer is taken out of the input all the same, unless it is cut within its first three bytes.
 */
const pieceLimitMs = 5000;
/** Milliseconds that the end of the screen waits for answers. */
const settleLimitMs = 250;

type Options = {
	readonly asksBackground: boolean;
	readonly hasMouse: boolean;
	readonly hasBell: boolean;
	readonly clock: Clock;
	/** What another process writes to the terminal should this one die. */
	readonly guard: {readonly undoes: (sequence: string) => void};
};

/** The manners of a screen with the output that the user asked for. */
export function screenManners(
	io: Io,
	{theme, colors, hasMouse, hasBell}: Pick<OutputConfig, 'theme' | 'colors' | 'hasMouse' | 'hasBell'>,
	guard: Options['guard'],
): Manners {
	const asksBackground = theme === 'auto' && colors > 0;
	return mannersOf(io, {asksBackground, hasMouse, hasBell, clock: systemClock, guard});
}

/** The manners of a screen; on anything but a terminal that may be asked they do nothing. */
export function mannersOf(io: Io, {asksBackground, hasMouse, hasBell, clock, guard}: Options): Manners {
	const {stdin, stdout, environment} = io;
	const isInTmux = (environment.TMUX ?? '') !== '';
	const undo = `${hasMouse ? mouseOff : ''}${popTitle}`;
	let names = namesIn(environment);
	let askedMs: number | undefined;
	/** Through tmux, whose own answers say nothing about those of the terminal around it. */
	let askedThroughMs: number | undefined;
	let hasAnswered = false;
	let isTaken = false;
	let isOn = false;
	let shownTitle = '';
	let background: 'dark' | 'light' | undefined;
	/** The question about it was answered, in time or not. */
	let hasBackground = false;
	let beSettled: (() => void) | undefined;
	let onKnown: ((known: KnownTerminal) => void) | undefined;
	let onPointer: ((pointer: Pointer) => void) | undefined;

	const within = (sinceMs: number | undefined, limitMs: number): boolean =>
		sinceMs !== undefined && clock.now() - sinceMs < limitMs;
	const isAwaiting = (): boolean =>
		(askedMs !== undefined && !hasAnswered) || (!hasBackground && within(askedThroughMs, answerLimitMs));

	const known = (): KnownTerminal => ({background, hasLinks: hasAnswered && linking.test(names)});
	const ask = (): void => {
		askedMs = clock.now();
		// Apple's Terminal prints a part of this question.
		const name = names.includes('Apple_Terminal') ? '' : askName;
		stdout.write(`${asksBackground ? askBackground : ''}${name}${askAttributes}`);
	};
	const turnOn = (): void => {
		if (hasAnswered && isTaken && !isOn) {
			isOn = true;
			guard.undoes(undo);
			stdout.write(`${pushTitle}${titled(shownTitle)}${hasMouse ? mouseOn : ''}`);
		}
	};
	const answered = (answer: TerminalAnswer): void => {
		switch (answer.type) {
			case 'background':
				hasBackground = true;
				if (within(askedThroughMs ?? askedMs, answerLimitMs)) {
					({background} = answer);
					onKnown?.(known());
				}
				break;
			case 'name':
				names = `${names} ${answer.name}`;
				break;
			case 'attributes':
				hasAnswered = true;
				turnOn();
				onKnown?.(known());
				if (asksBackground && !hasBackground && isInTmux) {
					askedThroughMs = clock.now();
					stdout.write(throughTmux(askBackground));
				}
				break;
			case 'pointer':
				onPointer?.(answer);
				break;
		}
		if (!isAwaiting() || hasBackground) {
			beSettled?.();
		}
	};
	const isAsking = mayAsk(io);
	return {
		stdin: isAsking
			? inputWithoutAnswers(stdin, {
					clock,
					onAnswer: answered,
					isExpecting: () =>
						(isAwaiting() && within(askedThroughMs ?? askedMs, pieceLimitMs)) || (isOn && hasMouse),
					onRaw(isRaw) {
						// Before that the terminal would print the answers.
						if (isRaw && askedMs === undefined) {
							ask();
						}
					},
				})
			: stdin,
		hasMouse: isAsking && hasMouse,
		taken() {
			isTaken = true;
			turnOn();
		},
		given() {
			isTaken = false;
			if (isOn) {
				isOn = false;
				stdout.write(undo);
			}
		},
		async settled() {
			const sinceMs = askedThroughMs ?? askedMs;
			if (sinceMs === undefined || !isAwaiting() || !within(sinceMs, settleLimitMs)) {
				return;
			}
			const {promise, resolve} = Promise.withResolvers<void>();
			beSettled = resolve;
			const cancel = clock.after(settleLimitMs - (clock.now() - sinceMs), resolve);
			await promise;
			cancel();
		},
		title(text) {
			const wanted = cleanText(text);
			if (wanted !== shownTitle) {
				shownTitle = wanted;
				if (isOn) {
					stdout.write(titled(wanted));
				}
			}
		},
		notify(text) {
			if (!hasBell || !stdout.isTTY) {
				return;
			}
			const message = `${esc}]9;${cleanText(text)}${stringEnd}`;
			if (!hasAnswered || !notifying.test(names)) {
				stdout.write(bell);
			} else {
				// tmux may keep the message to itself, but not the bell.
				stdout.write(isInTmux ? throughTmux(message) + bell : message);
			}
		},
		copy(text) {
			if (!hasAnswered || (!isInTmux && withoutClipboard.test(names))) {
				return 'refused';
			}
			const sequence = `${esc}]52;c;${Buffer.from(cleanLines(text)).toString('base64')}${stringEnd}`;
			// Which of the two tmux takes is up to its user (set-clipboard, allow-passthrough).
			stdout.write(isInTmux ? sequence + throughTmux(sequence) : sequence);
			return !isInTmux && copying.test(names) ? 'copied' : 'asked';
		},
		known,
		onKnown(listener) {
			onKnown = listener;
		},
		onPointer(listener) {
			onPointer = listener;
		},
	};
}

function titled(text: string): string {
	return `${esc}]2;${text}${stringEnd}`;
}
