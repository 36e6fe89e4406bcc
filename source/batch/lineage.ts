import {createHash} from 'node:crypto';
import type {BatchState} from './state.ts';

/**
 * The batches that asked again what one batch left without an answer, and what is still without one after all of them: an
 * answer that was paid for is not asked twice.
 */

export type Unanswered = {
	/** The newest of the batches, which the next one follows. */
	readonly last: BatchState;
	/** Indexes in order; a record has the same index in every batch of the lineage. */
	readonly failed: readonly number[];
	/** A batch that is not over: what it leaves is unknown until then. */
	readonly begun: BatchState | undefined;
	/** The batch and all that followed it. */
	readonly lineage: readonly BatchState[];
};

const hashOf = (id: string, failed: readonly number[]): string =>
	createHash('sha256')
		.update(JSON.stringify([id, failed]))
		.digest('hex');

/** Key of the batch that asks the rest: the same rest never makes a second batch. */
export function lineageKey({last, failed}: Pick<Unanswered, 'last' | 'failed'>): string {
	return hashOf(last.id, failed);
}

/** Batches that directly follow one. In states of earlier versions only the key says so. */
const madeFrom = (before: BatchState, all: readonly BatchState[]): readonly BatchState[] => {
	const key = hashOf(before.id, before.failed);
	return all.filter((state) => state.before === before.id || state.key === key);
};

/** All batches that follow one, the newest first. */
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
 * Finds what still has no answer.
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
		lineage: [before, ...made],
	};
}
