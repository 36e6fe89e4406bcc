import {randomUUID} from 'node:crypto';
import {hashText} from '../answers/random.ts';
import type {Scope} from '../catalog/model.ts';
import {models} from '../catalog/models.ts';
import {accountId} from '../catalog/profiles.ts';
import {isJson, type Json} from '../families/prompt.ts';
import {mantleQuotaRows} from '../mantle/mantle-models.ts';
import type {Simulation} from '../simulation.ts';
import {callerArn, deniedMessage} from '../wire/caller.ts';
import {type Exchange, type Reply, regionOf} from '../wire/exchange.ts';
import {
	type BucketQuota,
	bucketQuotas,
	hasModelDays,
	type IncreaseRequest,
	type IncreaseRequests,
	illegalArgument,
	type LimitRow,
	noSuchResource,
	type Overrides,
	QuotaError,
	type QuotaRow,
	stateOf,
	usualAccountTokensPerDay,
} from './bucket-quotas.ts';

/** Service Quotas: JSON 1.1, the action in the header `X-Amz-Target`. */

export const serviceQuotasTarget = 'ServiceQuotasV20190624';

const maxPageLength = 100;

/** The only service whose quotas are simulated. */
const service = {ServiceCode: 'bedrock', ServiceName: 'Amazon Bedrock'} as const;

const arnOf = ({code}: QuotaRow, region: string, account: string): string =>
	`arn:aws:servicequotas:${region}:${account}:bedrock/${code}`;

const quotaBody = (row: QuotaRow, value: number, region: string, account: string): Json => ({
	...service,
	QuotaArn: arnOf(row, region, account),
	QuotaCode: row.code,
	QuotaName: row.name,
	Value: value,
	Unit: 'None',
	Adjustable: row.isAdjustable,
	GlobalQuota: false,
	...(row.isPerMinute ? {Period: {PeriodValue: 1, PeriodUnit: 'MINUTE'}} : {}),
	...(account === '' ? {} : {QuotaAppliedAtLevel: 'ACCOUNT'}),
});

const appliedQuotas = (rows: readonly QuotaRow[], region: string): readonly Json[] =>
	rows.flatMap((row) => (row.applied === undefined ? [] : [quotaBody(row, row.applied, region, accountId)]));

const defaultQuotas = (rows: readonly QuotaRow[], region: string): readonly Json[] =>
	rows.map((row) => quotaBody(row, row.defaultValue, region, ''));

/** One page of a list, under a name. */
const page = (name: string, all: readonly Json[], input: Json): Json => {
	const size = input.MaxResults ?? maxPageLength;
	if (typeof size !== 'number' || size < 1 || size > maxPageLength) {
		throw illegalArgument(`MaxResults ${size} is not between 1 and ${maxPageLength}.`);
	}
	const start = input.NextToken === undefined ? 0 : Number(Buffer.from(String(input.NextToken), 'base64url'));
	if (!Number.isInteger(start) || start < 0 || start > all.length) {
		throw new QuotaError('InvalidPaginationTokenException', 'The pagination token is not valid.');
	}
	const end = start + size;
	return {
		[name]: all.slice(start, end),
		...(end < all.length ? {NextToken: Buffer.from(String(end)).toString('base64url')} : {}),
	};
};

const single = (quotas: readonly Json[], input: Json): Json => {
	const quota = quotas.find((candidate) => candidate.QuotaCode === input.QuotaCode);
	if (quota === undefined) {
		throw noSuchResource('service quota');
	}
	return {Quota: quota};
};

const assertService = ({ServiceCode: code}: Json): void => {
	if (code !== service.ServiceCode) {
		throw noSuchResource('service');
	}
};

const rowOf = (rows: readonly QuotaRow[], {QuotaCode: code}: Json): QuotaRow => {
	const row = rows.find((candidate) => candidate.code === code);
	if (row === undefined) {
		throw noSuchResource('service quota');
	}
	return row;
};

