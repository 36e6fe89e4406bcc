import {baseModelKey, identify, type ModelIndex, providerOf} from '../identify/identify.ts';

/**
 * Which base model a quota name is about: by alias, else by exact words. Aliases are labels of Service Quotas that no
 * rule derives from the model ID: AWS left out a size, a version or a word, wrote another name, or mistyped. An
 * aliased label belongs to its model alone, so that nothing else can claim it by its words. Source: AWS General
 * Reference, quotas of Amazon Bedrock, read 2026-11-22, beside the model IDs of ListFoundationModels.
 */
const labelsByModel: Readonly<Record<string, readonly string[]>> = {
	'ai21.j2-mid-v1': ['AI21 Labs Jurassic-2 Mid'],
	'ai21.j2-ultra-v1': ['AI21 Labs Jurassic-2 Ultra'],
	'amazon.titan-embed-image-v1': ['Amazon Titan Multimodal Embeddings G1'],
	'amazon.titan-embed-text-v1': ['Amazon Titan Text Embeddings'],
	'amazon.titan-embed-text-v2': ['Amazon Titan Text Embeddings V2'],
	'amazon.titan-image-generator-v1': ['Amazon Titan Image Generator G1'],
	'amazon.titan-image-generator-v2': ['Amazon Titan Image Generator G1 V2'],
	'anthropic.claude-sonnet-4-6': ['Anthropic Claude Sonnet 4.6'],
	'cohere.command-light-text-v14': ['Cohere Command Light'],
	'cohere.command-text-v14': ['Cohere Command'],
	'cohere.embed-english-v3': ['Cohere Embed English'],
	'cohere.embed-multilingual-v3': ['Cohere Embed Multilingual'],
	'meta.llama4-maverick-17b-instruct-v1': ['Meta Llama 4 Maverick V1'],
	'meta.llama4-scout-17b-instruct-v1': ['Meta Llama 4 Scout V1'],
	'mistral.magistral-small-2509': ['Magistral Small 1.2'],
	'mistral.mistral-7b-instruct-v0:2': ['Mistral 7B Instruct', 'Mistral AI Mistral 7B Instruct'],
	'mistral.mistral-large-2402-v1': ['Mistral Large', 'Mistral AI Mistral Large'],
	'mistral.mistral-large-3-675b-instruct': ['Mistral Large 3'],
	'mistral.mistral-small-2402-v1': ['Mistral AI Mistral Small'],
	'mistral.mixtral-8x7b-instruct-v0:1': [
		'Mistral Mixtral 8x7b Instruct',
		'Mistral AI Mixtral 8X7B Instruct',
		'Mistral AI Mixtral 8X7BB Instruct',
	],
	'mistral.voxtral-mini-3b-2507': ['Voxtral Mini 1.0'],
	'mistral.voxtral-small-24b-2507': ['Voxtral Small 1.0'],
	'moonshot.kimi-k2-thinking': ['Kimi K2 Thinking'],
	'nvidia.nemotron-nano-9b-v2': ['NVIDIA Nemotron Nano 2'],
	'nvidia.nemotron-super-3-120b': ['NVIDIA Nemotron 3 Super 120B A12B'],
	'stability.sd3-5-large-v1': ['Stability.ai Stable Diffusion 3.5 Large'],
	'stability.sd3-large-v1': ['Stability.ai Stable Diffusion 3 Large'],
	'stability.stable-conservative-upscale-v1': ['Stable Image Conservative Upscale'],
	'stability.stable-creative-upscale-v1': ['Stable Image Creative Upscale'],
	'stability.stable-diffusion-xl-v0': ['Stability.ai Stable Diffusion XL 0.8'],
	'stability.stable-diffusion-xl-v1': ['Stability.ai Stable Diffusion XL 1.0'],
	'stability.stable-fast-upscale-v1': ['Stable Image Fast Upscale'],
	'twelvelabs.marengo-embed-2-7-v1': ['Twelve Labs Marengo', 'TwelveLabs Marengo'],
	'twelvelabs.pegasus-1-2-v1': ['Twelve Labs Pegasus', 'TwelveLabs Pegasus'],
};

