import type {Target} from './target.ts';

/** A model or profile that can be run in the Region, as far as somebody who chooses one wants to know. */
export type ListedModel = Pick<Target, 'model' | 'scope' | 'quota'> & {
	/** As people call it; null where the service does not say. */
	readonly name: string | null;
};
