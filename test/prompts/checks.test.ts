import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import type {Check, Item, Task} from '../../source/domain/task.ts';
import {type Judged, judgeAnswer, meetsCheck} from '../../source/prompts/checks.ts';
import {unpackAnswers} from '../../source/prompts/compose.ts';

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
	const judge = (
		text: string,
		items: readonly Item[],
		flaw: Partial<Judged> = {},
		parameters: Readonly<Record<string, unknown>> = {},
	) => judgeAnswer({text, isTruncated: false, isRefused: false, ...flaw}, task([]), items, {parameters});

	it.each([
		['refused', {isRefused: true}],
		['truncated', {isTruncated: true}],
		['malformed', {unfit: 'malformed'}],
		['tool-call', {unfit: 'tool-call'}],
	] as const)('calls nothing useful of an answer that is %s, packed or not', (kind, flaw) => {
		expect(judge('yes', [], flaw).map((verdict) => verdict.kind)).toEqual([kind]);
		expect(judge('billing', [item(0, 'billing')], flaw).map((verdict) => verdict.kind)).toEqual([kind]);
		const packed = judge('{"1": "a", "2": "b"}', [item(0, 'a'), item(1, 'b')], flaw);
		expect(packed.map((verdict) => verdict.kind)).toEqual([kind, kind]);
	});

	it('takes the call of a tool for an answer where the variant offers tools', () => {
		expect(judge('calling', [], {unfit: 'tool-call'}, {toolConfig: {tools: []}})[0]?.kind).toBe('useful');
	});

	it('takes an answer without checks as useful, an empty one not', () => {
		expect(judge('yes', [])[0]).toMatchObject({kind: 'useful', checked: false});
		expect(judge('  ', [])[0]).toMatchObject({kind: 'check-failed'});
	});

	it('compares with the known right answer', () => {
		expect(judge('billing', [item(0, 'billing')])[0]).toMatchObject({
			kind: 'useful',
			checked: true,
		});
		expect(judge('other', [item(0, 'billing')])[0]).toMatchObject({kind: 'check-failed'});
	});

	it('compares the last line alone where the task says so, packed or not', () => {
		const rules = {...task([]), expectedIn: 'last-line'} as const;
		const kinds = (text: string, items: readonly Item[]) =>
			judgeAnswer({text, isTruncated: false, isRefused: false}, rules, items, {parameters: {}}).map(
				({kind}) => kind,
			);
		const billing = item(0, 'billing');
		expect(kinds('It is about money.\n\n billing \n', [billing])).toEqual(['useful']);
		expect(kinds('billing', [billing])).toEqual(['useful']);
		expect(kinds('billing\nbecause of the money', [billing])).toEqual(['check-failed']);
		expect(kinds('{"1": "money\\nbilling", "2": "x"}', [billing, item(1, 'a')])).toEqual([
			'useful',
			'check-failed',
		]);
	});

	it.each([
		['  ', [], 'answered', 'the answer is empty'],
		['other', [], 'expected', 'expected: billing'],
		['billing', [{contains: 'x'}], 'contains', 'wanted in it: x'],
		['billing', [{oneOf: ['a', 'b']}], 'oneOf', 'wanted one of: a, b'],
		['billing', [{equals: ' a '}], 'equals', 'wanted: a'],
		['billing', [{maxCharacters: 3}], 'maxCharacters', '7 characters, at most 3'],
		['billing', [{regex: '^a'}], 'regex', 'wanted: /^a/'],
		['billing', [{jsonSchema: {type: 'object'}}], 'jsonSchema', 'it is not JSON'],
		['{"a": 1}', [{jsonSchema: {properties: {a: {type: 'string'}}}}], 'jsonSchema', '"a" must be string'],
		['[]', [{maxCharacters: 9}, {jsonSchema: {type: 'object'}}], 'jsonSchema', 'must be object'],
	] as const)('says of %j with %j which check failed, and why', (text, checks, check, why) => {
		const answer = {text, isTruncated: false, isRefused: false};
		const [verdict] = judgeAnswer(
			answer,
			task(checks),
			[item(0, check === 'expected' ? 'billing' : undefined)],
			{parameters: {}},
		);
		expect(verdict).toMatchObject({kind: 'check-failed', failed: {check, why}});
	});

	it('takes a packed reply apart, item by item', () => {
		const verdicts = judge('Sure: {"1": "a", "3": "x"}', [item(0, 'a'), item(1, 'b'), item(2, 'c')]);
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
