import {validationError} from '../wire/exchange.ts';
import {isJson, type Json} from './prompt.ts';

/** Validation of request bodies, with the messages of the JSON schema validator in front of most models. */

export type Shape =
	| {readonly type: 'any'}
	| {readonly type: 'string'; readonly values?: readonly string[]}
	| {readonly type: 'boolean'}
	| {readonly type: 'number'; readonly minimum?: number; readonly maximum?: number}
	| {readonly type: 'array'; readonly items: Shape}
	| {
			readonly type: 'object';
			readonly keys: Readonly<Record<string, Shape>>;
			readonly required?: readonly string[];
			/** Further keys are permitted. */
			readonly isOpen?: boolean;
	  };

const typeNames = {
	string: 'String',
	boolean: 'Boolean',
	number: 'Number',
	array: 'JSONArray',
	object: 'JSONObject',
};

/** Throws the service's ValidationException where a body does not have the shape. */
export function assertShape(body: Json, shape: Shape): void {
	const found = violations(body, shape);
	if (found.length === 0) {
		return;
	}
	const what = found.length === 1 ? found[0] : `${found.length} schema violations found`;
	throw validationError(`Malformed input request: ${what}, please reformat your input and try again.`);
}

/** All violations of a shape. */
function violations(value: unknown, shape: Shape, path = '#'): readonly string[] {
	if (shape.type === 'any') {
		return [];
	}
	if (!isOfType(value, shape.type)) {
		return [`${path}: expected type: ${typeNames[shape.type]}, found: ${foundName(value)}`];
	}
	switch (shape.type) {
		case 'boolean':
			return [];
		case 'string':
			return shape.values === undefined || shape.values.includes(value as string)
				? []
				: [`${path}: ${value} is not a valid enum value`];
		case 'number':
			if (shape.minimum !== undefined && (value as number) < shape.minimum) {
				return [`${path}: ${value} is not greater or equal to ${shape.minimum}`];
			}
			return shape.maximum !== undefined && (value as number) > shape.maximum
				? [`${path}: ${value} is not less or equal to ${shape.maximum}`]
				: [];
		case 'array':
			return (value as readonly unknown[]).flatMap((entry, index) =>
				violations(entry, shape.items, `${path}/${index}`),
			);
		case 'object':
			return objectViolations(value as Json, shape, path);
	}
}

const isOfType = (value: unknown, type: Shape['type']): boolean => {
	switch (type) {
		case 'any':
			return true;
		case 'array':
			return Array.isArray(value);
		case 'object':
			return isJson(value);
		default:
			return typeof value === type;
	}
};

const foundName = (value: unknown): string => {
	if (value === null) {
		return 'Null';
	}
	if (Array.isArray(value)) {
		return 'JSONArray';
	}
	if (typeof value === 'number') {
		return Number.isInteger(value) ? 'Integer' : 'BigDecimal';
	}
	return typeof value === 'object' ? 'JSONObject' : typeof value === 'string' ? 'String' : 'Boolean';
};

const objectViolations = (
	value: Json,
	shape: Extract<Shape, {type: 'object'}>,
	path: string,
): readonly string[] => [
	...(shape.required ?? [])
		.filter((key) => value[key] === undefined)
		.map((key) => `${path}: required key [${key}] not found`),
	...Object.entries(value).flatMap(([key, entry]) => {
		const known = Object.hasOwn(shape.keys, key) ? shape.keys[key] : undefined;
		if (known !== undefined) {
			return violations(entry, known, `${path}/${key}`);
		}
		return shape.isOpen ? [] : [`${path}: extraneous key [${key}] is not permitted`];
	}),
];

export const anything: Shape = {type: 'any'};
export const text: Shape = {type: 'string'};
export const texts: Shape = {type: 'array', items: text};
export const probability: Shape = {type: 'number', minimum: 0, maximum: 1};
export function count(maximum: number): Shape {
	return {type: 'number', minimum: 1, maximum};
}
