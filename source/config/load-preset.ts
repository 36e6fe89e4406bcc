import {setImmediate} from 'node:timers/promises';
import type {Item} from '../domain/task.ts';
import {UserError} from '../domain/user-error.ts';
import {placeholdersOf} from '../prompts/compose.ts';
import {compileSchema} from '../prompts/json-schema.ts';
import type {SizeBound} from './input/text-file.ts';
import {assertItemsReadable, insideFolder, itemBounds, itemPages} from './items.ts';
import {faultAt, type ParsedPreset, parsePreset} from './parse-preset.ts';
import {findPreset} from './preset-files.ts';
import type {Preset} from './preset-schema.ts';
import {assertChat, builtInVariantNames} from './preset-variants.ts';

/** Placeholders that every template may use. */
const general = ['task', 'content', 'input'];
/** Placeholders that a turn of a chat may use. */
const ofTurn = ['task', 'content'];

/** A placeholder without a value, and the allowed ones. */
type UnknownPlaceholder = {
	readonly name: string;
	readonly allowed: readonly string[];
	/** The first item, from 1, that lacks a field which others have; absent where no item has it. */
	readonly lackingItem?: number;
};

/**
 * The first placeholder of a template that has no value.
 * @param isChat Whether there is a {{turn}}.
 * @returns undefined when all have one.
 */
function unknownPlaceholder(
	template: string,
	items: readonly Item[] | undefined,
	isChat = false,
): UnknownPlaceholder | undefined {
	const unknown = firstOutside(template, knownPlaceholders(items ?? [], isChat));
	return unknown === undefined ? undefined : {...unknown, ...lacking(unknown.name, items ?? [])};
}

/** The names that have a value in every request. */
const knownPlaceholders = (items: readonly Item[], isChat: boolean): readonly string[] => {
	const [first] = items;
	const fields = Object.keys(first?.fields ?? {}).filter((field) =>
		items.every((item) => item.fields[field] !== undefined),
	);
	return [
		...general,
		...(isChat ? ['turn'] : []),
		...(first === undefined ? [] : ['item', ...fields.map((field) => `item.${field}`)]),
	];
};

const lacking = (placeholder: string, items: readonly Item[]): Pick<UnknownPlaceholder, 'lackingItem'> => {
	const field = placeholder.replace(/^item\./, '');
	const index = items.findIndex(({fields}) => fields[field] === undefined);
	const isInOthers = items.some(({fields}) => fields[field] !== undefined);
	return field !== placeholder && isInOthers && index !== -1 ? {lackingItem: index + 1} : {};
};

const firstOutside = (template: string, allowed: readonly string[]): UnknownPlaceholder | undefined => {
	const name = placeholdersOf(template).find((placeholder) => !allowed.includes(placeholder));
	return name === undefined ? undefined : {name, allowed};
};

const messageOf = (error: unknown): string => (error as Error).message;

/** Checks are the same for every item, so a placeholder in one would fail every answer. */
const assertNoPlaceholder = (parsed: ParsedPreset, index: number, check: object): void => {
	for (const [kind, value] of Object.entries(check)) {
		// Braces that open in one text of a list and close in another are not a placeholder.
		const placeholder = placeholdersOf(JSON.stringify(value)).find((name) => !name.includes('"'));
		if (placeholder !== undefined) {
			throw faultAt(
				parsed,
				['checks', index, kind],
				`${kind}: {{${placeholder}}} is not replaced: a check is the same for every item.`,
				'Put the expected answer of each item into "expected" beside the checks, such as expected: "{{item.label}}"; check text with braces by regex, as \\{\\{.',
			);
		}
	}
};

/** A regular expression in JavaScript notation: its slashes would be searched for in the answer. */
const literal = /^\/((?:[^/\\]|\\.)+)\/([a-z]*)$/;

