import type {Model} from '../catalog/model.ts';
import type {ToolUse} from '../families/family.ts';
import {isJson, type Json, type Segment, textSegment} from '../families/prompt.ts';
import {MantleError} from './mantle-error.ts';

/** What Chat Completions and Responses read the same way. Neither refuses keys that it does not know. */

/** The most tokens that an answer may have: the first of the keys that is given, else what the model may say. */
export const maximumTokensOf = (body: Json, keys: readonly string[], model: Model): number => {
	const key = keys.find((name) => body[name] !== undefined && body[name] !== null);
	if (key === undefined) {
		return model.maximumOutputTokens;
	}
	const value = body[key];
	if (typeof value !== 'number' || !Number.isInteger(value) || value < 1) {
		throw new MantleError('invalid-request', `${key}: ${JSON.stringify(value)} is not a positive integer.`);
	}
	if (value > model.maximumOutputTokens) {
		throw new MantleError(
			'invalid-request',
			`${key} is too large: ${value}. This model supports at most ${model.maximumOutputTokens} completion tokens.`,
		);
	}
	return value;
};

/** The JSON schema of a format, which the two APIs nest differently. */
export const schemaOf = (format: unknown): Json | undefined =>
	isJson(format) && format.type === 'json_schema' && isJson(format.schema) ? format.schema : undefined;

/** Whether a model that thinks is to do so. */
export const isReasoning = (model: Model, effort: unknown): boolean =>
	model.traits.has('reasons') && effort !== 'none';

/** What the definitions of tools add to a prompt. */
export const toolSegments = ({tools}: Json): readonly Segment[] =>
	Array.isArray(tools) ? tools.map((tool) => textSegment(JSON.stringify(tool))) : [];

/** The input of a tool as the text that the model made, whole or not. */
export const inputText = ({tokens}: ToolUse): string => tokens.join('');
