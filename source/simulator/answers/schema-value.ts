import {isJson, type Json} from '../families/prompt.ts';
import {pick, type Random, uuid} from './random.ts';

/** Values that a JSON schema permits, filled from a text where possible. */

/** Contents for the values. */
type Findings = {
	/** The best text for a key. */
	readonly textFor: (key: string) => string;
	readonly number: number;
};

type Work = Findings & {readonly random: Random; readonly root: Json};

/** Below this level only required values are filled in, so that recursive schemas end. */
const maxOptionalLevel = 5;
/** Deepest level of references; a schema that requires itself has no value at all. */
const maxLevels = 24;

const textsByFormat: Readonly<Record<string, (random: Random) => string>> = {
	date: () => '2026-03-14',
	time: () => '09:30:00Z',
	'date-time': () => '2026-03-14T09:30:00Z',
	duration: () => 'PT15M',
	email: () => 'office@example.com',
	'idn-email': () => 'office@example.com',
	hostname: () => 'www.example.com',
	ipv4: () => '192.0.2.10',
	ipv6: () => '2001:db8::10',
	uri: () => 'https://www.example.com/page',
	'uri-reference': () => '/page',
	url: () => 'https://www.example.com/page',
	uuid,
	'json-pointer': () => '/page',
	regex: () => '[a-z]+',
};

/** A value that the schema permits. */
export function schemaValue(random: Random, schema: Json, findings: Findings): unknown {
	return valueFor({...findings, random, root: schema}, schema, '', 0);
}

function valueFor(work: Work, given: unknown, key: string, level: number): unknown {
	const schema = resolved(isJson(given) ? given : {}, work.root, 0);
	if (schema.const !== undefined) {
		return schema.const;
	}
	if (Array.isArray(schema.enum) && schema.enum.length > 0) {
		return pick(work.random, schema.enum);
	}
	if (level > maxLevels) {
		return null;
	}
	switch (typeOf(schema)) {
		case 'object':
			return objectOf(work, schema, level);
		case 'array':
			return arrayOf(work, schema, key, level);
		case 'integer':
			return numberOf(work, schema, true);
		case 'number':
			return numberOf(work, schema, false);
		case 'boolean':
			return work.random() < 0.5;
		case 'null':
			return null;
		default:
			return textOf(work, schema, key);
	}
}

/** The schema with its references, parts and choices resolved. */
const resolved = (schema: Json, root: Json, level: number): Json => {
	const {$ref: reference, allOf: _all, anyOf: _any, oneOf: _one, ...own} = schema;
	const choices = [...schemasAt(schema, 'anyOf'), ...schemasAt(schema, 'oneOf')];
	const choice = choices.find((candidate) => !isNull(candidate)) ?? choices[0];
	const parts = [
		...(typeof reference === 'string' ? [referenced(root, reference)] : []),
		...schemasAt(schema, 'allOf'),
		...(choice === undefined ? [] : [choice]),
	];
	return level > maxLevels
		? own
		: parts.reduce<Json>((whole, part) => merged(whole, resolved(part, root, level + 1)), own);
};

const schemasAt = (schema: Json, key: string): readonly Json[] => {
	const value = schema[key];
	return Array.isArray(value) ? value.filter(isJson) : [];
};

const isNull = (schema: Json): boolean => schema.type === 'null' || schema.const === null;

