import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {lineMaker} from '../../source/batch/records.ts';
import {type BatchForm, modelInput} from '../../source/bedrock/jobs/batch-records.ts';
import type {Variant} from '../../source/domain/task.ts';

/** Tests lineMaker of source/batch/records.ts. */

const variant: Variant = {
	name: 'v',
	instruction: '',
	system: undefined,
	maxTokens: 9,
	stop: ['"'],
	parameters: {temperature: 0},
	itemsPerRequest: 1,
	cache: true,
	compress: [],
};

const cases: ReadonlyArray<readonly [BatchForm, string]> = [
	['Converse', 'amazon.nova-lite-v1:0'],
	['Converse', 'amazon.titan-text-express-v1'],
	['InvokeModel', 'anthropic.claude-3-haiku-20240307-v1:0'],
	['InvokeModel', 'meta.llama3-8b-instruct-v1:0'],
	['InvokeModel', 'amazon.titan-text-express-v1'],
];

describe('the input line of a record', () => {
	it.each(cases)('is that of its own body, whatever the texts: %s %s', (form, model) => {
		const lineOf = lineMaker({model, baseModel: model}, form, 20);
		const systems = fc.option(fc.string({unit: 'binary', maxLength: 20}), {nil: undefined});
		fc.assert(
			fc.property(systems, fc.array(fc.string({unit: 'binary'}), {maxLength: 3}), (system, users) => {
				for (const user of users) {
					const body = modelInput(
						{
							model,
							baseModel: model,
							method: form === 'Converse' ? 'converse' : 'invoke',
							system,
							messages: [{role: 'user', text: user}],
							maxTokens: 9,
							stop: ['"'],
							parameters: {temperature: 0},
							cache: false,
							tier: undefined,
						},
						form,
					);
					const line = lineOf({
						index: 0,
						id: 'r0000000001',
						position: {variant: 0, request: 1},
						variant,
						items: [],
						prompt: {system, user},
					});
					expect(line).toBe(`${JSON.stringify({recordId: 'r0000000001', modelInput: body})}\n`);
				}
			}),
		);
	});
});
