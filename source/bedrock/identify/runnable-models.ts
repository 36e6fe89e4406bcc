import type {Scope, Target} from '../../domain/target.ts';
import {type AccountLists, readLists} from '../quotas/account-lists.ts';
import type {FoundationModel} from '../quotas/quota-source.ts';
import {listRemarks} from '../quotas/remarks.ts';
import {type ResolveOptions, resolveFromLists} from '../quotas/resolve-targets.ts';
import {createModelIndex, identify, isSystemProfile} from './identify.ts';

/** A model or profile of the Region that can be asked for text, with the bucket that it draws from. */
export type RunnableModel = Target & {
	readonly name: string | null;
	readonly provider: string | null;
	/** Null where the service does not say. */
	readonly isStreaming: boolean | null;
	/** `ACTIVE` or `LEGACY`; null where the service does not say. */
	readonly lifecycle: string | null;
};

type RunnableModels = {
	readonly entries: readonly RunnableModel[];
	readonly near: ReadonlyArray<readonly string[]>;
	/** Remarks about all of them; the limits of a model carry its own. */
	readonly remarks: readonly string[];
	readonly failures: AccountLists['failures'];
};

/** Lists what can be run in the Region: base models that are offered on demand, system and application profiles. */
export async function listRunnableModels(options: ResolveOptions): Promise<RunnableModels> {
	const lists = await readLists(options.source, {
		cache: options.cache,
		isRefreshing: options.isRefreshing ?? false,
		applicationProfiles: [],
		isListingApplicationProfiles: true,
	});
	const runnable = runnableNames(lists);
	const {targets, near} = resolveFromLists(
		runnable.map(({model}) => model),
		lists,
		options,
	);
	const entries = targets.map((target, index) => {
		const {name = null, listed} = runnable[index] ?? {};
		return {
			...target,
			name: name ?? listed?.modelName ?? null,
			provider: listed?.providerName ?? null,
			isStreaming: listed?.isStreaming ?? null,
			lifecycle: listed?.lifecycle ?? null,
		};
	});
	const remarks = listRemarks(lists.failures, options.source.hasBearerToken ?? false);
	return {entries, near, remarks, failures: lists.failures};
}

type RunnableName = {
	readonly model: string;
	readonly baseModel: string;
	readonly scope: Scope;
	readonly name: string | null;
	readonly listed: FoundationModel | undefined;
};

const scopeOrder: Readonly<Record<Scope, number>> = {'on-demand': 0, 'cross-region': 1, global: 2, mantle: 3};

/** What can be asked for text, sorted by base model, then scope, then identifier. */
export function runnableNames(lists: AccountLists): readonly RunnableName[] {
	const modelIndex = createModelIndex(lists.models, lists.profiles);
	const base = lists.models
		.filter(({inferenceTypes}) => inferenceTypes.length === 0 || inferenceTypes.includes('ON_DEMAND'))
		.map(({modelId}) => ({model: modelId, name: null}));
	const profiles = lists.profiles.map(({id, arn, name}) => ({
		model: isSystemProfile({arn}) ? id : arn,
		name,
	}));
	const byModel = new Map([...base, ...profiles].map((entry) => [entry.model, entry]));
	return [...byModel.values()]
		.map(({model, name}) => {
			const {baseModel, scope} = identify(model, modelIndex);
			return {model, baseModel, scope, name, listed: modelIndex.model(baseModel)};
		})
		.filter(({listed}) => listed === undefined || isTextModel(listed))
		.toSorted(
			(left, right) =>
				left.baseModel.localeCompare(right.baseModel) ||
				scopeOrder[left.scope] - scopeOrder[right.scope] ||
				left.model.localeCompare(right.model),
		);
}

const isTextModel = ({outputModalities}: FoundationModel): boolean =>
	outputModalities.length === 0 || outputModalities.includes('TEXT');
