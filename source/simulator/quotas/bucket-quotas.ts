import type {Scope} from '../catalog/model.ts';
import type {ResolvedModel} from '../catalog/resolve-model.ts';
import type {BucketLimits} from '../enforcement.ts';
import type {SimulatorOptions} from '../options.ts';
import {openModelQuotas} from './open-model-quotas.ts';
import type {BucketQuota, LimitRow} from './quota-row.ts';

/**
 * Limits of the simulated account. Nova and Titan come first; Nova Premier is blocked, as for an account without any
 * of it.
 */
const amazonQuotas: readonly BucketQuota[] = [
	{
		model: 'amazon.nova-micro-v1:0',
		scope: 'on-demand',
		label: 'Amazon Nova Micro',
		requests: ['L-E118F160', 2000, 150],
		tokens: ['L-CFA4FA0D', 4_000_000, 75_000],
		day: ['L-D2912E70', 5_760_000_000, 108_000_000],
	},
	{
		model: 'amazon.nova-micro-v1:0',
		scope: 'cross-region',
		label: 'Amazon Nova Micro',
		requests: ['L-3F110E0F', 4000, 300],
		tokens: ['L-DC7FF66C', 8_000_000, 150_000],
	},
	{
		model: 'amazon.nova-lite-v1:0',
		scope: 'on-demand',
		label: 'Amazon Nova Lite',
		requests: ['L-E386A278', 2000, 100],
		tokens: ['L-70423BF8', 4_000_000, 50_000],
		day: ['L-45E0AD92', 5_760_000_000, 72_000_000],
	},
	{
		model: 'amazon.nova-lite-v1:0',
		scope: 'cross-region',
		label: 'Amazon Nova Lite',
		requests: ['L-89F8391A', 4000, 200],
		tokens: ['L-7C42E72A', 8_000_000, 100_000],
	},
	{
		model: 'amazon.nova-pro-v1:0',
		scope: 'on-demand',
		label: 'Amazon Nova Pro',
		requests: ['L-F2717A44', 250, 30],
		tokens: ['L-CE33604C', 1_000_000, 40_000],
		day: ['L-D690997B', 1_440_000_000, 57_600_000],
	},
	{
		model: 'amazon.nova-pro-v1:0',
		scope: 'cross-region',
		label: 'Amazon Nova Pro',
		requests: ['L-ED46B8C5', 500, 60],
		tokens: ['L-C0326783', 2_000_000, 80_000],
	},
	{
		model: 'amazon.nova-premier-v1:0',
		scope: 'cross-region',
		label: 'Amazon Nova Premier V1',
		requests: ['L-9AD981E7', 500, 0],
		tokens: ['L-AA7FE948', 2_000_000, 0],
		day: ['L-B1D7F4B9', 1_440_000_000, 0],
	},
	{
		model: 'amazon.nova-2-lite-v1:0',
		scope: 'cross-region',
		label: 'Amazon Nova 2 Lite',
		requests: ['L-F06F1187', 2000, 200],
		tokens: ['L-C6F5908D', 8_000_000, 200_000],
		day: ['L-210172B5', 5_760_000_000, 144_000_000],
	},
	{
		model: 'amazon.nova-2-lite-v1:0',
		scope: 'global',
		label: 'Amazon Nova 2 Lite',
		requests: ['L-D5F39C2F', 2000, 200],
		tokens: ['L-71C69B70', 8_000_000, 200_000],
		day: ['L-AD940EDE', 11_520_000_000, 288_000_000],
	},
	{
		model: 'amazon.titan-text-express-v1',
		scope: 'on-demand',
		label: 'Amazon Titan Text Express',
		requests: ['L-9EAB0D12', 400, 80],
		tokens: ['L-44992E63', 300_000, 40_000],
	},
	{
		model: 'amazon.titan-text-lite-v1',
		scope: 'on-demand',
		label: 'Amazon Titan Text Lite',
		requests: ['L-A70F1DE3', 800, 100],
		tokens: ['L-70BE83E9', 300_000, 60_000],
	},
];

const claudeQuota = (
	model: string,
	scope: BucketQuota['scope'],
	label: string,
	rows: {requests?: LimitRow; tokens: LimitRow; day?: LimitRow; isCapitalised?: boolean},
): BucketQuota => ({model: `anthropic.${model}`, scope, label: `Anthropic Claude ${label}`, ...rows});

const sonnet45 = 'claude-sonnet-4-5-20250929-v1:0';
const haiku45 = 'claude-haiku-4-5-20251001-v1:0';
const opus45 = 'claude-opus-4-5-20251101-v1:0';
const haiku3 = 'claude-3-haiku-20240307-v1:0';
const sonnet35 = 'claude-3-5-sonnet-20240620-v1:0';
const sonnet3 = 'claude-3-sonnet-20240229-v1:0';
const haiku35 = 'claude-3-5-haiku-20241022-v1:0';
const sonnet4 = 'claude-sonnet-4-20250514-v1:0';

