import type {Action} from './actions.ts';
import {alwaysKeys, commandFor, type KeyCommand, type Keymap} from './keymap.ts';
import {settings} from './settings.ts';
import type {Picker, SettingsForm, State} from './state.ts';

/** From what a terminal sends to the name of a key, and from there to an action. */

/** The fields of a key event that matter here (Ink's `Key` has them all). */
export type KeyEvent = {
	readonly upArrow: boolean;
	readonly downArrow: boolean;
	readonly leftArrow: boolean;
	readonly rightArrow: boolean;
	readonly pageUp: boolean;
	readonly pageDown: boolean;
	readonly home: boolean;
	readonly end: boolean;
	readonly return: boolean;
	readonly escape: boolean;
	readonly tab: boolean;
	readonly backspace: boolean;
	readonly delete: boolean;
	readonly ctrl: boolean;
	readonly shift: boolean;
	readonly meta: boolean;
};

/** More characters at once than fingers and auto-repeat deliver are pasted text, not commands. */
const longestBurst = 8;

const special: ReadonlyArray<readonly [keyof KeyEvent, string]> = [
	['upArrow', '↑'],
	['downArrow', '↓'],
	['leftArrow', '←'],
	['rightArrow', '→'],
	['pageUp', 'PageUp'],
	['pageDown', 'PageDown'],
	['home', 'Home'],
	['end', 'End'],
	['return', 'Enter'],
	['escape', 'Esc'],
	['backspace', 'Backspace'],
	['delete', 'Delete'],
];

/**
 * The names of the keys in one event. Keys that are typed fast or repeat arrive together as one string.
 * @returns an empty list for anything else: pasted text, Alt combinations.
 */
export function keyNames(input: string, key: KeyEvent): readonly string[] {
	if (key.tab) {
		return [key.shift ? 'Shift+Tab' : 'Tab'];
	}
	const named = special.find(([field]) => key[field]);
	if (named !== undefined) {
		return [named[1]];
	}
	if (key.ctrl) {
		return input.length === 1 ? [`Ctrl+${input.toUpperCase()}`] : [];
	}
	const characters = [...input];
	if (key.meta || characters.length > longestBurst) {
		return [];
	}
	return characters.map((character) => (character === ' ' ? 'Space' : character));
}

/** The action of a key now: an overlay or a text field takes keys before the view does. A key without one is refused in words. */
export function actionForKey(state: State, keyName: string, atMs: number): Action {
	const command = alwaysKeys[keyName];
	if (command !== undefined) {
		return {type: 'command-given', command, atMs};
	}
	const action =
		state.overlay !== undefined
			? overlayAction(state, state.overlay, keyName, atMs)
			: state.isTyping
				? typingAction(keyName, atMs)
				: commandAction(keyName, state, atMs);
	return action ?? {type: 'key-refused', keyName, atMs};
}

/** The commands that ask before a tap does what they say. */
const tapQuestions = {hold: 'toggle-pause', end: 'stop', quit: 'quit'} as const;

/** The keys of the user, in a view. */
type Keys = Pick<State, 'view' | 'keymap'>;

function commandAction(keyName: string, {view, keymap}: Keys, atMs: number): Action | undefined {
	const command = commandFor(keyName, view, keymap);
	return command === undefined ? undefined : {type: 'command-given', command, atMs};
}

function overlayAction(
	keys: Keys,
	overlay: NonNullable<State['overlay']>,
	keyName: string,
	atMs: number,
): Action | undefined {
	switch (overlay.kind) {
		case 'picker':
			return pickerAction(overlay, keyName, atMs);
		case 'settings':
			return settingsAction(overlay, keyName, atMs);
		case 'help':
			return scrollAction(keyName, keys.keymap, atMs) ?? passingAction(keyName, keys, ['help', 'quit'], atMs);
		case 'history':
			return historyAction(keyName, keys, atMs);
		case 'comparison':
			return (
				scrollAction(keyName, keys.keymap, atMs) ??
				(closesBox(keyName, keys) ? {type: 'overlay-closed', atMs} : undefined)
			);
		case 'more-question':
			return acceptedBy('add-requests', keyName, keys, atMs);
		case 'tap-question':
			return acceptedBy(tapQuestions[overlay.of], keyName, keys, atMs);
		case 'quit-question':
			return answerAction(isKeyOf(keyName, 'quit', keys) ? 'y' : keyName, 'quit', atMs);
		case 'start-question':
			return (
				scrollAction(keyName, keys.keymap, atMs) ??
				answerAction(keyName, 'run', atMs) ??
				passingAction(keyName, keys, [], atMs)
			);
		case 'columns':
			return columnsAction(keyName, keys, atMs);
		case 'exported':
			return passingAction(keyName, keys, [], atMs);
	}
}

const isKeyOf = (keyName: string, command: KeyCommand, {keymap}: Keys): boolean =>
	keymap.byKey.get(keyName)?.command === command;

const closesBox = (keyName: string, keys: Keys): boolean =>
	keyName === 'Esc' || isKeyOf(keyName, 'history', keys) || isKeyOf(keyName, 'quit', keys);

