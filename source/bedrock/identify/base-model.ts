/** Base model IDs: `provider.model-date-version:revision:context`, such as `anthropic.claude-sonnet-4-20250514-v1:0:200k`. */

/**
 * A provider has one plain word and the name behind the dot starts with a letter. That tells `us.deepseek.v3.2` (profile of
 * `deepseek.v3.2`) from `deepseek.v3.2` itself, whose remainder `v3.2` has a digit behind its dot.
 */
const baseModelPattern = /^[a-z][a-z0-9]+\.[a-z][a-z0-9.-]*(?::[a-z0-9]+)*$/i;

/** A context length at the end: `:200k`, `:1m`, `:512`, `:mm` (multimodal), with the revision before it. */
const contextPattern = /^(.*?)(?::(\d{1,2}))?:(\d+[km]|\d{3,}|mm)$/;

/** Whether the text has the form `provider.model`, whoever the provider is. */
export const looksLikeBaseModel = (text: string): boolean =>
	baseModelPattern.test(text) && !/^v\d+\./i.test(text);

/** The provider's word in a base model ID: `meta` of `meta.llama3-8b-instruct-v1:0`. */
export const providerOf = (baseModel: string): string => baseModel.slice(0, baseModel.indexOf('.'));

/**
 * Folds a context suffix: a variant with another context length is the same model for every quota.
 * The revision before it stays when `isKnown` confirms that ID (`...-v1:0:200k` is `...-v1:0`) and goes when only the
 * shorter ID is known (`cohere.command-text-v14:7:4k` is `cohere.command-text-v14`).
 * @returns the ID without the suffix; IDs without one are given back as they are.
 */
export const foldContext = (modelId: string, isKnown: (id: string) => boolean): string => {
	const match = contextPattern.exec(modelId);
	if (match === null) {
		return modelId;
	}
	const [, bare = '', revision] = match;
	if (revision === undefined) {
		return bare;
	}
	const revised = `${bare}:${revision}`;
	return isKnown(revised) || !isKnown(bare) ? revised : bare;
};

/** What two spellings of one base model have in common: `amazon.titan-embed-image-v1` and `...-v1:0` are one model. */
export const baseModelKey = (baseModel: string): string => baseModel.toLowerCase().replace(/:0$/, '');
