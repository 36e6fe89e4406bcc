import {readdir} from 'node:fs/promises';
import path from 'node:path';
import {setImmediate} from 'node:timers/promises';
import {z} from 'zod';
import {reasonOf, UserError} from '../domain/user-error.ts';
import {didYouMean} from '../text/nearest-name.ts';
import {readYaml, type YamlFile} from './input/yaml.ts';
import {findPreset, type PresetSource, shippedNames} from './preset-files.ts';
import {type Preset, presetSchema} from './preset-schema.ts';

/** Parses the text of a preset. A fault becomes a sentence with file, line and the fix. */

type Issue = z.core.$ZodIssue;

/** Of a union's alternatives, the nearest: its first fault is deepest. */
const innermost = (issue: Issue): {path: readonly PropertyKey[]; issue: Issue} => {
	if (issue.code !== 'invalid_union' || issue.errors.length === 0) {
		return {path: issue.path, issue};
	}
	const alternatives = issue.errors.flatMap((errors) => errors.slice(0, 1)).map(innermost);
	const isKeyFault = (alternative: {issue: Issue}): boolean => alternative.issue.code === 'unrecognized_keys';
	const [best] = alternatives.toSorted(
		(a, b) => b.path.length - a.path.length || Number(isKeyFault(b)) - Number(isKeyFault(a)),
	);
	return best === undefined || (best.path.length === 0 && !isKeyFault(best))
		? {path: issue.path, issue}
		: {path: [...issue.path, ...best.path], issue: best.issue};
};

const pathName = (path: readonly PropertyKey[]): string =>
	path
		.map((part) => (typeof part === 'number' ? `[${part + 1}]` : `.${String(part)}`))
		.join('')
		.replace(/^\./, '');

/** The value at a path; undefined where there is none. */
const valueAt = (value: unknown, path: readonly PropertyKey[]): unknown =>
	path.reduce<unknown>(
		(part, key) => (typeof part === 'object' && part !== null ? Reflect.get(part, key) : undefined),
		value,
	);

/** All keys that a JSON schema knows, wherever they stand. */
function keysIn(schema: unknown): readonly string[] {
	if (typeof schema !== 'object' || schema === null) {
		return [];
	}
	const own = 'properties' in schema ? Object.keys(schema.properties as object) : [];
	return [...own, ...Object.values(schema).flatMap(keysIn)];
}

/** The first fault of a preset as an error (exit 2). */
function presetError(place: LineSource, preset: unknown, issues: readonly Issue[]): UserError {
	// A misspelt key explains why another one is missing.
	const first = issues.find(({code}) => code === 'unrecognized_keys') ?? issues[0];
	if (first === undefined) {
		return new UserError(`${place.file}: not a preset.`, {exitCode: 2});
	}
	const {path, issue} = innermost(first);
	if (issue.code === 'unrecognized_keys') {
		const key = issue.keys[0] ?? '';
		const where = path.length === 0 ? 'a preset' : `"${pathName(path)}"`;
		return faultAt(
			place,
			[...path, key],
			`unknown key "${key}" in ${where}.`,
			`${didYouMean(key, keysIn(z.toJSONSchema(presetSchema, {unrepresentable: 'any'})))}Remove it or correct its spelling; presets/schema.json lists all keys.`,
		);
	}
	const value = valueAt(preset, path);
	const quoted = value === undefined ? '' : `: ${JSON.stringify(value)}`;
	const name = path.length === 0 ? 'the file' : `"${pathName(path)}"`;
	return faultAt(
		place,
		path,
		`${name}${quoted} ${sentenceOf(issue)}.`,
		'presets/schema.json describes every key.',
	);
}

const sentenceOf = (issue: Issue): string => {
	switch (issue.code) {
		case 'invalid_type':
			return issue.input === undefined && /undefined/.test(issue.message)
				? 'is missing'
				: `is not ${article(issue.expected)}`;
		case 'invalid_value':
			return `is not one of: ${issue.values.join(', ')}`;
		case 'too_small':
			return `is too small (${issue.inclusive ? 'at least' : 'more than'} ${issue.minimum})`;
		case 'too_big':
			return `is too large (at most ${issue.maximum})`;
		default:
			return issue.message.replace(/^Invalid input$/, 'has a form that is not allowed here');
	}
};

const article = (noun: string): string => (/^[aeio]/.test(noun) ? `an ${noun}` : `a ${noun}`);

/** A file whose keys have line numbers. */
type LineSource = Pick<YamlFile, 'lineAt'> & {readonly file: string};

export type ParsedPreset = LineSource & {readonly preset: Preset};

/**
 * The error (exit 2) for a fault of a preset, with file and line.
 * @param part Of the text at that path, where the fault lies within it.
 */
