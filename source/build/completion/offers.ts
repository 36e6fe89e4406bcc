import type {Command} from '../../config/command-table.ts';
import {shells} from '../../config/command-table.ts';
import type {Flag} from '../../config/flags/flag.ts';

/** What the completions of all shells have in common. */

/** What a shell offers somewhere: fixed words, and files where they may stand too. */
export type Offer = {readonly words: readonly string[]; readonly hasFiles: boolean};

const nothing: Offer = {words: [], hasFiles: false};

/** For the words behind a command. @param presets Names of the shipped ones. */
export const wordOffer = ({offers}: Command, presets: readonly string[]): Offer => {
	switch (offers) {
		case 'presets':
			return {words: presets, hasFiles: true};
		case 'files':
			return {words: [], hasFiles: true};
		case 'shells':
			return {words: shells, hasFiles: false};
		default:
			return nothing;
	}
};

/** Whether a value stands behind the flag, in a word of its own. */
export const takesValue = ({kind}: Flag): boolean => kind === 'value' || kind === 'repeated';

/** For the value of a flag. */
export const valueOffer = ({name, value, choices}: Flag, presets: readonly string[]): Offer => {
	if (choices !== undefined) {
		return {words: choices, hasFiles: false};
	}
	if (name === 'copy') {
		return {words: presets, hasFiles: false};
	}
	return {words: [], hasFiles: value === 'FILE' || value === 'DIR'};
};

/** All ways to type a flag. */
export const spellings = (flag: Flag): readonly string[] => {
	const {name, kind, short, isOnByDefault = false} = flag;
	const isEither = kind === 'boolean' && (flag.default ?? '').startsWith('on when');
	return [
		...(isOnByDefault ? [] : [`--${name}`]),
		...(isOnByDefault || isEither ? [`--no-${name}`] : []),
		...(short === undefined ? [] : [`-${short}`]),
	];
};
