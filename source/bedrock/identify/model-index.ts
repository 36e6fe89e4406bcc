import type {FoundationModel, InferenceProfile} from '../quotas/quota-source.ts';
import {baseModelKey, routeOf} from './identifiers.ts';

/** An index over the lists of models and profiles of a Region; empty where nothing could be read. */
export type ModelIndex = {
	readonly models: readonly FoundationModel[];
	readonly profiles: readonly InferenceProfile[];
	/** The model of a base ID, however its revision is spelt. */
	readonly model: (baseModel: string) => FoundationModel | undefined;
	readonly hasModel: (modelId: string) => boolean;
	/** A profile by ID or ARN. */
	readonly profile: (idOrArn: string) => InferenceProfile | undefined;
	/** IDs of the system profiles of a base model, geographic ones first; undefined where no profiles are listed at all. */
	readonly profilesOf: (baseModel: string) => readonly string[] | undefined;
};

/** An application profile is called by its ARN only; a system profile by its ID. */
export function isSystemProfile({arn}: Pick<InferenceProfile, 'arn'>): boolean {
	return !arn.includes(':application-inference-profile/');
}

/** Makes the index from the two lists. */
export function createModelIndex(
	models: readonly FoundationModel[],
	profiles: readonly InferenceProfile[],
): ModelIndex {
	const ids = new Set(models.map(({modelId}) => modelId));
	const byKey = new Map<string, FoundationModel>();
	for (const model of models) {
		const key = baseModelKey(model.modelId);
		// The spelling with a revision is the one that the other lists use.
		if (!byKey.has(key) || model.modelId.endsWith(':0')) {
			byKey.set(key, model);
		}
	}
	const byName = new Map<string, InferenceProfile>();
	for (const profile of profiles) {
		byName.set(profile.id, profile);
		byName.set(profile.arn, profile);
	}
	const systemProfiles = profiles.filter((profile) => isSystemProfile(profile));
	const byBaseModel = Map.groupBy(systemProfiles, (profile) => keyOfProfile(profile));
	return {
		models,
		profiles,
		model: (baseModel) => byKey.get(baseModelKey(baseModel)),
		hasModel: (modelId) => ids.has(modelId),
		profile: (idOrArn) => byName.get(idOrArn),
		profilesOf: (baseModel) =>
			systemProfiles.length === 0
				? undefined
				: (byBaseModel.get(baseModelKey(baseModel)) ?? [])
						.map(({id}) => id)
						.toSorted((left, right) => rankOf(left) - rankOf(right) || left.localeCompare(right)),
	};
}

/** The base model of a system profile, in comparable form. */
const keyOfProfile = ({id, modelArns}: InferenceProfile): string =>
	baseModelKey(routeOf(modelArns)?.baseModel ?? id.slice(id.indexOf('.') + 1));

const rankOf = (id: string): number => (id.startsWith('global.') ? 1 : 0);

/** An index that knows nothing: identifiers are then judged by their form. */
export const emptyModelIndex = createModelIndex([], []);