const assertNoLiteral = (parsed: ParsedPreset, index: number, regex: string | undefined): void => {
	const [, pattern, flags] = literal.exec(regex ?? '') ?? [];
	if (pattern !== undefined) {
		const letters = flags?.includes('i') ? ' For both cases of a letter write [Bb].' : '';
		throw faultAt(
			parsed,
			['checks', index, 'regex'],
			`"${regex}": slashes around a regular expression are searched for in the answer.`,
			`Write ${pattern}${flags === '' ? '' : ', without slashes and flags'}.${letters} Write [/] for a slash in the answer.`,
		);
	}
};

/**
 * Refuses a check that would fail every answer.
 * @throws UserError (exit 2) with file, line and the fix.
 */
function assertChecks(parsed: ParsedPreset): void {
	for (const [index, check] of (parsed.preset.checks ?? []).entries()) {
		const {regex, jsonSchema} = check;
		assertNoPlaceholder(parsed, index, check);
		assertNoLiteral(parsed, index, regex);
		try {
			new RegExp(regex ?? '', 'u');
		} catch (error) {
			throw faultAt(
				parsed,
				['checks', index, 'regex'],
				`"${regex}": ${messageOf(error)}.`,
				'Write a JavaScript regular expression (flag u is set).',
			);
		}
		try {
			if (jsonSchema !== undefined) {
				compileSchema(jsonSchema);
			}
		} catch (error) {
			throw faultAt(
				parsed,
				['checks', index, 'jsonSchema'],
				`jsonSchema ${JSON.stringify(jsonSchema)}: ${messageOf(error)}.`,
				'Write a JSON Schema of draft 2020-12 or draft-07, such as {type: object, required: [label]}.',
			);
		}
	}
}

/** @throws UserError (exit 2) for an unknown built-in variant, or a name that two variants share. */
function assertVariants(parsed: ParsedPreset): void {
	const seen = new Set<string>();
	for (const [index, config] of (parsed.preset.variants ?? []).entries()) {
		const name = typeof config === 'string' ? config : config.name;
		if (typeof config === 'string' && !builtInVariantNames.includes(name)) {
			throw faultAt(
				parsed,
				['variants', index],
				`"${name}" is not the name of a variant.`,
				`Known: ${builtInVariantNames.join(', ')}. Your own variant is an object with a name.`,
			);
		}
		if (seen.has(name)) {
			throw faultAt(
				parsed,
				['variants', index],
				`two variants are called "${name}".`,
				'Give each variant a different name.',
			);
		}
		seen.add(name);
	}
}

/** @throws UserError (exit 2) where the file of items is outside the folder, cannot be read, or is of another kind. */
function assertItemsFile(parsed: ParsedPreset, folder: string): void {
	const {items} = parsed.preset;
	if (items === undefined || !('file' in items)) {
		return;
	}
	try {
		assertItemsReadable(insideFolder(folder, items.file));
	} catch (error) {
		throw error instanceof UserError ? faultAt(parsed, ['items', 'file'], error.message, error.hint) : error;
	}
}

/** A preset that has been read and checked, with its items. */
export type LoadedPreset = ParsedPreset & {
	readonly items: readonly Item[];
	/** Remarks about the items, for the plan. */
	readonly remarks: readonly string[];
};

type Template = readonly [path: readonly PropertyKey[], text: string | undefined];

/** The templates of a preset, those of a chat aside. */
const templatesOf = ({system, expected, variants = []}: Preset): readonly Template[] => [
	[['system'], system],
	[['expected'], expected],
	...variants.flatMap((variant, index) =>
		typeof variant === 'string'
			? []
			: (['instruction', 'system'] as const).map((key): Template => [['variants', index, key], variant[key]]),
	),
];

