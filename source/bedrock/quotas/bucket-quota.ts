import type {Limit, Quota, Scope} from '../../domain/target.ts';
import type {JoinedQuota} from './joined-quotas.ts';
import {limitOf, noLimit, unknownLimit} from './limits.ts';
import type {QuotaMetric, QuotaName} from './quota-name.ts';

/** A quota with its name understood. */
export type NamedQuota = {readonly quota: JoinedQuota; readonly named: QuotaName};

/**
 * The limits of one bucket out of all quotas of its base model.
 * @param quotas every quota whose label the base model owns, of any scope and use. None at all means that no name was
 * recognised, so the limits are unknown; a missing one among others means that the service sets none.
 */
export const bucketQuota = (quotas: readonly NamedQuota[], scope: Scope): Quota => {
	if (quotas.length === 0) {
		return unknownQuota;
	}
	const standard = quotas.filter(({named}) => named.use === 'standard');
	const tokensPerMinute = pick(standard, 'tokensPerMinute', scope);
	return {
		requestsPerMinute: toLimit(pick(standard, 'requestsPerMinute', scope), 'requestsPerMinute'),
		tokensPerMinute: toLimit(tokensPerMinute, 'tokensPerMinute'),
		tokensPerDay: dailyLimit(standard, scope, tokensPerMinute?.quota),
	};
};

/** Limits of a bucket of which nothing is known. */
export const unknownQuota: Quota = {
	requestsPerMinute: unknownLimit('requestsPerMinute'),
	tokensPerMinute: unknownLimit('tokensPerMinute'),
	tokensPerDay: unknownLimit('tokensPerDay'),
};

/** Limits where the service sets none at all, as for purchased capacity. */
export const noQuota: Quota = {
	requestsPerMinute: noLimit,
	tokensPerMinute: noLimit,
	tokensPerDay: noLimit,
};

const toLimit = (found: NamedQuota | undefined, kind: keyof Quota & QuotaMetric): Limit =>
	found === undefined ? noLimit : limitOf(found.quota, kind);

/** The newest wording wins, then a row that has a code: older spellings of a name are left in some lists. */
const pick = (
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
 * A global profile has a daily quota of its own. In-Region and geographic calls share one, of which geographic calls have
 * twice the value until AWS approves an increase of their tokens a minute (description of that quota); what holds then is open.
 */
const dailyLimit = (
	standard: readonly NamedQuota[],
	scope: Scope,
	tokensPerMinute: JoinedQuota | undefined,
): Limit => {
	const own = pick(standard, 'tokensPerDay', scope);
	if (own !== undefined || scope === 'global') {
		return toLimit(own, 'tokensPerDay');
	}
	const shared = pick(standard, 'tokensPerDay', null);
	if (shared === undefined) {
		return noLimit;
	}
	const isDoubled = scope === 'cross-region' && shared.named.isDoubled;
	const limit = limitOf(shared.quota, 'tokensPerDay', isDoubled ? 2 : 1);
	return isDoubled && isIncreased(tokensPerMinute) ? undecided(limit) : limit;
};

/**
 * "Doubled for cross-region calls; not applicable in case of approved TPM increase": whether then the doubling or the whole
 * quota does not apply, AWS does not say. The service decides, and no run stops by itself for it.
 */
const undecided = (limit: Limit): Limit =>
	limit.state === 'known' ? {...limit, value: null, state: 'unknown', source: null} : limit;

const isIncreased = (quota: JoinedQuota | undefined): boolean =>
	quota !== undefined && quota.applied !== null && quota.default !== null && quota.applied > quota.default;
