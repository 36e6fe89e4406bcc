import {UserError} from '../domain/user-error.ts';
import {readYaml} from './input/yaml.ts';
import {presetError} from './preset-errors.ts';
import type {PresetSource} from './preset-files.ts';
import {type Preset, presetSchema} from './preset-schema.ts';

/** Where a preset says something, for errors. */
export type PresetPlace = {
	readonly file: string;
	/** Line, from 1, of the nearest part of a path that is there. */
	readonly lineAt: (path: readonly PropertyKey[]) => number;
};

export type ParsedPreset = PresetPlace & {readonly preset: Preset};

/** What is wrong at a place of a preset, as an error (exit 2) with file and line. */
export const faultAt = (
	{file, lineAt}: PresetPlace,
	path: readonly PropertyKey[],
	reason: string,
	hint: string | undefined,
): UserError =>
	new UserError(`${file}:${lineAt(path)}: ${reason}`, {
		exitCode: 2,
		...(hint === undefined ? {} : {hint}),
	});

/** Where a preset holds texts: they are taken as they stand, also where they look like numbers. */
const textPlaces: ReadonlyArray<readonly PropertyKey[]> = [
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
	['chat', 'turns'],
];

const isText = (path: readonly PropertyKey[]): boolean =>
	textPlaces.some((place) => place.every((part, index) => part === '*' || part === path[index]));

/** A key of the user's own, for parts that anchors share; it says nothing to a run. */
const isShared = (key: string): boolean => key.startsWith('x-');

const withoutShared = (value: unknown): unknown =>
	typeof value === 'object' && value !== null && !Array.isArray(value)
		? Object.fromEntries(Object.entries(value).filter(([key]) => !isShared(key)))
		: value;

/** Half a character would be replaced on its way out. */
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
export const parsePreset = ({file, text}: PresetSource): ParsedPreset => {
	const yaml = readYaml(file, text, isText);
	const place: PresetPlace = {file, lineAt: yaml.lineAt};
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
	const result = presetSchema.safeParse(value);
	if (!result.success) {
		throw presetError(place, text, value, result.error.issues);
	}
	return {...place, preset: result.data};
};
