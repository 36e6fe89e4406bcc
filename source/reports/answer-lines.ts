import {z} from 'zod';
import {itemFingerprint} from '../domain/fingerprint.ts';
import type {Item} from '../domain/variant.ts';
import {withoutMark} from '../text/utf8.ts';

/** answers.jsonl as it is read back: only what says which item has been answered by whom. */
const lineSchema = z.object({
	/** Absent in what versions before 0.2 wrote. */
	run: z.string().optional(),
	variant: z.string(),
	variantFingerprint: z.string().optional(),
	model: z.string(),
	verdicts: z.array(
		z.object({
			item: z.number().nullable(),
			fingerprint: z.string().optional(),
			text: z.string().optional(),
			kind: z.string(),
		}),
	),
});

export type AnsweredLine = z.infer<typeof lineSchema>;

export type AnswerLines = {
	readonly lines: readonly AnsweredLine[];
	/** Numbers of lines, from 1, that are no answers of ours. */
	readonly foreign: readonly number[];
};

/**
 * Reads all whole lines; a last line without its end is left out, because a kill may have cut it anywhere. A mark
 * before the first and blank lines, which editors leave, say nothing.
 */
export const readLines = <Line>(
	text: string,
	schema: z.ZodType<Line>,
): {readonly lines: readonly Line[]; readonly foreign: readonly number[]} => {
	const whole = withoutMark(text.slice(0, text.lastIndexOf('\n') + 1));
	const read = (line: string): Line | undefined => {
		try {
			return schema.parse(JSON.parse(line));
		} catch {
			return undefined;
		}
	};
	const parsed = whole
		.split('\n')
		.map((line, index) => ({line, number: index + 1}))
		.filter(({line}) => line.trim() !== '')
		.map(({line, number}) => ({number, answer: read(line)}));
	return {
		lines: parsed.flatMap(({answer}) => (answer === undefined ? [] : [answer])),
		foreign: parsed.flatMap(({answer, number}) => (answer === undefined ? [number] : [])),
	};
};

/** Reads answers.jsonl. */
export const readAnswerLines = (text: string): AnswerLines => readLines(text, lineSchema);

type Verdict = AnsweredLine['verdicts'][number];

/** An item of which a packed reply holds nothing has no answer. */
const isAnswer = ({item, kind}: Verdict): boolean => item !== null && kind !== 'unparsed';

/** Which rows have an answer, by what they say and not by where they stand. */
export type Answered = {
	/** Tells, row by row in their order, which of them have an answer of a variant on a model. */
	readonly of: (model: string, variant: string) => (item: Item) => boolean;
	/** Fingerprints of all items with an answer. */
	readonly fingerprints: ReadonlySet<string>;
	/** Answers whose item cannot be recognised: an older version wrote only its position. */
	readonly unknown: number;
	/** Answers that were recognised by their text alone. */
	readonly byText: number;
};

/** @param items As they are now; rows that say the same are one after the other. */
export const answeredRows = (lines: readonly AnsweredLine[], items: readonly Item[]): Answered => {
	const byText = new Map(items.map((item) => [item.text, itemFingerprint(item)]));
	/** Of each model, variant and fingerprint: the rows, each once however often it was asked. */
	const rows = new Map<string, Set<string>>();
	const fingerprints = new Set<string>();
	const counts = {unknown: 0, byText: 0};
	for (const {run, model, variant, verdicts} of lines) {
		for (const {item, text, fingerprint} of verdicts.filter(isAnswer)) {
			const print = fingerprint ?? byText.get(text ?? '');
			counts.unknown += fingerprint === undefined && text === undefined ? 1 : 0;
			counts.byText += fingerprint === undefined && print !== undefined ? 1 : 0;
			if (print !== undefined) {
				fingerprints.add(print);
				const key = JSON.stringify([model, variant, print]);
				rows.set(key, (rows.get(key) ?? new Set()).add(`${run} ${item}`));
			}
		}
	}
	return {
		...counts,
		fingerprints,
		of(model, variant) {
			const taken = new Map<string, number>();
			return (item) => {
				const key = JSON.stringify([model, variant, itemFingerprint(item)]);
				const before = taken.get(key) ?? 0;
				taken.set(key, before + 1);
				return before < (rows.get(key)?.size ?? 0);
			};
		},
	};
};
