import {existsSync, readFileSync} from 'node:fs';
import {
	BedrockClient,
	GetFoundationModelCommand,
	GetInferenceProfileCommand,
	ListFoundationModelsCommand,
	paginateListInferenceProfiles,
} from '@aws-sdk/client-bedrock';
import {
	GetRequestedServiceQuotaChangeCommand,
	GetServiceQuotaCommand,
	ListRequestedServiceQuotaChangeHistoryByQuotaCommand,
	ListRequestedServiceQuotaChangeHistoryCommand,
	ListServiceQuotasCommand,
	ListServicesCommand,
	ListTagsForResourceCommand,
	paginateListAWSDefaultServiceQuotas,
	paginateListServiceQuotas,
	RequestServiceQuotaIncreaseCommand,
	type ServiceQuota,
	ServiceQuotasClient,
} from '@aws-sdk/client-service-quotas';
import {describe, expect, it, onTestFinished} from 'vitest';
import {otherModels} from '../../source/simulator/catalog/model.ts';
import {models} from '../../source/simulator/catalog/models.ts';
import type {SimulatorOptions} from '../../source/simulator/options.ts';
import {bucketQuotas} from '../../source/simulator/quotas/bucket-quotas.ts';
import {quotaRows} from '../../source/simulator/quotas/service-quotas.ts';
import {startSimulator} from '../../source/simulator/server.ts';
import {credentials, defaultOptions, startForTest} from './harness.ts';
import {createMovableTime, minuteMs, noon} from './metric-harness.ts';

/**
 * Tests source/simulator/control-plane.ts and source/simulator/quotas/: lists of models, profiles and quotas, and
 * requests for an increase.
 */

const quotasClient = async (options: Partial<SimulatorOptions> = {}): Promise<ServiceQuotasClient> => {
	const {url} = await startForTest(options);
	const client = new ServiceQuotasClient({endpoint: url, region: 'us-east-1', credentials, maxAttempts: 1});
	onTestFinished(() => client.destroy());
	return client;
};

const bedrockClient = async (): Promise<BedrockClient> => {
	const {url} = await startForTest();
	const client = new BedrockClient({endpoint: url, region: 'eu-west-1', credentials, maxAttempts: 1});
	onTestFinished(() => client.destroy());
	return client;
};

const collect = async (
	pages: AsyncIterable<{readonly Quotas?: ServiceQuota[] | undefined}>,
): Promise<{quotas: readonly ServiceQuota[]; pages: number}> => {
	const quotas: ServiceQuota[] = [];
	let count = 0;
	for await (const page of pages) {
		count++;
		quotas.push(...(page.Quotas ?? []));
	}
	return {quotas, pages: count};
};

const quotaValue = (quotas: readonly ServiceQuota[], name: string): number | undefined =>
	quotas.find((quota) => quota.QuotaName === name)?.Value;

const noOverrides = {requestsPerMinute: undefined, tokensPerMinute: undefined};