function historyAction(keyName: string, keys: Keys, atMs: number): Action | undefined {
	switch (keyName) {
		case 'Space':
			return {type: 'overlay-marked', atMs};
		case 'c':
			return {type: 'overlay-compared', atMs};
		case 'y':
			return {type: 'command-given', command: 'copy', atMs};
		default:
			return closesBox(keyName, keys)
				? {type: 'overlay-closed', atMs}
				: (scrollAction(keyName, keys.keymap, atMs) ?? listAction(keyName, atMs));
	}
}

function columnsAction(keyName: string, keys: Keys, atMs: number): Action | undefined {
	switch (keyName) {
		case 'Space':
			return {type: 'overlay-marked', atMs};
		case 'Backspace':
		case 'Delete':
			return {type: 'text-erased', atMs};
		default:
			return isKeyOf(keyName, 'columns', keys)
				? {type: 'overlay-accepted', atMs}
				: (scrollAction(keyName, keys.keymap, atMs) ?? listAction(keyName, atMs));
	}
}

/** The answer to a question that stands in its overlay alone: the key that asked it means yes; other keys are none. */
function acceptedBy(asked: KeyCommand, keyName: string, keys: Keys, atMs: number): Action | undefined {
	if (['y', 'Enter'].includes(keyName) || isKeyOf(keyName, asked, keys)) {
		return {type: 'overlay-accepted', atMs};
	}
	return ['n', 'Esc'].includes(keyName) ? {type: 'overlay-closed', atMs} : undefined;
}

/** The answer to a question; other keys are none. */
function answerAction(keyName: string, command: KeyCommand, atMs: number): Action | undefined {
	if (['y', 'Enter'].includes(keyName)) {
		return {type: 'command-given', command, atMs};
	}
	return ['n', 'Esc'].includes(keyName) ? {type: 'overlay-closed', atMs} : undefined;
}

/** A box that only shows something never swallows a command: its key closes the box and acts, another key closes it. */
function passingAction(keyName: string, keys: Keys, closing: readonly KeyCommand[], atMs: number): Action {
	const closed: Action = {type: 'overlay-closed', atMs};
	return keyName === 'Esc' || closing.some((command) => isKeyOf(keyName, command, keys))
		? closed
		: (commandAction(keyName, keys, atMs) ?? closed);
}

function scrollAction(keyName: string, keymap: Keymap, atMs: number): Action | undefined {
	const command = commandFor(keyName, 'log', keymap);
	const lines = command === undefined ? undefined : steps[command];
	return lines === undefined ? undefined : {type: 'overlay-moved', lines, atMs};
}

const steps: Readonly<Partial<Record<KeyCommand, number>>> = {
	up: -1,
	down: 1,
	'page-up': -10,
	'page-down': 10,
};

const pickerSteps: Readonly<Record<string, number>> = {
	'↑': -1,
	'↓': 1,
	'Shift+Tab': -1,
	Tab: 1,
	PageUp: -10,
	PageDown: 10,
};

/** Keys that move through a list over the screen, take its line, or close it. */
function listAction(keyName: string, atMs: number): Action | undefined {
	const lines = pickerSteps[keyName];
	if (lines !== undefined) {
		return {type: 'overlay-moved', lines, atMs};
	}
	switch (keyName) {
		case 'Enter':
			return {type: 'overlay-accepted', atMs};
		case 'Esc':
			return {type: 'overlay-closed', atMs};
		default:
			return undefined;
	}
}

/** Letters filter the list, so only keys that do not type move through it. */
function pickerAction({of}: Picker, keyName: string, atMs: number): Action | undefined {
	if (keyName === 'Space') {
		return of === 'models' ? {type: 'overlay-marked', atMs} : {type: 'text-typed', text: ' ', atMs};
	}
	return listAction(keyName, atMs) ?? textAction(keyName, atMs);
}

function settingsAction({index}: SettingsForm, keyName: string, atMs: number): Action | undefined {
	const turns = {'←': -1, '→': 1, Space: settings[index]?.choices === undefined ? undefined : 1}[keyName];
	return turns === undefined
		? (listAction(keyName, atMs) ?? textAction(keyName, atMs))
		: {type: 'overlay-turned', steps: turns, atMs};
}

function typingAction(keyName: string, atMs: number): Action | undefined {
	switch (keyName) {
		case 'Enter':
			return {type: 'typing-ended', isKept: true, atMs};
		case 'Esc':
			return {type: 'typing-ended', isKept: false, atMs};
		default:
			return textAction(keyName, atMs);
	}
}

/** Keys that change a text. */
function textAction(keyName: string, atMs: number): Action | undefined {
	switch (keyName) {
		case 'Backspace':
		case 'Delete':
			return {type: 'text-erased', atMs};
		case 'Space':
			return {type: 'text-typed', text: ' ', atMs};
		default:
			return [...keyName].length === 1 && !'↑↓←→'.includes(keyName)
				? {type: 'text-typed', text: keyName, atMs}
				: undefined;
	}
}

/** Whether keys and pastes are text now. */
export function isTakingText({overlay, isTyping}: State): boolean {
	return overlay === undefined ? isTyping : overlay.kind === 'picker' || overlay.kind === 'settings';
}
