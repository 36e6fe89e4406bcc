/**
 * Model names as bags of normalised words, so that `anthropic.claude-sonnet-4-5-20250929-v1:0` and `Anthropic Claude Sonnet 4.5
 * V1` become the same thing while `Claude Sonnet 4` and `Claude Sonnet 4.6` stay apart. Equality is exact: nothing is near.
 */

/** Words of one name, in a form that compares with `===`, and whether the vendor is part of the name. */
export type ModelWords = {
	/** Sorted words without the vendor's; empty when nothing is left. */
	readonly key: string;
	/** The same without words that AWS leaves out at will (`Instruct`, `IT`). */
	readonly looseKey: string;
	/** The vendor was part of the name: a model whose ID repeats its vendor (`mistral.mistral-large-...`) needs it in the label. */
	readonly namesVendor: boolean;
};

const separators = /[\s\-_()/,:]+/;
const optionalWords: ReadonlySet<string> = new Set(['instruct', 'it']);

/** Words of a label of Service Quotas or of a `modelName`, from the view of one provider (`mistral`, `zai`, ...). */
export const labelWords = (label: string, provider: string): ModelWords => labelViews(label)(provider);

/** The same for many providers: most of them are not named in a label and share one view. */
export const labelViews = (label: string): ((provider: string) => ModelWords) => {
	const words = dropFirstVersion(splitWords(label));
	const plain = modelWords(words, false);
	const heads = headsOf(words);
	return (provider) => (isVendorIn(heads, provider) ? modelWords(stripVendor(words, provider), true) : plain);
};

/** Words of a base model ID whose context suffix is folded. */
export const idWords = (baseModel: string): ModelWords => {
	const dot = baseModel.indexOf('.');
	const provider = baseModel.slice(0, Math.max(0, dot));
	const words = joinVersions(splitWords(plainModel(baseModel.slice(dot + 1))));
	const named = dropFirstVersion(words);
	const rest = stripVendor(named, provider);
	return modelWords(rest, rest.length < named.length);
};

/** Lower-case words; letters and the number behind them are two (`Qwen3`, `Llama3`, `Reel1.0`). */
const splitWords = (text: string): string[] =>
	text
		.toLowerCase()
		.replaceAll('+', ' plus ')
		.split(separators)
		.flatMap((word) => splitLettersAndNumber(word))
		.filter((word) => word !== '')
		.map((word) => normaliseNumber(word));

const splitLettersAndNumber = (word: string): string[] => {
	const match = /^([a-z]{2,})(\d[\d.]*)$/.exec(word);
	return match === null ? [word] : [match[1] ?? '', match[2] ?? ''];
};

/** `3.0` is 3, `v3.2` is 3.2, `25.02` (a month) is 2502. */
const normaliseNumber = (word: string): string => {
	if (/^2\d\.(?:0\d|1[0-2])$/.test(word)) {
		return word.replace('.', '');
	}
	const version = /^v(\d+\.\d+)$/.exec(word)?.[1] ?? word;
	return /^\d+\.0$/.test(version) && version !== '1.0' ? version.slice(0, -2) : version;
};

/** A first version at the end says nothing: `V1` and `1.0` are appended to some names and not to others. */
const dropFirstVersion = (words: readonly string[]): string[] =>
	words.at(-1) === 'v1' || words.at(-1) === '1.0' ? words.slice(0, -1) : [...words];

/** Takes the vendor off the front, however it is spelt (`Twelve Labs`, `Z.ai`, `AI21 Labs`), as often as it is there. */
const stripVendor = (words: readonly string[], provider: string): readonly string[] => {
	const length = headsOf(words).findLastIndex((head) => isVendorIn([head], provider)) + 1;
	return length === 0 ? words : stripVendor(words.slice(length), provider);
};

/** Words that may follow a vendor's first word: a number split off it (`AI21`), `AI`, `Labs`. */
const vendorWord = /^(?:\d+|ai|labs)$/;

/** What may be a vendor's name: the first word alone, with the second, with the third; `Z.ai` is one word. */
const headsOf = (words: readonly string[]): readonly string[] => {
	const heads = [(words[0] ?? '').replace(/\.ai$/, 'ai')];
	for (const word of words.slice(1, 3)) {
		if (!vendorWord.test(word)) {
			break;
		}
		heads.push(`${heads.at(-1)}${word}`);
	}
	return heads;
};

const isVendorIn = (heads: readonly string[], provider: string): boolean =>
	provider !== '' &&
	heads.some(
		(head) =>
			head === provider ||
			head === `${provider}ai` ||
			head === `${provider}labs` ||
			(provider.length > 6 && provider === `${head}ai`),
	);

/**
 * The model part of an ID without its date, with its version and revision as one word: `-v1:0` is `v1`, `-v2:1` is `v2.1`,
 * `-v0:2` is `v0.2`, and `-1:0` is `v1` as in `gpt-oss-120b-1:0`.
 */
const plainModel = (model: string): string =>
	model
		.replace(/-20\d{6}(?=-|:|$)/, '')
		.replace(/([a-z])-1:0$/, '$1-v1')
		.replace(/(?<!-v\d{1,2})-(\d+):(\d+)$/, '-v$1:$2')
		.replace(/:0$/, '')
		.replace(/(v\d+):(\d+)$/, '$1.$2');

/** `claude-3-5-haiku` is 3.5, `rerank-v3-5` and `kimi-k2-5` likewise; a lone number stays alone. */
const joinVersions = (words: readonly string[]): string[] => {
	const joined: string[] = [];
	for (const word of words) {
		const previous = joined.at(-1);
		const isMinor = /^\d{1,2}$/.test(word);
		if (isMinor && previous !== undefined && /^[a-z]?\d{1,2}$/.test(previous)) {
			joined[joined.length - 1] = normaliseNumber(`${previous}.${word}`);
		} else {
			joined.push(word);
		}
	}
	return joined;
};

const modelWords = (words: readonly string[], namesVendor: boolean): ModelWords => ({
	key: words.toSorted().join(' '),
	looseKey: words
		.filter((word) => !optionalWords.has(word))
		.toSorted()
		.join(' '),
	namesVendor,
});
