import {isIncreased, type Limit, type Quota, type Scope, undecided} from '../../domain/target.ts';
import type {QuotaMetric, QuotaName} from './quota-name.ts';
import type {ListedQuota} from './quota-source.ts';

/**
 * From rows of Service Quotas to the limits of a bucket. This is one quota with the account's value beside AWS's
 * default.
 */
export type AppliedAndDefault = {
	readonly code: string | null;
	readonly name: string;
	readonly applied: number | null;
	/** Whose the applied value is: the caller's account, or the one that Service Quotas was read as. */
	readonly appliedSource: 'applied' | 'other-caller';
	readonly default: number | null;
	readonly adjustable: boolean | null;
};

/**
 * Joins the two lists of Service Quotas by quota code, or by name where a row has no code. A quota may be in one list only:
 * the service leaves out applied values that it cannot tell.
 */
export function joinAppliedAndDefault(
	applied: readonly ListedQuota[],
	defaults: readonly ListedQuota[],
	appliedSource: AppliedAndDefault['appliedSource'] = 'applied',
): readonly AppliedAndDefault[] {
	const joined = new Map<string, AppliedAndDefault>();
	for (const quota of defaults) {
		joined.set(joinKey(quota), {...withoutValue(quota), appliedSource, applied: null, default: quota.value});
	}
	for (const quota of applied) {
		const other = joined.get(joinKey(quota));
		joined.set(joinKey(quota), {
			...withoutValue(quota),
			appliedSource,
			applied: quota.value,
			default: other?.default ?? null,
		});
	}
	return [...joined.values()];
}

const joinKey = ({code, name}: ListedQuota): string => code ?? name;

const withoutValue = ({code, name, adjustable}: ListedQuota) => ({code, name, adjustable});

/**
 * Assumed where the quota is unknown: 100 requests and 10,000 tokens per minute, of bedrock-mantle as many of either side,
 * and nothing about the day.
 */
const assumedValues = {
	requestsPerMinute: 100,
	tokensPerMinute: 10_000,
	outputTokensPerMinute: 10_000,
	tokensPerDay: null,
} as const;
type LimitKind = keyof typeof assumedValues;

const noRow = {applied: null, default: null, adjustable: null, code: null, name: null} as const;

/** The service sets no such limit. */
const noLimit: Limit = {value: null, state: 'none', source: null, ...noRow};

/**
 * A quota of the account as a limit. The account's own value is in force, AWS's default where that is missing, and
 * the assumed one where both are; 0 means that the account may not call the model at all.
 * @param factor What one unit of the quota allows; 2 for a daily quota that counts twice for cross-region calls.
 */
export function limitOf(quota: AppliedAndDefault, kind: LimitKind, factor = 1): Limit {
	const {applied, appliedSource, adjustable, code, name} = quota;
	// The applied value of another caller does not hold for this one.
	const facts = {
		applied: appliedSource === 'applied' ? applied : null,
		default: quota.default,
		adjustable,
		code,
		name,
	};
	const stated = applied ?? quota.default;
	if (stated === null || !Number.isFinite(stated) || stated < 0) {
		return {...unknownLimit(kind), ...facts};
	}
	return {
		value: stated * factor,
		state: stated === 0 ? 'blocked' : 'known',
		source: applied === null ? 'default' : appliedSource,
		...facts,
	};
}

/** An unknown limit, with the assumed value in force. */
function unknownLimit(kind: LimitKind): Limit {
	const value = assumedValues[kind];
	return {value, state: 'unknown', source: value === null ? null : 'assumed', ...noRow};
}

/** The limit with the user's own value in force; the account's value stays beside it. */
export function overrideLimit(limit: Limit, value: number | undefined): Limit {
	return value === undefined
		? limit
		: {...limit, value, state: value === 0 ? 'blocked' : 'known', source: 'override'};
}

/** A quota with its parsed name. */
export type NamedQuota = {readonly quota: AppliedAndDefault; readonly named: QuotaName};

/**
 * The limits of one bucket out of all quotas of its base model.
 * @param quotas every quota whose label the base model owns, of any scope and use. None at all means that no name was
 * recognised, so the limits are unknown; a missing one among others means that the service sets none.
 */
