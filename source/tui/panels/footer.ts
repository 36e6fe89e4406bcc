import {fitLine, type Line, segment} from '../../text/segment.ts';
import {cleanText} from '../../text/width.ts';
import {disabledReason} from '../../view/availability.ts';
import {footerHints} from '../../view/keymap.ts';
import type {State} from '../../view/state.ts';

/** The last line: a passing remark, a text being typed, or the keys that are of use now. */
export function footerLine(state: State, fullWidth: number): Line {
	// Windows consoles scroll when the last cell of the last row is written (Ink issue 969).
	const width = Math.max(0, fullWidth - 1);
	if (state.isTyping) {
		return fitLine(
			[
				segment('/', 'accent'),
				segment(`${cleanText(state.filter)}_`),
				segment('   Enter keeps, Esc clears', 'muted'),
			],
			width,
		);
	}
	if (!state.hasKeys) {
		return fitLine([segment('! ', 'warning'), segment('no keys: standard input is not a terminal')], width);
	}
	if (state.flash !== undefined) {
		return fitLine([segment('! ', 'warning'), segment(cleanText(state.flash.text))], width);
	}
	const hints = footerHints(state.view, width, ({command}) => disabledReason(state, command) === undefined);
	return fitLine(
		hints.flatMap(({key, word}, index) => [
			segment(index === 0 ? '' : '  '),
			segment(key, 'accent'),
			segment(` ${word}`),
		]),
		width,
	);
}