/** Claude. The newest models have no limit on requests, only on tokens. */
const claudeQuotas: readonly BucketQuota[] = [
	claudeQuota('claude-v2', 'on-demand', 'V2', {
		requests: ['L-F3B698BE', 500, 50],
		tokens: ['L-B0D9183E', 500_000, 50_000],
	}),
	claudeQuota('claude-instant-v1', 'on-demand', 'Instant', {
		requests: ['L-8CEDED9C', 1000, 100],
		tokens: ['L-F7007F39', 1_000_000, 100_000],
	}),
	claudeQuota(sonnet3, 'on-demand', '3 Sonnet', {
		requests: ['L-F406804E', 100, 50],
		tokens: ['L-4C35BB2A', 200_000, 60_000],
	}),
	claudeQuota(sonnet3, 'cross-region', '3 Sonnet', {
		requests: ['L-46591118', 200, 100],
		tokens: ['L-5DF13F64', 400_000, 120_000],
	}),
	claudeQuota(haiku3, 'on-demand', '3 Haiku', {
		requests: ['L-2DC80978', 1000, 100],
		tokens: ['L-8CE99163', 2_000_000, 100_000],
		day: ['L-A60EE1AF', 2_880_000_000, 144_000_000],
	}),
	claudeQuota(haiku3, 'cross-region', '3 Haiku', {
		requests: ['L-616A3F5B', 2000, 200],
		tokens: ['L-DCADBC78', 4_000_000, 200_000],
	}),
	claudeQuota(sonnet35, 'on-demand', '3.5 Sonnet', {
		requests: ['L-254CACF4', 50, 20],
		tokens: ['L-A50569E5', 400_000, 40_000],
	}),
	claudeQuota(sonnet35, 'cross-region', '3.5 Sonnet', {
		requests: ['L-F457545D', 100, 40],
		tokens: ['L-479B647F', 800_000, 80_000],
	}),
	claudeQuota(haiku35, 'on-demand', '3.5 Haiku', {
		requests: ['L-C7438F8F', 1000, 100],
		tokens: ['L-7AB4ABDD', 2_000_000, 100_000],
	}),
	claudeQuota(haiku35, 'cross-region', '3.5 Haiku', {
		requests: ['L-252DF594', 2000, 200],
		tokens: ['L-4BF37C17', 4_000_000, 200_000],
		isCapitalised: true,
	}),
	claudeQuota('claude-3-7-sonnet-20250219-v1:0', 'cross-region', '3.7 Sonnet V1', {
		requests: ['L-3D8CC480', 250, 50],
		tokens: ['L-6E888CC2', 1_000_000, 100_000],
		day: ['L-9EB71894', 720_000_000, 72_000_000],
	}),
	claudeQuota(sonnet4, 'cross-region', 'Sonnet 4 V1', {
		requests: ['L-559DCC33', 200, 60],
		tokens: ['L-59759B4A', 200_000, 200_000],
		day: ['L-22F701C5', 144_000_000, 144_000_000],
	}),
	claudeQuota(sonnet4, 'global', 'Sonnet 4 V1', {
		requests: ['L-C63AA5DA', 200, 60],
		tokens: ['L-97E41E39', 200_000, 200_000],
	}),
	claudeQuota(sonnet45, 'cross-region', 'Sonnet 4.5 V1', {
		requests: ['L-4A6BFAB1', 10_000, 100],
		tokens: ['L-F4DDD3EB', 5_000_000, 200_000],
		day: ['L-381AD9EE', 3_600_000_000, 144_000_000],
	}),
	claudeQuota(sonnet45, 'global', 'Sonnet 4.5 V1', {
		requests: ['L-DB84CE56', 10_000, 100],
		tokens: ['L-27C57EE8', 5_000_000, 200_000],
		day: ['L-BC182137', 7_200_000_000, 288_000_000],
	}),
	claudeQuota(haiku45, 'cross-region', 'Haiku 4.5', {
		requests: ['L-CCA5DF70', 10_000, 200],
		tokens: ['L-58BE175A', 5_000_000, 250_000],
		day: ['L-6120CF2D', 3_600_000_000, 180_000_000],
	}),
	claudeQuota(haiku45, 'global', 'Haiku 4.5', {
		requests: ['L-E5084BBA', 10_000, 200],
		tokens: ['L-9A11C666', 5_000_000, 250_000],
	}),
	claudeQuota(opus45, 'cross-region', 'Opus 4.5', {
		requests: ['L-27989F42', 10_000, 60],
		tokens: ['L-7007E9C9', 2_000_000, 150_000],
		day: ['L-F397ECBF', 1_440_000_000, 108_000_000],
	}),
	claudeQuota(opus45, 'global', 'Opus 4.5', {
		requests: ['L-58424D95', 10_000, 60],
		tokens: ['L-3ABF6ACC', 2_000_000, 150_000],
	}),
	claudeQuota('claude-sonnet-4-6', 'on-demand', 'Sonnet 4.6', {
		requests: ['L-9B878FAE', 5000, 100],
		tokens: ['L-5F5A169C', 3_000_000, 150_000],
		day: ['L-B29C9321', 4_320_000_000, 216_000_000],
	}),
	claudeQuota('claude-sonnet-4-6', 'cross-region', 'Sonnet 4.6', {
		requests: ['L-00FF3314', 10_000, 200],
		tokens: ['L-15B8E632', 6_000_000, 300_000],
	}),
	claudeQuota('claude-sonnet-4-6', 'global', 'Sonnet 4.6', {
		requests: ['L-F6E116D7', 10_000, 200],
		tokens: ['L-7BEE40FB', 6_000_000, 300_000],
	}),
	claudeQuota('claude-opus-4-7', 'cross-region', 'Opus 4.7', {tokens: ['L-5DB28B7B', 10_000_000, 400_000]}),
	claudeQuota('claude-opus-4-7', 'global', 'Opus 4.7', {tokens: ['L-34152C1D', 10_000_000, 400_000]}),
	claudeQuota('claude-opus-4-8', 'cross-region', 'Opus 4.8', {tokens: ['L-DB99DCDB', 30_000_000, 600_000]}),
	claudeQuota('claude-opus-4-8', 'global', 'Opus 4.8', {tokens: ['L-4FCE27C7', 30_000_000, 600_000]}),
	claudeQuota('claude-sonnet-5', 'cross-region', 'Sonnet 5', {tokens: ['L-D4FBCF4E', 6_000_000, 300_000]}),
	claudeQuota('claude-sonnet-5', 'global', 'Sonnet 5', {tokens: ['L-DD84E5CA', 6_000_000, 300_000]}),
	claudeQuota('claude-opus-5', 'cross-region', 'Opus 5', {tokens: ['L-99296DCD', 30_000_000, 600_000]}),
	claudeQuota('claude-opus-5', 'global', 'Opus 5', {tokens: ['L-D73B1244', 30_000_000, 600_000]}),
];

