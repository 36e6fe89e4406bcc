import fc from 'fast-check';
import {expect} from 'vitest';

/** Text from elsewhere with all that could harm in it: a secret, sequences that a terminal obeys, bidi, a tag of HTML. */

/** Each planted secret has it. */
export const secretWord = 'PLANTED';
const plantedKey = `AKIA${secretWord}KEY123456`;
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
	const at = text.indexOf(secretWord);
	expect(at === -1 ? 'nothing' : text.slice(Math.max(0, at - 60), at + 60), `${where} shows a secret`).toBe(
		'nothing',
	);
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

const letters = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789'];

/** A credential in one of the forms in which they turn up. */
const secrets = fc
	.tuple(
		fc.constantFrom<(word: string) => string>(
			(word) => `AKIA${word}`,
			(word) => `ASIA${word}`,
			(word) => `ABSK${word}==`,
			(word) => `bedrock-api-key-${word}`,
			(word) => `Bearer 1${word}`,
			(word) => `password=${word}`,
			(word) => `aws_secret_access_key = ${word}`,
			(word) => `Credential=${word}/20261130`,
			(word) => `https://user:${word}@proxy.invalid:8080/`,
		),
		fc.string({unit: fc.constantFrom(...letters), minLength: 8, maxLength: 16}),
	)
	.map(([form, tail]) => form(secretWord + tail));

const parts = fc.array(
	fc.oneof(
		fc.string({unit: 'grapheme', maxLength: 12}),
		fc.string({unit: 'binary', maxLength: 12}),
		fc.constantFrom(
			...[
				'\u001B[2J',
				'\u001B[31m',
				'\u001B]0;title\u0007',
				'\u009B5A',
				'\u0000',
				'\u0007',
				'\r\n',
				'\t',
				'\u0085',
			],
			...[
				'\u202E',
				'\u2066',
				'\u200F',
				'\u061C',
				'\u2028',
				'\uFEFF',
				'\uD800',
				'漢字',
				'👩‍👩‍👧',
				'word',
				' ',
			],
			...[
				'<script>alert(1)</script>',
				'<img src=x onerror=alert(1)>',
				'<!--',
				'</desc>',
				']]>',
				'&lt;',
				'"',
				"'",
			],
			...[
				'[x](javascript:alert(1))',
				'![x](y)',
				'`',
				'```',
				'\n# ',
				'\n---\n',
				'|',
				'\\',
				'**',
				'~~',
				'$&',
				'%s',
			],
		),
	),
	{maxLength: 4},
);

/** Random text of others: what a terminal obeys, what Markdown and HTML give a meaning, and a secret in each. */
const hostileText = fc
	.tuple(fc.constantFrom('', '- ', '+ ', '1. ', '> ', '=== ', '    ', '=1+', '@'), parts, secrets, parts)
	.map(([first, before, secret, after]) => `${first}${before.join('')} ${secret} ${after.join('')}`);

const textsAtOnce = 25;
export const manyHostileTexts = fc.array(hostileText, {minLength: textsAtOnce, maxLength: textsAtOnce});

/** 50 random texts, the same in every run of the suite; 1,000 others in each `npm run soak`. */
export const hostileRuns: fc.Parameters<unknown> =
	process.env.BEDROCK_TOP_SOAK === undefined ? {numRuns: 2, seed: 1} : {numRuns: 1000 / textsAtOnce};

/** Gives one text after the other: a different one in each place. */
export const inTurn = (texts: readonly string[]): (() => string) => {
	let given = 0;
	return () => texts[given++ % texts.length] ?? '';
};

/** A value with another text in each place that was asked for; places as `plantings` names them. */
export const plantAll = <Value>(
	value: Value,
	next: () => string,
	places: ReadonlySet<string>,
	place = '',
): Value => {
	const plant = (element: unknown, at: string): unknown => plantAll(element, next, places, at);
	if (typeof value === 'string') {
		return (places.has(place) ? next() : value) as Value;
	}
	if (Array.isArray(value)) {
		return value.map((element) => plant(element, `${place}[0]`)) as Value;
	}
	if (typeof value === 'object' && value !== null) {
		const entries = Object.entries(value).map(([key, element]) => [key, plant(element, `${place}.${key}`)]);
		return Object.fromEntries(entries) as Value;
	}
	return value;
};

/** What a browser makes of a page, without its words and drawings: its tags in their order. */
export const htmlMeaning = (html: string): readonly string[] =>
	[...html.replaceAll(/<svg.*?<\/svg>/gs, 'svg').matchAll(/<[^>]*>/g)].map(([tag]) =>
		tag.replace(/ class="(?:n|marked|bad|quote|quote bad)"/, ''),
	);

/**
 * What Markdown and HTML make of a text, line by line, without its words: two texts that are alike in it differ in words
 * alone. Code blocks count as one mark.
 */
export const markdownMeaning = (text: string): readonly string[] =>
	text
		.replaceAll(/^(`{3,})\n[\s\S]*?\n\1$/gm, '#code')
		.replaceAll(/\\[!-/:-@[-`{-~]/g, 'x')
		.split('\n')
		.map((line) => {
			const [start = ''] = /^ {0,3}(?:[-+](?: |$)|(?:-{3,}|=+) *$|\d{1,9}[.)](?: |$))|^ {4}/.exec(line) ?? [];
			return start.replace(/\d+/, '1') + line.replaceAll(/[^\\`*_{}[\]<>|#~]/g, '');
		});