/** Templates with a known name in single braces, which is sent as it is: a sentence each, with file and line. */
const singleBraceRemarks = (parsed: ParsedPreset, items: readonly Item[]): readonly string[] => {
	const known = knownPlaceholders(items, parsed.preset.chat !== undefined);
	return templatesOf(parsed.preset).flatMap(([path, text = '']) => {
		const names = [...text.matchAll(/(?<!\{)\{([\w.-]+)\}(?!\})/g)].map(([, name = '']) => name);
		const [meant] = names.flatMap((name) => {
			const full = known.find((each) => each === name || each === `item.${name}`);
			return full === undefined ? [] : [{name, full}];
		});
		return meant === undefined
			? []
			: [
					`${parsed.file}:${parsed.lineAt(path, `{${meant.name}}`)}: {${meant.name}} is sent as it is; a placeholder has two braces: {{${meant.full}}}.`,
				];
	});
};

/** The path of every template of a preset, with the first placeholder in it that has no value. */
const unknownPlaceholders = (preset: Preset, items: readonly Item[]) => {
	const {chat} = preset;
	return [
		...templatesOf(preset).map(([path, template = '']) => ({
			path,
			unknown: unknownPlaceholder(template, items, chat !== undefined),
		})),
		...(chat?.turns ?? []).map((turn, index) => ({
			path: ['chat', 'turns', index],
			unknown: firstOutside(turn, ofTurn),
		})),
	];
};

/** @throws UserError (exit 2) with file and line of a placeholder that has no value. */
const assertPlaceholders = (parsed: ParsedPreset, items: readonly Item[]): void => {
	for (const {path, unknown} of unknownPlaceholders(parsed.preset, items)) {
		if (unknown !== undefined) {
			const {name, allowed, lackingItem} = unknown;
			const reason = lackingItem === undefined ? '' : `: item ${lackingItem} has no such field`;
			throw faultAt(
				parsed,
				path,
				`unknown placeholder {{${name}}}${reason}.`,
				`Known here: ${allowed.map((each) => `{{${each}}}`).join(', ')}.`,
				name,
			);
		}
	}
};

/** A preset whose items are read page by page. */
type OpenPreset = ParsedPreset & {
	readonly items: () => AsyncIterable<readonly Item[]>;
	/** Remarks about the items that were read so far. */
	readonly remarks: () => readonly string[];
	/**
	 * Checks the placeholders of the preset.
	 * @param items An item with the fields that all items have, or nothing.
	 * @throws UserError (exit 2) with file, line and the fix.
	 */
	readonly check: (items: readonly Item[]) => void;
};

const open = (nameOrPath: string, bound: SizeBound) => {
	const source = findPreset(nameOrPath);
	const parsed = parsePreset(source);
	assertChecks(parsed);
	assertVariants(parsed);
	assertItemsFile(parsed, source.folder);
	assertChat(parsed);
	const {items, expected} = parsed.preset;
	return {parsed, items: items && itemPages(items, source.folder, expected, bound)};
};

/**
 * Reads a preset, shipped or by path, and leaves its items for later.
 * @throws UserError (exit 2) with file, line and the fix.
 */
export function openPreset(nameOrPath: string): OpenPreset {
	const {parsed, items} = open(nameOrPath, itemBounds.batch);
	return {
		...parsed,
		async *items() {
			for (const page of items?.pages() ?? []) {
				yield page;
				// Lets keys and signals in between pages.
				await setImmediate();
			}
		},
		remarks: () => items?.remarks() ?? [],
		check: (sample) => assertPlaceholders(parsed, sample),
	};
}

/**
 * Reads a preset, shipped or by path, with its items.
 * @throws UserError (exit 2) with file, line and the fix.
 */
export function loadPreset(nameOrPath: string): LoadedPreset {
	const {parsed, items: pages} = open(nameOrPath, itemBounds.run);
	const items = [...(pages?.pages() ?? [])].flat();
	assertPlaceholders(parsed, items);
	return {...parsed, items, remarks: [...(pages?.remarks() ?? []), ...singleBraceRemarks(parsed, items)]};
}
