import {type BatchForm, modelInput} from '../bedrock/jobs/record-bodies.ts';
import type {Target} from '../domain/target.ts';
import type {BatchRecord} from './records.ts';

/**
 * Makes the input line of a record, with its end. The same record always makes the same line, so that a crash changes
 * nothing.
 */
export function lineMaker(
	{model, baseModel}: Pick<Target, 'model' | 'baseModel'>,
	form: BatchForm,
	maxTokens: number,
): (record: BatchRecord) => string {
	return ({id, variant, prompt: {system, user}}) => {
		const request = {
			model,
			baseModel,
			method: form === 'Converse' ? ('converse' as const) : ('invoke' as const),
			system,
			messages: [{role: 'user' as const, text: user}],
			maxTokens: variant.maxTokens ?? maxTokens,
			stop: variant.stop,
			parameters: variant.parameters,
			cache: false,
			tier: undefined,
		};
		return `${JSON.stringify({recordId: id, modelInput: modelInput(request, form)})}\n`;
	};
}
