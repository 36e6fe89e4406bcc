import {z} from 'zod';
import type {AnswerRecord} from '../engine/attempts/request-records.ts';
import type {PatternResult} from '../prompts/checks.ts';
import {readLines} from './answer-lines.ts';

/**
 * answers-unchecked.jsonl: what came in while its check went on. Each line is one of answers.jsonl, but that the verdicts
 * which patterns decide are of the kind `unchecked`.
 */

/** @param answers Name of answers.jsonl. */
export function uncheckedFile(answers: string): string {
	return `${answers.replace(/\.jsonl$/, '')}-unchecked.jsonl`;
}

/** What tells one answer from all others. */
const identity = {
	run: z.string(),
	variant: z.string(),
	target: z.number(),
	model: z.string(),
	items: z.array(z.number()),
	at: z.string(),
	answer: z.string(),
};
const identitySchema = z.object(identity);

const lineSchema = z.looseObject({
	...identity,
	variantFingerprint: z.string().optional(),
	verdicts: z.array(
		z.looseObject({
			item: z.number().nullable(),
			fingerprint: z.string().optional(),
			text: z.string().optional(),
			kind: z.string(),
			answer: z.string().nullable(),
		}),
	),
	usage: z.looseObject({}),
	latencyMs: z.looseObject({}),
});

export type UncheckedLine = z.infer<typeof lineSchema>;

const keyOf = ({run, variant, target, model, items, at, answer}: z.infer<typeof identitySchema>): string =>
	JSON.stringify([run, variant, target, model, items, at, answer]);

/**
 * Reads the answers that were not checked; what is in answers.jsonl too has been checked since.
 * @param text Of answers-unchecked.jsonl.
 * @param answers Text of answers.jsonl.
 */
export function readUncheckedLines(
	text: string,
	answers: string,
): {readonly lines: readonly UncheckedLine[]; readonly foreign: readonly number[]} {
	const {lines, foreign} = readLines(text, lineSchema);
	const checked = new Set(lines.length === 0 ? [] : readLines(answers, identitySchema).lines.map(keyOf));
	return {lines: lines.filter((line) => !checked.has(keyOf(line))), foreign};
}

const isOpen = ({kind}: UncheckedLine['verdicts'][number]): boolean => kind === 'unchecked';

/** What the patterns are asked about, in the order in which `withResults` takes what they say. */
export function textsToCheck({verdicts}: UncheckedLine): readonly string[] {
	return verdicts.filter(isOpen).map(({answer}) => answer ?? '');
}

/** The answer as a line of answers.jsonl holds it. */
export function withResults(line: UncheckedLine, results: readonly PatternResult[]): AnswerRecord {
	const rest = [...results];
	const verdicts = line.verdicts.map((verdict) => {
		const result = isOpen(verdict) ? rest.shift() : undefined;
		return result === undefined
			? verdict
			: {
					...verdict,
					kind: result.isMet ? 'useful' : 'check-failed',
					...(result.reason === undefined ? {} : {reason: result.reason}),
					...(result.failed === undefined ? {} : {failed: result.failed}),
				};
	});
	// The rest was written by this program, and is written again as it is.
	return {...line, verdicts} as unknown as AnswerRecord;
}
