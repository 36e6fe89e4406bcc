import {createHash} from 'node:crypto';
import type {BatchState} from './state.ts';

/** What of a batch has no answer yet, after all that was submitted again: an answer that was paid for is not asked twice. */

export type Unanswered = {
	/** The newest of the batches that asked some of it again, else the batch itself: what is made next follows it. */
	readonly last: BatchState;
	/** Positions in order; the same ones in every batch of the line. */
	readonly failed: readonly number[];
	/** One that is not over: what it leaves is not known before. */
	readonly begun: BatchState | undefined;
	/** The batch and all that came of it. */
	readonly line: readonly BatchState[];
};

const hashOf = (id: string, failed: readonly number[]): string =>
	createHash('sha256')
		.update(JSON.stringify([id, failed]))
		.digest('hex');

/** Key of the batch that asks the rest: the same rest makes the same batch, and never a second one. */
export function lineageKey({last, failed}: Pick<Unanswered, 'last' | 'failed'>): string {
	return hashOf(last.id, failed);
}

/** Batches that ask again what one left. States of earlier versions say so by their key alone. */
const madeFrom = (before: BatchState, all: readonly BatchState[]): readonly BatchState[] => {
	const key = hashOf(before.id, before.failed);
	return all.filter((state) => state.before === before.id || state.key === key);
};

/** All that came of a batch, itself not included. */
const descendants = (before: BatchState, all: readonly BatchState[]): readonly BatchState[] => {
	const found = new Set<BatchState>();
	const open = [before];
	for (let next = open.pop(); next !== undefined; next = open.pop()) {
		for (const made of madeFrom(next, all)) {
			if (!found.has(made)) {
				found.add(made);
				open.push(made);
			}
		}
	}
	return [...found].toSorted((first, second) => second.startedAtMs - first.startedAtMs);
};

/**
 * Follows what was submitted again after a batch.
 * @param before A batch whose results are written.
 */
export function findUnanswered(before: BatchState, all: readonly BatchState[]): Unanswered {
	const made = descendants(before, all);
	const answered = new Set<number>();
	for (const {results, subset, failed} of made) {
		const missing = new Set(failed);
		for (const index of results === null ? [] : (subset ?? [])) {
			if (!missing.has(index)) {
				answered.add(index);
			}
		}
	}
	return {
		last: made[0] ?? before,
		failed: before.failed.filter((index) => !answered.has(index)).toSorted((first, second) => first - second),
		begun: made.find(({results}) => results === null),
		line: [before, ...made],
	};
}
