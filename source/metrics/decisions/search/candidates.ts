import {createRandom, shuffled} from '../../../domain/clock.ts';
import {compressions, type Lever, levers, type Task, type Variant} from '../../../domain/task.ts';
import {composePrompt} from '../../../prompts/compose.ts';

/** Candidates of a search: every variant with every combination of the prompt levers that apply to it. */

/** A variant and the levers that were pulled on it; none for a variant as the preset has it. */
export type Candidate = {readonly variant: Variant; readonly levers: readonly Lever[]};

/** Items per request of a packed candidate. */
const packedItems = 5;
/** Max tokens that each packed item adds for its number and its quotes: an assumption. */
const packedMargin = 8;
/** Shortest prefix that any model caches, in characters: 512 tokens at about four characters each. */
const minCachedCharacters = 2048;
/** From this max tokens on a smaller number is tried: this part of it. */
const minMaxTokens = 64;
const maxTokensPart = 0.25;

/** Compression is tried where at most this part of a prompt is left. */
const compressedPart = 0.98;

type Pulled = {readonly variant: Variant; readonly suffix: string};

/** The prefix that every request repeats: the system prompt, and without items the message too. */
const repeatedLength = (variant: Variant, task: Task): number => {
	const {system, user} = composePrompt(variant, task, task.items.slice(0, 1));
	return system?.length ?? (task.items.length === 0 ? user.length : 0);
};

const promptLength = (variant: Variant, task: Task): number => {
	const {system, user} = composePrompt(variant, task, task.items.slice(0, 1));
	return (system?.length ?? 0) + user.length;
};

/**
 * A variant with one lever pulled.
 * @param maxTokens Of the run.
 * @returns undefined where the lever changes nothing.
 */
const pull = (lever: Lever, variant: Variant, task: Task, maxTokens: number): Pulled | undefined => {
	const own = variant.maxTokens ?? maxTokens;
	switch (lever) {
		case 'pack':
			return variant.itemsPerRequest > 1 || task.items.length < packedItems
				? undefined
				: {
						variant: {
							...variant,
							itemsPerRequest: packedItems,
							maxTokens: (own + packedMargin) * packedItems,
						},
						suffix: `pack${packedItems}`,
					};
		case 'compress': {
			const compressed = {...variant, compress: compressions};
			return promptLength(compressed, task) <= promptLength(variant, task) * compressedPart
				? {variant: compressed, suffix: 'compress'}
				: undefined;
		}
		case 'cache':
			return variant.cache || repeatedLength(variant, task) < minCachedCharacters
				? undefined
				: {variant: {...variant, cache: true}, suffix: 'cache'};
		case 'maxTokens': {
			const fewer = Math.ceil(own * maxTokensPart);
			return own < minMaxTokens
				? undefined
				: {variant: {...variant, maxTokens: fewer}, suffix: `max${fewer}`};
		}
	}
};

/** The variant as it is, and with every combination of levers that applies to it. */
const combinationsOf = (variant: Variant, task: Task, maxTokens: number): readonly Candidate[] => {
	let found: readonly Candidate[] = [{variant, levers: []}];
	for (const lever of levers) {
		const pulled = found.flatMap((candidate) => {
			const next = pull(lever, candidate.variant, task, maxTokens);
			return next === undefined
				? []
				: [
						{
							variant: {...next.variant, name: `${candidate.variant.name}+${next.suffix}`},
							levers: [...candidate.levers, lever],
						},
					];
		});
		found = [...found, ...pulled];
	}
	return found;
};

/** All combinations of variants and levers, the variants as they are first; no two of one name. */
export function combinations(
	variants: readonly Variant[],
	task: Task,
	maxTokens: number,
): readonly Candidate[] {
	const names = new Set(variants.map(({name}) => name));
	const all = variants.flatMap((variant) => combinationsOf(variant, task, maxTokens));
	const pulled = all.filter(({variant, levers: own}) => {
		const isNew = own.length > 0 && !names.has(variant.name);
		names.add(variant.name);
		return isNew;
	});
	return [...variants.map((variant) => ({variant, levers: []})), ...pulled];
}

/** The requested number of candidates: every variant as it is, and a random choice of the others by the seed. */
export function chosenCandidates(
	all: readonly Candidate[],
	count: number,
	seed: number,
): readonly Candidate[] {
	const plain = all.filter((candidate) => candidate.levers.length === 0);
	const pulled = all.filter((candidate) => candidate.levers.length > 0);
	const chosen = new Set(shuffled(pulled, createRandom(seed)).slice(0, Math.max(0, count - plain.length)));
	return [...plain, ...pulled.filter((candidate) => chosen.has(candidate))];
}