export function faultAt(
	{file, lineAt}: LineSource,
	path: readonly PropertyKey[],
	reason: string,
	hint: string | undefined,
	part?: string,
): UserError {
	return new UserError(`${file}:${lineAt(path, part)}: ${reason}`, {exitCode: 2, hint});
}

/** Keys with texts, which are kept as written, even where they look like numbers. */
const textPaths: ReadonlyArray<readonly PropertyKey[]> = [
	['description'],
	['task'],
	['content'],
	['items'],
	['expected'],
	['system'],
	['variants', '*', 'instruction'],
	['variants', '*', 'system'],
	['variants', '*', 'stop'],
	['checks', '*', 'contains'],
	['checks', '*', 'regex'],
	['checks', '*', 'oneOf'],
	['checks', '*', 'equals'],
	['checks', '*', 'judge'],
	['chat', 'turns'],
];

const isText = (path: readonly PropertyKey[]): boolean =>
	textPaths.some((textPath) => textPath.every((part, index) => part === '*' || part === path[index]));

/** A user's key for parts that anchors share. The program ignores it. */
const isShared = (key: string): boolean => key.startsWith('x-');

const withoutShared = (value: unknown): unknown =>
	typeof value === 'object' && value !== null && !Array.isArray(value)
		? Object.fromEntries(Object.entries(value).filter(([key]) => !isShared(key)))
		: value;

/** The path of a text with half a character, which could not be sent as written. */
const brokenPath = (
	value: unknown,
	path: readonly PropertyKey[] = [],
): readonly PropertyKey[] | undefined => {
	if (typeof value === 'string') {
		return value.isWellFormed() ? undefined : path;
	}
	if (typeof value !== 'object' || value === null) {
		return undefined;
	}
	for (const [key, part] of Object.entries(value)) {
		const found = brokenPath(part, [...path, Array.isArray(value) ? Number(key) : key]);
		if (found !== undefined) {
			return found;
		}
	}
	return undefined;
};

/**
 * Reads a preset's text.
 * @throws UserError (exit 2) with file, line and the fix.
 */
export function parsePreset({file, text}: PresetSource): ParsedPreset {
	const yaml = readYaml(file, text, isText);
	const place: LineSource = {file, lineAt: yaml.lineAt};
	if (yaml.value === null) {
		throw faultAt(place, [], 'the file is empty.', 'A preset has at least a name and a task.');
	}
	const value = withoutShared(yaml.value);
	const broken = brokenPath(value);
	if (broken !== undefined) {
		throw faultAt(
			place,
			broken,
			'the text holds half a character (a lone surrogate such as \\ud800).',
			'Write the whole character, or remove it.',
		);
	}
	// For the few presets of a start, compiling the schema costs more than it saves.
	const result = presetSchema.safeParse(value, {jitless: true});
	if (!result.success) {
		throw presetError(place, value, result.error.issues);
	}
	return {...place, preset: result.data};
}

type KnownPreset = {
	/** A shipped name, or the path. */
	readonly name: string;
	/** What runs call it. */
	readonly title: string;
	readonly description: string;
};

/** The shipped presets, to choose from. They are only parsed, so that the list is fast. */
export function shippedPresets(): readonly KnownPreset[] {
	return shippedNames().map(knownPreset);
}

function knownPreset(name: string): KnownPreset {
	const {preset} = parsePreset(findPreset(name));
	return {name, title: preset.name, description: preset.description ?? ''};
}

/** Files of a folder that are looked into. */
const maxFolderFiles = 50;

/** Every preset has one of these at the beginning of a line. */
const presetKeys = /^(?:task|variants|items|chat)\s*:/m;

function presetIn(file: string): KnownPreset | undefined {
	let isPreset = false;
	try {
		isPreset = presetKeys.test(findPreset(file).text);
		return isPreset ? knownPreset(file) : undefined;
	} catch (error) {
		// What cannot even be read as text is none.
		return isPreset ? {name: file, title: '', description: reasonOf(error)} : undefined;
	}
}

/**
 * The presets that lie in a folder, by path; what is wrong with one stands in its description. Other YAML files are not
 * listed.
 */
export async function presetsIn(folder: string): Promise<readonly KnownPreset[]> {
	const names = await readdir(folder).catch(() => []);
	const files = names.filter((name) => /\.ya?ml$/.test(name)).toSorted();
	const found: KnownPreset[] = [];
	for (const file of files.slice(0, maxFolderFiles)) {
		const known = presetIn(path.join(folder, file));
		found.push(...(known === undefined ? [] : [{...known, name: `./${file}`}]));
		// Keys are heard in between.
		await setImmediate();
	}
	return found;
}
