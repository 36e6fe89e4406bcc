import type {Check, Item, Task, Variant} from '../domain/task.ts';
import {variantFingerprint, variantParts} from '../engine/attempts/request-records.ts';
import {placeholdersOf} from '../prompts/compose.ts';

/** What may replace a variant, and why something may not. */

/** The kinds of rewrites that a rewriter is asked for, each alone. */
export const rewriteKinds = [
	'shorter-instruction',
	'stricter-output',
	'fewer-examples',
	'static-first',
	'packed-items',
] as const;
export type RewriteKind = (typeof rewriteKinds)[number];

/** Where candidates come from beside the rewriter. */
const otherKinds = ['own', 'lever', 'optimize-prompt', 'imported'] as const;
type CandidateKind = RewriteKind | (typeof otherKinds)[number];

/** A variant that may be better than the one it was made from. */
export type Contender = {
	readonly variant: Variant;
	/** Name of the variant that it was made from; null for one of the preset. */
	readonly parent: string | null;
	readonly kind: CandidateKind;
	/** From 1. */
	readonly round: number;
	/** By who wrote it, in its own words; absent: nobody said. */
	readonly why?: string | undefined;
};

/** What was offered and is not tried. */
export type Dropped = {
	readonly round: number;
	/** Name of what it would have been made from. */
	readonly parent: string;
	readonly kind: CandidateKind;
	readonly reason: string;
};

/** What a prompt must keep for its answers to be read and checked. */
export type Needs = {
	readonly task: Task;
	readonly maxTokens: number;
};

/** A rewrite may be longer where it packs or caches, but not without end. */
const maxGrowth = 4;
const maxGrowthCharacters = 2000;
/** Words in a row that an item and a prompt do not share by chance. */
const leakWords = 8;
/** A shorter item leaks only as a whole line, or in quotes. */
const minLeakWords = 4;
/** More right answers than this are not a set of labels. */
const maxLabels = 40;

const textOf = ({instruction, system}: Variant): string => `${system ?? ''}\n${instruction}`;

const wordsOf = (text: string): readonly string[] => text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];

/** Runs of so many words, each as one text. */
const runsOf = (words: readonly string[], length: number): readonly string[] =>
	words.length < length
		? []
		: Array.from({length: words.length - length + 1}, (_, at) => words.slice(at, at + length).join(' '));

/** The texts of an item that a template could hold. */
const textsOf = ({text, fields}: Item): readonly string[] => [text, ...Object.values(fields)];

/** Whether a prompt holds the text of an item that its parent did not hold. */
const leaks = (prompt: string, parent: string, items: readonly Item[]): boolean => {
	const words = wordsOf(prompt);
	const runs = new Map<number, ReadonlySet<string>>();
	const runsOfPrompt = (length: number): ReadonlySet<string> => {
		const known = runs.get(length);
		if (known !== undefined) {
			return known;
		}
		const before = new Set(runsOf(wordsOf(parent), length));
		const own = new Set(runsOf(words, length).filter((run) => !before.has(run)));
		runs.set(length, own);
		return own;
	};
	const lines = new Set(
		prompt
			.split('\n')
			.flatMap((line) => [line, ...[...line.matchAll(/["“']([^"”']+)["”']/g)].map(([, text = '']) => text)])
			.map((line) => line.trim().toLowerCase())
			.filter((line) => line !== '' && !parent.toLowerCase().includes(line)),
	);
	return items.some((item) =>
		textsOf(item).some((text) => {
			const own = wordsOf(text);
			if (own.length < minLeakWords) {
				return own.length > 1 && lines.has(text.trim().toLowerCase());
			}
			const length = Math.min(leakWords, own.length);
			return runsOf(own, length).some((run) => runsOfPrompt(length).has(run));
		}),
	);
};

