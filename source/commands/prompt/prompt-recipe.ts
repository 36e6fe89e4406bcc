import {readFile} from 'node:fs/promises';
import path from 'node:path';
import {defaults} from '../../config/defaults.ts';
import {loadPreset} from '../../config/load-preset.ts';
import {chatOf} from '../../config/preset-chat.ts';
import {shippedNames} from '../../config/preset-files.ts';
import {resolveVariants} from '../../config/preset-variants.ts';
import type {Prompt} from '../../domain/prompt.ts';
import type {Item, Task, Variant} from '../../domain/variant.ts';
import {builtInVariant} from '../../prompts/built-in-variants.ts';
import {composePrompt} from '../../prompts/compose.ts';
import {type Recipe, readRecipe} from '../../reports/best-request.ts';
import type {Results, VariantResults} from '../../reports/results-schema.ts';

/** Where the template of a measured variant comes from: results.json keeps the prompt as it was first sent, no template. */

const runMaxTokens = ({plan}: Results): number =>
	typeof plan.maxTokens === 'number' ? plan.maxTokens : defaults.maxTokens;

/** What was written beside the results, when it belongs to them. */
const besideResults = async (results: Results, file: string): Promise<Recipe | undefined> => {
	try {
		const text = await readFile(path.join(path.dirname(file), 'best-request.json'), 'utf8');
		return readRecipe(text, results.startedAt);
	} catch {
		return undefined;
	}
};

const isAsSent = ({system, user}: Prompt, {prompt}: VariantResults): boolean =>
	prompt.user === user && (prompt.system ?? undefined) === system;

/** Whether a variant makes the very prompt that was sent, from some run of items. */
const makesPrompt = (variant: Variant, task: Task, measured: VariantResults): boolean => {
	if (task.items.length === 0) {
		return isAsSent(composePrompt(variant, task, []), measured);
	}
	const startsWith = (item: Item): boolean => {
		const {prompt} = measured;
		const single = composePrompt({...variant, itemsPerRequest: 1}, task, [item]);
		return prompt.user !== null && (isAsSent(single, measured) || prompt.user.includes(item.text));
	};
	return task.items.some(startsWith) && (measured.prompt.system === null) === (variant.system === undefined);
};

/** From the shipped preset of that name, when it still makes the prompt that was sent. */
const fromPreset = (results: Results, measured: VariantResults): Recipe | undefined => {
	const {plan} = results;
	if (plan.preset === null || !shippedNames().includes(plan.preset)) {
		return undefined;
	}
	const {preset, items} = loadPreset(plan.preset);
	const variants = resolveVariants(preset, undefined);
	const variant = variants.find(({name}) => name === measured.name);
	const chat = chatOf(preset);
	const task: Task = {task: plan.task, content: preset.content, items, checks: [], chat};
	return variant === undefined || !makesPrompt(variant, task, measured)
		? undefined
		: {
				task: plan.task,
				content: preset.content,
				hasItems: items.length > 0 || preset.chat !== undefined,
				maxTokens: runMaxTokens(results),
				minQuality: preset.minQuality ?? null,
				variants,
			};
};

/** From a built-in variant of that name, when what was sent begins as it does; the rest is the content. */
const fromBuiltIn = (results: Results, measured: VariantResults): Recipe | undefined => {
	const {plan} = results;
	const variant = builtInVariant(measured.name, undefined);
	const {user} = measured.prompt;
	if (variant === undefined || user === null) {
		return undefined;
	}
	const task: Task = {task: plan.task, content: undefined, items: [], checks: []};
	const head = composePrompt(variant, task, []).user;
	const content = user.slice(head.length).replace(/^\n\n/, '');
	return composePrompt(variant, {...task, content}, []).user === user
		? {
				task: plan.task,
				content,
				hasItems: false,
				maxTokens: runMaxTokens(results),
				minQuality: null,
				variants: [variant],
			}
		: undefined;
};

/**
 * What the run of some results asked for: from best-request.json beside them, else rebuilt from the shipped preset or the
 * built-in variant of the same name, and then only when that makes the prompt which was sent.
 * @returns undefined when the template cannot be told.
 */
export const recipeFor = async (
	results: Results,
	file: string,
	measured: VariantResults,
): Promise<Recipe | undefined> =>
	(await besideResults(results, file)) ?? fromPreset(results, measured) ?? fromBuiltIn(results, measured);
