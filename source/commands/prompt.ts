import {defaults} from '../config/defaults.ts';
import {readStdinText} from '../config/input/text-file.ts';
import type {Arguments} from '../config/parse-arguments.ts';
import {resolveOutput} from '../config/resolve-output.ts';
import {textArgument} from '../config/text-argument.ts';
import {readChoice} from '../config/values.ts';
import {type Goal, goals} from '../domain/run-spec.ts';
import {UserError} from '../domain/user-error.ts';
import {builtInVariant} from '../prompts/built-in-variants.ts';
import {composePrompt} from '../prompts/compose.ts';
import {type BestRequest, bestRequest, type Recipe} from '../reports/best-request.ts';
import {bestChoice, type Choice, choiceFor} from '../reports/choice.ts';
import type {Results} from '../reports/results-schema.ts';
import type {SentRequest} from '../reports/sent-request.ts';
import {type Io, writeClean} from '../terminal/io.ts';
import {maxTokensOf, onDemandMethod, variantRequest} from '../threads/sent-request.ts';
import {type Asked, newPrompt} from './prompt/prompt-content.ts';
import {requestLines} from './prompt/prompt-lines.ts';
import {recipeFor} from './prompt/prompt-recipe.ts';
import {printJsonOr, readResultsFile} from './report.ts';

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
	new UserError(`How "${name}" asks is not known any more: results.json holds only what it first sent.`, {
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

/** A leader below the quality that the run asked for is none. */
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

/** The command `prompt`. @returns Exit code. */
export const prompt = async ({words, flags}: Arguments, io: Io): Promise<number> => {
	const [file = ''] = words;
	const results = await readResultsFile(file);
	const readStdin = async (): Promise<string> => readStdinText(io.stdin);
	const typed = flags.text('goal');
	const goal = typed === undefined ? results.plan.goal : readChoice('goal', typed, goals);
	const asked = {
		task: await textArgument(flags.text('task'), readStdin),
		content: await textArgument(flags.text('content'), readStdin),
	};
	const request = await requestFor(results, file, {goal, models: flags.texts('model'), asked});
	const {json, isPlain} = resolveOutput(flags, io.environment);
	const isReadable = json === undefined && ((flags.isSet('plain') ?? isPlain) || io.stdout.isTTY);
	if (isReadable) {
		await writeClean(io.stdout, requestLines(request));
		return 0;
	}
	await printJsonOr(request, [], json ?? {file: undefined}, io);
	return 0;
};
