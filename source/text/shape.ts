/** Checks of what was read back from a file: another version or program may have written it. */

/** The fields that an object must have, and what each must be. */
export type Shape = Readonly<Record<string, (value: unknown) => boolean>>;

export function isText(value: unknown): value is string {
	return typeof value === 'string';
}

/** A number as JSON can hold it. */
export function isNumber(value: unknown): value is number {
	return Number.isFinite(value);
}

export function isFlag(value: unknown): value is boolean {
	return typeof value === 'boolean';
}

/** The same, or null. */
export function orNull(isValid: (value: unknown) => boolean): (value: unknown) => boolean {
	return (value) => value === null || isValid(value);
}

export function listOf(isValid: (value: unknown) => boolean): (value: unknown) => boolean {
	return (value) => Array.isArray(value) && value.every((each) => isValid(each));
}

/** An object with these fields; others do not matter. */
export function shapedAs(shape: Shape): (value: unknown) => boolean {
	return (value) =>
		typeof value === 'object' &&
		value !== null &&
		!Array.isArray(value) &&
		Object.entries(shape).every(([key, isValid]) => isValid((value as Record<string, unknown>)[key]));
}