describe('Service Quotas', () => {
	it('lists several hundred quotas in pages, each once', async () => {
		const client = await quotasClient();
		const {quotas, pages} = await collect(
			paginateListServiceQuotas({client, pageSize: 100}, {ServiceCode: 'bedrock'}),
		);
		expect(quotas.length).toBeGreaterThan(300);
		expect(pages).toBe(Math.ceil(quotas.length / 100));
		expect(new Set(quotas.map((quota) => quota.QuotaCode)).size).toBe(quotas.length);
	});

	it.each([
		['Cross-region model inference requests per minute for Amazon Nova Lite', 200, 4000],
		['Cross-region model inference tokens per minute for Amazon Nova Lite', 100_000, 8_000_000],
		['Cross-region model inference requests per minute for Anthropic Claude Sonnet 4.5 V1', 100, 10_000],
		['Cross-region model inference tokens per minute for Anthropic Claude Sonnet 4.5 V1', 200_000, 5_000_000],
		['Cross-region model inference requests per minute for Meta Llama 3.3 70B Instruct', 120, 800],
		['Cross-region model inference tokens per minute for Meta Llama 3.3 70B Instruct', 60_000, 600_000],
		['On-demand model inference requests per minute for Amazon Titan Text Express', 80, 400],
		['On-demand model inference tokens per minute for Amazon Titan Text Express', 40_000, 300_000],
		['Cross-region model inference tokens per minute for Amazon Nova Premier V1', 0, 2_000_000],
	])('%s: %d applied, %d by default', async (name, applied, standard) => {
		const client = await quotasClient();
		const account = await collect(paginateListServiceQuotas({client}, {ServiceCode: 'bedrock'}));
		const aws = await collect(paginateListAWSDefaultServiceQuotas({client}, {ServiceCode: 'bedrock'}));
		expect(quotaValue(account.quotas, name)).toBe(applied);
		expect(quotaValue(aws.quotas, name)).toBe(standard);
	});

	it('leaves out what has no applied value, and requests where the service sets no limit', async () => {
		const client = await quotasClient();
		const {quotas} = await collect(paginateListServiceQuotas({client}, {ServiceCode: 'bedrock'}));
		const names = quotas.map((quota) => quota.QuotaName ?? '');
		expect(
			names.filter((name) => name.endsWith('Meta Llama 3 8B Instruct') && name.startsWith('On-demand')),
		).toEqual([]);
		expect(names.filter((name) => / minute for Anthropic Claude Opus 5$/.test(name))).toEqual([
			'Cross-region model inference tokens per minute for Anthropic Claude Opus 5',
			'Global cross-region model inference tokens per minute for Anthropic Claude Opus 5',
		]);
	});

	it('answers with limits that were typed', async () => {
		const client = await quotasClient({requestsPerMinute: 7, tokensPerMinute: 777});
		const {quotas} = await collect(paginateListServiceQuotas({client}, {ServiceCode: 'bedrock'}));
		const name = (metric: string) =>
			`Cross-region model inference ${metric} per minute for Anthropic Claude Opus 5`;
		expect(quotaValue(quotas, name('requests'))).toBe(7);
		expect(quotaValue(quotas, name('tokens'))).toBe(777);
	});

	it('gets one quota, and says when there is none', async () => {
		const client = await quotasClient();
		const found = await client.send(
			new GetServiceQuotaCommand({ServiceCode: 'bedrock', QuotaCode: 'L-89F8391A'}),
		);
		expect(found.Quota?.Value).toBe(200);
		await expect(
			client.send(new GetServiceQuotaCommand({ServiceCode: 'bedrock', QuotaCode: 'L-00000000'})),
		).rejects.toMatchObject({name: 'NoSuchResourceException'});
		await expect(client.send(new ListServiceQuotasCommand({ServiceCode: 'ec2'}))).rejects.toMatchObject({
			name: 'NoSuchResourceException',
		});
	});

	it('has limits for every route of every model that can be called', () => {
		const routes = models
			.filter(({traits}) => !traits.has('end-of-life'))
			.flatMap(({id, isOnDemand, profiles}) => [
				...(isOnDemand ? [`on-demand ${id}`] : []),
				...(profiles.some((prefix) => prefix !== 'global') ? [`cross-region ${id}`] : []),
				...(profiles.includes('global') ? [`global ${id}`] : []),
			]);
		const limited = new Set(bucketQuotas.map(({scope, model}) => `${scope} ${model}`));
		expect(routes.filter((name) => !limited.has(name))).toEqual([]);
	});
});

