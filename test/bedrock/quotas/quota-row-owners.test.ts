import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {createModelIndex} from '../../../source/bedrock/identify/identify.ts';
import {parseQuotaName} from '../../../source/bedrock/quotas/quota-name.ts';
import {labelOwners} from '../../../source/bedrock/quotas/quota-row-owners.ts';
import {isSoak} from '../../helpers/random-cases.ts';
import {foundationModel, systemProfile} from './quotas-source.ts';

const owner = (label: string, baseModels: readonly string[], modelIndex = createModelIndex([], [])) =>
	labelOwners([label], baseModels, modelIndex).get(label);

describe('grammar', () => {
	it.each([
		['On-demand model inference requests per minute for Amazon Nova Lite', 'on-demand', 'requestsPerMinute'],
		['ON-DEMAND  MODEL INFERENCE tokens per minute for Amazon Nova Lite', 'on-demand', 'tokensPerMinute'],
		['Cross-Region InvokeModel tokens per minute for Amazon Nova Lite', 'cross-region', 'tokensPerMinute'],
		['Global cross-region model inference tokens per day for Amazon Nova Lite', 'global', 'tokensPerDay'],
		['InvokeModel requests per minute for Amazon Nova Lite', 'on-demand', 'requestsPerMinute'],
		[
			'On-demand InvokeModel async concurrent requests for Amazon Nova Lite',
			'on-demand',
			'concurrentRequests',
		],
	])('%s', (name, scope, metric) => {
		expect(parseQuotaName(name)).toMatchObject({scope, metric, use: 'standard', label: 'Amazon Nova Lite'});
	});

	it.each([
		'On-demand model inference requests per hour for Amazon Nova Lite',
		'On-demand model inference requests per minute for ',
		'Records per batch inference job for Nova Lite V1',
		'Batch inference job size (in GB) for Claude 3 Haiku',
		'Cross-Model Max Tokens Per Day',
		'(Model customization) Sum of on demand custom model deployment tokens per minute for Amazon Nova Lite',
		'',
	])('not about calling a model: %s', (name) => {
		expect(parseQuotaName(name)).toBeUndefined();
	});
});

describe('owners of labels', () => {
	it.each([
		[
			'Anthropic Claude Sonnet 4',
			['anthropic.claude-sonnet-4-6', 'anthropic.claude-sonnet-4-5-20250929-v1:0'],
		],
		['Anthropic Claude 3.5 Sonnet V2', ['anthropic.claude-3-5-sonnet-20240620-v1:0']],
		['Anthropic Claude 3.5 Sonnet', ['anthropic.claude-3-5-sonnet-20241022-v2:0']],
		[
			'Anthropic Claude 3.5 Haiku',
			['anthropic.claude-haiku-4-5-20251001-v1:0', 'anthropic.claude-3-haiku-20240307-v1:0'],
		],
		['Qwen3 VL 235B A22B', ['qwen.qwen3-235b-a22b-2507-v1:0']],
		['Qwen3 Coder 30B a3b V1', ['qwen.qwen3-coder-480b-a35b-v1:0']],
		['Amazon Nova Lite', ['amazon.nova-2-lite-v1:0']],
		['Amazon Nova Lite V2', ['amazon.nova-2-lite-v1:0', 'amazon.nova-lite-v1:0']],
		['Cohere Command R', ['cohere.command-r-plus-v1:0', 'cohere.command-text-v14']],
		['Mistral Large', ['mistral.mistral-large-2407-v1:0', 'mistral.mistral-large-3-675b-instruct']],
		['Large 2407', ['mistral.mistral-large-2407-v1:0']],
		['Amazon Titan Text Embeddings', ['amazon.titan-e1t-medium', 'amazon.titan-embed-text-v2:0']],
		['Cohere Nova Lite', ['amazon.nova-lite-v1:0']],
	])('%s is not about %j', (label, baseModels) => {
		const owned = owner(label, baseModels);
		expect(baseModels.map((model) => model.replace(/:0$/, ''))).not.toContain(owned);
	});

	it.each([
		['TwelveLabs Pegasus', 'twelvelabs.pegasus-1-2-v1:0'],
		['Twelve Labs Pegasus V1', 'twelvelabs.pegasus-1-2-v1:0'],
		['Meta Llama 4 Maverick', 'meta.llama4-maverick-17b-instruct-v1:0'],
		['Mistral Large V1', 'mistral.mistral-large-2402-v1:0'],
	])(
		'an irregular name however it is spaced and whether a first version is written: %s',
		(label, baseModel) => {
			expect(owner(label, [baseModel])).toBe(baseModel.replace(/:0$/, ''));
		},
	);

	it('a model that the account lists owns the label, not another spelling that was typed', () => {
		const modelIndex = createModelIndex(
			[foundationModel('amazon.nova-lite-v1:0', {modelName: 'Nova Lite'})],
			[systemProfile('us.amazon.nova-lite-v1:0')],
		);
		expect(owner('Amazon Nova Lite', ['amazon.nova-lite'], modelIndex)).toBe('amazon.nova-lite-v1');
	});

	it('nobody owns a label that two listed models claim alike', () => {
		const modelIndex = createModelIndex(
			['anthropic.claude-x-5-20260101-v1:0', 'anthropic.claude-x-5-20260601-v1:0'].map((id) =>
				foundationModel(id, {modelName: 'Claude X 5'}),
			),
			[],
		);
		expect(owner('Anthropic Claude X 5', [], modelIndex)).toBeUndefined();
	});

	it('the listed name decides where the ID says nothing', () => {
		const models = [
			foundationModel('acme.tiger-7b', {modelName: 'Tiger Large 1.2'}),
			foundationModel('acme.lion-7b', {modelName: 'Lion'}),
		];
		expect(owner('Acme Tiger Large 1.2', [], createModelIndex(models, []))).toBe('acme.tiger-7b');
		const twins = [...models, foundationModel('acme.tiger-8b', {modelName: 'Tiger Large 1.2'})];
		expect(owner('Acme Tiger Large 1.2', [], createModelIndex(twins, []))).toBeUndefined();
	});

	it.each([
		['Anthropic Claude Opus 6', 'anthropic.claude-opus-6'],
		['Anthropic Claude Opus 6.1 V1', 'anthropic.claude-opus-6-1-20270101-v1:0'],
		['Meta Llama 5.1 90B Instruct', 'meta.llama5-1-90b-instruct-v1:0'],
		['Acme AI Tiger 3.0', 'acme.tiger-3-v1:0'],
		['GPT-7.1 Nova', 'openai.gpt-7.1-nova'],
		['Z.ai GLM-6', 'zai.glm-6'],
		['Amazon Nova 3 Pro Preview', 'amazon.nova-3-pro-preview-20270101-v1:0'],
		['Minimax M4.1', 'minimax.minimax-m4.1'],
		['Twelve Labs Argos 2.1', 'twelvelabs.argos-2-1-v1:0'],
		['Kimi K3.1', 'moonshotai.kimi-k3-1'],
		['Qwen4.5 397B A17B', 'qwen.qwen4-5-397b-a17b'],
		['Devstral 3 123B', 'mistral.devstral-3-123b'],
		['Gemma 5 26B A4B', 'google.gemma-5-26b-a4b'],
	])('a model of tomorrow follows the rule: %s', (label, baseModel) => {
		expect(owner(label, [baseModel])).toBe(baseModel.replace(/:0$/, ''));
	});
});

