import {UserError} from '../domain/user-error.ts';
import {builtInVariantNames} from '../prompts/built-in-variants.ts';
import {compileSchema} from '../prompts/json-schema.ts';
import {placeholdersOf} from '../prompts/template.ts';
import {assertItemsReadable, insideFolder} from './items.ts';
import {faultAt, type ParsedPreset} from './parse-preset.ts';

const messageOf = (error: unknown): string => (error as Error).message;

/** Checks are the same for every item and compared as they stand: a placeholder in one would fail every answer. */
const assertNoPlaceholder = (parsed: ParsedPreset, index: number, check: object): void => {
	for (const [kind, value] of Object.entries(check)) {
		// One text of a list at a time: braces that open in one text and close in another are none.
		const placeholder = placeholdersOf(JSON.stringify(value)).find((name) => !name.includes('"'));
		if (placeholder !== undefined) {
			throw faultAt(
				parsed,
				['checks', index, kind],
				`${kind}: {{${placeholder}}} is not filled in, for a check is the same for every item.`,
				'Give the right answer of each item by "expected" beside the checks, such as expected: "{{item.label}}"; text with braces is checked by regex, as \\{\\{.',
			);
		}
	}
};

/** A regular expression as JavaScript writes one. As it stands, the slashes would be looked for in the answer. */
const literal = /^\/((?:[^/\\]|\\.)+)\/([a-z]*)$/;

const assertNoLiteral = (parsed: ParsedPreset, index: number, regex: string | undefined): void => {
	const [, pattern, flags] = literal.exec(regex ?? '') ?? [];
	if (pattern !== undefined) {
		const letters = flags?.includes('i') ? ' For letters of any case write them as [Bb].' : '';
		throw faultAt(
			parsed,
			['checks', index, 'regex'],
			`"${regex}": slashes around a regular expression are looked for in the answer.`,
			`Write ${pattern}${flags === '' ? '' : ', without slashes and flags'}.${letters} A slash that is meant is [/].`,
		);
	}
};

/**
 * A check that cannot be made would fail every answer.
 * @throws UserError (exit 2) with file, line and the fix.
 */
export const assertChecks = (parsed: ParsedPreset): void => {
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
};

/** @throws UserError (exit 2) for a name that no built-in variant has, or that two variants share. */
export const assertVariants = (parsed: ParsedPreset): void => {
	const seen = new Set<string>();
	for (const [index, config] of (parsed.preset.variants ?? []).entries()) {
		const name = typeof config === 'string' ? config : config.name;
		if (typeof config === 'string' && !builtInVariantNames.includes(name)) {
			throw faultAt(
				parsed,
				['variants', index],
				`there is no variant "${name}".`,
				`Known: ${builtInVariantNames.join(', ')}. One of your own has a name and says more.`,
			);
		}
		if (seen.has(name)) {
			throw faultAt(
				parsed,
				['variants', index],
				`two variants are called "${name}".`,
				'Give each variant a name of its own.',
			);
		}
		seen.add(name);
	}
};

/** @throws UserError (exit 2) where the file of items lies outside the folder, cannot be read, or is of another kind. */
export const assertItemsFile = (parsed: ParsedPreset, folder: string): void => {
	const {items} = parsed.preset;
	if (items === undefined || !('file' in items)) {
		return;
	}
	try {
		assertItemsReadable(insideFolder(folder, items.file));
	} catch (error) {
		throw error instanceof UserError ? faultAt(parsed, ['items', 'file'], error.message, error.hint) : error;
	}
};
