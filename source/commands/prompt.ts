import {readFile} from 'node:fs/promises';
import path from 'node:path';
import {defaults} from '../config/defaults.ts';
import {readStdinText, textArgument} from '../config/input/text-file.ts';
import {loadPreset} from '../config/load-preset.ts';
import type {Arguments} from '../config/parse-arguments.ts';
import {shippedNames} from '../config/preset-files.ts';
import {builtInVariant, chatOf, resolveVariants} from '../config/preset-variants.ts';
import {resolveOutput} from '../config/resolve-output.ts';
import {readChoice} from '../config/values.ts';
import {type Goal, goals} from '../domain/run-config.ts';
import type {Item, Prompt, Task, Variant} from '../domain/task.ts';
import {UserError} from '../domain/user-error.ts';
import {composePrompt, parseObject, placeholdersOf} from '../prompts/compose.ts';
import {
	type BestRequest,
	bestRequest,
	type CodeLanguage,
	codeLanguages,
	type Recipe,
	readRecipe,
} from '../reports/best-request.ts';
import type {Results, VariantResults} from '../reports/results-schema.ts';
import type {SentRequest} from '../reports/sdk-calls.ts';
import {bestChoice, type Choice, choiceFor} from '../reports/verdict.ts';
import {type Io, writeClean} from '../terminal/io.ts';
import {textOfSource} from '../text/as-written.ts';
import {cleanText, escapeUnseen} from '../text/width.ts';
import {maxTokensOf, onDemandMethod, variantRequest} from '../threads/sent-request.ts';
import {printJsonOr, readResultsFile} from './report.ts';

/** A new task or content in place of the run's own; undefined keeps it. */
type Asked = {readonly task: string | undefined; readonly content: string | undefined};

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
			`--content: "${variant.name}" asks for the fields ${names.join(', ')}; ${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} missing.`,
			{exitCode: 2, hint: `Give them as a JSON object: --content '${example(names)}'.`},
		);
	}
	const texts = [...given].map(([name, source]) => [name, textOfSource(source)]);
	return {...blank, fields: Object.fromEntries(texts)};
};

/**
 * The prompt of a variant for a new task or new content. It carries one content, also where the variant packs several
 * items into a request.
 * @throws UserError (exit 2) when content is missing, or lacks a field that the variant asks for.
 */
