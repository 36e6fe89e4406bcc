import {pick, type Random} from './random.ts';
import {countTokens} from './tokens.ts';

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

export const capitalised = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** One sentence. */
export const sentence = (random: Random, words: readonly string[], length: SentenceLength): string => {
	const [a, b, c] = [pick(random, words), pick(random, words), pick(random, words)];
	return pick(random, sentencesOf[length])
		.replace('{A}', capitalised(a))
		.replaceAll('{a}', a)
		.replaceAll('{b}', b)
		.replaceAll('{c}', c);
};

/** Exactly so many sentences. */
export const sentences = (
	random: Random,
	words: readonly string[],
	length: SentenceLength,
	count: number,
): string => Array.from({length: count}, () => sentence(random, words, length)).join(' ');

/** Sentences until there are at least so many tokens; one at the least. */
export const paragraph = (
	random: Random,
	words: readonly string[],
	length: SentenceLength,
	tokens: number,
): string => {
	const said: string[] = [];
	let left = tokens;
	do {
		const next = sentence(random, words, length);
		said.push(next);
		left -= countTokens(next);
	} while (left > 0);
	return said.join(' ');
};
