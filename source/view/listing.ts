import type {Fault} from '../domain/fault.ts';

/** A list that is asked for when somebody wants to choose from it. */
export type Listing<Entry> =
	| {readonly kind: 'unasked'}
	| {readonly kind: 'loading'; readonly sinceMs: number}
	| {readonly kind: 'known'; readonly entries: readonly Entry[]}
	| {readonly kind: 'failed'; readonly fault: Fault};

/** A preset that is shipped. */
export type ListedPreset = {readonly name: string; readonly description: string};
