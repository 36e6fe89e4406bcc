import {callSilenceMs} from '../../domain/backend.ts';
import type {Scope, Target} from '../../domain/target.ts';
import {readText} from '../clients/middleware.ts';
import {failureOf} from '../failures/failure-of.ts';
import {at, listOf, parseJson, wordOf} from '../json.ts';
import type {MantleEndpoint} from '../mantle/send.ts';
import {type AccountLists, readLists} from '../quotas/account-lists.ts';
import type {FoundationModel} from '../quotas/quota-source.ts';
import {listRemarks} from '../quotas/remarks.ts';
import {type ResolveOptions, resolveFromLists} from '../quotas/resolve-targets.ts';
import {calledAs, createModelIndex, identify, isSystemProfile, mantlePrefix} from './identify.ts';

/** A model or profile of the Region that can be asked for text, with the bucket that it draws from. */
export type RunnableModel = Target & {
	readonly name: string | null;
	readonly provider: string | null;
	/** Null where the service does not say. */
	readonly isStreaming: boolean | null;
	/** `ACTIVE` or `LEGACY`, on bedrock-mantle its status there; null where the service does not say. */
	readonly lifecycle: string | null;
};

type RunnableModels = {
	readonly entries: readonly RunnableModel[];
	readonly near: ReadonlyArray<readonly string[]>;
	/** Remarks about all of them; the limits of a model carry its own. */
	readonly remarks: readonly string[];
	readonly failures: AccountLists['failures'];
};

/**
 * Lists what can be run in the Region: base models that are offered on demand, system and application profiles.
 * @param mantle The models of bedrock-mantle are listed too: it has others, below IDs of its own.
 */
export async function listRunnableModels(
	options: ResolveOptions,
	mantle?: () => Promise<MantleEndpoint>,
): Promise<RunnableModels> {
	const [lists, onMantle] = await Promise.all([
		readLists(options.source, {
			cache: options.cache,
			isRefreshing: options.isRefreshing ?? false,
			applicationProfiles: [],
			isListingApplicationProfiles: true,
		}),
		mantle === undefined ? {models: [], remarks: []} : listMantleModels(mantle),
	]);
	const runnable: ReadonlyArray<Partial<RunnableName> & {readonly model: string}> = [
		...runnableNames(lists),
		...onMantle.models.map(({id}) => ({model: `${mantlePrefix}${id}`})),
	];
	const statuses = new Map(onMantle.models.map(({id, status}) => [`${mantlePrefix}${id}`, status]));
	const {targets, near} = resolveFromLists(
		runnable.map(({model}) => model),
		lists,
		options,
	);
	const entries = targets.map((target, index) => {
		const {name = null, listed} = runnable[index] ?? {};
		const model = calledAs(target);
		return {
			...target,
			model,
			name: name ?? listed?.modelName ?? null,
			provider: listed?.providerName ?? null,
			isStreaming: listed?.isStreaming ?? null,
			lifecycle: listed?.lifecycle ?? statuses.get(model) ?? null,
		};
	});
	const remarks = listRemarks(lists.failures, options.source.hasBearerToken ?? false);
	return {entries, near, remarks: [...remarks, ...onMantle.remarks], failures: lists.failures};
}

/** The models of bedrock-mantle, each with its status there; a sentence where they can't be listed. Never rejects. */
async function listMantleModels(mantle: () => Promise<MantleEndpoint>): Promise<{
	readonly models: ReadonlyArray<{readonly id: string; readonly status: string | null}>;
	readonly remarks: readonly string[];
}> {
	try {
		const signal = AbortSignal.timeout(callSilenceMs);
		const {body} = await (await mantle()).call({path: '/v1/models', headers: {}, signal});
		const models = listOf(at(parseJson(await readText(body)), 'data')).flatMap((each) => {
			const id = wordOf(at(each, 'id'));
			return id === undefined ? [] : [{id, status: wordOf(at(each, 'status')) ?? null}];
		});
		return {models: models.toSorted((one, other) => one.id.localeCompare(other.id)), remarks: []};
	} catch (error) {
		const {message} = failureOf(error, {action: 'bedrock-mantle:ListModels'}, {secrets: []});
		return {models: [], remarks: [`The models of bedrock-mantle can't be listed: ${message}`]};
	}
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
