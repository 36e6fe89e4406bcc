import type {Random} from './random.ts';

/** Sentences of the text that a prompt is about: what a summary is made of. */

const shortestParagraph = 160;
const shortestSentence = 30;
const longestSentence = 260;

/** Whether a sum of a text is asked for. */
export const asksForSummary = (instructions: string): boolean =>
	/\bsum(?:mar(?:y|i[sz]e)|s? (?:it )?up)/i.test(instructions);

/** The sentences of the longer paragraphs; instructions are shorter. */
export const sourceSentences = (question: string): readonly string[] =>
	question
		.split(/\n\s*\n/)
		.map((paragraph) => paragraph.replace(/\s+/g, ' ').trim())
		.filter((paragraph) => paragraph.length >= shortestParagraph)
		.flatMap((paragraph) => paragraph.match(/\p{Lu}[^.!?]*[.!?](?=\s|$)/gu) ?? [])
		.filter((text) => text.length >= shortestSentence && text.length <= longestSentence);

/** So many of the sentences, in their order; the short ones where it is to be brief. */
export const excerpt = (
	random: Random,
	sentences: readonly string[],
	count: number,
	isBrief: boolean,
): readonly string[] => {
	const chances = sentences.map((text) => random() * (isBrief ? text.length : 100));
	const worst = [...chances].sort((a, b) => a - b)[Math.min(count, sentences.length) - 1] ?? 0;
	return sentences.filter((_text, index) => (chances[index] ?? 0) <= worst).slice(0, count);
};
