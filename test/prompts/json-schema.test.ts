import {describe, expect, it} from 'vitest';
import {compileSchema} from '../../source/prompts/json-schema.ts';

type Schema = Readonly<Record<string, unknown>>;

/** As text, for what has a member `then` would be taken for a promise. */
const conditional: Schema = JSON.parse('{"if": {"required": ["a"]}, "then": {"required": ["b"]}}');

describe('compileSchema', () => {
	const refused: ReadonlyArray<readonly [Schema, unknown]> = [
		[{type: 'object', required: ['label']}, {}],
		[{required: ['label']}, {}],
		[{type: 'object', properties: {a: {}}, required: ['a', 'zz']}, {a: 'x'}],
		[{minimum: 5}, 3],
		[{type: 'object', allOf: [{required: ['a']}, {required: ['b']}]}, {a: 1}],
		[{properties: {a: {type: 'string'}}}, {a: 1}],
		[{not: {type: 'string'}}, 'x'],
		[conditional, {a: 1}],
		[{dependentRequired: {a: ['b']}}, {a: 1}],
		[{type: 'object', additionalProperties: false}, {a: 1}],
		[{required: ['toString']}, {}],
		[{type: 'string', format: 'date'}, 'tomorrow'],
		[{$ref: '#/$defs/word', $defs: {word: {type: 'string'}}}, 1],
		[{$ref: '#/definitions/word', definitions: {word: {type: 'string'}}}, 1],
		[{$async: true, type: 'object'}, 1],
		[{prefixItems: [{type: 'string'}]}, [1]],
		// What draft-07 wrote for it, with the draft named and without.
		[{items: [{type: 'string'}]}, [1]],
		[{$schema: 'http://json-schema.org/draft-07/schema#', items: [{type: 'string'}]}, [1]],
	];
	it.each(refused)('%j refuses %j', (schema, value) => {
		expect(compileSchema(schema)(value)).toBeDefined();
	});

	const accepted: ReadonlyArray<readonly [Schema, unknown]> = [
		[{const: {a: 1}}, {a: 1}],
		[
			{type: 'object', required: ['label']},
			{label: 'x', more: 1},
		],
		[{minimum: 5}, 'no number'],
		[{not: {type: 'string'}}, 1],
		[conditional, {}],
		[{dependentRequired: {a: ['b']}}, {a: 1, b: 2}],
		[{type: 'string', format: 'date'}, '2026-02-28'],
		[{type: 'string', format: 'a-format-of-ours'}, 'x'],
		[{aWordOfOurs: true}, 1],
		[{properties: {child: {$ref: '#'}}, type: 'object'}, {child: {child: {}}}],
		[{$id: 'https://example.com/a', properties: {a: {$ref: 'https://example.com/a'}}}, {a: {}}],
		[{$schema: 'https://json-schema.org/draft/2020-12/schema', type: 'object'}, {}],
		[{$schema: 'https://json-schema.org/draft/2019-09/schema', type: 'object'}, {}],
		[{$schema: 'https://json-schema.org/draft-07/schema', type: 'object'}, {}],
		[{$schema: 'http://json-schema.org/draft-06/schema#', type: 'object'}, {}],
	];
	it.each(accepted)('%j accepts %j', (schema, value) => {
		expect(compileSchema(schema)(value)).toBeUndefined();
	});

	const wrong: ReadonlyArray<readonly [Schema, string]> = [
		[{type: 'foo'}, '"type" must be one of array, boolean, integer, null, number, object, string'],
		[{properties: {a: {type: 'foo'}}}, '"properties.a.type" must be one of array,'],
		[{required: 'label'}, '"required" must be array'],
		[{items: 5}, '"items" must be a schema'],
		[{properties: {a: {pattern: '('}}}, 'Invalid regular expression: /(/u'],
		[{$ref: '#/definitions/x'}, '"$ref" leads nowhere: "#/definitions/x"'],
		[{$ref: 'https://example.com/other'}, '"$ref" leads nowhere: "https://example.com/other"'],
		[{$ref: '#'}, 'a "$ref" leads back to itself'],
		[
			{$schema: 'http://json-schema.org/draft-04/schema#'},
			'"$schema" is "http://json-schema.org/draft-04/schema#", a draft that is not known',
		],
	];
	it.each(wrong)('%j is said to be wrong, and where', (schema, sentence) => {
		expect(() => compileSchema(schema)).toThrow(sentence);
	});

	it('takes two schemas of one $id', () => {
		const $id = 'https://example.com/same';
		expect(compileSchema({$id, type: 'string'})(1)).toBe('must be string');
		expect(compileSchema({$id, type: 'number'})(1)).toBeUndefined();
	});
});
