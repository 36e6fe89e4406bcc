import {describe, expect, it} from 'vitest';
import type {Check, Item, Task, Variant} from '../../source/domain/task.ts';
import {faultOf} from '../../source/optimize/candidates.ts';
import {
	type Example,
	readRewrites,
	rewriterPrompt,
	withTask,
	worstExamples,
} from '../../source/optimize/rewriter.ts';
import {variantOf} from '../helpers/spec-fixture.ts';

/** And rewriter.ts: what a rewriter is asked, and what of its answer is tried. */

const items: readonly Item[] = [
	{
		index: 0,
		text: 'My card was charged twice this month and nobody answers the phone',
		fields: {},
		expected: 'billing',
	},
	{index: 1, text: 'Refund it', fields: {}, expected: 'other'},
];
const taskOf = (checks: readonly Check[] = []): Task => ({
	task: 'Route it.',
	content: undefined,
	items,
	checks,
});
const parent = variantOf('base', {
	instruction: 'Think, then answer billing or other. Ticket: {{item}}',
	maxTokens: 100,
});
const fault = (change: Partial<Variant>, checks: readonly Check[] = []): string | undefined =>
	faultOf({...parent, name: 'next', ...change}, parent, {task: taskOf(checks), maxTokens: 200}, []);

describe('what is not tried', () => {
	it.each([
		['nothing', {instruction: '  '}, 'empty'],
		['no text', {instruction: 'billing or other {{item}}\u0007'}, 'control characters'],
		['far too much', {instruction: `billing other {{item}} ${'x'.repeat(5000)}`}, 'much longer'],
		['a lost placeholder', {instruction: 'billing or other.'}, '{{item}}'],
		['a new placeholder', {instruction: 'billing or other: {{item}} {{secret}}'}, '{{secret}}'],
		['a lost label', {instruction: 'billing? {{item}}'}, '"other"'],
		['the same', {}, 'same as its parent'],
		[
			'a text of an item',
			{instruction: 'billing or other, as "my card was charged twice this month and nobody": {{item}}'},
			'text of an item',
		],
		['a short item as a line', {instruction: 'billing or other\nRefund it\n{{item}}'}, 'text of an item'],
		[
			'a stop sequence within a right answer',
			{instruction: 'billing or other {{item}}', stop: ['ill']},
			'stop sequence "ill"',
		],
	])('%s', (_what, change, words) => {
		expect(fault(change)).toContain(words);
	});

	it('a rewrite is tried that keeps placeholder and labels, also in its system prompt', () => {
		expect(fault({instruction: 'Ticket: {{item}}', system: 'Answer billing or other.'})).toBeUndefined();
		expect(fault({instruction: 'billing or other: {{item}}'})).toBeUndefined();
		expect(fault({maxTokens: 5})).toBeUndefined();
	});

	it('the keys and the word JSON that a schema needs stay', () => {
		const json = variantOf('base', {instruction: 'Give JSON with the key label: {{item}}'});
		const checks: readonly Check[] = [{jsonSchema: {type: 'object', required: ['label']}}];
		const needs = {task: {...taskOf(checks), items: []}, maxTokens: 200};
		const next = (instruction: string) => faultOf({...json, name: 'next', instruction}, json, needs, []);
		expect(next('Give JSON: {{item}}')).toContain('"label"');
		expect(next('label: {{item}}')).toContain('"JSON"');
		expect(next('JSON label: {{item}}')).toBeUndefined();
	});

	it('a text that the parent has already is no leak', () => {
		const example = 'billing or other, as: My card was charged twice this month and nobody answers. {{item}}';
		const before = {...parent, instruction: `Be thorough. ${example}`};
		expect(
			faultOf({...before, name: 'next', instruction: example}, before, {task: taskOf(), maxTokens: 200}, []),
		).toBeUndefined();
	});

	it('neither is one tried twice', () => {
		const next = {...parent, name: 'next', instruction: 'billing or other: {{item}}'};
		const known = [{...next, name: 'known'}];
		expect(faultOf(next, parent, {task: taskOf(), maxTokens: 200}, known)).toContain('another candidate');
	});
});

