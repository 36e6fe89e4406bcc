import type {Prompt} from '../../domain/prompt.ts';
import {UserError} from '../../domain/user-error.ts';
import type {Item, Variant} from '../../domain/variant.ts';
import {composePrompt} from '../../prompts/compose.ts';
import {parseObject} from '../../prompts/parse-object.ts';
import {placeholdersOf} from '../../prompts/template.ts';
import type {Recipe} from '../../reports/best-request.ts';
import {textOfSource} from '../../text/json-source.ts';

/** A measured variant applied to something new. */

/** What is to take the place of the run's own; undefined leaves it. */
export type Asked = {readonly task: string | undefined; readonly content: string | undefined};

/** Fields of an item that the variant's templates name. */
const fieldsOf = ({instruction, system}: Variant): readonly string[] => [
	...new Set(
		placeholdersOf(`${instruction}\n${system ?? ''}`)
			.filter((name) => name.startsWith('item.'))
			.map((name) => name.slice('item.'.length)),
	),
];

const example = (fields: readonly string[]): string =>
	JSON.stringify(Object.fromEntries(fields.map((field) => [field, '...'])));

/** New content as an item: the text for the one field that the variant asks for, or a JSON object with all of them. */
const itemOf = (content: string, variant: Variant): Item => {
	const names = fieldsOf(variant);
	const blank = {index: 0, text: content, fields: {}, expected: undefined};
	if (names.length === 0) {
		return blank;
	}
	const given = parseObject(content);
	const [only, ...others] = names;
	if (given === undefined && only !== undefined && others.length === 0) {
		return {...blank, fields: {[only]: content}};
	}
	const missing = names.filter((name) => given?.get(name) === undefined);
	if (given === undefined || missing.length > 0) {
		throw new UserError(
			`--content: "${variant.name}" asks for the fields ${names.join(', ')}; ${missing.join(', ')} cannot be told.`,
			{exitCode: 2, hint: `Give them as a JSON object: --content '${example(names)}'.`},
		);
	}
	const texts = [...given].map(([name, source]) => [name, textOfSource(source)]);
	return {...blank, fields: Object.fromEntries(texts)};
};

/**
 * The prompt of a variant for a new task or new content. A request carries one content, also where the variant packed
 * several items into one.
 * @throws UserError (exit 2) when content is missing, or does not hold what the variant asks for.
 */
export const newPrompt = (variant: Variant, recipe: Recipe, {task, content}: Asked): Prompt => {
	if (recipe.hasItems && content === undefined) {
		throw new UserError(
			'The run went over items or conversations; a new task needs something to be applied to.',
			{
				exitCode: 2,
				hint: 'Give it with --content TEXT (@FILE, -).',
			},
		);
	}
	const items = recipe.hasItems && content !== undefined ? [itemOf(content, variant)] : [];
	return composePrompt(
		variant,
		{
			task: task ?? recipe.task,
			content: recipe.hasItems ? recipe.content : (content ?? recipe.content),
			items: [],
			checks: [],
		},
		items,
	);
};