describe('requests for an increase', () => {
	const lite = {ServiceCode: 'bedrock', QuotaCode: 'L-89F8391A'};

	const open = async (scenario = {}) => {
		const time = createMovableTime();
		const {url, stop} = await startSimulator({...defaultOptions, scenario}, time);
		onTestFinished(stop);
		const client = new ServiceQuotasClient({endpoint: url, region: 'us-east-1', credentials, maxAttempts: 1});
		onTestFinished(() => client.destroy());
		return {client, time, url};
	};

	it('are kept, become a case, and change no quota', async () => {
		const {client, time} = await open();
		const made = await client.send(new RequestServiceQuotaIncreaseCommand({...lite, DesiredValue: 5000}));
		expect(made.RequestedQuota).toMatchObject({
			...lite,
			QuotaName: 'Cross-region model inference requests per minute for Amazon Nova Lite',
			DesiredValue: 5000,
			Status: 'PENDING',
			Created: new Date(noon),
		});
		const history = async (more = {}) =>
			(await client.send(new ListRequestedServiceQuotaChangeHistoryByQuotaCommand({...lite, ...more})))
				.RequestedQuotas;
		expect(await history()).toEqual([made.RequestedQuota]);
		time.moveTo(noon + 2 * minuteMs);
		const {RequestedQuota: later} = await client.send(
			new GetRequestedServiceQuotaChangeCommand({RequestId: made.RequestedQuota?.Id}),
		);
		expect(later).toMatchObject({
			Status: 'CASE_OPENED',
			CaseId: expect.stringMatching(/^\d{15}$/),
			LastUpdated: new Date(noon + minuteMs),
		});
		expect(await history({Status: 'CASE_OPENED'})).toEqual([later]);
		expect(await history({Status: 'PENDING'})).toEqual([]);
		const {RequestedQuotas} = await client.send(new ListRequestedServiceQuotaChangeHistoryCommand({}));
		expect(RequestedQuotas).toEqual([later]);
		const {Quota} = await client.send(new GetServiceQuotaCommand(lite));
		expect(Quota?.Value).toBe(200);
	});

	it('are open once a quota and Region, until the simulator is reset', async () => {
		const {client, url} = await open();
		const ask = async (to: ServiceQuotasClient) =>
			to.send(new RequestServiceQuotaIncreaseCommand({...lite, DesiredValue: 5000}));
		await ask(client);
		await expect(ask(client)).rejects.toMatchObject({
			name: 'ResourceAlreadyExistsException',
			message: 'Only one open service quota increase request is allowed per quota.',
		});
		const elsewhere = new ServiceQuotasClient({
			endpoint: url,
			region: 'us-west-2',
			credentials,
			maxAttempts: 1,
		});
		onTestFinished(() => elsewhere.destroy());
		await ask(elsewhere);
		await fetch(`${url}/__reset`, {method: 'POST', headers: {'x-bedrock-top-reset': '1'}});
		await ask(client);
	});

	const nova = 'L-89F8391A';
	const fixed = quotaRows(noOverrides).find(({isAdjustable}) => !isAdjustable)?.code;

	it.each([
		[
			'below the default',
			nova,
			4000,
			/^You must provide a quota value greater than the default quota value of 4000\.0$/,
		],
		[
			'below a large default',
			'L-99296DCD',
			2e7,
			/^You must provide a quota value greater than the default quota value of 3\.0E7$/,
		],
		['of a quota that is fixed', fixed, 1e12, /the specified quota is not adjustable/],
		['of a quota that there is not', 'L-00000000', 5000, /the specified service quota does not exist/],
	])('are refused %s', async (_words, QuotaCode, DesiredValue, message) => {
		const {client} = await open();
		await expect(
			client.send(new RequestServiceQuotaIncreaseCommand({ServiceCode: 'bedrock', QuotaCode, DesiredValue})),
		).rejects.toMatchObject({message: expect.stringMatching(message)});
	});

	it('are refused below a limit that was typed', async () => {
		const client = await quotasClient({requestsPerMinute: 9000});
		await expect(
			client.send(new RequestServiceQuotaIncreaseCommand({...lite, DesiredValue: 8000})),
		).rejects.toMatchObject({
			message: 'You must provide a quota value greater than the current quota value',
		});
	});

	it('are refused without the right to ask, without a value, and for other services', async () => {
		const {client} = await open({denied: ['servicequotas:RequestServiceQuotaIncrease']});
		const ask = client.send(new RequestServiceQuotaIncreaseCommand({...lite, DesiredValue: 5000}));
		await expect(ask).rejects.toMatchObject({name: 'AccessDeniedException'});
		const other = {ServiceCode: 'ec2', QuotaCode: 'L-89F8391A'};
		await expect(
			client.send(new ListRequestedServiceQuotaChangeHistoryByQuotaCommand(other)),
		).rejects.toMatchObject({name: 'NoSuchResourceException'});
		await expect(
			client.send(new GetRequestedServiceQuotaChangeCommand({RequestId: 'none'})),
		).rejects.toMatchObject({name: 'NoSuchResourceException'});
	});

	it('stand beside a list of services, and other actions are refused by their names', async () => {
		const {client} = await open();
		const {Services} = await client.send(new ListServicesCommand({}));
		expect(Services).toEqual([{ServiceCode: 'bedrock', ServiceName: 'Amazon Bedrock'}]);
		const tags = new ListTagsForResourceCommand({
			ResourceARN: 'arn:aws:servicequotas:us-east-1:123456789012:x',
		});
		await expect(client.send(tags)).rejects.toMatchObject({
			name: 'UnknownOperationException',
			message: 'The simulator does not serve ListTagsForResource of Service Quotas.',
		});
	});
});

