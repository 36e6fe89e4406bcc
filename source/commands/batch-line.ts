import {type BatchForm, modelInput} from '../bedrock/jobs/model-input.ts';
import type {Target} from '../engine/target.ts';
import type {BatchRecord} from '../prompts/batch/records.ts';
import type {Variant} from '../prompts/variant.ts';

/** Stands for the text of the user in a body that is made once. */
const mark = '\u0001the text of the user\u0001';
const quotedMark = JSON.stringify(mark);

/** A body around the text of the user; undefined where that text is no value of its own. */
type Envelope = readonly [before: string, after: string] | undefined;

const envelopeOf = (body: string): Envelope => {
	const [before, after, ...others] = body.split(quotedMark);
	return before === undefined || after === undefined || others.length > 0 ? undefined : [before, after];
};

/**
 * Makes the input line of a record, with its end: the same for the same state, so that a crash changes nothing. A
 * hundred thousand bodies differ in one text, so the rest of them is made once for each variant and system prompt.
 */
export const lineMaker = (
	target: Pick<Target, 'model' | 'baseModel'>,
	form: BatchForm,
	maxTokens: number,
): ((record: BatchRecord) => string) => {
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
	let last: {variant: Variant; system: string | undefined; envelope: Envelope} | undefined;
	return ({id, variant, prompt}) => {
		const {system, user} = prompt;
		if (last?.variant !== variant || last.system !== system) {
			last = {variant, system, envelope: envelopeOf(bodyOf(variant, system, mark))};
		}
		const {envelope} = last;
		const body =
			envelope === undefined
				? bodyOf(variant, system, user)
				: envelope[0] + JSON.stringify(user) + envelope[1];
		return `{"recordId":${JSON.stringify(id)},"modelInput":${body}}\n`;
	};
};
