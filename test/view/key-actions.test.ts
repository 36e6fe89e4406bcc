import {expect, it} from 'vitest';
import {type KeyEvent, keyNames} from '../../source/view/key-actions.ts';

const none: KeyEvent = {
	upArrow: false,
	downArrow: false,
	leftArrow: false,
	rightArrow: false,
	pageUp: false,
	pageDown: false,
	home: false,
	end: false,
	return: false,
	escape: false,
	tab: false,
	backspace: false,
	delete: false,
	ctrl: false,
	shift: false,
	meta: false,
};

it.each<[string, string, Partial<KeyEvent>, readonly string[]]>([
	['a letter', 'q', {}, ['q']],
	['a capital letter', 'R', {shift: true}, ['R']],
	['the space bar', ' ', {}, ['Space']],
	['fast repeats in one string', '+++', {}, ['+', '+', '+']],
	['an arrow', '', {upArrow: true}, ['↑']],
	['Tab', '', {tab: true}, ['Tab']],
	['Shift+Tab', '', {tab: true, shift: true}, ['Shift+Tab']],
	['Ctrl+C', 'c', {ctrl: true}, ['Ctrl+C']],
	['Esc', '', {escape: true}, ['Esc']],
	['Enter', '\r', {return: true}, ['Enter']],
	['an Alt combination', 'q', {meta: true}, []],
	['pasted text', 'quit the run please', {}, []],
])('%s', (_, input, fields, names) => {
	expect(keyNames(input, {...none, ...fields})).toEqual(names);
});
