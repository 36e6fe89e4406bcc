import type {Scope} from '../../domain/target.ts';

/**
 * The grammar of the quota names of Amazon Bedrock (Service Quotas names them in English only, and no API says which model
 * a quota is about). Source: General Reference, table of Amazon Bedrock quotas, 2024 to 2026, with older console spellings.
 */

/** `tokensPerMinute` of bedrock-mantle are input tokens. */
export type QuotaMetric =
	| 'requestsPerMinute'
	| 'tokensPerMinute'
	| 'outputTokensPerMinute'
	| 'tokensPerDay'
	| 'concurrentRequests';

/**
 * Which use of the model the row is about. Only `standard` is ever the answer for a plain request; the other rows have the
 * same model names and would be wrong answers.
 */
type QuotaUse = 'standard' | 'long-context' | 'latency-optimized' | 'mantle';

export type QuotaName = {
	readonly name: string;
	/** Null where the row counts for more than one scope: the daily quota that geographic calls have twice. */
	readonly scope: Scope | null;
	readonly metric: QuotaMetric;
	readonly use: QuotaUse;
	/** The model as the name spells it, such as `Anthropic Claude Sonnet 4.5 V1`. */
	readonly label: string;
	/** Cross-region calls have twice the value. */
	readonly isDoubled: boolean;
	/** An older wording (`InvokeModel` instead of `model inference`), which loses against the newer one. */
	readonly isOldWording: boolean;
};

const inference =
	/^(?:(on-demand|(global )?cross-region)(?:,? (latency-optimized))? )?(?:(model inference)|invokemodel) (?:(?:async )?(concurrent) requests|(requests|tokens) per (minute|day)) for (.+)$/i;
const daily =
	/^model invocation max (latency-optimized )?tokens per day for (.+?)( \(doubled for cross-region calls\))?$/i;
const mantle = /^(?:bedrock mantle|\[bedrock-mantle endpoint\]) (input|output) tokens per minute for (.+)$/i;
const account = /^cross-model (?:account-level |max )?tokens per day$/i;
const contextLength = /^(.+?) \d+[km] context length$/i;

/** Reads a quota name; undefined when it is not about calling a model. */
export function parseQuotaName(name: string): QuotaName | undefined {
	const text = name.trim().replaceAll(/\s+/g, ' ');
	return parseInference(name, text) ?? parseDaily(name, text) ?? parseMantle(name, text);
}

const parseInference = (name: string, text: string): QuotaName | undefined => {
	const match = inference.exec(text);
	if (match === null) {
		return undefined;
	}
	const [, route = 'on-demand', isGlobal, latency, wording, concurrent, unit, period, model = ''] = match;
	const metric = concurrent === undefined ? metricOf(unit, period) : 'concurrentRequests';
	if (metric === undefined) {
		return undefined;
	}
	const scope = isGlobal !== undefined ? 'global' : /^on-demand$/i.test(route) ? 'on-demand' : 'cross-region';
	return {
		name,
		scope,
		metric,
		...labelled(model, latency !== undefined),
		isDoubled: false,
		isOldWording: wording === undefined,
	};
};

const metricOf = (unit: string | undefined, period: string | undefined): QuotaMetric | undefined => {
	const kind = `${unit} per ${period}`.toLowerCase();
	switch (kind) {
		case 'requests per minute':
			return 'requestsPerMinute';
		case 'tokens per minute':
			return 'tokensPerMinute';
		case 'tokens per day':
			return 'tokensPerDay';
		default:
			return undefined;
	}
};

const labelled = (model: string, isLatencyOptimized: boolean): {label: string; use: QuotaUse} => {
	const bare = contextLength.exec(model)?.[1];
	if (bare !== undefined) {
		return {label: bare, use: 'long-context'};
	}
	return {label: model, use: isLatencyOptimized ? 'latency-optimized' : 'standard'};
};

const parseDaily = (name: string, text: string): QuotaName | undefined => {
	const match = daily.exec(text);
	if (match === null) {
		return undefined;
	}
	const [, latency, model = '', doubled] = match;
	return {
		name,
		scope: null,
		metric: 'tokensPerDay',
		...labelled(model, latency !== undefined),
		isDoubled: doubled !== undefined,
		isOldWording: doubled === undefined,
	};
};

const parseMantle = (name: string, text: string): QuotaName | undefined => {
	const [, side = '', label] = mantle.exec(text) ?? [];
	return label === undefined
		? undefined
		: {
				name,
				scope: 'mantle',
				metric: /^input$/i.test(side) ? 'tokensPerMinute' : 'outputTokensPerMinute',
				use: 'mantle',
				label,
				isDoubled: false,
				isOldWording: false,
			};
};

/** The smallest batch job of a model: a model that has this quota can run one. The group is the model. */
export const minBatchRecordsName = /^minimum number of records per batch inference job for (.+)$/i;

/** Whether the name is that of the daily quota over all models of an account. */
export function isAccountTokensPerDay(name: string): boolean {
	return account.test(name.trim().replaceAll(/\s+/g, ' '));
}
