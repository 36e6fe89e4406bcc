import type {BedrockClient} from '@aws-sdk/client-bedrock';
import type {ServiceQuota, ServiceQuotasClient} from '@aws-sdk/client-service-quotas';
import type {FailureClass} from '../../engine/failure.ts';
import {failureOf} from '../failures.ts';
import {
	actions,
	type InferenceProfile,
	type ListedQuota,
	type ProfileType,
	type QuotaSource,
	SourceError,
	type SourceFailureKind,
} from './quota-source.ts';

/** The AWS clients, as far as this source needs them; `Clients` fits. */
export type QuotaClients = {
	readonly control: () => Promise<BedrockClient>;
	readonly serviceQuotas: () => Promise<ServiceQuotasClient>;
	/** Values that must never be shown. */
	readonly secrets: () => readonly string[];
};

const pageSize = 100;
const serviceCode = 'bedrock';

/** The account behind the AWS clients as a QuotaSource. Nothing is sent before a list is read. */
export const quotaSourceOf = (clients: QuotaClients, environment = process.env): QuotaSource => {
	const failing = async <Result>(action: string, call: () => Promise<Result>): Promise<Result> => {
		try {
			return await call();
		} catch (error) {
			const failure = failureOf(error, {action}, {secrets: clients.secrets()});
			throw new SourceError(kindOf(failure.class), failure.message, error);
		}
	};
	/** Follows `NextToken` until there is none; a service that repeats its token is stopped. */
	async function* pages<Item>(
		action: string,
		fetchPage: (token: string | undefined) => Promise<{items: readonly Item[]; next: string | undefined}>,
	): AsyncGenerator<readonly Item[]> {
		let token: string | undefined;
		do {
			const page = await failing(action, async () => fetchPage(token));
			yield page.items;
			token = page.next === token ? undefined : page.next;
		} while (token !== undefined && token !== '');
	}
	return {
		hasBearerToken: Boolean(environment['AWS_BEARER_TOKEN_BEDROCK']),
		listApplied: () =>
			pages(actions.applied, async (token) => {
				const {ListServiceQuotasCommand} = await import('@aws-sdk/client-service-quotas');
				const client = await clients.serviceQuotas();
				const answer = await client.send(
					new ListServiceQuotasCommand({ServiceCode: serviceCode, MaxResults: pageSize, NextToken: token}),
				);
				return {items: listedQuotas(answer.Quotas), next: answer.NextToken};
			}),
		listDefaults: () =>
			pages(actions.defaults, async (token) => {
				const {ListAWSDefaultServiceQuotasCommand} = await import('@aws-sdk/client-service-quotas');
				const client = await clients.serviceQuotas();
				const answer = await client.send(
					new ListAWSDefaultServiceQuotasCommand({
						ServiceCode: serviceCode,
						MaxResults: pageSize,
						NextToken: token,
					}),
				);
				return {items: listedQuotas(answer.Quotas), next: answer.NextToken};
			}),
		listFoundationModels: () =>
			pages(actions.models, async () => {
				const {ListFoundationModelsCommand} = await import('@aws-sdk/client-bedrock');
				const client = await clients.control();
				const {modelSummaries = []} = await client.send(new ListFoundationModelsCommand({}));
				const items = modelSummaries.flatMap((model) =>
					typeof model.modelId !== 'string'
						? []
						: [
								{
									modelId: model.modelId,
									modelName: model.modelName ?? null,
									providerName: model.providerName ?? null,
									isStreaming: model.responseStreamingSupported ?? null,
									outputModalities: model.outputModalities ?? [],
									inferenceTypes: model.inferenceTypesSupported ?? [],
									lifecycle: model.modelLifecycle?.status ?? null,
								},
							],
				);
				return {items, next: undefined};
			}),
		listInferenceProfiles: (type: ProfileType) =>
			pages(actions.profiles, async (token) => {
				const {ListInferenceProfilesCommand} = await import('@aws-sdk/client-bedrock');
				const client = await clients.control();
				const answer = await client.send(
					new ListInferenceProfilesCommand({typeEquals: type, maxResults: pageSize, nextToken: token}),
				);
				return {
					items: (answer.inferenceProfileSummaries ?? []).flatMap((profile) => listedProfile(profile)),
					next: answer.nextToken,
				};
			}),
		getInferenceProfile: async (idOrArn) =>
			failing('bedrock:GetInferenceProfile', async () => {
				const {GetInferenceProfileCommand} = await import('@aws-sdk/client-bedrock');
				const client = await clients.control();
				const answer = await client.send(
					new GetInferenceProfileCommand({inferenceProfileIdentifier: idOrArn}),
				);
				const [profile] = listedProfile(answer);
				if (profile === undefined) {
					throw new Error('GetInferenceProfile told no profile.');
				}
				return profile;
			}),
	};
};

/** Rows with a name; the service states values as numbers and leaves out those that it cannot tell. */
const listedQuotas = (quotas: readonly ServiceQuota[] = []): readonly ListedQuota[] =>
	quotas.flatMap(({QuotaCode, QuotaName, Value, Adjustable}) =>
		typeof QuotaName !== 'string'
			? []
			: [
					{
						code: QuotaCode ?? null,
						name: QuotaName,
						value: typeof Value === 'number' && Number.isFinite(Value) ? Value : null,
						adjustable: Adjustable ?? null,
					},
				],
	);

const listedProfile = (profile: {
	readonly inferenceProfileId?: string | undefined;
	readonly inferenceProfileArn?: string | undefined;
	readonly inferenceProfileName?: string | undefined;
	readonly models?: ReadonlyArray<{readonly modelArn?: string | undefined}> | undefined;
}): readonly InferenceProfile[] => {
	const {inferenceProfileId: id, inferenceProfileArn: arn, inferenceProfileName: name, models} = profile;
	return typeof id === 'string' && typeof arn === 'string'
		? [
				{
					id,
					arn,
					name: name ?? null,
					modelArns: (models ?? []).flatMap(({modelArn}) => modelArn ?? []),
				},
			]
		: [];
};

const kindOf = (failureClass: FailureClass): SourceFailureKind => {
	switch (failureClass) {
		case 'access-denied':
			return 'denied';
		case 'credentials':
			return 'credentials';
		case 'network':
		case 'timeout':
			return 'network';
		default:
			return 'other';
	}
};
