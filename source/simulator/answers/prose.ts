import {countTokens} from '../families/prompt.ts';
import {pick, type Random} from './random.ts';

/** Words without content, frequent in any prompt. */
const stopWords = new Set(
	(
		'about above after again all also although always among and another answer any anything are around ask asked away back ' +
		'based because been before being below best better between both but call can cannot category check clear clearly come ' +
		'could cover covers describe detailed did does doing done down each either else end enough ever every everything ' +
		'explain few first following for form from get give given goes going good great had has have having headings help here ' +
		'him his how however human into issue its itself just keep kind know last least less let like likely list little long ' +
		'look made make makes many may maybe might more most much must need needs never next not nothing now off often once ' +
		'one only onto other others our out over own part per perhaps please point points prompt put question quite rather ' +
		'reply request respond response said same say says see seem sentence sentences several shall she short should show ' +
		'since some something still structure such summarise summarize summary sure take tell text than thank thanks that the ' +
		'their them then there these they thing things think this thorough those though three through thus times too topic ' +
		'toward two under until upon use used using very want was way ways well were what when where whether which while who ' +
		'whole whom whose why will with within without word words would write yes yet you your yours assistant user system ' +
		'brief briefly concise directly style step steps task json keys fields present result detail details reasons relevance careful expert'
	).split(' '),
);

const fallbackWords = ['result', 'example', 'question', 'cause', 'effect', 'purpose', 'context', 'outcome'];

/** Whether a word may be a noun, by its ending. */
const isNoun = (word: string): boolean =>
	!(word.endsWith('ed') || word.endsWith('ing') || word.endsWith('ly'));

const wordPattern = /\p{L}[\p{L}-]{3,}/gu;

/** Longest text that is searched for words, in characters; more adds nothing to an answer of a page. */
const searchedLength = 20_000;

/** The content words of a text in lower case, the frequent ones first. Never empty. */
export function contentWords(text: string): readonly string[] {
	const counts = new Map<string, number>();
	for (const word of text.slice(0, searchedLength).match(wordPattern) ?? []) {
		const key = word.toLowerCase();
		if (!stopWords.has(key) && isNoun(key)) {
			counts.set(key, (counts.get(key) ?? 0) + 1);
		}
	}
	const words = [...counts].sort((a, b) => b[1] - a[1]).map(([word]) => word);
	return words.length < 4 ? [...words, ...fallbackWords] : words.slice(0, 60);
}

/** Shortest paragraphs and sentences of the text that a summary is made of, in characters. */

const shortestParagraph = 160;
const shortestSentence = 30;
const longestSentence = 260;

/** Whether a summary of a text is asked for. */
export function asksForSummary(instructions: string): boolean {
	return /\bsum(?:mar(?:y|i[sz]e)|s? (?:it )?up)/i.test(instructions);
}

/** The sentences of the longer paragraphs; instructions are shorter. */
export function sourceSentences(question: string): readonly string[] {
	return question
		.split(/\n\s*\n/)
		.map((paragraph) => paragraph.replace(/\s+/g, ' ').trim())
		.filter((paragraph) => paragraph.length >= shortestParagraph)
		.flatMap((paragraph) => paragraph.match(/\p{Lu}[^.!?]*[.!?](?=\s|$)/gu) ?? [])
		.filter((text) => text.length >= shortestSentence && text.length <= longestSentence);
}

/** `count` of the sentences, in their order; the short ones for a brief answer. */
export function excerpt(
	random: Random,
	sentences: readonly string[],
	count: number,
	isBrief: boolean,
): readonly string[] {
	const chances = sentences.map((text) => random() * (isBrief ? text.length : 100));
	const worst = [...chances].sort((a, b) => a - b)[Math.min(count, sentences.length) - 1] ?? 0;
	return sentences.filter((_text, index) => (chances[index] ?? 0) <= worst).slice(0, count);
}

/** Sentences about given words: nonsense with the shape, the vocabulary and the length of an answer. */

const shortSentences = [
	'The {a} follows from the {b}.',
	'{A} and {b} matter most.',
	'It is the {a} that decides the {b}.',
	'The {a} needs the {b}.',
	'{A} comes before {b}.',
];

const plainSentences = [
	'The {a} depends on the {b}, which in turn shapes the {c}.',
	'In practice {a} and {b} are seen together, and the {c} tells them apart.',
	'Most of the {a} comes from the {b} rather than from the {c}.',
	'Where the {a} is settled, the {b} can be planned and the {c} follows.',
	'What is said about the {a} holds for the {b} as well, within the limits of the {c}.',
	'The {a} was raised first; the {b} and the {c} came later.',
	'Without the {a} there would be little {b} and hardly any {c}.',
	'Both the {a} and the {b} point to the same {c}.',
];

const longSentences = [
	'The {a} deserves attention first, because it decides how the {b} is understood and leaves its mark on every later {c}, even where nobody expects it.',
	'An exception has to be named here: when the {a} is missing, the {b} no longer holds, and the {c} must be looked at again from the beginning.',
	'The reason lies in the relation of {a} and {b}, for a change in the one is followed by a change in the other as long as the {c} stays what it is.',
	'Taken together, the {a}, the {b} and the {c} give a consistent picture, although each of them, looked at alone, would allow more than one reading.',
	'It is worth adding that the {a} has been known for some time, whereas the {b} is a recent development whose consequences for the {c} are still open.',
	'For the details one has to go back to the {a}, where the {b} is described together with the conditions under which the {c} may be relied on.',
];

export type SentenceLength = 'short' | 'plain' | 'long';

const sentencesOf: Readonly<Record<SentenceLength, readonly string[]>> = {
	short: shortSentences,
	plain: plainSentences,
	long: longSentences,
};

export function capitalised(text: string): string {
	return text.charAt(0).toUpperCase() + text.slice(1);
}

/** One sentence. */
export function sentence(random: Random, words: readonly string[], length: SentenceLength): string {
	const [a, b, c] = [pick(random, words), pick(random, words), pick(random, words)];
	return pick(random, sentencesOf[length])
		.replace('{A}', capitalised(a))
		.replaceAll('{a}', a)
		.replaceAll('{b}', b)
		.replaceAll('{c}', c);
}

/** Exactly `count` sentences. */
export function sentences(
	random: Random,
	words: readonly string[],
	length: SentenceLength,
	count: number,
): string {
	return Array.from({length: count}, () => sentence(random, words, length)).join(' ');
}

/** Sentences until there are `tokens` tokens; at least one. */
export function paragraph(
	random: Random,
	words: readonly string[],
	length: SentenceLength,
	tokens: number,
): string {
	const said: string[] = [];
	let left = tokens;
	do {
		const next = sentence(random, words, length);
		said.push(next);
		left -= countTokens(next);
	} while (left > 0);
	return said.join(' ');
}