const names = new URL('../../../shared/data/quotas.json', import.meta.url);

describe.skipIf(!existsSync(names))(
	'quota names are AWS’s (skipped without ../shared/data/quotas.json)',
	() => {
		const known = existsSync(names)
			? (JSON.parse(readFileSync(names, 'utf8')) as Array<{QuotaName: string; QuotaCode: string | null}>)
			: [];

		it('each name about inference is one of AWS’s, with its code', () => {
			const codes = new Map<string, Set<string>>();
			for (const {QuotaName, QuotaCode} of known) {
				codes.set(QuotaName, (codes.get(QuotaName) ?? new Set()).add(QuotaCode ?? ''));
			}
			const wrong = quotaRows(noOverrides)
				.filter(({name, isPerMinute}) => isPerMinute || /tokens per day for/i.test(name))
				.filter(({name, code}) => codes.get(name)?.has(code) !== true);
			expect(wrong.map(({name, code}) => `${code} ${name}`)).toEqual([]);
		});
	},
);

describe('the control plane', () => {
	it('lists models with their modalities', async () => {
		const client = await bedrockClient();
		const {modelSummaries = []} = await client.send(new ListFoundationModelsCommand({}));
		expect(modelSummaries.length).toBe(models.length + otherModels.length);
		expect(modelSummaries.find(({modelId}) => modelId === 'amazon.nova-lite-v1:0')).toMatchObject({
			modelArn: 'arn:aws:bedrock:eu-west-1::foundation-model/amazon.nova-lite-v1:0',
			modelName: 'Nova Lite',
			providerName: 'Amazon',
			responseStreamingSupported: true,
		});
		const text = await client.send(new ListFoundationModelsCommand({byOutputModality: 'EMBEDDING'}));
		expect(text.modelSummaries?.map(({modelId}) => modelId)).toContain('amazon.titan-embed-text-v2:0');
		expect(text.modelSummaries?.map(({modelId}) => modelId)).not.toContain('amazon.nova-canvas-v1:0');
	});

	it('describes one model', async () => {
		const client = await bedrockClient();
		const {modelDetails} = await client.send(
			new GetFoundationModelCommand({modelIdentifier: 'deepseek.r1-v1:0'}),
		);
		expect(modelDetails?.inferenceTypesSupported).toEqual(['INFERENCE_PROFILE']);
	});

	it('lists system profiles in pages, application profiles when asked for', async () => {
		const client = await bedrockClient();
		let pages = 0;
		const ids: string[] = [];
		for await (const page of paginateListInferenceProfiles({client}, {})) {
			pages++;
			ids.push(
				...(page.inferenceProfileSummaries ?? []).map(({inferenceProfileId = ''}) => inferenceProfileId),
			);
		}
		expect(pages).toBeGreaterThan(1);
		expect(ids).toContain('us.amazon.nova-lite-v1:0');
		expect(ids).toContain('global.anthropic.claude-opus-5');
		expect(ids).not.toContain('sim0nova0lite');
		for await (const page of paginateListInferenceProfiles({client}, {typeEquals: 'APPLICATION'})) {
			expect(page.inferenceProfileSummaries?.map(({type}) => type)).toEqual(['APPLICATION', 'APPLICATION']);
		}
	});

	it.each([
		['us.amazon.nova-lite-v1:0', 'arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0'],
		[
			'arn:aws:bedrock:eu-west-1:123456789012:application-inference-profile/sim0claude0g1',
			'arn:aws:bedrock:::foundation-model/anthropic.claude-sonnet-4-5-20250929-v1:0',
		],
	])('resolves %s', async (inferenceProfileIdentifier, modelArn) => {
		const client = await bedrockClient();
		const profile = await client.send(new GetInferenceProfileCommand({inferenceProfileIdentifier}));
		expect(profile.models?.map((model) => model.modelArn)).toContain(modelArn);
	});

	it('knows no other profile', async () => {
		const client = await bedrockClient();
		await expect(
			client.send(new GetInferenceProfileCommand({inferenceProfileIdentifier: 'us.nothing'})),
		).rejects.toMatchObject({name: 'ResourceNotFoundException'});
	});
});