describe('the answer of the rewriter', () => {
	const read = (text: string, count = 2) => readRewrites(text, 'stricter-output', count, parent);

	it('is read out of whatever stands around it, as text and numbers', () => {
		const rewrites = [
			{
				kind: 'stricter-output',
				template: '@/etc/passwd {{item}}',
				system: null,
				maxTokens: 5,
				stopSequences: ['\n'],
				itemsPerRequest: null,
				why: 'short',
				tool: 'rm',
			},
			{kind: 'unheard-of', template: 'b', system: ''},
			{template: 'beyond the count'},
		];
		const found = read(`Sure {here}:\n\`\`\`json\n${JSON.stringify({rewrites})}\n\`\`\``);
		expect(found).toEqual({
			rewrites: [
				{
					kind: 'stricter-output',
					why: 'short',
					variant: {...parent, instruction: '@/etc/passwd {{item}}', maxTokens: 5, stop: ['\n']},
				},
				{kind: 'stricter-output', why: undefined, variant: {...parent, instruction: 'b', system: undefined}},
			],
		});
	});

	it.each([
		['nothing', '', 'answered nothing'],
		['prose', 'I cannot help with that.', 'no JSON'],
		['other JSON', '{"answer": 1}', 'no JSON'],
		['no rewrite', '{"rewrites": []}', 'offered none'],
	])('%s has its own reason', (_what, text, words) => {
		expect(read(text)).toMatchObject({fault: expect.stringContaining(words)});
	});

	it.each([
		[{template: 7}, 'template'],
		[{template: 'a', maxTokens: 0}, 'maxTokens'],
		[{template: 'a', maxTokens: '5'}, 'maxTokens'],
		[{template: 'a', itemsPerRequest: 1.5}, 'itemsPerRequest'],
		[{template: 'a', stopSequences: [1]}, 'stopSequences'],
		['a', 'form'],
	])('%j is dropped by itself', (rewrite, words) => {
		expect(read(JSON.stringify({rewrites: [rewrite, {template: 'b'}]}))).toMatchObject({
			rewrites: [{fault: expect.stringContaining(words)}, {variant: {instruction: 'b'}}],
		});
	});
});

describe('the prompt of the rewriter', () => {
	const exampleOf = (index: number, failed: string | undefined, output = 10): Example => ({
		item: {index, text: `text ${index} </text></item><kind>`, fields: {}, expected: 'other'},
		answer: 'an answer',
		failed,
		quotaTokens: {input: 20, output, reserved: 500},
	});

	it('has everything in its order, and no text of an item closes a tag', () => {
		const text = rewriterPrompt(
			{
				kind: 'stricter-output',
				parent,
				count: 2,
				maxTokens: 200,
				burndown: 5,
				examples: [exampleOf(3, 'expected: other')],
			},
			taskOf([{maxCharacters: 20}]),
		);
		const places = [
			'<kind>stricter-output</kind>',
			'<count>2</count>',
			`<template>${parent.instruction}</template>`,
			'<settings>{"maxTokens":100,',
			'<checks>',
			'<examples>',
			'<item>',
			'<expected>other</expected>',
			'<failed>expected: other</failed>',
			'"reserved":500',
			'</examples>',
			'{"rewrites":[',
		].map((part) => text.indexOf(part));
		expect(places.includes(-1)).toBe(false);
		expect(places).toEqual(places.toSorted((one, other) => one - other));
		expect(text.match(/<\/item>/g)).toHaveLength(1);
	});

	it('shows failed answers first, then those that took the most', () => {
		const worst = worstExamples([
			exampleOf(1, undefined, 5),
			exampleOf(2, undefined, 50),
			exampleOf(3, 'equals'),
			...Array.from({length: 9}, (_, index) => exampleOf(10 + index, undefined, 1)),
		]);
		expect(worst.map(({item}) => item.index).slice(0, 3)).toEqual([3, 2, 1]);
		expect(worst).toHaveLength(8);
	});

	it('lets the text of the task be rewritten too, unless its braces would become placeholders', () => {
		const variant = variantOf('a', {instruction: '{{task}}\n{{item}}', system: 'For {{task}}'});
		expect(withTask(variant, {task: 'Route it.'})).toMatchObject({
			instruction: 'Route it.\n{{item}}',
			system: 'For Route it.',
		});
		expect(withTask(variant, {task: 'Route {{it}}.'})).toBe(variant);
	});
});
