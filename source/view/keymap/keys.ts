/** What a terminal sends, as the names in the table of bindings. */

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

/** More characters at once than fingers and auto-repeat deliver are pasted text, and no commands. */
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
 * @returns an empty list for what is no key of ours: pasted text, Alt combinations.
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