describe('mutated names', () => {
	const models = [
		'amazon.nova-lite-v1:0',
		'amazon.nova-2-lite-v1:0',
		'anthropic.claude-sonnet-4-20250514-v1:0',
		'anthropic.claude-sonnet-4-6',
		'mistral.mistral-large-2407-v1:0',
		'qwen.qwen3-32b-v1:0',
		'deepseek.r1-v1:0',
		'meta.llama3-1-70b-instruct-v1:0',
	];
	const labels = [
		'Amazon Nova Lite',
		'Amazon Nova 2 Lite',
		'Anthropic Claude Sonnet 4 V1',
		'Anthropic Claude Sonnet 4.6',
		'Mistral Large 2407',
		'Qwen3 32B V1',
		'DeepSeek R1 V1',
		'Meta Llama 3.1 70B Instruct',
	];
	/** Words as a reader sees them, without vendors and marks that AWS sets at will: an oracle apart from the code. */
	const words = (text: string) => {
		const optional =
			/^(?:(?:amazon|anthropic|mistral|deepseek|meta|qwen)(?:ai)?|ai|labs|instruct|it|v1|v?1\.0)$/;
		return text
			.toLowerCase()
			.split(/[\s\-_()/,:]+/)
			.flatMap((word) => word.replaceAll('+', ' plus ').split(/ |(?<=^[a-z]{2,})(?=\d[\d.]*$)/))
			.map((word) => word.replace(/^v?(?!1\.0)(\d+)\.0$/, '$1').replace(/^v(\d+\.\d+)$/, '$1'))
			.map((word) => word.replace(/^(2\d)\.([01]\d)$/, '$1$2'))
			.filter((word) => word !== '' && !optional.test(word))
			.toSorted()
			.join(' ');
	};

	it('a changed letter, digit or sign never finds another model', () => {
		const edits = fc.record({
			label: fc.constantFrom(...labels),
			at: fc.nat(40),
			length: fc.nat(3),
			text: fc.oneof(fc.string({maxLength: 3}), fc.constantFrom('V2', '4', '.', '!', 'é', ' Lite')),
		});
		fc.assert(
			fc.property(edits, ({label, at, length, text}) => {
				const mutated = label.slice(0, at) + text + label.slice(at + length);
				const found = owner(mutated, models);
				const own = labels.filter((_label, index) => models[index]?.replace(/:0$/, '') === found);
				expect(found === undefined || own.some((known) => words(known) === words(mutated))).toBe(true);
			}),
			{numRuns: isSoak ? 10_000 : 800},
		);
	});

	it('no name crashes the grammar, and what it reads is part of the name', () => {
		const names = fc.oneof(
			fc.string(),
			fc
				.tuple(fc.constantFrom('On-demand ', 'Cross-region ', 'Global cross-region ', ''), fc.string())
				.map(([route, rest]) => `${route}model inference tokens per minute for ${rest}`),
		);
		fc.assert(
			fc.property(names, (name) => {
				const named = parseQuotaName(name);
				if (named !== undefined) {
					expect(name.replaceAll(/\s+/g, ' ')).toContain(named.label);
					labelOwners([named.label], models, createModelIndex([], []));
				}
			}),
		);
	});
});
