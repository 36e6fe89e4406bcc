import {expect} from 'vitest';

/** Text from elsewhere with all that could harm in it: a secret, sequences that a terminal obeys, bidi, a tag of HTML. */

export const plantedKey = 'AKIAPLANTEDKEY123456';
export const planted = `p\u001B[31mx\u001B]0;title\u0007\u009B5A\u202Eb<script>alert(1)</script> ${plantedKey} q`;

/** What a terminal would obey, or show in another order than it stands. */
const obeyed = /[\u0000-\u0008\u000B-\u001F\u007F-\u009F\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]/;

/** @param where For the message. */
export const expectHarmless = (text: string, where: string): void => {
	const found = obeyed.exec(text.replaceAll('\r\n', '\n'));
	expect(
		found === null ? 'nothing' : JSON.stringify(text.slice(Math.max(0, found.index - 60), found.index + 20)),
		where,
	).toBe('nothing');
};

/** The same for text that people read: it shows no secret either. */
export const expectSafe = (text: string, where: string): void => {
	expectHarmless(text, where);
	expect(text.includes(plantedKey), `${where} shows the secret`).toBe(false);
};

/** Every text in a value, each replaced in turn by the planted one; names of keys too. */
export function* plantings(
	value: unknown,
	place = '',
): Generator<{readonly place: string; readonly value: unknown}> {
	if (typeof value === 'string') {
		yield {place, value: planted};
	} else if (Array.isArray(value)) {
		// One element stands for all of its kind.
		for (const [index, element] of value.slice(0, 1).entries()) {
			for (const each of plantings(element, `${place}[${index}]`)) {
				yield {place: each.place, value: value.with(index, each.value)};
			}
		}
	} else if (typeof value === 'object' && value !== null) {
		for (const [key, element] of Object.entries(value)) {
			yield {place: `${place}.${key} (name)`, value: {...value, [planted]: element}};
			for (const each of plantings(element, `${place}.${key}`)) {
				yield {place: each.place, value: {...value, [key]: each.value}};
			}
		}
	}
}
