/** What a request is sent to and what limits it: the words of the whole program (model, scope, bucket, quota). */

/** The routes of a request; every route of a model has its own quotas. `mantle`: the endpoint bedrock-mantle. */
export const scopes = ['on-demand', 'cross-region', 'global', 'mantle'] as const;
export type Scope = (typeof scopes)[number];

/** `none`: the service sets no such limit. `blocked`: the limit is 0. `unknown`: no source has it. */
type LimitState = 'known' | 'none' | 'blocked' | 'unknown';

/**
 * Source of the value in force. `assumed` values are this program's and are marked wherever they are shown; `other-caller`:
 * read with other credentials than those of the calls, so perhaps of another account.
 */
export const limitSources = ['applied', 'default', 'override', 'assumed', 'other-caller'] as const;
type LimitSource = (typeof limitSources)[number];

/** One limit of a bucket. `value` is the number in force; null when there is none. */
export type Limit = {
	readonly value: number | null;
	readonly state: LimitState;
	readonly source: LimitSource | null;
	/** The account's own value (ListServiceQuotas). */
	readonly applied: number | null;
	/** AWS's default value (ListAWSDefaultServiceQuotas). */
	readonly default: number | null;
	readonly adjustable: boolean | null;
	/** Service Quotas code, such as `L-15B8E632`. */
	readonly code: string | null;
	/** Service Quotas name, verbatim. */
	readonly name: string | null;
};

/** The limits of a bucket. */
export type Quota = {
	readonly requestsPerMinute: Limit;
	/** Of bedrock-mantle: of input tokens, where the output has a quota of its own. */
	readonly tokensPerMinute: Limit;
	readonly tokensPerDay: Limit;
	/** Of bedrock-mantle only. */
	readonly outputTokensPerMinute?: Limit;
	/**
	 * The quota of the day over all models of account and Region, where it has one. AWS calls its accounting one by price; its
	 * worked example gives the settled quota tokens, so what is computed with those is an estimate.
	 */
	readonly accountTokensPerDay?: Limit;
};

/** The quota of the day that a bucket goes by. */
type DayQuota = {
	readonly limit: Limit;
	/** It is one for all models of account and Region. */
	readonly isShared: boolean;
};

/**
 * The row of its own model where the account still has that, else the one over all models. Where AWS has approved an
 * increase of tokens per minute neither is certain: its number limits nothing then, and the service decides.
 */
export function dayQuotaOf(quota: Quota): DayQuota {
	const {tokensPerDay, tokensPerMinute, outputTokensPerMinute, accountTokensPerDay: shared} = quota;
	const hasOwn = tokensPerDay.name !== null || tokensPerDay.value !== null;
	// bedrock-mantle has no day.
	if (hasOwn || shared === undefined || outputTokensPerMinute !== undefined) {
		return {limit: tokensPerDay, isShared: false};
	}
	return {limit: isIncreased(tokensPerMinute) ? undecided(shared) : shared, isShared: true};
}

/** The limits of a bucket as they hold, the day's among them. */
export function limitsInForce({accountTokensPerDay, ...quota}: Quota): Omit<Quota, 'accountTokensPerDay'> {
	const shared = accountTokensPerDay === undefined ? {} : {accountTokensPerDay};
	return {...quota, tokensPerDay: dayQuotaOf({...quota, ...shared}).limit};
}

/** Whether AWS has raised a quota above its default. */
export function isIncreased({applied, default: standard}: Pick<Limit, 'applied' | 'default'>): boolean {
	return applied !== null && standard !== null && applied > standard;
}

/**
 * "Not applicable in case of approved TPM increase": AWS does not say whether the number or the whole quota does not apply.
 * The service decides, and nothing stops for it by itself.
 */
export function undecided(limit: Limit): Limit {
	return limit.state === 'known' ? {...limit, value: null, state: 'unknown', source: null} : limit;
}

/** The three limits, in the order in which they are shown. */
export const limitKinds = ['requestsPerMinute', 'tokensPerMinute', 'tokensPerDay'] as const;

/** Output multiplier of a model; `source` says who states it; `assumed` without a source. */
export type Burndown = {
	readonly value: number;
	readonly source: string;
};

/** A model as it is called, with the bucket it draws from. Serialised as it is into `results.json`. */
export type Target = {
	/** What is sent as `modelId`: base ID, inference profile ID or ARN. */
	readonly model: string;
	/** Foundation model ID below profile and ARN. */
	readonly baseModel: string;
	readonly scope: Scope;
	readonly region: string;
	/** URL of an endpoint that is not AWS's; null for AWS. */
	readonly endpoint: string | null;
	/** Service tier asked for; null for the account's default. */
	readonly tier: string | null;
	readonly burndown: Burndown;
	readonly quota: Quota;
};

/** A model or profile that can be run in the Region, for a list to choose from. */
export type ListedModel = Pick<Target, 'model' | 'baseModel' | 'scope' | 'region' | 'quota'> & {
	/** Display name; null where the service has none. */
	readonly name: string | null;
	/** USD per token; null where it is not known. */
	readonly price: {readonly input: number; readonly output: number} | null;
};

/**
 * Regions in which Bedrock's models and profiles are listed (user guide, supported Regions, as read on 2026-11-22). Others
 * can be typed.
 */
export const bedrockRegions: readonly string[] = [
	'us-east-1',
	'us-east-2',
	'us-west-1',
	'us-west-2',
	'ca-central-1',
	'ca-west-1',
	'sa-east-1',
	'eu-central-1',
	'eu-north-1',
	'eu-south-1',
	'eu-south-2',
	'eu-west-1',
	'eu-west-2',
	'eu-west-3',
	'ap-east-2',
	'ap-northeast-1',
	'ap-northeast-2',
	'ap-northeast-3',
	'ap-south-1',
	'ap-south-2',
	'ap-southeast-1',
	'ap-southeast-2',
	'ap-southeast-3',
	'ap-southeast-4',
];

/** The part before the number in the names of all AWS Regions so far. */
const directions = [
	'east',
	'west',
	'north',
	'south',
	'central',
	'northeast',
	'northwest',
	'southeast',
	'southwest',
];

/** Whether a text has the form of a Region's name; whether there is such a Region, AWS knows. */
export function isRegionName(text: string): boolean {
	const [, direction = ''] = /^[a-z]{2,4}(?:-[a-z]+)*-([a-z]+)-\d$/.exec(text) ?? [];
	return directions.includes(direction);
}
