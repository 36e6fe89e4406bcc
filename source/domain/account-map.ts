import type {Price} from './run-spec.ts';
import type {Target} from './target.ts';

/** A bucket of the account, with everything about it that does not change from minute to minute. */
export type KnownBucket = {
	readonly key: string;
	/** `model` is what a call would name; quota and burndown are the bucket's. */
	readonly target: Target;
	/** False for what cannot be called by this name, such as a ModelId that hides its model. */
	readonly isCallable: boolean;
	readonly price: Price | null;
	readonly notes: readonly string[];
};

/** Which bucket each ModelId draws from. */
export type AccountMap = {
	readonly buckets: ReadonlyMap<string, KnownBucket>;
	/** Key of the bucket by ModelId. */
	readonly owners: ReadonlyMap<string, string>;
};

/** Key of a bucket within a Region. */
export const bucketKey = ({baseModel, scope}: Pick<Target, 'baseModel' | 'scope'>): string =>
	`${baseModel} ${scope}`;
