import {resultsJsonSchema} from '../reports/results-schema.ts';
import {manPage} from './man-page.ts';

/** TypeScript from JSON Schema, as far as zod writes it: so that the published types need nothing to be installed. */

type Schema = {
	readonly type?: string | readonly string[];
	readonly const?: unknown;
	readonly enum?: readonly unknown[];
	readonly anyOf?: readonly Schema[];
	readonly items?: Schema | false;
	readonly prefixItems?: readonly Schema[];
	readonly properties?: Readonly<Record<string, Schema>>;
	readonly required?: readonly string[];
	readonly additionalProperties?: Schema | boolean;
	readonly propertyNames?: Schema;
	readonly description?: string;
};

const tabs = (depth: number): string => '\t'.repeat(depth);

const union = (types: readonly string[]): string => [...new Set(types)].join(' | ');

const grouped = (type: string): string =>
	type.includes(' | ') || type.startsWith('readonly ') ? `(${type})` : type;

const comment = ({description}: Schema, depth: number): string =>
	description === undefined ? '' : `${tabs(depth)}/** ${description.replaceAll('*/', '* /')} */\n`;

const key = (name: string): string => (/^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name));

const membersOf = (schema: Schema, depth: number): string => {
	const {properties = {}, required = []} = schema;
	const members = Object.entries(properties).map(([name, member]) => {
		const mark = required.includes(name) ? '' : '?';
		return `${comment(member, depth + 1)}${tabs(depth + 1)}readonly ${key(name)}${mark}: ${typeOf(member, depth + 1)};\n`;
	});
	return `{\n${members.join('')}${tabs(depth)}}`;
};

const objectOf = (schema: Schema, depth: number): string => {
	const {properties, additionalProperties, propertyNames} = schema;
	if (properties !== undefined) {
		return membersOf(schema, depth);
	}
	const value = typeof additionalProperties === 'object' ? typeOf(additionalProperties, depth) : 'unknown';
	const names = propertyNames?.enum;
	return names === undefined
		? `Readonly<Record<string, ${value}>>`
		: `Readonly<Partial<Record<${union(names.map((name) => JSON.stringify(name)))}, ${value}>>>`;
};

const arrayOf = ({prefixItems, items}: Schema, depth: number): string =>
	prefixItems === undefined
		? `readonly ${grouped(typeof items === 'object' ? typeOf(items, depth) : 'unknown')}[]`
		: `readonly [${prefixItems.map((item) => typeOf(item, depth)).join(', ')}]`;

const named = (type: string | undefined, schema: Schema, depth: number): string => {
	switch (type) {
		case 'string':
		case 'boolean':
		case 'null':
			return type;
		case 'number':
		case 'integer':
			return 'number';
		case 'array':
			return arrayOf(schema, depth);
		case 'object':
			return objectOf(schema, depth);
		default:
			throw new Error(`No type is known for ${JSON.stringify(schema)}.`);
	}
};

function typeOf(schema: Schema, depth: number): string {
	if ('const' in schema) {
		return JSON.stringify(schema.const);
	}
	if (schema.enum !== undefined) {
		return union(schema.enum.map((value) => JSON.stringify(value)));
	}
	if (schema.anyOf !== undefined) {
		return union(schema.anyOf.map((option) => typeOf(option, depth)));
	}
	return typeof schema.type === 'object'
		? union(schema.type.map((type) => named(type, schema, depth)))
		: named(schema.type, schema, depth);
}

/**
 * A type declaration for what a JSON Schema describes.
 * @throws Error for a keyword that is not known here.
 */
export function typeDeclaration(name: string, schema: Readonly<Record<string, unknown>>): string {
	return `${comment(schema as Schema, 0)}export type ${name} = ${typeOf(schema as Schema, 0)};\n`;
}

/** Files of `dist/` that are for others than the program itself: name -> text. */
export function publishedFiles(version: string): Readonly<Record<string, string>> {
	const schema = resultsJsonSchema();
	return {
		'results.schema.json': `${JSON.stringify(schema, null, '\t')}\n`,
		'results.d.ts': [
			typeDeclaration('Results', schema),
			'/** The figures of one variant on one target. */',
			"export type VariantResults = Results['variants'][number];",
			'/** A model as it was called, with its quota. */',
			"export type TargetResults = Results['targets'][number];",
			'',
		].join('\n'),
		'bedrock-top.1': manPage(version),
	};
}
