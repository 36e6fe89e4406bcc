import type {AppliedRule} from '../domain/prompt.ts';
import type {Compression} from '../domain/variant.ts';

/** Rules that make a prompt shorter without changing what it asks for. Each is visible here and tested by itself. */

/** Phrases that cost tokens and carry no instruction. */
const boilerplatePhrases: readonly RegExp[] = [
	/\bplease\s+/gi,
	/\b(?:could|would|can) you (?:kindly )?(?=\w)/gi,
	/\bkindly\s+/gi,
	/\bi would like you to\s+/gi,
	/\bit is (?:very )?important (?:to note )?that (?:you )?/gi,
	/\bmake sure (?:that you|to)\s+/gi,
	/\bin order to\b/gi,
	/\bthank you(?: very much)?(?: in advance)?[.!]?/gi,
];

/** Replacements that keep the sense where a phrase cannot just go. */
const replacementOf = (phrase: string): string => (/^in order to$/i.test(phrase) ? 'to' : '');

const squeezeWhitespace = (text: string): string =>
	text
		.split('\n')
		.map((line) => line.replace(/[ \t]+/g, ' ').trim())
		.join('\n')
		.replace(/\n{2,}/g, '\n')
		.trim();

const dropBoilerplate = (text: string): string =>
	boilerplatePhrases
		.reduce((shorter, phrase) => shorter.replace(phrase, replacementOf), text)
		.replace(
			/(^|[.!?]\s+)([a-z])/g,
			(_match, before: string, letter: string) => before + letter.toUpperCase(),
		);

/** Keeps the first of several paragraphs that begin with "Example". */
const trimExamples = (text: string): string => {
	const paragraphs = text.split(/\n{2,}/);
	const isExample = (paragraph: string): boolean => /^example\b/i.test(paragraph.trim());
	const first = paragraphs.findIndex((paragraph) => isExample(paragraph));
	return paragraphs.filter((paragraph, index) => index === first || !isExample(paragraph)).join('\n\n');
};

const apply = (text: string, compression: Compression): string => {
	switch (compression) {
		case 'whitespace':
			return squeezeWhitespace(text);
		case 'boilerplate':
			return dropBoilerplate(text);
		case 'examples':
			return trimExamples(text);
	}
};

/** Order in which the rules are applied: paragraphs are needed until the end. */
const order: readonly Compression[] = ['examples', 'boilerplate', 'whitespace'];

/** A text made shorter by the rules that a variant names, in their fixed order. The variant keeps the original. */
export const compressByRule = (
	text: string,
	compressions: readonly Compression[],
): {readonly text: string; readonly rules: readonly AppliedRule[]} => {
	const rules: AppliedRule[] = [];
	let shorter = text;
	for (const rule of order.filter((compression) => compressions.includes(compression))) {
		const before = shorter.length;
		shorter = apply(shorter, rule);
		rules.push({rule, savedCharacters: before - shorter.length});
	}
	return {text: shorter, rules};
};

/** The same, the text alone. */
export const compressText = (text: string, compressions: readonly Compression[]): string =>
	compressByRule(text, compressions).text;

/** What the rules did to the texts of one prompt together. */
export const addedRules = (parts: ReadonlyArray<readonly AppliedRule[]>): readonly AppliedRule[] =>
	(parts[0] ?? []).map(({rule}, index) => ({
		rule,
		savedCharacters: parts.reduce((sum, rules) => sum + (rules[index]?.savedCharacters ?? 0), 0),
	}));