const requestBody = (request: IncreaseRequest, nowMs: number): Json => {
	const {status, caseId, updatedAtMs} = stateOf(request, nowMs);
	const {quota, region} = request;
	return {
		Id: request.id,
		...(caseId === undefined ? {} : {CaseId: caseId}),
		...service,
		QuotaCode: quota.code,
		QuotaName: quota.name,
		DesiredValue: request.desiredValue,
		Status: status,
		Created: request.createdAtMs / 1000,
		LastUpdated: updatedAtMs / 1000,
		Requester: JSON.stringify({accountId, callerArn}),
		QuotaArn: arnOf(quota, region, accountId),
		GlobalQuota: false,
		Unit: 'None',
		QuotaRequestedAtLevel: 'ACCOUNT',
	};
};

/** The account that an action works on. */
type QuotaAccount = {
	readonly rows: readonly QuotaRow[];
	readonly requests: IncreaseRequests;
	readonly region: string;
	readonly nowMs: number;
};

/** Makes the handler of Service Quotas over the account's quotas. */
export function createServiceQuotas({
	options,
	scenario,
	time,
	increases,
}: Simulation): (exchange: Exchange, action: string) => Promise<void> {
	const rows = quotaRows({...options, accountTokensPerDay: scenario.accountTokensPerDay});
	return async ({readBody, headers, reply}, action) => {
		const input = parseInput(await readBody());
		const name = `servicequotas:${action}`;
		try {
			if (scenario.denied?.includes(name)) {
				throw new QuotaError('AccessDeniedException', deniedMessage(name));
			}
			const account = {rows, requests: increases, region: regionOf(headers), nowMs: time.now()};
			send(reply, 200, act(action, input, account));
		} catch (error) {
			if (!(error instanceof QuotaError)) {
				throw error;
			}
			send(reply, 400, {__type: error.type, Message: error.message});
		}
	};
}

const parseInput = (body: Buffer): Json => {
	try {
		const input: unknown = JSON.parse(body.toString('utf8'));
		return isJson(input) ? input : {};
	} catch {
		return {};
	}
};

const send = (reply: Reply, status: number, body: Json): void => {
	const bytes = Buffer.from(JSON.stringify(body));
	reply.head(status, {
		'content-type': 'application/x-amz-json-1.1',
		'content-length': String(bytes.length),
		'x-amzn-requestid': randomUUID(),
	});
	reply.end(bytes);
};

const act = (action: string, input: Json, account: QuotaAccount): Json => {
	const {rows, requests, region, nowMs} = account;
	switch (action) {
		case 'ListServices':
			return page('Services', [service], input);
		case 'ListServiceQuotas':
			assertService(input);
			return page('Quotas', appliedQuotas(rows, region), input);
		case 'ListAWSDefaultServiceQuotas':
			assertService(input);
			return page('Quotas', defaultQuotas(rows, region), input);
		case 'GetServiceQuota':
			assertService(input);
			return single(appliedQuotas(rows, region), input);
		case 'GetAWSDefaultServiceQuota':
			assertService(input);
			return single(defaultQuotas(rows, region), input);
		case 'RequestServiceQuotaIncrease':
			return requestIncrease(input, account);
		case 'GetRequestedServiceQuotaChange': {
			const request = requests.find(String(input.RequestId));
			if (request === undefined || request.region !== region) {
				throw noSuchResource('service quota increase request');
			}
			return {RequestedQuota: requestBody(request, nowMs)};
		}
		case 'ListRequestedServiceQuotaChangeHistory':
			if (input.ServiceCode !== undefined) {
				assertService(input);
			}
			return history({...input, QuotaCode: undefined}, account);
		case 'ListRequestedServiceQuotaChangeHistoryByQuota':
			assertService(input);
			rowOf(rows, input);
			return history(input, account);
		default:
			throw new QuotaError(
				'UnknownOperationException',
				`The simulator does not serve ${action} of Service Quotas.`,
			);
	}
};

const requestIncrease = (input: Json, {rows, requests, region, nowMs}: QuotaAccount): Json => {
	assertService(input);
	const quota = rowOf(rows, input);
	const {DesiredValue: desiredValue} = input;
	if (typeof desiredValue !== 'number') {
		throw illegalArgument('DesiredValue is required.');
	}
	return {RequestedQuota: requestBody(requests.make(quota, {region, desiredValue, nowMs}), nowMs)};
};

