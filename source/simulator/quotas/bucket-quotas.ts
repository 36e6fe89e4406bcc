import type {Scope} from '../catalog/model.ts';
import type {ResolvedModel} from '../catalog/resolve-model.ts';
import type {BucketLimits} from '../enforcement.ts';
import type {SimulatorOptions} from '../options.ts';
import type {BucketQuota, LimitRow} from './quota-row.ts';
import {bucketQuotas} from './quota-table.ts';

/** The limits that the buckets of the simulated account enforce. */

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
