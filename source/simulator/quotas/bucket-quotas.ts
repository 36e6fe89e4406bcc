import type {Scope} from '../catalog/model.ts';
import {amazonQuotas} from './amazon-quotas.ts';
import {claudeQuotas} from './claude-quotas.ts';
import {openModelQuotas} from './open-model-quotas.ts';

/** A limit of a bucket: its Service Quotas code, AWS's default and what the simulated account was given. */
export type LimitRow = readonly [
	code: string,
	defaultValue: number,
	/** Undefined: Service Quotas does not list an applied value, the default holds. */
	applied: number | undefined,
];

/** The limits of one model on one route. */
export type BucketQuota = {
	readonly model: string;
	readonly scope: Scope;
	/** The model's name in the names of its quotas. */
	readonly label: string;
	/** Its name in the requests quota where that is spelt differently. */
	readonly requestsLabel?: string;
	readonly requests?: LimitRow;
	readonly tokens?: LimitRow;
	/** Per day; on the on-demand route's row, which counts double for cross-Region calls, or the global route's own. */
	readonly day?: LimitRow;
	/** Older rows write "Cross-Region". */
	readonly isCapitalised?: boolean;
};

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