/** Requests of the account, or of one quota. */
const history = (input: Json, {requests, region, nowMs}: QuotaAccount): Json => {
	const found = requests
		.all(region)
		.filter(({quota}) => input.QuotaCode === undefined || quota.code === input.QuotaCode)
		.map((request) => requestBody(request, nowMs))
		.filter(({Status: status}) => input.Status === undefined || status === input.Status);
	return page('RequestedQuotas', found, input);
};

/**
 * The whole list of Service Quotas. These are the hundreds of other quotas of Bedrock, so that lists have pages and a
 * resolver can get something wrong.
 */

const requestsPerSecondActions = (
	'AssociateAgentKnowledgeBase CreateAgent CreateAgentActionGroup CreateAgentAlias CreateDataSource CreateFlow CreateFlowAlias ' +
	'CreateFlowVersion CreateKnowledgeBase CreatePrompt CreatePromptVersion DeleteAgent DeleteAgentActionGroup DeleteAgentAlias ' +
	'DeleteAgentVersion DeleteDataSource DeleteFlow DeleteFlowAlias DeleteFlowVersion DeleteKnowledgeBase DeletePrompt ' +
	'DisassociateAgentKnowledgeBase GetAgent GetAgentActionGroup GetAgentAlias GetAgentKnowledgeBase GetAgentVersion ' +
	'GetDataSource GetFlow GetFlowAlias GetFlowVersion GetIngestionJob GetKnowledgeBase GetPrompt ListAgentActionGroups ' +
	'ListAgentAliases ListAgentKnowledgeBases ListAgentVersions ListAgents ListDataSources ListFlowAliases ListFlowVersions ' +
	'ListFlows ListIngestionJobs ListKnowledgeBases ListPrompts PrepareAgent PrepareFlow Retrieve RetrieveAndGenerate ' +
	'StartIngestionJob UpdateAgent UpdateAgentActionGroup UpdateAgentAlias UpdateAgentKnowledgeBase UpdateDataSource ' +
	'UpdateFlow UpdateFlowAlias UpdateKnowledgeBase UpdatePrompt ValidateFlowDefinition'
).split(' ');

const otherQuotas: ReadonlyArray<readonly [name: string, value: number]> = [
	['(Data Automation) InvokeDataAutomationAsync - Document - Max number of concurrent jobs', 25],
	['(Data Automation) Maximum document file size (MB)', 500],
	['(Data Automation) Maximum Number of pages per document', 3000],
	['(Data Automation) Maximum video length (Minutes)', 240],
	['(Flows) Flows per account', 100],
	['(Guardrails) Guardrails per account', 100],
	['(Guardrails) On-demand ApplyGuardrail requests per second', 50],
	['(Guardrails) Topics per guardrail', 30],
	['(Guardrails) Words per word policy', 10_000],
	['(Knowledge Bases) Rerank requests per second', 10],
	['(Knowledge Bases) RetrieveAndGenerateStream requests per second', 20],
	['(Model customization) Custom models per account', 100],
	['Agents per account', 200],
	['Characters in Agent instructions', 20_000],
	['Concurrent model import jobs', 1],
	['Imported models per account', 3],
	['Inference profiles per account', 1000],
	['Knowledge bases per account', 100],
	['Model units no-commitment Provisioned Throughputs across base models', 0],
	['Number of custom prompt routers per account', 500],
	['Throttle rate limit for InvokeDataAutomationAsync', 5],
	['Total nodes per flow', 40],
	['On-demand latency-optimized model inference requests per minute for Anthropic Claude 3.5 Haiku', 100],
	['On-demand latency-optimized model inference tokens per minute for Anthropic Claude 3.5 Haiku', 500_000],
	['On-Demand, latency-optimized model inference requests per minute for Amazon Nova Pro V1', 10],
	['On-Demand, latency-optimized model inference tokens per minute for Amazon Nova Pro V1', 40_000],
	[
		'Cross-region model inference requests per minute for Anthropic Claude Sonnet 4.5 V1 1M Context Length',
		10,
	],
	[
		'Cross-region model inference tokens per minute for Anthropic Claude Sonnet 4.5 V1 1M Context Length',
		20_000,
	],
	[
		'Global cross-region model inference requests per minute for Anthropic Claude Sonnet 4.5 V1 1M Context Length',
		10,
	],
	[
		'Global cross-region model inference tokens per minute for Anthropic Claude Sonnet 4.5 V1 1M Context Length',
		20_000,
	],
	['On-demand InvokeModel concurrent requests for Amazon Nova Sonic', 20],
];

