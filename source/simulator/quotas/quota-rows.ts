import {hashText} from '../answers/random.ts';
import type {Scope} from '../catalog/model.ts';
import {models} from '../catalog/models.ts';
import {mantleQuotaRows} from '../mantle/mantle-buckets.ts';
import {
	type BucketQuota,
	bucketQuotas,
	type LimitRow,
	type Overrides,
	type QuotaRow,
} from './bucket-quotas.ts';

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
	['Cross-Model Account-Level Tokens Per Day', 700_000_000],
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
	const isOverridden = overrides.requestsPerMinute !== undefined || overrides.tokensPerMinute !== undefined;
	const rows = [
		...bucketQuotas.flatMap((quota) => [
			...minuteRow(quota, 'requests', quota.requests, overrides.requestsPerMinute),
			...minuteRow(quota, 'tokens', quota.tokens, overrides.tokensPerMinute),
			...(isOverridden ? [] : dayRow(quota)),
		]),
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
