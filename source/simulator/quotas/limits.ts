import type {ResolvedModel} from '../catalog/resolve-model.ts';
import type {BucketLimits} from '../enforcement/bucket.ts';
import type {SimulatorOptions} from '../options.ts';
import type {LimitRow} from './bucket-quota.ts';
import {findBucketQuota, findDayRow} from './bucket-quotas.ts';

/** Limits typed by the user; they hold for every bucket. */
export type Overrides = Pick<SimulatorOptions, 'requestsPerMinute' | 'tokensPerMinute'>;

const inForce = (row: LimitRow | undefined): number | undefined => row?.[2] ?? row?.[1];

/** What a bucket enforces. With an override there is no daily limit, which would follow from the account's own values. */
export const limitsOf = ({model, scope}: ResolvedModel, overrides: Overrides): BucketLimits => {
	const quota = findBucketQuota(model.id, scope);
	const isOverridden = overrides.requestsPerMinute !== undefined || overrides.tokensPerMinute !== undefined;
	const day = inForce(findDayRow(model.id, scope));
	const factor = scope === 'cross-region' ? 2 : 1;
	return {
		requestsPerMinute: overrides.requestsPerMinute ?? inForce(quota?.requests),
		tokensPerMinute: overrides.tokensPerMinute ?? inForce(quota?.tokens),
		tokensPerDay: isOverridden || day === undefined ? undefined : day * factor,
	};
};
