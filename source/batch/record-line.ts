import {type BatchForm, modelInput} from '../bedrock/jobs/record-bodies.ts';
import type {Target} from '../domain/target.ts';
import type {Variant} from '../domain/task.ts';
import type {BatchRecord} from './records.ts';

/** Stands for the text of the user in a body that is made once. */
const mark = '\u0001the text of the user\u0001';
const quotedMark = JSON.stringify(mark);

/** A body around the text of the user; undefined where that text is no value of its own. */
type Envelope = readonly [before: string, after: string] | undefined;

const envelopeOf = (body: string): Envelope => {
	const [before, after, ...others] = body.split(quotedMark);
	return before === undefined || after === undefined || others.length > 0 ? undefined : [before, after];
};

/** Remembers what it made of the text that it was given last. */
const remembering = (make: (text: string) => string): ((text: string) => string) => {
	let last: {readonly text: string; readonly made: string} | undefined;
	return (text) => {
		if (last?.text !== text) {
			last = {text, made: make(text)};
		}
		return last.made;
	};
};

/**
 * Quotes texts as JSON does, which is most of the work of a line: what an item is known not to need is not looked for,
 * and what stands around it is the same for the next item.
 */
const createQuoter = (): ((text: string, plain?: string) => string) => {
	const beginning = remembering((text) => JSON.stringify(text).slice(0, -1));
	const ending = remembering((text) => JSON.stringify(text).slice(1));
	return (text, plain = '') => {
		// To look for all of a long text takes longer than to look for its beginning and to compare.
		const at = text.indexOf(plain.slice(0, 16));
		const end = at + plain.length;
		return at !== -1 && text.slice(at, end) === plain
			? beginning(text.slice(0, at)) + plain + ending(text.slice(end))
			: JSON.stringify(text);
	};
};

/**
 * Makes the input line of a record, with its end: the same for the same state, so that a crash changes nothing. A
 * hundred thousand bodies differ in one text, so the rest of them is made once for each variant and system prompt.
 */
export function lineMaker(
	target: Pick<Target, 'model' | 'baseModel'>,
	form: BatchForm,
	maxTokens: number,
): (record: BatchRecord) => string {
	const bodyOf = (variant: Variant, system: string | undefined, text: string): string =>
		JSON.stringify(
			modelInput(
				{
					model: target.model,
					baseModel: target.baseModel,
					method: form === 'Converse' ? 'converse' : 'invoke',
					system,
					messages: [{role: 'user', text}],
					maxTokens: variant.maxTokens ?? maxTokens,
					stop: variant.stop,
					parameters: variant.parameters,
					cache: false,
					tier: undefined,
				},
				form,
			),
		);
	const quote = createQuoter();
	let last: {variant: Variant; system: string | undefined; envelope: Envelope} | undefined;
	return ({id, variant, items, prompt}) => {
		const {system, user} = prompt;
		if (last?.variant !== variant || last.system !== system) {
			last = {variant, system, envelope: envelopeOf(bodyOf(variant, system, mark))};
		}
		const {envelope} = last;
		const body =
			envelope === undefined
				? bodyOf(variant, system, user)
				: envelope[0] + quote(user, items[0]?.plain) + envelope[1];
		return `{"recordId":"${id}","modelInput":${body}}\n`;
	};
}
