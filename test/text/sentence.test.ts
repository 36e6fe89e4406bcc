/** Tests source/text/width.ts: asSentence. */
import {expect, it} from 'vitest';
import {asSentence} from '../../source/text/width.ts';

it.each([
	['something broke', 'something broke.'],
	['HTTP 429', 'HTTP 429.'],
	['It broke.', 'It broke.'],
	['Why?', 'Why?'],
	['A page came: "Bad Gateway".', 'A page came: "Bad Gateway".'],
	['he said "no."', 'he said "no."'],
	['cut off…', 'cut off…'],
	['(see there)', '(see there).'],
	['reason: ', 'reason.'],
	['ご利用いただけません。', 'ご利用いただけません。'],
	['', ''],
])('%j ends as a sentence', (text, expected) => {
	expect(asSentence(text)).toBe(expected);
});
