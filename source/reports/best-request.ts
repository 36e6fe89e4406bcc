import {z} from 'zod';
import {type Goal, goals} from '../domain/run-config.ts';
import {compressions, type Variant} from '../domain/task.ts';
import {withoutMark} from '../text/as-written.ts';
import {escapeUnseen} from '../text/width.ts';
import type {Results} from './results-schema.ts';
import {curlCall, pythonCall, type SentRequest, typescriptCall} from './sdk-calls.ts';
import {type Choice, choiceFor} from './verdict.ts';

/** best-request.json: the winning request of each goal, ready to send, and the recipe to make it for new content. */

/** The templates of a run: results.json keeps what was sent, this is what it was made from. */
export type Recipe = {
	readonly task: string;
	readonly content: string | undefined;
	/** The run went over items, or over conversations: new content takes the place of an item, or of the first turn. */
	readonly hasItems: boolean;
	/** Of the run, before any variant's own. */
	readonly maxTokens: number;
	readonly minQuality: number | null;
	readonly variants: readonly Variant[];
};

const recipeSchema = z.object({
	task: z.string(),
	content: z.string().optional(),
	hasItems: z.boolean(),
	maxTokens: z.int().positive(),
	minQuality: z.number().nullable(),
	variants: z.array(
		z.object({
			name: z.string(),
			instruction: z.string(),
			system: z.string().optional(),
			maxTokens: z.int().positive().optional(),
			stop: z.array(z.string()),
			parameters: z.record(z.string(), z.unknown()),
			itemsPerRequest: z.int().positive(),
			cache: z.boolean(),
			compress: z.array(z.enum(compressions)),
		}),
	),
});

const fileSchema = z.object({schema: z.literal(1), startedAt: z.string(), recipe: recipeSchema});

/** Languages in which the call of a request is written. */
export const codeLanguages = ['python', 'typescript', 'curl'] as const;
export type CodeLanguage = (typeof codeLanguages)[number];

/** A request in best-request.json, and what `prompt` prints. */
export type BestRequest = {
	readonly goal: Goal;
	readonly variant: string;
	/** `minimal`: nothing useful was measured; a starting point. */
	readonly basis: Choice['basis'] | 'minimal';
	/** `basis` in words. */
	readonly note: string;
	readonly simulated: boolean;
	readonly method: SentRequest['method'];
	readonly model: string;
	readonly region: string;
	readonly body: SentRequest['body'];
	/** Only where there is something beside the body. */
	readonly beside?: SentRequest['beside'];
	readonly sdk: Readonly<Record<CodeLanguage, string>>;
};

const notes: Readonly<Record<BestRequest['basis'], (goal: Goal) => string>> = {
	winner: (goal) => `Best for ${goal}, with 95% confidence.`,
	tie: (goal) =>
		`Recommended for ${goal}: practically equal to others (within 10%), and better by the next goal.`,
	only: () => 'The only variant that was run.',
	leader: (goal) => `Ahead for ${goal}, but not decided.`,
	minimal: () => 'Nothing useful was measured: this is the shortest prompt, not a winner.',
};

/** A request with its standing and its calls. */
export function bestRequest(
	{goal, variant, basis}: Pick<BestRequest, 'goal' | 'variant' | 'basis'>,
	simulated: boolean,
	sent: SentRequest,
): BestRequest {
	const {beside, ...request} = sent;
	return {
		goal,
		variant,
		basis,
		note: `${simulated ? 'SIMULATED. ' : ''}${notes[basis](goal)}`,
		simulated,
		...request,
		...(Object.keys(beside).length === 0 ? {} : {beside}),
		sdk: {typescript: typescriptCall(sent), python: pythonCall(sent), curl: curlCall(sent)},
	};
}

/**
 * The text of best-request.json.
 * @param build Makes the request of a variant as it was first sent; undefined where that is not known.
 */
export function bestRequestText(
	results: Results,
	recipe: Recipe,
	build: (choice: Choice) => SentRequest | undefined,
): string {
	const requests = goals.flatMap((goal) =>
		results.targets.flatMap((_target, target) => {
			const choice = choiceFor(results, target, goal, recipe.minQuality);
			const sent = choice === undefined ? undefined : build(choice);
			return choice === undefined || sent === undefined
				? []
				: [bestRequest({...choice, variant: choice.variant.name}, results.simulated, sent)];
		}),
	);
	const file = {schema: 1, tool: results.tool, startedAt: results.startedAt, requests, recipe};
	return `${escapeUnseen(JSON.stringify(file, null, '\t'))}\n`;
}

/**
 * Reads the recipe back.
 * @param startedAt Of the results that it has to belong to.
 * @returns undefined for a file of another program or run, or a damaged one.
 */
export function readRecipe(text: string, startedAt: string): Recipe | undefined {
	try {
		const file = fileSchema.parse(JSON.parse(withoutMark(text)));
		return file.startedAt === startedAt ? (file.recipe as Recipe) : undefined;
	} catch {
		return undefined;
	}
}
