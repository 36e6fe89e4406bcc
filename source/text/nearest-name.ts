import {closestMatch} from 'leven';

/** The name that was probably meant. */

const sorted = (word: string): string => [...word].toSorted().join('');

/**
 * The known name that is nearest to a typed one: letters in another order, one wrong letter in three at most, or the
 * beginning of one name alone.
 * @returns Undefined where none is near.
 */
export function nearestName(typed: string, known: readonly string[]): string | undefined {
	const byLower = new Map(known.map((name) => [name.toLowerCase(), name]));
	const wanted = typed.toLowerCase();
	const names = [...byLower.keys()];
	const swapped = names.find((name) => sorted(name) === sorted(wanted));
	const begun = wanted.length < 3 ? [] : names.filter((name) => name.startsWith(wanted));
	const near =
		swapped ??
		closestMatch(wanted, names, {maxDistance: Math.max(1, Math.floor(wanted.length / 3))}) ??
		(begun.length === 1 ? begun[0] : undefined);
	return near === undefined ? undefined : byLower.get(near);
}

/** `Did you mean "classify"? `, to be put before a hint; empty where nothing is near. */
export function didYouMean(typed: string, known: readonly string[]): string {
	const name = nearestName(typed, known);
	return name === undefined ? '' : `Did you mean "${name}"? `;
}
