import type {Scope} from '../catalog/model.ts';
import {amazonQuotas} from './amazon-quotas.ts';
import type {BucketQuota, LimitRow} from './bucket-quota.ts';
import {claudeQuotas} from './claude-quotas.ts';
import {openModelQuotas} from './open-model-quotas.ts';

/**
 * The account that is simulated: a small one, so that a demonstration runs into its limits. Names and codes are AWS's;
 * defaults are those of us-east-1 as documented, or of the same generation where a table leaves one out.
 */
export const bucketQuotas: readonly BucketQuota[] = [...amazonQuotas, ...claudeQuotas, ...openModelQuotas];

const quotasByBucket = new Map(bucketQuotas.map((quota) => [`${quota.scope} ${quota.model}`, quota]));

/** The limits of a model on a route. */
export const findBucketQuota = (model: string, scope: Scope): BucketQuota | undefined =>
	quotasByBucket.get(`${scope} ${model}`);

/** The row of a model's daily limit on a route: cross-Region calls draw twice the on-demand row. */
export const findDayRow = (model: string, scope: Scope): LimitRow | undefined =>
	scope === 'global'
		? findBucketQuota(model, 'global')?.day
		: (findBucketQuota(model, 'on-demand')?.day ?? findBucketQuota(model, 'cross-region')?.day);