export function bucketQuota(quotas: readonly NamedQuota[], scope: Scope): Quota {
	if (scope === 'mantle') {
		return mantleQuota(quotas.filter(({named}) => named.use === 'mantle'));
	}
	if (quotas.length === 0) {
		return unknownQuota;
	}
	const standard = quotas.filter(({named}) => named.use === 'standard');
	const tokensPerMinute = pickQuota(standard, 'tokensPerMinute', scope);
	return {
		requestsPerMinute: toLimit(pickQuota(standard, 'requestsPerMinute', scope), 'requestsPerMinute'),
		tokensPerMinute: toLimit(tokensPerMinute, 'tokensPerMinute'),
		tokensPerDay: dailyLimit(standard, scope, tokensPerMinute?.quota),
	};
}

/**
 * Limits of a model on bedrock-mantle: input and output apart, no requests, no day (user guide, quotas of the endpoint).
 * What a model without rows is limited by there is not published.
 */
const mantleQuota = (quotas: readonly NamedQuota[]): Quota => {
	const ofSide = (metric: 'tokensPerMinute' | 'outputTokensPerMinute'): Limit => {
		const row = pickQuota(quotas, metric, 'mantle');
		return row === undefined ? unknownLimit(metric) : limitOf(row.quota, metric);
	};
	return {
		requestsPerMinute: noLimit,
		tokensPerMinute: ofSide('tokensPerMinute'),
		outputTokensPerMinute: ofSide('outputTokensPerMinute'),
		tokensPerDay: noLimit,
	};
};

/** Limits of a bucket without any known quota. Marked as pure: the library is built without them. */
const unknownQuota: Quota = {
	requestsPerMinute: /* @__PURE__ */ unknownLimit('requestsPerMinute'),
	tokensPerMinute: /* @__PURE__ */ unknownLimit('tokensPerMinute'),
	tokensPerDay: /* @__PURE__ */ unknownLimit('tokensPerDay'),
};

/** Limits of a bucket by a route, without any known quota. */
export function unknownIn(scope: Scope): Quota {
	return scope === 'mantle' ? mantleQuota([]) : unknownQuota;
}

/** Limits where the service sets none at all, as for purchased capacity. */
export const noQuota: Quota = {
	requestsPerMinute: noLimit,
	tokensPerMinute: noLimit,
	tokensPerDay: noLimit,
};

/** Only the limits that are known, to hold up calls of others by. */
export function onlyKnown(quota: Quota): Quota {
	const known = (limit: Limit): Limit =>
		limit.state === 'unknown' ? {...limit, value: null, state: 'none', source: null} : limit;
	return {
		...quota,
		requestsPerMinute: known(quota.requestsPerMinute),
		tokensPerMinute: known(quota.tokensPerMinute),
		tokensPerDay: known(quota.tokensPerDay),
		...(quota.outputTokensPerMinute === undefined
			? {}
			: {outputTokensPerMinute: known(quota.outputTokensPerMinute)}),
	};
}

const toLimit = (found: NamedQuota | undefined, kind: LimitKind): Limit =>
	found === undefined ? noLimit : limitOf(found.quota, kind);

/** The newest wording wins, then a row that has a code: some lists keep older spellings of a name. */
const pickQuota = (
	quotas: readonly NamedQuota[],
	metric: QuotaMetric,
	scope: Scope | null,
): NamedQuota | undefined =>
	quotas
		.filter(({named}) => named.metric === metric && named.scope === scope)
		.toSorted((left, right) => weight(left) - weight(right))[0];

const weight = ({quota, named}: NamedQuota): number =>
	(named.isOldWording ? 2 : 0) + (quota.code === null ? 1 : 0);

/**
 * A global profile has its own daily quota. In-Region and geographic calls share one, of which geographic calls have
 * twice the value until AWS approves an increase of their tokens per minute (description of that quota); what holds
 * then is open.
 */
const dailyLimit = (
	standard: readonly NamedQuota[],
	scope: Scope,
	tokensPerMinute: AppliedAndDefault | undefined,
): Limit => {
	const own = pickQuota(standard, 'tokensPerDay', scope);
	if (own !== undefined || scope === 'global') {
		return toLimit(own, 'tokensPerDay');
	}
	const shared = pickQuota(standard, 'tokensPerDay', null);
	if (shared === undefined) {
		return noLimit;
	}
	const isDoubled = scope === 'cross-region' && shared.named.isDoubled;
	const limit = limitOf(shared.quota, 'tokensPerDay', isDoubled ? 2 : 1);
	return isDoubled && tokensPerMinute !== undefined && isIncreased(tokensPerMinute)
		? undecided(limit)
		: limit;
};
