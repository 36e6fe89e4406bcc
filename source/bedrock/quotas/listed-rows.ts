import type {FoundationModelSummary} from '@aws-sdk/client-bedrock';
import type {ServiceQuota} from '@aws-sdk/client-service-quotas';
import type {FoundationModel, InferenceProfile, ListedQuota} from './quota-source.ts';

/** Rows of the service's lists as the resolver wants them. Rows without their name are dropped: nothing can be said of them. */

/** The service leaves out a value that it cannot tell at the moment. */
export const listedQuotas = (quotas: readonly ServiceQuota[] = []): readonly ListedQuota[] =>
	quotas.flatMap(({QuotaCode, QuotaName, Value, Adjustable}) =>
		typeof QuotaName === 'string'
			? [
					{
						code: QuotaCode ?? null,
						name: QuotaName,
						value: typeof Value === 'number' && Number.isFinite(Value) ? Value : null,
						adjustable: Adjustable ?? null,
					},
				]
			: [],
	);

export const listedModels = (models: readonly FoundationModelSummary[] = []): readonly FoundationModel[] =>
	models.flatMap((model) =>
		typeof model.modelId === 'string'
			? [
					{
						modelId: model.modelId,
						modelName: model.modelName ?? null,
						providerName: model.providerName ?? null,
						isStreaming: model.responseStreamingSupported ?? null,
						outputModalities: model.outputModalities ?? [],
						inferenceTypes: model.inferenceTypesSupported ?? [],
						lifecycle: model.modelLifecycle?.status ?? null,
					},
				]
			: [],
	);

/** A row of ListInferenceProfiles or the answer of GetInferenceProfile. */
export type ProfileRow = {
	readonly inferenceProfileId?: string | undefined;
	readonly inferenceProfileArn?: string | undefined;
	readonly inferenceProfileName?: string | undefined;
	readonly models?: ReadonlyArray<{readonly modelArn?: string | undefined}> | undefined;
};

export const listedProfiles = (profiles: readonly ProfileRow[] = []): readonly InferenceProfile[] =>
	profiles.flatMap(({inferenceProfileId, inferenceProfileArn, inferenceProfileName, models}) =>
		typeof inferenceProfileId === 'string' && typeof inferenceProfileArn === 'string'
			? [
					{
						id: inferenceProfileId,
						arn: inferenceProfileArn,
						name: inferenceProfileName ?? null,
						modelArns: (models ?? []).flatMap(({modelArn}) => modelArn ?? []),
					},
				]
			: [],
	);