/**
 * Quotas of a small account, so that a demonstration meets its limits. Names and codes are AWS's; defaults are those
 * of us-east-1 as documented, or of the same generation where a table leaves one out.
 */
export const bucketQuotas: readonly BucketQuota[] = [...amazonQuotas, ...claudeQuotas, ...openModelQuotas];

const quotasByBucket = new Map(bucketQuotas.map((quota) => [`${quota.scope} ${quota.model}`, quota]));

/** Finds the limits of a model on a route. */
function findBucketQuota(model: string, scope: Scope): BucketQuota | undefined {
	return quotasByBucket.get(`${scope} ${model}`);
}

/** The row of a model's daily limit on a route: cross-Region calls draw on the on-demand row twice. */
function findDayRow(model: string, scope: Scope): LimitRow | undefined {
	return scope === 'global'
		? findBucketQuota(model, 'global')?.day
		: (findBucketQuota(model, 'on-demand')?.day ?? findBucketQuota(model, 'cross-region')?.day);
}

/** Limits typed by the user; they hold for every bucket. */
export type Overrides = Pick<SimulatorOptions, 'requestsPerMinute' | 'tokensPerMinute'>;

/** The value that a quota enforces: the applied one, else the default. */
export function inForce(row: LimitRow | undefined): number | undefined {
	return row?.[2] ?? row?.[1];
}

/**
 * The limits that a bucket enforces. An override removes the daily limit, which would follow from the account's own
 * values.
 */
export function limitsOf({model, scope}: ResolvedModel, overrides: Overrides): BucketLimits {
	const quota = findBucketQuota(model.id, scope);
	const isOverridden = overrides.requestsPerMinute !== undefined || overrides.tokensPerMinute !== undefined;
	const day = inForce(findDayRow(model.id, scope));
	const factor = scope === 'cross-region' ? 2 : 1;
	return {
		requestsPerMinute: overrides.requestsPerMinute ?? inForce(quota?.requests),
		tokensPerMinute: overrides.tokensPerMinute ?? inForce(quota?.tokens),
		tokensPerDay: isOverridden || day === undefined ? undefined : day * factor,
	};
}
