import {LineCounter, parseDocument} from 'yaml';
import type {Item} from '../prompts/variant.ts';
import {loadItems} from './items.ts';
import {unknownPlaceholder} from './placeholders.ts';
import {presetError} from './preset-errors.ts';
import {findPreset, type PresetSource} from './preset-files.ts';
import {type Preset, presetSchema} from './preset-schema.ts';
import {UserError} from './user-error.ts';

/** A preset that has been read and checked, with its items. */
export type LoadedPreset = {readonly preset: Preset; readonly items: readonly Item[]; readonly file: string};

const parse = ({file, text}: PresetSource): Preset => {
	const lines = new LineCounter();
	const document = parseDocument(text, {lineCounter: lines});
	const [fault] = document.errors;
	if (fault !== undefined) {
		const {line} = lines.linePos(fault.pos[0]);
		throw new UserError(`${file}:${line}: ${fault.message.split('\n')[0]?.replace(/ at line .*$/, '')}.`, {
			exitCode: 2,
			hint: 'A preset is a YAML file; see presets/schema.json.',
		});
	}
	const result = presetSchema.safeParse(document.toJS());
	if (!result.success) {
		throw presetError(file, text, document, lines, result.error.issues);
	}
	return result.data;
};

const lineOfText = (source: string, part: string): number => {
	const index = source.split('\n').findIndex((line) => line.includes(part));
	return index === -1 ? 1 : index + 1;
};

/** Every template of a preset must have a value for each of its placeholders. */
const assertPlaceholders = ({file, text}: PresetSource, preset: Preset, items: readonly Item[]): void => {
	const variants = (preset.variants ?? []).filter((variant) => typeof variant !== 'string');
	const templates = [
		preset.system,
		preset.expected,
		...variants.flatMap(({instruction, system}) => [instruction, system]),
	];
	for (const template of templates) {
		const unknown = template === undefined ? undefined : unknownPlaceholder(template, items);
		if (unknown !== undefined) {
			throw new UserError(
				`${file}:${lineOfText(text, unknown.name)}: unknown placeholder {{${unknown.name}}}.`,
				{
					exitCode: 2,
					hint: `Known here: ${unknown.allowed.map((name) => `{{${name}}}`).join(', ')}.`,
				},
			);
		}
	}
};

const assertRegexes = ({file, text}: PresetSource, preset: Preset): void => {
	for (const check of preset.checks ?? []) {
		try {
			new RegExp(check.regex ?? '', 'u');
		} catch (error) {
			throw new UserError(
				`${file}:${lineOfText(text, 'regex')}: "${check.regex}": ${(error as Error).message}.`,
				{
					exitCode: 2,
					hint: 'Write a JavaScript regular expression (flag u is set).',
				},
			);
		}
	}
};

/**
 * Reads a preset, shipped or by path, with its items.
 * @throws UserError (exit 2) with file, line and the fix.
 */
export const loadPreset = (nameOrPath: string): LoadedPreset => {
	const source = findPreset(nameOrPath);
	const preset = parse(source);
	const items = preset.items === undefined ? [] : loadItems(preset.items, source.folder, preset.expected);
	assertPlaceholders(source, preset, items);
	assertRegexes(source, preset);
	return {preset, items, file: source.file};
};
