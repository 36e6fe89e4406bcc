import {baseModelKey, providerOf} from '../identify/base-model.ts';
import type {Catalogue} from '../identify/catalogue.ts';
import {identify} from '../identify/identify.ts';
import {aliasOwner} from './aliases.ts';
import {idWords, labelViews, labelWords, type ModelWords} from './model-words.ts';

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
 * Says which base model each label of Service Quotas is about. A label has one owner at most: the model that the alias table
 * names, else the one whose ID has exactly its words, else the only one whose `modelName` has. Nobody owns it when that is
 * not decided.
 * @param labels labels of quota names.
 * @param baseModels the models asked for, beside those of the catalogue.
 * @returns owner of each label, as `baseModelKey`.
 */
export const labelOwners = (
	labels: Iterable<string>,
	baseModels: Iterable<string>,
	catalogue: Catalogue,
): ReadonlyMap<string, string> => {
	const candidates = createCandidates(baseModels, catalogue);
	const byId = createRounds(candidates, ({words}) => words);
	const owners = new Map<string, string>();
	const unowned: string[] = [];
	for (const label of new Set(labels)) {
		const alias = aliasOwner(label);
		const claims = alias === undefined ? claimsOf(label, byId) : [];
		const owner = alias ?? best(claims)?.key;
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
};

const createCandidates = (baseModels: Iterable<string>, catalogue: Catalogue): readonly Candidate[] => {
	const routed = new Set(catalogue.profiles.map(({id}) => baseModelKey(id.slice(id.indexOf('.') + 1))));
	const ids = new Set([...catalogue.models.map(({modelId}) => modelId), ...baseModels]);
	const byKey = new Map<string, Candidate>();
	for (const id of ids) {
		const {kind, baseModel} = identify(id, catalogue);
		const key = baseModelKey(baseModel);
		if (kind === 'base-model' && !byKey.has(key)) {
			const modelName = catalogue.model(baseModel)?.modelName ?? null;
			const isVersioned = /-v\d+(?::\d+)?$|:\d+$/.test(baseModel);
			const rank =
				(modelName === null ? 0 : 8) +
				(catalogue.hasModel(baseModel) ? 4 : 0) +
				(routed.has(key) ? 2 : 0) +
				(isVersioned ? 1 : 0);
			byKey.set(key, {key, provider: providerOf(baseModel), words: idWords(baseModel), modelName, rank});
		}
	}
	return [...byKey.values()];
};

/** Candidates by provider and words: the full words are tried first, then those without optional ones. */
type Rounds = ReadonlyMap<string, {readonly full: Index; readonly loose: Index}>;
type Index = ReadonlyMap<string, readonly Candidate[]>;

const createRounds = (
	candidates: readonly Candidate[],
	wordsOf: (candidate: Candidate) => ModelWords,
): Rounds =>
	new Map(
		[...Map.groupBy(candidates, ({provider}) => provider)].map(([provider, own]) => {
			const named = own.map((candidate) => ({candidate, words: wordsOf(candidate)}));
			const indexBy = (keyOf: (words: ModelWords) => string): Index => {
				const index = new Map<string, Candidate[]>();
				for (const {candidate, words} of named) {
					// Without the vendor in the label, a model whose own ID needs the vendor's name is not meant.
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
const best = (claims: readonly Candidate[]): Candidate | undefined => {
	const highest = Math.max(...claims.map(({rank}) => rank));
	const winners = claims.filter(({rank}) => rank === highest);
	return winners.length === 1 ? winners[0] : undefined;
};
