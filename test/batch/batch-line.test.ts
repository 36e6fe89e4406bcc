import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {lineMaker} from '../../source/batch/record-line.ts';
import {type BatchForm, modelInput} from '../../source/bedrock/jobs/record-bodies.ts';
import type {Variant} from '../../source/domain/task.ts';

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
						place: {variant: 0, request: 1},
						variant,
						items: [],
						prompt: {system, user},
					});
					expect(line).toBe(`${JSON.stringify({recordId: 'r0000000001', modelInput: body})}\n`);
				}
			}),
		);
	});

	/** Short, so that one is found within another, at its end and more than once. */
	const piece = fc.string({
		unit: fc.constantFrom('a', 'b', '"', '\\', '\n', 'ü', '😀', '\ud800'),
		maxLength: 24,
	});
	const isPlain = (text: string): boolean => JSON.stringify(text) === `"${text}"`;

	it('quotes what stands around a plain part, which may be anywhere or missing', () => {
		const lineOf = lineMaker(
			{model: 'amazon.nova-lite-v1:0', baseModel: 'amazon.nova-lite-v1:0'},
			'Converse',
			20,
		);
		const parts = fc.tuple(piece, piece, piece).filter(([, plain]) => isPlain(plain));
		fc.assert(
			fc.property(fc.array(parts, {minLength: 1, maxLength: 4}), fc.boolean(), (records, isMissing) => {
				for (const [before, plain, after] of records) {
					const user = isMissing ? before + after : before + plain + after + plain;
					const line = lineOf({
						index: 0,
						id: 'r0000000001',
						place: {variant: 0, request: 1},
						variant,
						items: [{index: 0, text: plain, fields: {}, expected: undefined, plain}],
						prompt: {system: undefined, user},
					});
					expect(line).toContain(`{"text":${JSON.stringify(user)}}`);
					expect(JSON.parse(line)).toMatchObject({modelInput: {messages: [{content: [{text: user}]}]}});
				}
			}),
		);
	});
});
