import {fitLine, type Line, segment} from '../../text/segment.ts';
import {cleanText} from '../../text/width.ts';
import {disabledReason, wordNow} from '../../view/availability.ts';
import {footerHints, type KeyCommand, titleOf} from '../../view/keymap.ts';
import {currentList} from '../../view/lists.ts';
import type {State} from '../../view/state.ts';

/** The last line: a passing remark, a text being typed, or the keys that are of use now. */
export function footerLine(state: State, fullWidth: number): Line {
	// Windows consoles scroll when the last cell of the last row is written (Ink issue 969).
	const width = Math.max(0, fullWidth - 1);
	if (state.isTyping) {
		return fitLine(typingLine(state), width);
	}
	if (!state.hasKeys) {
		return fitLine([segment('! ', 'warning'), segment('no keys: standard input is not a terminal')], width);
	}
	if (state.flash !== undefined) {
		return fitLine([segment('! ', 'warning'), segment(cleanText(state.flash.text))], width);
	}
	// A `/` without a list takes the text that follows, but is not offered.
	const isOffered = (command: KeyCommand) => command !== 'filter' || currentList(state) !== undefined;
	const hints = footerHints(
		state.view,
		width,
		({command}) => isOffered(command) && disabledReason(state, command) === undefined,
		(command) => wordNow(state, command),
		state.keymap,
	);
	return fitLine(
		hints.flatMap(({key, word}, index) => [
			segment(index === 0 ? '' : '  '),
			segment(key, 'accent'),
			segment(` ${word}`),
		]),
		width,
	);
}

/** The filter as it is typed; where there is nothing to filter, the text goes nowhere, and no letter is a command. */
function typingLine(state: State): Line {
	const name = currentList(state);
	const filter = name === undefined ? '' : state.lists[name].filter;
	const words =
		state.flash !== undefined
			? cleanText(state.flash.text)
			: name === undefined
				? `nothing to filter in ${titleOf(state.view)}: Esc goes on`
				: 'Enter keeps, Esc clears';
	return [segment('/', 'accent'), segment(`${cleanText(filter)}_`), segment(`   ${words}`, 'muted')];
}
