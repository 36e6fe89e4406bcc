import type {Model} from './model.ts';

/** Which models the account has: those of today, or those of the end of 2024. */
export type Era = 'now' | '2024';

/** How far a model is in its life. `unreleased`: the account does not know it yet. */
export type LifecycleState = 'active' | 'legacy' | 'ended' | 'unreleased';

/** Where each model is in its life. */
export type Lifecycle = (model: Model) => LifecycleState;

/**
 * @param ended Parts of the IDs of models that a scenario lets end; base ID and profiles alike.
 */
export const createLifecycle =
	(era: Era = 'now', ended: readonly string[] = []): Lifecycle =>
	({id, traits}) => {
		if (era === '2024' && traits.has('since-2025')) {
			return 'unreleased';
		}
		if (ended.some((part) => id.includes(part))) {
			return 'ended';
		}
		if (era === '2024') {
			return 'active';
		}
		return traits.has('end-of-life') ? 'ended' : traits.has('legacy') ? 'legacy' : 'active';
	};
