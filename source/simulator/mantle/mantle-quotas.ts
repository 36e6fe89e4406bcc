import {inForce, type Overrides} from '../quotas/bucket-quotas.ts';
import type {LimitRow, QuotaRow} from '../quotas/quota-row.ts';

/** Quotas of bedrock-mantle: input and output tokens apart, no requests, no tokens per day, no burndown. */

/** The two limits of a model; undefined: neither published nor visible to an account. */
type MantleQuota = {
	readonly model: string;
	/** The model's name in the names of its quotas. */
	readonly label: string;
	readonly input: LimitRow;
	readonly output: LimitRow;
};

/** Applied values of a small account: its minute holds three answers of the maximum length. */
const appliedInput = 400_000;
const appliedOutput = 40_000;

/** Names, codes and defaults are AWS's of September 2026: first of the input, then of the output. */
const rows: ReadonlyArray<readonly [string, string, string, number, string, number]> = [
	['anthropic.claude-fable-5', 'Claude Fable 5', 'L-0F6BA833', 2_000_000, 'L-D67748AD', 200_000],
	['anthropic.claude-fable-5-1', 'Claude Fable 5.1', 'L-90E3E748', 5_000_000, 'L-901932B9', 500_000],
	['anthropic.claude-opus-4-7', 'Claude Opus 4.7', 'L-54814DC6', 20_000_000, 'L-15CD18AC', 2_000_000],
	['anthropic.claude-opus-4-8', 'Claude Opus 4.8', 'L-8528F119', 20_000_000, 'L-37491D63', 2_000_000],
	['anthropic.claude-opus-5', 'Claude Opus 5', 'L-DF09248F', 20_000_000, 'L-EDC225D2', 2_000_000],
	['anthropic.claude-sonnet-5', 'Claude Sonnet 5', 'L-38EB0A61', 3_000_000, 'L-15830237', 300_000],
	['openai.gpt-5.4', 'GPT-5.4', 'L-C593EA7C', 20_000_000, 'L-08036ECB', 2_000_000],
	['openai.gpt-5.5', 'GPT-5.5', 'L-2555C05B', 10_000_000, 'L-8A643E07', 1_000_000],
	['openai.gpt-5.6-luna', 'GPT-5.6 Luna', 'L-31615887', 20_000_000, 'L-D44E1D4E', 2_000_000],
	['openai.gpt-5.6-sol', 'GPT-5.6 Sol', 'L-137DD3C2', 10_000_000, 'L-C2E494BA', 1_000_000],
	['openai.gpt-5.6-terra', 'GPT-5.6 Terra', 'L-87594EB7', 20_000_000, 'L-574688BD', 2_000_000],
	['openai.gpt-6-astra', 'GPT-6 Astra', 'L-6CE4B557', 1_000_000, 'L-526E1ECE', 100_000],
];

export const mantleQuotas: readonly MantleQuota[] = rows.map(
	([model, label, inputCode, inputDefault, outputCode, outputDefault]) => ({
		model,
		label,
		input: [inputCode, inputDefault, appliedInput],
		output: [outputCode, outputDefault, appliedOutput],
	}),
);

/** Limits of a model of the endpoint; undefined: no limit. */
export type MantleLimits = {
	readonly inputTokensPerMinute: number | undefined;
	readonly outputTokensPerMinute: number | undefined;
};

const quotasByModel = new Map(mantleQuotas.map((quota) => [quota.model, quota]));

/**
 * The limits in force for a model. Tokens per minute that the user typed hold for input and output alike; requests per
 * minute are not limited here.
 */
export function mantleLimitsOf(model: string, {tokensPerMinute}: Overrides): MantleLimits {
	const quota = quotasByModel.get(model);
	return {
		inputTokensPerMinute: tokensPerMinute ?? inForce(quota?.input),
		outputTokensPerMinute: tokensPerMinute ?? inForce(quota?.output),
	};
}

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
export function mantleQuotaRows({tokensPerMinute}: Overrides): readonly QuotaRow[] {
	return mantleQuotas.flatMap(({label, input, output}) => [
		quotaRow('Input', label, input, tokensPerMinute),
		quotaRow('Output', label, output, tokensPerMinute),
	]);
}