/** A first version at the end carries no information: it is appended to some labels and not to others. */
const plainLabel = (label: string): string => label.toLowerCase().replace(/ v1$/, '');

const modelsByLabel: ReadonlyMap<string, string> = new Map(
	Object.entries(labelsByModel).flatMap(([model, labels]) =>
		labels.map((label) => [plainLabel(label), model] as const),
	),
);

/**
 * The model that owns a label whatever its words say.
 * @returns a base model ID without revision `:0`; undefined for labels that follow the rule.
 */
function aliasOwner(label: string): string | undefined {
	return modelsByLabel.get(plainLabel(label));
}

/**
 * Model names as bags of normalized words, so that `anthropic.claude-sonnet-4-5-20250929-v1:0` and `Anthropic Claude
 * Sonnet 4.5 V1` become the same thing while `Claude Sonnet 4` and `Claude Sonnet 4.6` stay apart. Only exact
 * equality counts.
 */

/** Words of one name, in a form that compares with `===`, and whether the vendor is part of the name. */
type ModelWords = {
	/** Sorted words without the vendor's; empty when nothing is left. */
	readonly key: string;
	/** The same without words that AWS leaves out at will (`Instruct`, `IT`). */
	readonly looseKey: string;
	/** The vendor was part of the name: a model whose ID repeats its vendor (`mistral.mistral-large-...`) needs it in the label. */
	readonly namesVendor: boolean;
};

const wordSeparators = /[\s\-_()/,:]+/;
const optionalWords: ReadonlySet<string> = new Set(['instruct', 'it']);

/** Words of a label of Service Quotas or of a `modelName`, from the view of one provider (`mistral`, `zai`, ...). */
function labelWords(label: string, provider: string): ModelWords {
	return labelViews(label)(provider);
}

/** The same for many providers: most of them are not named in a label and share one view. */
function labelViews(label: string): (provider: string) => ModelWords {
	const words = dropFirstVersion(splitWords(label));
	const plain = modelWords(words, false);
	const heads = headsOf(words);
	return (provider) => (isVendorIn(heads, provider) ? modelWords(stripVendor(words, provider), true) : plain);
}

/** Words of a base model ID whose context suffix is folded. */
function idWords(baseModel: string): ModelWords {
	const dot = baseModel.indexOf('.');
	const provider = baseModel.slice(0, Math.max(0, dot));
	const words = joinVersions(splitWords(plainModel(baseModel.slice(dot + 1))));
	const named = dropFirstVersion(words);
	const rest = stripVendor(named, provider);
	return modelWords(rest, rest.length < named.length);
}

/** Lower-case words; letters and the number behind them are two (`Qwen3`, `Llama3`, `Reel1.0`). */
const splitWords = (text: string): string[] =>
	text
		.toLowerCase()
		.replaceAll('+', ' plus ')
		.split(wordSeparators)
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

/** A first version at the end carries no information: `V1` and `1.0` are appended to some names and not to others. */
const dropFirstVersion = (words: readonly string[]): string[] =>
	words.at(-1) === 'v1' || words.at(-1) === '1.0' ? words.slice(0, -1) : [...words];

/**
 * Removes the vendor from the front, however it is spelt (`Twelve Labs`, `Z.ai`, `AI21 Labs`), as often as it is
 * there.
 */
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

/** A base model that may own labels. */
type Candidate = {
	readonly key: string;
	readonly provider: string;
	readonly words: ModelWords;
	readonly modelName: string | null;
	/** Decides between spellings of one model: what the account lists comes before what was typed. */
	readonly rank: number;
};

/**
 * Finds the base model that each label of Service Quotas is about. A label has at most one owner: the model that the
 * alias table names, else the one whose ID has exactly its words, else the only one whose `modelName` has. An
 * undecided label has none.
 * @param labels Labels of quota names.
 * @param baseModels The models asked for, beside those of the index.
 * @returns owner of each label, as `baseModelKey`.
 */
