import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import type {Check, Item, Task} from '../../source/domain/variant.ts';
import {meetsCheck} from '../../source/prompts/checks.ts';
import {judgeAnswer} from '../../source/prompts/judge.ts';
import {unpackAnswers} from '../../source/prompts/packing.ts';

const item = (index: number, expected: string | undefined): Item => ({
	index,
	text: `item ${index}`,
	fields: {},
	expected,
});
const task = (checks: readonly Check[]): Task => ({task: 't', content: undefined, items: [], checks});

describe('meetsCheck', () => {
	const cases: ReadonlyArray<readonly [string, Check, boolean]> = [
		['It is billing.', {contains: 'billing'}, true],
		['It is Billing.', {contains: 'billing'}, false],
		['billing', {regex: '^\\w+$'}, true],
		['two words', {regex: '^\\w+$'}, false],
		[' billing\n', {oneOf: ['billing', 'other']}, true],
		['bill', {oneOf: ['billing', 'other']}, false],
		['billing', {equals: ' billing '}, true],
		['😀😀', {maxCharacters: 2}, true],
		['abc', {maxCharacters: 2}, false],
		['```json\n{"a": 1}\n```', {jsonSchema: {type: 'object', required: ['a']}}, true],
		['{"b": 1}', {jsonSchema: {type: 'object', required: ['a'], properties: {a: {type: 'number'}}}}, false],
		['{}', {jsonSchema: {type: 'object', required: ['label']}}, false],
		['{"a": {"b": 1}}', {jsonSchema: {const: {a: {b: 1}}}}, true],
		['not json', {jsonSchema: {type: 'object'}}, false],
	];
	it.each(cases)('%j against %j is %s', (answer, check, expected) => {
		expect(meetsCheck(answer, check)).toBe(expected);
	});

	it('compiles a schema once, however many answers there are', () => {
		let reads = 0;
		const jsonSchema = {
			get type() {
				reads += 1;
				return 'object';
			},
		};
		expect(meetsCheck('{}', {jsonSchema})).toBe(true);
		const before = reads;
		expect(meetsCheck('[]', {jsonSchema})).toBe(false);
		expect(before).toBeGreaterThan(0);
		expect(reads).toBe(before);
	});
});

describe('judgeAnswer', () => {
	it('takes an answer without checks as useful, an empty one not', () => {
		expect(judgeAnswer('yes', task([]), [])[0]).toMatchObject({kind: 'useful', checked: false});
		expect(judgeAnswer('  ', task([]), [])[0]).toMatchObject({kind: 'check-failed'});
	});

	it('compares with the known right answer', () => {
		expect(judgeAnswer('billing', task([]), [item(0, 'billing')])[0]).toMatchObject({
			kind: 'useful',
			checked: true,
		});
		expect(judgeAnswer('other', task([]), [item(0, 'billing')])[0]).toMatchObject({kind: 'check-failed'});
	});

	it('takes a packed reply apart, item by item', () => {
		const verdicts = judgeAnswer('Sure: {"1": "a", "3": "x"}', task([]), [
			item(0, 'a'),
			item(1, 'b'),
			item(2, 'c'),
		]);
		expect(verdicts.map(({kind}) => kind)).toEqual(['useful', 'unparsed', 'check-failed']);
	});
});

describe('unpackAnswers', () => {
	it('gives back what was put in, whatever stands around it', () => {
		fc.assert(
			fc.property(fc.array(fc.string({minLength: 1}), {minLength: 2, maxLength: 20}), (answers) => {
				const reply = JSON.stringify(Object.fromEntries(answers.map((answer, index) => [index + 1, answer])));
				expect(unpackAnswers(`Here it is:\n\`\`\`json\n${reply}\n\`\`\``, answers.length)).toEqual(answers);
			}),
		);
	});

	it('never throws and never makes up an answer', () => {
		fc.assert(
			fc.property(fc.string(), fc.integer({min: 1, max: 9}), (text, count) => {
				expect(unpackAnswers(text, count)).toHaveLength(count);
			}),
		);
		expect(unpackAnswers('no braces', 2)).toEqual([undefined, undefined]);
	});
});
