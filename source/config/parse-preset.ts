import {UserError} from '../domain/user-error.ts';
import {lineOf, presetError} from './preset-errors.ts';
import type {PresetSource} from './preset-files.ts';
import {type Preset, presetSchema} from './preset-schema.ts';
import {readYaml} from './yaml-document.ts';

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

/**
 * Reads a preset's text.
 * @throws UserError (exit 2) with file, line and the fix.
 */
export const parsePreset = ({file, text}: PresetSource): ParsedPreset => {
	const {value, document, lines} = readYaml(file, text, 'A preset is a YAML file; see presets/schema.json.');
	const place: PresetPlace = {file, lineAt: (path) => lineOf(document, lines, path)};
	if (value === null || value === undefined) {
		throw faultAt(place, [], 'the file is empty.', 'A preset has at least a name and a task.');
	}
	const result = presetSchema.safeParse(value);
	if (!result.success) {
		throw presetError(file, text, document, lines, result.error.issues);
	}
	return {...place, preset: result.data};
};