const batchQuotas = (name: string): ReadonlyArray<readonly [name: string, value: number]> => [
	[`Minimum number of records per batch inference job for ${name}`, 100],
	[`Records per input file per batch inference job for ${name}`, 50_000],
	[`Records per batch inference job for ${name}`, 50_000],
	[`Batch inference input file size (in GB) for ${name}`, 1],
	[`Batch inference job size (in GB) for ${name}`, 5],
	[`Sum of in-progress and submitted batch inference jobs using a base model for ${name}`, 20],
	[`Model units per provisioned model for ${name}`, 0],
];

/** All of them, without codes. */
const decoyQuotas: ReadonlyArray<Omit<QuotaRow, 'code'>> = [
	...requestsPerSecondActions.map((action) => [`${action} requests per second`, 10] as const),
	...otherQuotas,
	...[...new Set(models.map(({name}) => name))].flatMap(batchQuotas),
].map(([name, value]) => ({
	name,
	defaultValue: value,
	applied: value,
	isAdjustable: false,
	isPerMinute: false,
}));

const routeNames: Readonly<Record<Scope, string>> = {
	'on-demand': 'On-demand',
	'cross-region': 'Cross-region',
	global: 'Global cross-region',
};

/**
 * Every quota of the simulated account, sorted by name. Limits typed by the user are its applied values; it then has
 * no daily limits.
 */
export function quotaRows(overrides: Overrides): readonly QuotaRow[] {
	const rows = [
		...bucketQuotas.flatMap((quota) => [
			...minuteRow(quota, 'requests', quota.requests, overrides.requestsPerMinute),
			...minuteRow(quota, 'tokens', quota.tokens, overrides.tokensPerMinute),
			...(hasModelDays(overrides) ? dayRow(quota) : []),
		]),
		{
			code: 'L-E3F10727',
			name: 'Cross-Model Max Tokens Per Day',
			defaultValue: usualAccountTokensPerDay,
			applied: overrides.accountTokensPerDay ?? usualAccountTokensPerDay,
			isAdjustable: false,
			isPerMinute: false,
		},
		...mantleQuotaRows(overrides),
		...decoyQuotas.map((quota) => ({...quota, code: codeOf(quota.name)})),
	];
	return rows.sort((a, b) => (a.name < b.name ? -1 : 1));
}

const minuteRow = (
	quota: BucketQuota,
	metric: 'requests' | 'tokens',
	row: LimitRow | undefined,
	override: number | undefined,
): readonly QuotaRow[] => {
	if (row === undefined && override === undefined) {
		return [];
	}
	const label = metric === 'requests' ? quota.requestsLabel : quota.label;
	const name = `${routeName(quota)} model inference ${metric} per minute for ${label}`;
	return [
		{
			code: row?.[0] ?? codeOf(name),
			name,
			defaultValue: row?.[1] ?? override ?? 0,
			applied: override ?? row?.[2],
			isAdjustable: quota.scope !== 'on-demand',
			isPerMinute: true,
		},
	];
};

const routeName = ({scope, isCapitalised}: BucketQuota): string =>
	isCapitalised ? 'Cross-Region' : routeNames[scope];

/** A code in AWS's form for a row without one. */
const codeOf = (name: string): string => `L-${hashText(name).toString(16).toUpperCase().padStart(8, '0')}`;

const dayRow = ({scope, label, day}: BucketQuota): readonly QuotaRow[] => {
	if (day === undefined) {
		return [];
	}
	const name =
		scope === 'global'
			? `Global cross-region model inference tokens per day for ${label}`
			: `Model invocation max tokens per day for ${label} (doubled for cross-region calls)`;
	return [
		{code: day[0], name, defaultValue: day[1], applied: day[2], isAdjustable: false, isPerMinute: false},
	];
};
