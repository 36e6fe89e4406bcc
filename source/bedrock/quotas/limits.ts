import type {Limit} from '../../domain/target.ts';
import type {JoinedQuota} from './joined-quotas.ts';

/** Limits in the form in which the whole program knows them. */

/** What is assumed where nobody tells: 100 requests and 10,000 tokens a minute, and nothing about the day. */
const assumedValues = {requestsPerMinute: 100, tokensPerMinute: 10_000, tokensPerDay: null} as const;
type LimitKind = keyof typeof assumedValues;

const nothing = {applied: null, default: null, adjustable: null, code: null, name: null} as const;

/** The service sets no such limit. */
export const noLimit: Limit = {value: null, state: 'none', source: null, ...nothing};

/** A limit that nobody told us, with the assumed value in force. */
export const unknownLimit = (kind: LimitKind): Limit => {
	const value = assumedValues[kind];
	return {value, state: 'unknown', source: value === null ? null : 'assumed', ...nothing};
};

/**
 * A quota of the account as a limit. The account's own value is in force, AWS's default where the account's is not told, and
 * the assumed one where neither is; 0 means that the account may not call the model at all.
 * @param factor what one unit of the quota allows; 2 for a daily quota that counts twice for cross-region calls.
 */
export const limitOf = (quota: JoinedQuota, kind: LimitKind, factor = 1): Limit => {
	const {applied, appliedSource, adjustable, code, name} = quota;
	// What another caller was given is no applied value of this one.
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
};

/** The limit with a value of the user's own in force; what the account says stays beside it. */
export const overrideLimit = (limit: Limit, value: number | undefined): Limit =>
	value === undefined
		? limit
		: {...limit, value, state: value === 0 ? 'blocked' : 'known', source: 'override'};
