import type {QuotaName} from './quota-name.ts';

const shownNames = 6;
const leastLikeness = 0.5;

/**
 * Quota names that look most like a model that no name matches, for the user to judge by eye. They are shown and never used.
 * @returns verbatim names, the nearest first; empty when none is near.
 */
export const nearNames = (baseModel: string, names: readonly QuotaName[]): string[] => {
	const words = wordsOf(baseModel.replace(/-20\d{6}/, '').replace(/(?:-v\d+)?(?::[a-z0-9]+)*$/, ''));
	return names
		.filter(({metric, use}) => use === 'standard' && metric !== 'concurrentRequests')
		.map(({name, label}) => ({name, likeness: likeness(words, wordsOf(label))}))
		.filter((candidate) => candidate.likeness >= leastLikeness)
		.toSorted((left, right) => right.likeness - left.likeness || left.name.localeCompare(right.name))
		.slice(0, shownNames)
		.map(({name}) => name);
};

/** `Z.ai` is one word, as it is in `zai.glm-5`. */
const wordsOf = (text: string): ReadonlySet<string> =>
	new Set(
		text
			.toLowerCase()
			.replace(/\.ai\b/, 'ai')
			.match(/[a-z]+|\d+/g),
	);

/** Share of words in common (Dice): 1 when all are the same, 0 when only numbers are. */
const likeness = (left: ReadonlySet<string>, right: ReadonlySet<string>): number => {
	const common = [...left].filter((word) => right.has(word));
	const isNamed = common.some((word) => /[a-z]{2}/.test(word));
	return isNamed ? (2 * common.length) / (left.size + right.size) : 0;
};