function newPrompt(variant: Variant, recipe: Recipe, {task, content}: Asked): Prompt {
	if (recipe.hasItems && content === undefined) {
		throw new UserError('The run had items or conversations: a new task needs content to work on.', {
			exitCode: 2,
			hint: 'Give it with --content TEXT (@FILE, -).',
		});
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
}

/** Lines of JSON or code, with control characters escaped for a terminal. */
const codeLines = (text: string): readonly string[] => escapeUnseen(text.trimEnd()).split('\n');

/** A request for people: its origin, its body, and the SDK calls. */
export function requestLines({
	note,
	variant,
	method,
	model,
	region,
	body,
	beside,
	sdk,
}: BestRequest): readonly string[] {
	return [
		cleanText(`${variant}: ${note}`),
		cleanText(`${method} · ${model} · ${region}`),
		'',
		'Body',
		...codeLines(JSON.stringify(body, null, 2)),
		...(beside === undefined ? [] : ['', 'Beside the body', ...codeLines(JSON.stringify(beside, null, 2))]),
		'',
		'TypeScript',
		...codeLines(sdk.typescript),
		'',
		'Python',
		...codeLines(sdk.python),
		'',
		'curl',
		...codeLines(sdk.curl),
	];
}

const runMaxTokens = ({plan}: Results): number =>
	typeof plan.maxTokens === 'number' ? plan.maxTokens : defaults.maxTokens;

/** The recipe of best-request.json beside the results, when it belongs to them. */
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

/** Whether a variant makes the prompt that was sent, from one of the items or from several. */
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

/** The recipe of the shipped preset of that name, when it still makes the prompt that was sent. */
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

/** The recipe of the built-in variant of that name, when the sent prompt begins like it; the rest is the content. */
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
 * The recipe of a measured variant. results.json has its first prompt but no template, so it comes from best-request.json
 * beside the results, else from the shipped preset or built-in variant of that name, if that makes the same prompt.
 * @returns undefined when the template is unknown.
 */
async function recipeFor(
	results: Results,
	file: string,
	measured: VariantResults,
): Promise<Recipe | undefined> {
	return (
		(await besideResults(results, file)) ?? fromPreset(results, measured) ?? fromBuiltIn(results, measured)
	);
}

/** Targets to choose from: all, or the one that `-m` names. */
const targetsOf = ({targets}: Results, models: readonly string[]): readonly number[] => {
	if (models.length > 1) {
		throw new UserError(`--model is given ${models.length} times: ${models.join(', ')}.`, {
			exitCode: 2,
			hint: 'A request goes to one model: name one, or none for the best.',
		});
	}
	const [model] = models;
	const found = [...targets.keys()].filter((index) => model === undefined || targets[index]?.model === model);
	if (found.length === 0) {
		throw new UserError(`--model: "${model}" was not run.`, {
			exitCode: 2,
			hint: `Models of these results: ${targets.map((target) => target.model).join(', ')}.`,
		});
	}
	return found;
};

/** Before any measurement: the shortest way to ask. */
const minimalRequest = (results: Results, target: number, asked: Asked): SentRequest => {
	const place = results.targets[target];
	const variant = builtInVariant('minimal', undefined);
	if (place === undefined || variant === undefined) {
		throw new UserError('These results name no model.', {exitCode: 2, hint: 'Run it again.'});
	}
	const {plan} = results;
	const task = {task: asked.task ?? plan.task, content: asked.content, items: [], checks: []};
	const maxTokens = typeof plan.maxTokens === 'number' ? plan.maxTokens : defaults.maxTokens;
	return variantRequest(place, variant, composePrompt(variant, task, []), {
		method: onDemandMethod(results),
		maxTokens,
	});
};

const templateUnknown = (name: string): UserError =>
	new UserError(`The template of "${name}" is unknown: results.json holds only its first prompt.`, {
		exitCode: 2,
		hint: 'Keep the best-request.json of the same run beside results.json.',
	});

/** The request of a choice, as first sent or for something new. */
const chosenRequest = (
	results: Results,
	choice: Choice,
	recipe: Recipe | undefined,
	asked: Asked,
): SentRequest => {
	const target = results.targets[choice.target];
	const variant = recipe?.variants.find(({name}) => name === choice.variant.name);
	if (target === undefined || recipe === undefined || variant === undefined) {
		throw templateUnknown(choice.variant.name);
	}
	const {system, user} = choice.variant.prompt;
	const isNew = asked.task !== undefined || asked.content !== undefined || user === null;
	const prompt = isNew ? newPrompt(variant, recipe, asked) : {system: system ?? undefined, user};
	const method = onDemandMethod(results);
	return variantRequest(target, variant, prompt, {method, maxTokens: maxTokensOf(results, choice, recipe)});
};

const requestFor = async (
	results: Results,
	file: string,
	{goal, models, asked}: {readonly goal: Goal; readonly models: readonly string[]; readonly asked: Asked},
): Promise<BestRequest> => {
	const targets = targetsOf(results, models);
	const choices = targets
		.map((target) => choiceFor(results, target, goal, null))
		.filter((choice) => choice !== undefined);
	const choice = bestChoice(choices);
	if (choice === undefined) {
		const sent = minimalRequest(results, targets[0] ?? 0, asked);
		return bestRequest({goal, variant: 'minimal', basis: 'minimal'}, results.simulated, sent);
	}
	const recipe = await recipeFor(results, file, choice.variant);
	const better = recipe === undefined ? choice : (withQuality(results, targets, goal, recipe) ?? choice);
	const sent = chosenRequest(results, better, recipe, asked);
	return bestRequest({...better, variant: better.variant.name}, results.simulated, sent);
};

/** The best choice with the quality that the run asked for. */
const withQuality = (
	results: Results,
	targets: readonly number[],
	goal: Goal,
	{minQuality}: Recipe,
): Choice | undefined =>
	bestChoice(
		targets
			.map((target) => choiceFor(results, target, goal, minQuality))
			.filter((choice) => choice !== undefined),
	);

/** `--code python,curl`; empty without it. @throws UserError (exit 2). */
const readLanguages = (typed: string | undefined): readonly CodeLanguage[] => [
	...new Set((typed?.split(',') ?? []).map((name) => readChoice('code', name.trim(), codeLanguages))),
];

const commentSigns: Readonly<Record<CodeLanguage, string>> = {python: '#', typescript: '//', curl: '#'};

/** The calls alone: of several each begins with its language in a comment. */
const callLines = ({sdk}: BestRequest, languages: readonly CodeLanguage[]): readonly string[] =>
	languages.flatMap((language, index) => [
		...(index === 0 ? [] : ['']),
		...(languages.length === 1 ? [] : [`${commentSigns[language]} ${language}`]),
		...codeLines(sdk[language]),
	]);

/** The command `prompt`. @returns Exit code. */
export async function prompt({words, flags}: Arguments, io: Io): Promise<number> {
	const [file = ''] = words;
	const results = await readResultsFile(file);
	const readStdin = async (): Promise<string> => readStdinText(io.stdin);
	const typed = flags.text('goal');
	const goal = typed === undefined ? results.plan.goal : readChoice('goal', typed, goals);
	const asked = {
		task: await textArgument(flags.text('task'), readStdin),
		content: await textArgument(flags.text('content'), readStdin),
	};
	const languages = readLanguages(flags.text('code'));
	const request = await requestFor(results, file, {goal, models: flags.texts('model'), asked});
	if (languages.length > 0) {
		await writeClean(io.stdout, callLines(request, languages));
		return 0;
	}
	const {json, isPlain} = resolveOutput(flags, io.environment);
	const isReadable = json === undefined && ((flags.isSet('plain') ?? isPlain) || io.stdout.isTTY);
	if (isReadable) {
		await writeClean(io.stdout, requestLines(request));
		return 0;
	}
	await printJsonOr(request, [], json ?? {file: undefined}, io);
	return 0;
}
