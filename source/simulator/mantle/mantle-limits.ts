import type {LimitRow} from '../quotas/bucket-quota.ts';
import type {Overrides} from '../quotas/limits.ts';
import type {QuotaRow} from '../quotas/quota-row.ts';
import {mantleQuotas} from './mantle-quotas.ts';

/** What a model of the endpoint may use of a minute; undefined: no limit. */
export type MantleLimits = {
	readonly inputTokensPerMinute: number | undefined;
	readonly outputTokensPerMinute: number | undefined;
};

const quotasByModel = new Map(mantleQuotas.map((quota) => [quota.model, quota]));

const inForce = (row: LimitRow | undefined): number | undefined => row?.[2] ?? row?.[1];

/**
 * The limits in force for a model. Tokens per minute that the user typed hold for input and output alike; requests per
 * minute are not limited here.
 */
export const mantleLimitsOf = (model: string, {tokensPerMinute}: Overrides): MantleLimits => {
	const quota = quotasByModel.get(model);
	return {
		inputTokensPerMinute: tokensPerMinute ?? inForce(quota?.input),
		outputTokensPerMinute: tokensPerMinute ?? inForce(quota?.output),
	};
};

const quotaRow = (side: 'Input' | 'Output', label: string, row: LimitRow, applied?: number): QuotaRow => ({
	code: row[0],
	name: `[bedrock-mantle endpoint] ${side} tokens per minute for ${label}`,
	defaultValue: row[1],
	applied: applied ?? row[2],
	// Service Quotas lists them as adjustable, although increases go through Support (user guide, quotas-mantle).
	isAdjustable: true,
	isPerMinute: true,
});

/** The quotas of the endpoint as Service Quotas lists them. */
export const mantleQuotaRows = ({tokensPerMinute}: Overrides): readonly QuotaRow[] =>
	mantleQuotas.flatMap(({label, input, output}) => [
		quotaRow('Input', label, input, tokensPerMinute),
		quotaRow('Output', label, output, tokensPerMinute),
	]);
