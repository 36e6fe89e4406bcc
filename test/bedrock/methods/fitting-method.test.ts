import {describe, expect, it} from 'vitest';
import {fittingMethod} from '../../../source/bedrock/backend.ts';
import {createModelIndex, emptyModelIndex} from '../../../source/bedrock/identify/identify.ts';
import type {FoundationModel} from '../../../source/bedrock/quotas/quota-source.ts';
import {methods} from '../../../source/domain/backend.ts';

/** Tests fittingMethod of source/bedrock/backend.ts. */

const listed = (modelId: string, more: Partial<FoundationModel> = {}): FoundationModel => ({
	modelId,
	modelName: null,
	providerName: null,
	isStreaming: true,
	outputModalities: ['TEXT'],
	inferenceTypes: ['ON_DEMAND'],
	lifecycle: 'ACTIVE',
	...more,
});

const catalogue = createModelIndex(
	[
		listed('a.streams-v1:0'),
		listed('a.whole-v1:0', {isStreaming: false}),
		listed('b.whole-v1:0', {isStreaming: false}),
		listed('a.unsaid-v1:0', {isStreaming: null, outputModalities: []}),
		listed('a.embeds-v1:0', {isStreaming: false, outputModalities: ['EMBEDDING']}),
		listed('a.speaks-v1:0', {outputModalities: ['SPEECH', 'TEXT']}),
	],
	[],
);

const fitting = (method: (typeof methods)[number], isTyped: boolean, ...models: readonly string[]) =>
	fittingMethod(
		method,
		isTyped,
		models.map((model) => ({model, baseModel: model, scope: 'on-demand'})),
		catalogue,
	);

describe('the method of a run', () => {
	it.each(methods)('stays %s where every model takes it, or nothing is said', (method) => {
		for (const isTyped of [true, false]) {
			const same = {method, remark: undefined};
			expect(
				fitting(method, isTyped, 'a.streams-v1:0', 'a.unsaid-v1:0', 'a.speaks-v1:0', 'not.listed'),
			).toEqual(same);
			const unknown = [{model: 'a.whole-v1:0', baseModel: 'a.whole-v1:0', scope: 'on-demand' as const}];
			expect(fittingMethod(method, isTyped, unknown, emptyModelIndex)).toEqual(same);
		}
	});

	it.each([
		['converse-stream', 'converse'],
		['invoke-stream', 'invoke'],
		['converse', 'converse'],
		['invoke', 'invoke'],
	] as const)('is, instead of %s, %s where a model does not stream', (method, instead) => {
		const {method: used, remark} = fitting(method, false, 'a.whole-v1:0');
		expect(used).toBe(instead);
		expect(remark).toEqual(
			method === instead
				? undefined
				: `a.whole-v1:0 does not stream: it is called by ${instead}, which shows no time to first token.`,
		);
	});

	it('is one for all models, so that they stay comparable', () => {
		expect(fitting('converse-stream', false, 'a.streams-v1:0', 'a.whole-v1:0').remark).toMatch(
			/^a\.whole-v1:0 does not stream: all models are called by converse,/,
		);
		expect(fitting('converse-stream', false, 'b.whole-v1:0', 'a.whole-v1:0').remark).toMatch(
			/^b\.whole-v1:0, a\.whole-v1:0 do not stream: they are called by converse,/,
		);
	});

	it('is refused where it was typed and a model does not stream', () => {
		expect(() => fitting('invoke-stream', true, 'a.streams-v1:0', 'a.whole-v1:0')).toThrow(
			expect.objectContaining({
				message: '--method invoke-stream: a.whole-v1:0 does not stream.',
				hint: 'Use --method invoke, or leave it out.',
				exitCode: 2,
			}),
		);
		expect(fitting('invoke', true, 'a.whole-v1:0').method).toBe('invoke');
	});

	it.each(methods)('cannot be %s, nor any other, where a model answers with no text', (method) => {
		expect(() => fitting(method, false, 'a.embeds-v1:0')).toThrow(
			expect.objectContaining({
				message: 'a.embeds-v1:0 answers with embedding, not with text.',
				exitCode: 2,
			}),
		);
	});
});
