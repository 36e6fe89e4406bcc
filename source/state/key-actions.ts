import {commandFor} from '../keymap/resolve.ts';
import type {Action} from './actions.ts';
import type {State} from './state.ts';

/**
 * What a key means now: an overlay or a text being typed takes the keys before the view does.
 * @returns undefined for a key that means nothing.
 */
export function actionForKey(state: State, keyName: string, atMs: number): Action | undefined {
	if (keyName === 'Ctrl+C') {
		return {type: 'command-given', command: 'quit', atMs};
	}
	if (state.overlay !== undefined) {
		return overlayAction(state.overlay.kind, keyName, atMs);
	}
	if (state.isTyping) {
		return typingAction(keyName, atMs);
	}
	const command = commandFor(keyName, state.view);
	return command === undefined ? undefined : {type: 'command-given', command, atMs};
}

function overlayAction(
	kind: NonNullable<State['overlay']>['kind'],
	keyName: string,
	atMs: number,
): Action | undefined {
	switch (kind) {
		case 'help': {
			const command = commandFor(keyName, 'log');
			const isMove =
				command === 'up' || command === 'down' || command === 'page-up' || command === 'page-down';
			if (isMove) {
				return {type: 'command-given', command, atMs};
			}
			const closes = command === 'help' || command === 'close' || command === 'quit';
			return closes ? {type: 'overlay-closed', atMs} : undefined;
		}
		case 'quit-question': {
			if (['q', 'y', 'Enter'].includes(keyName)) {
				return {type: 'command-given', command: 'quit', atMs};
			}
			return ['n', 'Esc'].includes(keyName) ? {type: 'overlay-closed', atMs} : undefined;
		}
		case 'exported': {
			return {type: 'overlay-closed', atMs};
		}
	}
}

function typingAction(keyName: string, atMs: number): Action | undefined {
	switch (keyName) {
		case 'Enter': {
			return {type: 'typing-ended', isKept: true, atMs};
		}
		case 'Esc': {
			return {type: 'typing-ended', isKept: false, atMs};
		}
		case 'Backspace':
		case 'Delete': {
			return {type: 'text-erased', atMs};
		}
		case 'Space': {
			return {type: 'text-typed', text: ' ', atMs};
		}
		default: {
			return [...keyName].length === 1 && !'↑↓←→'.includes(keyName)
				? {type: 'text-typed', text: keyName, atMs}
				: undefined;
		}
	}
}