/** Texts that answers are checked for, and that a prompt therefore names: labels, keys. */
const namedBy = (check: Check): readonly string[] => {
	if ('oneOf' in check) {
		return check.oneOf;
	}
	if ('contains' in check) {
		return [check.contains];
	}
	if ('equals' in check) {
		return [check.equals];
	}
	const {properties, required} = ('jsonSchema' in check ? check.jsonSchema : {}) as {
		readonly properties?: object;
		readonly required?: unknown;
	};
	return [...Object.keys(properties ?? {}), ...(Array.isArray(required) ? required.map(String) : [])];
};

/** The right answers, where they are a set of labels. */
const labelsOf = ({items}: Task): readonly string[] => {
	const labels = new Set(items.flatMap(({expected}) => (expected === undefined ? [] : [expected])));
	return labels.size <= maxLabels ? [...labels] : [];
};

/** The first text that the checks need, that the parent names, and the rewrite does not. */
const lostNeed = (prompt: string, parent: string, task: Task): string | undefined => {
	const has = (text: string, word: string): boolean => text.toLowerCase().includes(word.toLowerCase());
	const needed = [...new Set([...task.checks.flatMap(namedBy), ...labelsOf(task)])].filter(
		(word) => word.trim() !== '' && has(parent, word),
	);
	const isJson = task.checks.some((check) => 'jsonSchema' in check) && has(parent, 'json');
	return [...needed, ...(isJson ? ['JSON'] : [])].find((word) => !has(prompt, word));
};

/** Whether two variants ask the same. */
export function isSame(one: Variant, other: Variant, {task, maxTokens}: Needs): boolean {
	const print = (variant: Variant): string =>
		variantFingerprint({...variantParts(variant, task, maxTokens), cache: String(variant.cache)});
	return print(one) === print(other);
}

/**
 * Why a variant that somebody else wrote is not tried, in words; undefined where it may be.
 * @param known Variants that are tried already.
 */
export function faultOf(
	variant: Variant,
	parent: Variant,
	needs: Needs,
	known: readonly Variant[],
): string | undefined {
	const {task} = needs;
	const [prompt, before] = [textOf(variant), textOf(parent)];
	if (variant.instruction.trim() === '') {
		return 'its template is empty';
	}
	if (!prompt.isWellFormed() || /[\u0000-\u0008\u000B\u000C\u000E-\u001F\u007F]/.test(prompt)) {
		return 'its text holds control characters or half of one';
	}
	if (prompt.length > before.length * maxGrowth + maxGrowthCharacters) {
		return 'it is much longer than its parent';
	}
	const own = placeholdersOf(prompt);
	const inherited = placeholdersOf(before);
	const lost = inherited.find((name) => !own.includes(name));
	if (lost !== undefined) {
		return `it lost the placeholder {{${lost}}}`;
	}
	const foreign = own.find((name) => !inherited.includes(name));
	if (foreign !== undefined) {
		return `it has a placeholder that its parent has not: {{${foreign}}}`;
	}
	const need = lostNeed(prompt, before, task);
	if (need !== undefined) {
		return `the checks need "${need}", which it no longer names`;
	}
	if (leaks(prompt, before, task.items)) {
		return 'it holds the text of an item';
	}
	const stopping = variant.stop.find((stop) => task.items.some(({expected}) => expected?.includes(stop)));
	if (stopping !== undefined) {
		return `its stop sequence ${JSON.stringify(stopping)} would cut a right answer off`;
	}
	if (variant.itemsPerRequest > 1 && !inherited.some((name) => /^(?:input|item)(?:\.|$)/.test(name))) {
		return 'it packs items, and its template has no place for them';
	}
	if (isSame(variant, parent, needs)) {
		return 'it is the same as its parent';
	}
	return known.some((each) => isSame(variant, each, needs))
		? 'it is the same as another candidate'
		: undefined;
}

/** Forms of a name: the candidate's kind and number, unlike all others. */
export function freeName(wanted: string, taken: readonly string[]): string {
	let name = wanted;
	for (let number = 2; taken.includes(name); number++) {
		name = `${wanted}-${number}`;
	}
	return name;
}
