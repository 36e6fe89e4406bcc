import {isJson, type Json} from '../families/prompt.ts';

/** An error in the form of CloudWatch; the older form of its name travels in a header. */
export class MetricError extends Error {
	readonly status: number;
	readonly type: string;
	/** Name in the older query protocol. */
	readonly queryName: string;

	constructor(type: string, message: string, {status = 400, queryName = type} = {}) {
		super(message);
		this.name = 'MetricError';
		this.type = type;
		this.status = status;
		this.queryName = queryName;
	}
}

export function invalidParameter(message: string): MetricError {
	return new MetricError('InvalidParameterValueException', message, {queryName: 'InvalidParameterValue'});
}

export function validationFault(message: string): MetricError {
	return new MetricError('ValidationError', message, {queryName: 'ValidationError'});
}

/** A text field of a request; undefined for other types. */
export function textOf(input: Json, key: string): string | undefined {
	const value = input[key];
	return typeof value === 'string' ? value : undefined;
}

/** A number of a request; the query protocol sends it as text. @returns undefined for other values. */
export function numberOf(input: Json, key: string): number | undefined {
	const value = input[key];
	const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
	return typeof number === 'number' && !Number.isNaN(number) ? number : undefined;
}

/** A moment in milliseconds since 1970, from seconds or from a date as text. @throws MetricError without one. */
export function momentOf(input: Json, key: string): number {
	const seconds = numberOf(input, key);
	const atMs = seconds === undefined ? Date.parse(textOf(input, key) ?? '') : seconds * 1000;
	if (Number.isNaN(atMs)) {
		throw validationFault(`The parameter ${key} is required.`);
	}
	return atMs;
}

/** Elements of a list of texts. */
export function textListOf(input: Json, key: string): readonly string[] {
	const value = input[key];
	return Array.isArray(value) ? value.filter((each): each is string => typeof each === 'string') : [];
}

/** Elements of a list of structures. */
export function structuresOf(input: Json, key: string): readonly Json[] {
	const value = input[key];
	return Array.isArray(value) ? value.filter(isJson) : [];
}

/** Dimensions as one text, their order and white space apart. */
export function dimensionsOf(input: Json): ReadonlyArray<readonly [name: string, value: string | undefined]> {
	return structuresOf(input, 'Dimensions').map((each) => [textOf(each, 'Name') ?? '', textOf(each, 'Value')]);
}

/** A position in a list as an opaque token. */
export function tokenOf(place: readonly number[]): string {
	return Buffer.from(JSON.stringify(place)).toString('base64url');
}

/** @throws MetricError for an unknown token. */
export function pagePositionOf(token: string | undefined): readonly number[] {
	if (token === undefined) {
		return [];
	}
	try {
		const place: unknown = JSON.parse(Buffer.from(token, 'base64url').toString());
		if (Array.isArray(place) && place.every((part) => Number.isInteger(part) && part >= 0)) {
			return place as readonly number[];
		}
	} catch {
		// Refused below.
	}
	throw new MetricError('InvalidNextToken', 'Invalid nextToken', {queryName: 'InvalidNextToken'});
}
