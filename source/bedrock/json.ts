/** Careful reading of answers: nothing here throws, and values of the wrong type are ignored. */

export type JsonObject = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is JsonObject {
	return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The value below `path`; undefined where a step is missing. Only own properties count. */
export function at(value: unknown, ...path: ReadonlyArray<string | number>): unknown {
	let current = value;
	for (const step of path) {
		if (typeof current !== 'object' || current === null || !Object.hasOwn(current, step)) {
			return undefined;
		}
		current = (current as Record<string | number, unknown>)[step];
	}
	return current;
}

export function stringOf(value: unknown): string | undefined {
	return typeof value === 'string' ? value : undefined;
}

/** A non-empty string; undefined otherwise. */
export function wordOf(value: unknown): string | undefined {
	return typeof value === 'string' && value !== '' ? value : undefined;
}

export function listOf(value: unknown): readonly unknown[] {
	return Array.isArray(value) ? value : [];
}

/** A whole number from 0 up; undefined otherwise, also for numeric strings. */
export function countOf(value: unknown): number | undefined {
	return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}

/** A duration in milliseconds. */
export function millisecondsOf(value: unknown): number | undefined {
	return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : undefined;
}

/** The parsed text; undefined where it is not JSON. */
export function parseJson(text: string): unknown {
	try {
		return JSON.parse(text) as unknown;
	} catch {
		return undefined;
	}
}

/** The strings of a list joined; undefined where there is none. */
export function joined(parts: ReadonlyArray<string | undefined>): string | undefined {
	const present = parts.filter((part) => part !== undefined);
	return present.length === 0 ? undefined : present.join('');
}
