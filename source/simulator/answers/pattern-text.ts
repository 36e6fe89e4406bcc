import {pick, type Random} from './random.ts';

/** Texts that match a regular expression: schemas mostly ask for a code or a number of a given form. */

type Cursor = {readonly pattern: string; at: number};

const letters = 'abcdefghijklmnopqrstuvwxyz';
const digits = '0123456789';
const printable = `${letters}${letters.toUpperCase()}${digits} _-.,:;@/+#`;

const classOfEscape = (letter: string): string => {
	switch (letter) {
		case 'd':
			return digits;
		case 'w':
			return letters + digits;
		case 's':
			return ' ';
		case 'D':
		case 'S':
			return letters;
		case 'W':
			return '-';
		case 'n':
			return '\n';
		case 't':
			return '\t';
		default:
			return letter;
	}
};

const take = (cursor: Cursor): string => cursor.pattern[cursor.at++] ?? '';

const range = (from: string, to: string): string => {
	const first = from.codePointAt(0) ?? 0;
	const count = (to.codePointAt(0) ?? 0) - first + 1;
	return Array.from({length: Math.max(0, Math.min(count, 256))}, (_unused, index) =>
		String.fromCodePoint(first + index),
	).join('');
};

/** Characters of a class, the opening bracket already taken. */
const readClass = (cursor: Cursor): string => {
	const isNegated = cursor.pattern[cursor.at] === '^';
	cursor.at += isNegated ? 1 : 0;
	let members = '';
	while (cursor.at < cursor.pattern.length && cursor.pattern[cursor.at] !== ']') {
		const first = take(cursor);
		const from = first === '\\' ? classOfEscape(take(cursor)) : first;
		if (cursor.pattern[cursor.at] === '-' && cursor.pattern[cursor.at + 1] !== ']' && from.length === 1) {
			cursor.at++;
			members += range(from, take(cursor));
		} else {
			members += from;
		}
	}
	cursor.at++;
	return isNegated ? [...printable].filter((letter) => !members.includes(letter)).join('') : members;
};

const readCount = (random: Random, cursor: Cursor): number => {
	const counted = /^(?:\{(\d+)(?:(,)(\d*))?\}|([?*+]))\??/.exec(cursor.pattern.slice(cursor.at));
	if (counted === null) {
		return 1;
	}
	cursor.at += counted[0].length;
	const [, least, comma, most, sign] = counted;
	if (sign !== undefined) {
		return sign === '?' ? Math.round(random()) : 1 + Math.floor(random() * 4);
	}
	const from = Number(least);
	const to = comma === undefined ? from : most === '' ? from + 3 : Number(most);
	return from + Math.floor(random() * (to - from + 1));
};

const readAtom = (random: Random, cursor: Cursor): (() => string) => {
	const first = take(cursor);
	switch (first) {
		case '(': {
			const marker = /^\?(?::|<\w+>|[=!]|<[=!])/.exec(cursor.pattern.slice(cursor.at))?.[0] ?? '';
			cursor.at += marker.length;
			const inner = cursor.at;
			const said = readAlternatives(random, cursor);
			cursor.at++;
			// Look-ahead and look-behind add no text.
			return /[=!]$/.test(marker)
				? () => ''
				: () => (said === '' ? '' : readAlternatives(random, {pattern: cursor.pattern, at: inner}));
		}
		case '[': {
			const members = [...readClass(cursor)];
			return () => (members.length === 0 ? '' : pick(random, members));
		}
		case '\\': {
			const members = [...classOfEscape(take(cursor))];
			return () => (members[0] === 'b' ? '' : pick(random, members));
		}
		case '.':
			return () => pick(random, [...letters]);
		case '^':
		case '$':
			return () => '';
		default:
			return () => first;
	}
};

/** One of the alternatives up to the end or the closing bracket. */
function readAlternatives(random: Random, cursor: Cursor): string {
	const alternatives = [''];
	while (cursor.at < cursor.pattern.length && cursor.pattern[cursor.at] !== ')') {
		if (cursor.pattern[cursor.at] === '|') {
			cursor.at++;
			alternatives.push('');
			continue;
		}
		const atom = readAtom(random, cursor);
		const count = readCount(random, cursor);
		alternatives[alternatives.length - 1] += Array.from({length: count}, atom).join('');
	}
	return pick(random, alternatives);
}

const maxTries = 20;

/** A text that matches; undefined where none was found. */
export function patternText(random: Random, pattern: string): string | undefined {
	let matcher: RegExp;
	try {
		matcher = new RegExp(pattern, 'u');
	} catch {
		return undefined;
	}
	for (let tries = 0; tries < maxTries; tries++) {
		const text = readAlternatives(random, {pattern, at: 0});
		if (matcher.test(text)) {
			return text;
		}
	}
	return undefined;
}
