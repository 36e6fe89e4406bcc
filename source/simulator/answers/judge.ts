import type {Prompt} from '../families/prompt.ts';
import {hashText} from './random.ts';

/**
 * The model as a judge of answers. Beside the right answer it says whether they are the same; alone it accepts most. It
 * errs now and then, and sometimes it prefers the text that stands first, as judges do. The same question gets the same
 * verdict each time.
 */

const greeting = 'You grade answers.';

/** Parts of a hundred: errors of a judge that compares, those that follow the place of the answer, and answers it rejects alone. */
const errors = 3;
const swayed = 3;
const rejected = 15;

const tagged = (text: string, tag: string): string | undefined =>
	new RegExp(`<${tag}>\\n?([\\s\\S]*?)\\n?</${tag}>`).exec(text)?.[1]?.trim();

const lastLine = (text: string): string => text.split('\n').at(-1)?.trim().toLowerCase() ?? '';

const accepts = (question: string): boolean => {
	const answer = tagged(question, 'answer') ?? '';
	const reference = tagged(question, 'reference');
	const drawn = hashText(`${answer}\n${reference}\n${tagged(question, 'input')}`) % 100;
	if (reference === undefined) {
		return answer !== '' && drawn >= rejected;
	}
	if (drawn < swayed) {
		return question.indexOf('<answer>') < question.indexOf('<reference>');
	}
	const isSame = lastLine(answer) === lastLine(reference);
	return drawn < swayed + errors ? !isSame : isSame;
};

/** The one word of a judge; undefined where the prompt asks for none. */
export function judgeAnswer({system, question}: Pick<Prompt, 'system' | 'question'>): string | undefined {
	const words = /\bone word, (\w+) or (\w+)/.exec(system);
	if (!system.trimStart().startsWith(greeting) || words === null) {
		return undefined;
	}
	return accepts(question) ? words[1] : words[2];
}
