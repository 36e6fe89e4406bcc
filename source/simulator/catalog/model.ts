/** A foundation model as the simulated account sees it, and the stages of its life. */

/** The request and answer bodies that a model speaks. */
export type FamilyName =
	| 'anthropic'
	| 'nova'
	| 'titan'
	| 'llama'
	| 'mistral-prompt'
	| 'mistral-chat'
	| 'command'
	| 'command-r'
	| 'jamba'
	| 'jurassic'
	| 'deepseek'
	| 'openai';

/** The routes that a model can be called on; each has its own bucket. */
export type Scope = 'on-demand' | 'cross-region' | 'global';

/** What a model refuses, or does differently from its family. */
export type Trait =
	/** Sampling parameters are refused. */
	| 'no-sampling'
	/** `temperature` or `top_p`, not both. */
	| 'one-sampling'
	/** CountTokens is supported. */
	| 'counts-tokens'
	/** Cache points are honoured. */
	| 'caches'
	/** Token counts of the cache are reported even where nothing was cached. */
	| 'reports-cache'
	/** Converse reports `serverToolUsage`. */
	| 'reports-server-tools'
	/** Reasons before every answer. */
	| 'reasons'
	/** Reasons where it is asked to. */
	| 'thinks'
	| 'no-tools'
	/** Calls tools in whole answers only. */
	| 'no-streamed-tools'
	| 'no-system'
	| 'no-access'
	/** Answers whole only. */
	| 'no-streaming'
	/** Still answers, on its way out. */
	| 'legacy'
	/** Past the end of its life. */
	| 'end-of-life'
	/** Released after 2024. */
	| 'since-2025';

export type Model = {
	readonly id: string;
	readonly name: string;
	readonly provider: string;
	readonly family: FamilyName;
	/** Decides how fast it answers. */
	readonly size: 'small' | 'medium' | 'large';
	/** Longest answer in tokens. */
	readonly maximumOutputTokens: number;
	/** Max tokens where the request names none; undefined: the longest answer. */
	readonly defaultOutputTokens: number | undefined;
	/** Multiplier of output tokens at settlement. */
	readonly burndown: number;
	readonly isOnDemand: boolean;
	/** Prefixes of its inference profiles. */
	readonly profiles: readonly string[];
	readonly traits: ReadonlySet<Trait>;
};

/** Scope of a profile prefix. */
export function scopeOfPrefix(prefix: string): Scope {
	return prefix === 'global' ? 'global' : 'cross-region';
}

/** Which models the account has: those of today, or those of the end of 2024. */
export type Era = 'now' | '2024';

/** Stage of a model's life. `unreleased`: the account does not know it yet. */
export type LifecycleState = 'active' | 'legacy' | 'ended' | 'unreleased';

/** The stage of each model. */
export type Lifecycle = (model: Model) => LifecycleState;

/** @param ended Parts of the IDs of models that a scenario retires; base ID and profiles alike. */
export function createLifecycle(era: Era = 'now', ended: readonly string[] = []): Lifecycle {
	return ({id, traits}) => {
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
}