export function labelOwners(
	labels: Iterable<string>,
	baseModels: Iterable<string>,
	modelIndex: ModelIndex,
): ReadonlyMap<string, string> {
	const candidates = createCandidates(baseModels, modelIndex);
	const byId = createRounds(candidates, ({words}) => words);
	const owners = new Map<string, string>();
	const unowned: string[] = [];
	for (const label of new Set(labels)) {
		const alias = aliasOwner(label);
		const claims = alias === undefined ? claimsOf(label, byId) : [];
		const owner = alias ?? bestClaim(claims)?.key;
		if (owner !== undefined) {
			owners.set(label, owner);
		} else if (claims.length === 0) {
			unowned.push(label);
		}
	}
	const settled = new Set(owners.values());
	const byName = createRounds(
		candidates.filter(({key, modelName}) => modelName !== null && !settled.has(key)),
		({modelName, provider}) => labelWords(modelName ?? '', provider),
	);
	for (const label of unowned) {
		const [claim, ...others] = claimsOf(label, byName);
		if (claim !== undefined && others.length === 0) {
			owners.set(label, claim.key);
		}
	}
	return owners;
}

const createCandidates = (baseModels: Iterable<string>, modelIndex: ModelIndex): readonly Candidate[] => {
	const routed = new Set(modelIndex.profiles.map(({id}) => baseModelKey(id.slice(id.indexOf('.') + 1))));
	const ids = new Set([...modelIndex.models.map(({modelId}) => modelId), ...baseModels]);
	const byKey = new Map<string, Candidate>();
	for (const id of ids) {
		const {kind, baseModel} = identify(id, modelIndex);
		const key = baseModelKey(baseModel);
		if (kind === 'base-model' && !byKey.has(key)) {
			const modelName = modelIndex.model(baseModel)?.modelName ?? null;
			const isVersioned = /-v\d+(?::\d+)?$|:\d+$/.test(baseModel);
			const rank =
				(modelName === null ? 0 : 8) +
				(modelIndex.hasModel(baseModel) ? 4 : 0) +
				(routed.has(key) ? 2 : 0) +
				(isVersioned ? 1 : 0);
			byKey.set(key, {key, provider: providerOf(baseModel), words: idWords(baseModel), modelName, rank});
		}
	}
	return [...byKey.values()];
};

/** Candidates by provider and words: the full words are tried first, then those without optional ones. */
type Rounds = ReadonlyMap<string, {readonly full: CandidateIndex; readonly loose: CandidateIndex}>;
type CandidateIndex = ReadonlyMap<string, readonly Candidate[]>;

const createRounds = (
	candidates: readonly Candidate[],
	wordsOf: (candidate: Candidate) => ModelWords,
): Rounds =>
	new Map(
		[...Map.groupBy(candidates, ({provider}) => provider)].map(([provider, own]) => {
			const named = own.map((candidate) => ({candidate, words: wordsOf(candidate)}));
			const indexBy = (keyOf: (words: ModelWords) => string): CandidateIndex => {
				const index = new Map<string, Candidate[]>();
				for (const {candidate, words} of named) {
					// A label without the vendor does not mean a model whose own ID needs the vendor's name.
					for (const namesVendor of words.namesVendor ? [true] : [true, false]) {
						const key = `${namesVendor} ${keyOf(words)}`;
						index.set(key, [...(index.get(key) ?? []), candidate]);
					}
				}
				return index;
			};
			return [provider, {full: indexBy(({key}) => key), loose: indexBy(({looseKey}) => looseKey)}];
		}),
	);

const claimsOf = (label: string, rounds: Rounds): readonly Candidate[] => {
	const full: Candidate[] = [];
	const loose: Candidate[] = [];
	const wordsFor = labelViews(label);
	for (const [provider, indexes] of rounds) {
		const {key, looseKey, namesVendor} = wordsFor(provider);
		if (key !== '') {
			full.push(...(indexes.full.get(`${namesVendor} ${key}`) ?? []));
			loose.push(...(indexes.loose.get(`${namesVendor} ${looseKey}`) ?? []));
		}
	}
	return full.length > 0 ? full : loose;
};

/** The claim of the highest rank; undefined when two are equally good. */
const bestClaim = (claims: readonly Candidate[]): Candidate | undefined => {
	const highest = Math.max(...claims.map(({rank}) => rank));
	const winners = claims.filter(({rank}) => rank === highest);
	return winners.length === 1 ? winners[0] : undefined;
};
