import {z} from 'zod';

/** answers.jsonl as it is read back: only what says which item has been answered by whom. */
const lineSchema = z.object({
	variant: z.string(),
	model: z.string(),
	verdicts: z.array(z.object({item: z.number().nullable(), kind: z.string()})),
});

export type AnsweredLine = z.infer<typeof lineSchema>;

export type AnswerLines = {
	readonly lines: readonly AnsweredLine[];
	/** Numbers of lines, from 1, that are no answers of ours. */
	readonly foreign: readonly number[];
};

const read = (line: string): AnsweredLine | undefined => {
	try {
		return lineSchema.parse(JSON.parse(line));
	} catch {
		return undefined;
	}
};

/** Reads all whole lines; a last line without its end is left out, because a kill may have cut it anywhere. */
export const readAnswerLines = (text: string): AnswerLines => {
	const whole = text.slice(0, text.lastIndexOf('\n') + 1);
	const all = whole.split('\n').slice(0, -1);
	const parsed = all.map(read);
	return {
		lines: parsed.filter((line) => line !== undefined),
		foreign: parsed.flatMap((line, index) => (line === undefined ? [index + 1] : [])),
	};
};

/** Who answered which item, as `model`, `variant` and index in one key. A packed reply without the item is no answer. */
export const answeredKeys = (lines: readonly AnsweredLine[]): ReadonlySet<string> =>
	new Set(
		lines.flatMap(({variant, model, verdicts}) =>
			verdicts
				.filter(({item, kind}) => item !== null && kind !== 'unparsed')
				.map(({item}) => answeredKey(model, variant, item ?? 0)),
		),
	);

export const answeredKey = (model: string, variant: string, item: number): string =>
	JSON.stringify([model, variant, item]);
