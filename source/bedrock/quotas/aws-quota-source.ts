import type {BedrockClient, FoundationModelSummary, ProvisionedModelSummary} from '@aws-sdk/client-bedrock';
import type {
	RequestedServiceQuotaChange,
	ServiceQuota,
	ServiceQuotasClient,
} from '@aws-sdk/client-service-quotas';
import type {ProvisionedThroughput} from '../../domain/account-snapshot.ts';
import {readFailureKind} from '../../domain/backend.ts';
import {sendOnce} from '../clients/middleware.ts';
import {hasBearerToken} from '../credentials/caller.ts';
import {failureOf} from '../failures/failure-of.ts';
import {headersFor, isSimulated} from '../methods/response-headers.ts';
import {
	actions,
	type FoundationModel,
	type InferenceProfile,
	increaseActions,
	type ListedQuota,
	type QuotaIncrease,
	type QuotaIncreases,
	type QuotaSource,
	SourceError,
} from './quota-source.ts';

/** The QuotaSource over the AWS clients. Rows without a name are dropped: they cannot be used. */

/** The service leaves out a value that it cannot tell at the moment. */
function listedQuotas(quotas: readonly ServiceQuota[] = []): readonly ListedQuota[] {
	return quotas.flatMap(({QuotaCode, QuotaName, Value, Adjustable}) =>
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
}

/** What a model answers to text: one that only listens or looks, such as Nova Sonic, has no text for it. */
function answersTo({inputModalities = [], outputModalities = []}: FoundationModelSummary): readonly string[] {
	const takesText = inputModalities.length === 0 || inputModalities.includes('TEXT');
	return takesText ? outputModalities : ['NONE'];
}

function listedModels(models: readonly FoundationModelSummary[] = []): readonly FoundationModel[] {
	return models.flatMap((model) =>
		typeof model.modelId === 'string'
			? [
					{
						modelId: model.modelId,
						modelName: model.modelName ?? null,
						providerName: model.providerName ?? null,
						isStreaming: model.responseStreamingSupported ?? null,
						outputModalities: answersTo(model),
						inferenceTypes: model.inferenceTypesSupported ?? [],
						lifecycle: model.modelLifecycle?.status ?? null,
					},
				]
			: [],
	);
}

function listedProvisioned(
	summaries: readonly ProvisionedModelSummary[] = [],
): readonly ProvisionedThroughput[] {
	return summaries.flatMap((summary) =>
		typeof summary.provisionedModelArn === 'string'
			? [
					{
						name: summary.provisionedModelName ?? summary.provisionedModelArn,
						arn: summary.provisionedModelArn,
						model: (summary.foundationModelArn ?? summary.modelArn ?? '').replace(/^.*\//, ''),
						units: summary.modelUnits ?? null,
						desiredUnits: summary.desiredModelUnits ?? null,
						status: summary.status ?? null,
						commitment: summary.commitmentDuration ?? null,
						committedUntil: summary.commitmentExpirationTime?.toISOString() ?? null,
					},
				]
			: [],
	);
}

/** A row of ListInferenceProfiles or the answer of GetInferenceProfile. */
type ProfileRow = {
	readonly inferenceProfileId?: string | undefined;
	readonly inferenceProfileArn?: string | undefined;
	readonly inferenceProfileName?: string | undefined;
	readonly models?: ReadonlyArray<{readonly modelArn?: string | undefined}> | undefined;
};

function listedProfiles(profiles: readonly ProfileRow[] = []): readonly InferenceProfile[] {
	return profiles.flatMap(({inferenceProfileId, inferenceProfileArn, inferenceProfileName, models}) =>
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
}

/** The AWS clients, as far as this source needs them; `Clients` fits. */
type QuotaClients = {
	readonly control: () => Promise<BedrockClient>;
	readonly serviceQuotas: () => Promise<ServiceQuotasClient>;
	/** Values that must never be shown. */
	readonly secrets: () => readonly string[];
	/** URL of an endpoint that is not AWS's. */
	readonly endpoint?: string | null;
};

const pageSize = 100;
const quotasOfBedrock = {ServiceCode: 'bedrock', MaxResults: pageSize} as const;

type Page<Item> = {readonly items: readonly Item[]; readonly next: string | undefined};

/** Calls as an action of IAM; what fails becomes a SourceError. */
const callerOf =
	(
		clients: Pick<QuotaClients, 'endpoint' | 'secrets'>,
		environment: Readonly<Record<string, string | undefined>>,
		onAnswer: (answer: object) => void = () => {},
	) =>
	async <Command, Answer extends object>(
		action: string,
		command: Command,
		send: (command: Command) => Promise<Answer>,
	): Promise<Answer> => {
		try {
			const answer = await send(command);
			onAnswer(answer);
			return answer;
		} catch (error) {
			const failure = failureOf(
				error,
				{action, endpoint: clients.endpoint, hasToken: hasBearerToken(environment)},
				{secrets: clients.secrets()},
			);
			throw new SourceError(readFailureKind(failure.class), failure.message, error, failure.advice);
		}
	};

/** The account behind the AWS clients as a QuotaSource. Nothing is sent, and no client made, before a list is read. */
export function quotaSourceOf(
	clients: QuotaClients,
	environment: Readonly<Record<string, string | undefined>> = process.env,
): QuotaSource {
	let isAnsweredBySimulator = false;
	const call = callerOf(clients, environment, (answer) => {
		isAnsweredBySimulator ||= isSimulated(headersFor(answer));
	});
	return {
		hasBearerToken: hasBearerToken(environment),
		isSimulated: () => isAnsweredBySimulator,
		listApplied: () =>
			pages(async (NextToken) => {
				const {ListServiceQuotasCommand} = await import('@aws-sdk/client-service-quotas');
				const command = new ListServiceQuotasCommand({...quotasOfBedrock, NextToken});
				const answer = await call(actions.applied, command, async (sent) =>
					(await clients.serviceQuotas()).send(sent),
				);
				return {items: listedQuotas(answer.Quotas), next: answer.NextToken};
			}),
		listDefaults: () =>
			pages(async (NextToken) => {
				const {ListAWSDefaultServiceQuotasCommand} = await import('@aws-sdk/client-service-quotas');
				const command = new ListAWSDefaultServiceQuotasCommand({...quotasOfBedrock, NextToken});
				const answer = await call(actions.defaults, command, async (sent) =>
					(await clients.serviceQuotas()).send(sent),
				);
				return {items: listedQuotas(answer.Quotas), next: answer.NextToken};
			}),
		listFoundationModels: () =>
			pages(async () => {
				const {ListFoundationModelsCommand} = await import('@aws-sdk/client-bedrock');
				const command = new ListFoundationModelsCommand({});
				const answer = await call(actions.models, command, async (sent) =>
					(await clients.control()).send(sent),
				);
				return {items: listedModels(answer.modelSummaries), next: undefined};
			}),
		listInferenceProfiles: (typeEquals) =>
			pages(async (nextToken) => {
				const {ListInferenceProfilesCommand} = await import('@aws-sdk/client-bedrock');
				const command = new ListInferenceProfilesCommand({typeEquals, maxResults: pageSize, nextToken});
				const answer = await call(actions.profiles, command, async (sent) =>
					(await clients.control()).send(sent),
				);
				return {items: listedProfiles(answer.inferenceProfileSummaries), next: answer.nextToken};
			}),
		listProvisioned: () =>
			pages(async (nextToken) => {
				const {ListProvisionedModelThroughputsCommand} = await import('@aws-sdk/client-bedrock');
				const command = new ListProvisionedModelThroughputsCommand({maxResults: pageSize, nextToken});
				const answer = await call('bedrock:ListProvisionedModelThroughputs', command, async (sent) =>
					(await clients.control()).send(sent),
				);
				return {items: listedProvisioned(answer.provisionedModelSummaries), next: answer.nextToken};
			}),
		async getInferenceProfile(idOrArn) {
			const {GetInferenceProfileCommand} = await import('@aws-sdk/client-bedrock');
			const command = new GetInferenceProfileCommand({inferenceProfileIdentifier: idOrArn});
			const answer = await call('bedrock:GetInferenceProfile', command, async (sent) =>
				(await clients.control()).send(sent),
			);
			const [profile] = listedProfiles([answer]);
			if (profile === undefined) {
				throw new SourceError('other', 'GetInferenceProfile returned no profile.', undefined);
			}
			return profile;
		},
	};
}

/** What the service says of a request that it has decided; any other word is of one that is open. */
const decided: ReadonlySet<string | undefined> = new Set([
	...['APPROVED', 'DENIED', 'CASE_CLOSED', 'NOT_APPROVED', 'INVALID_REQUEST'],
]);

const increaseOf = (change: RequestedServiceQuotaChange): QuotaIncrease => ({
	id: change.Id ?? null,
	code: change.QuotaCode ?? '',
	asked: change.DesiredValue ?? null,
	status: change.Status ?? 'PENDING',
	caseId: change.CaseId ?? null,
	createdAt: change.Created?.toISOString() ?? null,
});

/** The requests to raise quotas of the account behind the AWS clients. */
export function quotaIncreasesOf(
	clients: Pick<QuotaClients, 'serviceQuotas' | 'endpoint' | 'secrets'>,
	environment: Readonly<Record<string, string | undefined>> = process.env,
): QuotaIncreases {
	const call = callerOf(clients, environment);
	return {
		async listOpen() {
			const open: QuotaIncrease[] = [];
			const {ListRequestedServiceQuotaChangeHistoryCommand} = await import('@aws-sdk/client-service-quotas');
			const all = pages(async (NextToken) => {
				const command = new ListRequestedServiceQuotaChangeHistoryCommand({...quotasOfBedrock, NextToken});
				const answer = await call(increaseActions.list, command, async (sent) =>
					(await clients.serviceQuotas()).send(sent),
				);
				return {items: answer.RequestedQuotas ?? [], next: answer.NextToken};
			});
			for await (const page of all) {
				open.push(...page.filter(({Status}) => !decided.has(Status)).map(increaseOf));
			}
			return open;
		},
		async request(code, value) {
			const {RequestServiceQuotaIncreaseCommand} = await import('@aws-sdk/client-service-quotas');
			const command = new RequestServiceQuotaIncreaseCommand({
				ServiceCode: quotasOfBedrock.ServiceCode,
				QuotaCode: code,
				DesiredValue: value,
			});
			sendOnce(command);
			const answer = await call(increaseActions.request, command, async (sent) =>
				(await clients.serviceQuotas()).send(sent),
			);
			return increaseOf({QuotaCode: code, DesiredValue: value, ...answer.RequestedQuota});
		},
	};
}

/** Follows the token until there is none; a service that repeats its token is not asked again. */
async function* pages<Item>(
	fetchPage: (token: string | undefined) => Promise<Page<Item>>,
): AsyncGenerator<readonly Item[]> {
	const seen = new Set<string>();
	let token: string | undefined;
	do {
		const page = await fetchPage(token);
		yield page.items;
		token = page.next === undefined || page.next === '' || seen.has(page.next) ? undefined : page.next;
		seen.add(token ?? '');
	} while (token !== undefined);
}
