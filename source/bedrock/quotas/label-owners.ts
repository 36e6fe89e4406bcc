import {baseModelKey, providerOf} from '../identifiers/base-model.ts';
import type {Catalogue} from '../identifiers/catalogue.ts';
import {identify} from '../identifiers/identify.ts';
import {aliasOwner} from './aliases.ts';
import {idWords, isSameModel, labelWords, type ModelWords} from './model-words.ts';

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
	const owners = new Map<string, string>();
	const unowned: string[] = [];
	for (const label of new Set(labels)) {
		const owner = aliasOwner(label) ?? ownerById(label, candidates);
		if (owner === undefined) {
			unowned.push(label);
		} else if (owner !== ambiguous) {
			owners.set(label, owner);
		}
	}
	const settled = new Set(owners.values());
	const nameless = candidates.filter(({key, modelName}) => modelName !== null && !settled.has(key));
	for (const label of unowned) {
		const owner = ownerByName(label, nameless);
		if (owner !== undefined) {
			owners.set(label, owner);
		}
	}
	return owners;
};

/** Several models claim a label and none has the better claim. No model ID has this form. */
const ambiguous = '';

const createCandidates = (baseModels: Iterable<string>, catalogue: Catalogue): Candidate[] => {
	const routed = new Set(catalogue.profiles.map(({id}) => baseModelKey(id.slice(id.indexOf('.') + 1))));
	const ids = new Set([...catalogue.models.map(({modelId}) => modelId), ...baseModels]);
	const byKey = new Map<string, Candidate>();
	for (const id of ids) {
		const identity = identify(id, catalogue);
		if (identity.kind !== 'base-model') {
			continue;
		}
		const {baseModel} = identity;
		const key = baseModelKey(baseModel);
		const modelName = catalogue.model(baseModel)?.modelName ?? null;
		if (!byKey.has(key)) {
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

const ownerById = (label: string, candidates: readonly Candidate[]): string | undefined => {
	const view = labelViews(label);
	for (const isLoose of [false, true]) {
		const claims = candidates.filter(({provider, words}) => isSameModel(words, view(provider), isLoose));
		if (claims.length > 0) {
			return best(claims);
		}
	}
	return undefined;
};

const best = (claims: readonly Candidate[]): string => {
	const highest = Math.max(...claims.map(({rank}) => rank));
	const winners = claims.filter(({rank}) => rank === highest);
	return winners.length === 1 ? (winners[0]?.key ?? ambiguous) : ambiguous;
};

const ownerByName = (label: string, candidates: readonly Candidate[]): string | undefined => {
	const view = labelViews(label);
	const claims = candidates.filter(({provider, modelName}) =>
		isSameModel(labelWords(modelName ?? '', provider), view(provider), false),
	);
	return claims.length === 1 ? claims[0]?.key : undefined;
};

/** The label from the view of each provider, computed once for each. */
const labelViews = (label: string): ((provider: string) => ModelWords) => {
	const views = new Map<string, ModelWords>();
	return (provider) => {
		const view = views.get(provider) ?? labelWords(label, provider);
		views.set(provider, view);
		return view;
	};
};
