import {setImmediate} from 'node:timers/promises';
import {UserError} from '../domain/user-error.ts';
import type {Item} from '../domain/variant.ts';
import {itemBounds, itemPages} from './items.ts';
import {type ParsedPreset, parsePreset} from './parse-preset.ts';
import {unknownInTurn, unknownPlaceholder} from './placeholders.ts';
import {assertChat} from './preset-chat.ts';
import {assertChecks, assertItemsFile, assertVariants} from './preset-checks.ts';
import {findPreset, type PresetSource} from './preset-files.ts';
import type {Preset} from './preset-schema.ts';

/** A preset that has been read and checked, with its items. */
export type LoadedPreset = ParsedPreset & {
	readonly items: readonly Item[];
	/** What was seen of the items, for the plan. */
	readonly remarks: readonly string[];
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
	const isChat = preset.chat !== undefined;
	const unknowns = [
		...templates.map((template) =>
			template === undefined ? undefined : unknownPlaceholder(template, items, isChat),
		),
		...(preset.chat?.turns ?? []).map(unknownInTurn),
	];
	for (const unknown of unknowns) {
		if (unknown !== undefined) {
			const reason =
				unknown.lackingItem === undefined ? '' : `: item ${unknown.lackingItem} has no such field`;
			throw new UserError(
				`${file}:${lineOfText(text, unknown.name)}: unknown placeholder {{${unknown.name}}}${reason}.`,
				{
					exitCode: 2,
					hint: `Known here: ${unknown.allowed.map((name) => `{{${name}}}`).join(', ')}.`,
				},
			);
		}
	}
};

/** A preset without its items, which are read a page at a time. */
export type OpenPreset = ParsedPreset & {
	readonly items: () => AsyncIterable<readonly Item[]>;
	/** What was seen of the items that were read so far. */
	readonly remarks: () => readonly string[];
	/**
	 * Checks the placeholders of the preset.
	 * @param items Nothing, or an item with the fields that all items have.
	 * @throws UserError (exit 2) with file, line and the fix.
	 */
	readonly check: (items: readonly Item[]) => void;
};

const open = (nameOrPath: string) => {
	const source = findPreset(nameOrPath);
	const parsed = parsePreset(source);
	const {preset} = parsed;
	assertChecks(parsed);
	assertVariants(parsed);
	assertItemsFile(parsed, source.folder);
	assertChat(source, preset);
	return {source, preset, lineAt: parsed.lineAt};
};

/**
 * Reads a preset, shipped or by path, and leaves its items for later.
 * @throws UserError (exit 2) with file, line and the fix.
 */
export const openPreset = (nameOrPath: string): OpenPreset => {
	const {source, preset, lineAt} = open(nameOrPath);
	const items =
		preset.items === undefined
			? undefined
			: itemPages(preset.items, source.folder, preset.expected, itemBounds.batch);
	return {
		preset,
		file: source.file,
		lineAt,
		async *items() {
			for (const page of items?.pages() ?? []) {
				yield page;
				// Keys and signals are heard between pages.
				await setImmediate();
			}
		},
		remarks: () => items?.remarks() ?? [],
		check: (items) => assertPlaceholders(source, preset, items),
	};
};

/**
 * Reads a preset, shipped or by path, with its items.
 * @throws UserError (exit 2) with file, line and the fix.
 */
export const loadPreset = (nameOrPath: string): LoadedPreset => {
	const {source, preset, lineAt} = open(nameOrPath);
	const read =
		preset.items === undefined
			? undefined
			: itemPages(preset.items, source.folder, preset.expected, itemBounds.run);
	const items = [...(read?.pages() ?? [])].flat();
	assertPlaceholders(source, preset, items);
	return {preset, items, remarks: read?.remarks() ?? [], file: source.file, lineAt};
};
