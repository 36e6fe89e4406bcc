import {compileSchema} from '../prompts/checks.ts';
import {faultAt, type ParsedPreset} from './parse-preset.ts';

const messageOf = (error: unknown): string => (error as Error).message;

/**
 * A check that cannot be made would fail every answer.
 * @throws UserError (exit 2) with file, line and the fix.
 */
export const assertChecks = (parsed: ParsedPreset): void => {
	for (const [index, {regex, jsonSchema}] of (parsed.preset.checks ?? []).entries()) {
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
				'Write a JSON Schema of draft 2020-12, such as {type: object, required: [label]}.',
			);
		}
	}
};
