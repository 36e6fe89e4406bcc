import {Ajv2020} from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {createRandom} from '../../source/simulator/answers/random.ts';
import {patternText, schemaValue} from '../../source/simulator/answers/schema-value.ts';
import type {Json} from '../../source/simulator/families/prompt.ts';

/** Tests source/simulator/answers/schema-value.ts: a tool's input is valid by the tool's schema. */

const ajv = new Ajv2020({strict: false, allErrors: true});
addFormats.default(ajv);

const faultsOf = (schema: Json, seed: number): readonly string[] => {
	const value = schemaValue(createRandom(seed), schema, {textFor: (key) => `Rain ${key}`, number: 1234.5});
	const validate = ajv.compile(schema);
	return validate(value) ? [] : [`${JSON.stringify(value)}: ${ajv.errorsText(validate.errors)}`];
};

const object = (properties: Json, more: Json = {}): Json => ({type: 'object', properties, ...more});

const schemas: Readonly<Record<string, Json>> = {
	'no type': {},
	'no properties': {type: 'object', properties: {}, additionalProperties: false},
	'required without properties': {type: 'object', required: ['a', 'b']},
	'the usual': object(
		{city: {type: 'string', description: 'The city'}, unit: {enum: ['C', 'F']}, days: {type: 'integer'}},
		{required: ['city'], additionalProperties: false},
	),
	bounds: object({
		percent: {type: 'number', minimum: 0, maximum: 100},
		above: {type: 'number', exclusiveMinimum: 5000, exclusiveMaximum: 5001},
		even: {type: 'integer', multipleOf: 2, minimum: 1, maximum: 9},
		few: {type: 'integer', minimum: -3, maximum: -1},
	}),
	lengths: object({
		short: {type: 'string', maxLength: 3},
		long: {type: 'string', minLength: 50},
		code: {type: 'string', pattern: '^[A-Z]{3}-\\d{4}$'},
		either: {type: 'string', pattern: '^(?:yes|no)$'},
	}),
	formats: object(
		Object.fromEntries(
			['date', 'time', 'date-time', 'duration', 'email', 'hostname', 'ipv4', 'ipv6', 'uri', 'uuid'].map(
				(format) => [format, {type: 'string', format}],
			),
		),
	),
	nullable: object({a: {type: ['null', 'string']}, b: {anyOf: [{type: 'null'}, {type: 'integer'}]}}),
	choices: object({
		a: {oneOf: [object({kind: {const: 'x'}}, {required: ['kind']}), object({kind: {const: 'y'}})]},
		b: {allOf: [object({p: {type: 'string'}}, {required: ['p']}), object({q: {type: 'integer'}})]},
	}),
	lists: object({
		two: {type: 'array', items: {type: 'string'}, minItems: 2, maxItems: 3, uniqueItems: true},
		none: {type: 'array', items: {type: 'string'}, maxItems: 0},
		pair: {type: 'array', prefixItems: [{type: 'string'}, {type: 'number'}], items: false},
		subset: {type: 'array', items: {enum: ['a', 'b', 'c']}, minItems: 3, uniqueItems: true},
	}),
	map: object({scores: {type: 'object', additionalProperties: {type: 'number'}, minProperties: 2}}),
	references: {
		type: 'object',
		properties: {first: {$ref: '#/$defs/node'}},
		required: ['first'],
		$defs: {
			node: object(
				{
					value: {type: 'string'},
					next: {$ref: '#/$defs/node'},
					children: {type: 'array', items: {$ref: '#/$defs/node'}},
				},
				{required: ['value'], additionalProperties: false},
			),
		},
	},
};

describe('a value of a schema', () => {
	it.each(Object.entries(schemas))('%s', (_name, schema) => {
		for (let seed = 0; seed < 20; seed++) {
			expect(faultsOf(schema, seed)).toEqual([]);
		}
	});

	it('is valid for schemas of any nesting', () => {
		const {schema} = fc.letrec<{schema: Json}>((tie) => ({
			schema: fc.oneof(
				{depthSize: 'small'},
				fc.record({
					type: fc.constant('string'),
					minLength: fc.nat(9),
					maxLength: fc.integer({min: 9, max: 20}),
				}),
				fc.record({
					type: fc.constant('integer'),
					minimum: fc.integer({min: -50, max: 0}),
					maximum: fc.nat(50),
				}),
				fc.record({type: fc.constant('boolean')}),
				fc.record({enum: fc.array(fc.oneof(fc.string(), fc.integer()), {minLength: 1, maxLength: 4})}),
				fc.record({type: fc.constant('array'), items: tie('schema'), minItems: fc.nat(2)}),
				fc
					.dictionary(fc.stringMatching(/^[a-z]{1,6}$/), tie('schema'), {maxKeys: 4})
					.map((properties) => object(properties, {required: Object.keys(properties).slice(0, 2)})),
			),
		}));
		fc.assert(
			fc.property(schema, fc.nat(), (given, seed) => {
				expect(faultsOf(given, seed)).toEqual([]);
			}),
		);
	});

	it.each([
		'^\\d{3}$',
		'[a-f0-9]{8}',
		'^(GET|POST) /\\w+$',
		'^[^@\\s]+@[^@\\s]+\\.[a-z]{2,}$',
		'x?y+z*',
		'^#[0-9A-F]{6}$',
	])('matches %s', (pattern) => {
		for (let seed = 0; seed < 20; seed++) {
			expect(patternText(createRandom(seed), pattern)).toMatch(new RegExp(pattern, 'u'));
		}
	});
});