const referenced = (root: Json, reference: string): Json => {
	let found: unknown = root;
	for (const part of reference.replace(/^#\/?/, '').split('/')) {
		if (part !== '') {
			const key = decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~');
			found = isJson(found) ? found[key] : undefined;
		}
	}
	return isJson(found) ? found : {};
};

/** Merges two schemas: the second one's bounds win, names add up. */
const merged = (a: Json, b: Json): Json => ({
	...a,
	...b,
	...(a.properties === undefined && b.properties === undefined
		? {}
		: {properties: {...jsonAt(a, 'properties'), ...jsonAt(b, 'properties')}}),
	...(a.required === undefined && b.required === undefined
		? {}
		: {required: [...stringsAt(a, 'required'), ...stringsAt(b, 'required')]}),
});

const jsonAt = (schema: Json, key: string): Json => (isJson(schema[key]) ? schema[key] : {});

const stringsAt = (schema: Json, key: string): readonly string[] => {
	const value = schema[key];
	return Array.isArray(value) ? value.filter((entry) => typeof entry === 'string') : [];
};

const typeOf = (schema: Json): string => {
	const {type} = schema;
	if (typeof type === 'string') {
		return type;
	}
	if (Array.isArray(type)) {
		return String(type.find((candidate) => candidate !== 'null') ?? 'null');
	}
	if (schema.properties !== undefined || schema.required !== undefined) {
		return 'object';
	}
	if (schema.items !== undefined || schema.prefixItems !== undefined) {
		return 'array';
	}
	return schema.minimum !== undefined || schema.maximum !== undefined ? 'number' : 'string';
};

const objectOf = (work: Work, schema: Json, level: number): Json => {
	const properties = jsonAt(schema, 'properties');
	const required = stringsAt(schema, 'required');
	const named = Object.keys(properties).filter((name) => level < maxOptionalLevel || required.includes(name));
	const names = new Set([...named, ...required]);
	const further = isJson(schema.additionalProperties) ? schema.additionalProperties : {};
	// A map without named keys gets one entry, or its minimum.
	const isMap = isJson(schema.additionalProperties) && names.size === 0 && level < maxOptionalLevel;
	const least = Math.max(isMap ? 1 : 0, numberAt(schema, 'minProperties') ?? 0);
	const nameSchema = isJson(schema.propertyNames) ? schema.propertyNames : {};
	for (let extra = 1; names.size < least && extra <= least * 2; extra++) {
		names.add(
			String(
				Object.keys(nameSchema).length === 0 ? `entry${extra}` : valueFor(work, nameSchema, 'name', level),
			),
		);
	}
	return Object.fromEntries(
		[...names].map((name) => [name, valueFor(work, properties[name] ?? further, name, level + 1)]),
	);
};

const numberAt = (schema: Json, key: string): number | undefined =>
	typeof schema[key] === 'number' ? schema[key] : undefined;

const arrayOf = (work: Work, schema: Json, key: string, level: number): readonly unknown[] => {
	const first = Array.isArray(schema.items) ? schema.items : schema.prefixItems;
	const leading: readonly unknown[] = Array.isArray(first) ? first : [];
	const rest = Array.isArray(schema.items) ? schema.additionalItems : schema.items;
	const least = numberAt(schema, 'minItems') ?? 0;
	const usual = level < maxOptionalLevel ? Math.max(least, leading.length, rest === false ? 0 : 1) : least;
	const length = Math.min(usual, numberAt(schema, 'maxItems') ?? usual);
	const values: unknown[] = [];
	const known = new Set<string>();
	for (let tries = 0; values.length < length && tries < length * 20; tries++) {
		const varied: Work =
			tries === 0
				? work
				: {
						...work,
						number: work.number + tries,
						textFor: (name) => `${work.textFor(name)} ${tries + 1}`,
					};
		const value = valueFor(varied, leading[values.length] ?? rest, key, level + 1);
		const text = JSON.stringify(value);
		if (schema.uniqueItems !== true || !known.has(text)) {
			known.add(text);
			values.push(value);
		}
	}
	return values;
};

const numberOf = (work: Work, schema: Json, isWhole: boolean): number => {
	const step = numberAt(schema, 'multipleOf') ?? (isWhole ? 1 : undefined);
	const nudge = step ?? 0.5;
	const bound = (key: 'minimum' | 'maximum', exclusiveKey: string, sign: number): number | undefined => {
		const exclusive = numberAt(schema, exclusiveKey);
		const inclusive = numberAt(schema, key);
		const own =
			inclusive !== undefined && schema[exclusiveKey] === true ? inclusive + sign * nudge : inclusive;
		const other = exclusive === undefined ? undefined : exclusive + sign * nudge;
		return own === undefined || other === undefined
			? (own ?? other)
			: sign > 0
				? Math.max(own, other)
				: Math.min(own, other);
	};
	const least = bound('minimum', 'exclusiveMinimum', 1) ?? Number.NEGATIVE_INFINITY;
	const most = bound('maximum', 'exclusiveMaximum', -1) ?? Number.POSITIVE_INFINITY;
	const wanted = Math.min(most, Math.max(least, work.number));
	if (step === undefined) {
		return least > most ? (least + most) / 2 : wanted;
	}
	const below = Math.floor(wanted / step + 1e-9) * step;
	return below < least ? Math.ceil(least / step - 1e-9) * step : below;
};

const textOf = (work: Work, schema: Json, key: string): string => {
	const byFormat =
		typeof schema.format === 'string' ? textsByFormat[schema.format]?.(work.random) : undefined;
	const byPattern =
		byFormat === undefined && typeof schema.pattern === 'string'
			? patternText(work.random, schema.pattern)
			: undefined;
	const text = byFormat ?? byPattern ?? work.textFor(key);
	const least = numberAt(schema, 'minLength') ?? 0;
	const most = numberAt(schema, 'maxLength') ?? Number.POSITIVE_INFINITY;
	return text.padEnd(least, text === '' ? 'a' : text).slice(0, most);
};

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
