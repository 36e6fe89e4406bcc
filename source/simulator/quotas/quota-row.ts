import type {Scope} from '../catalog/model.ts';

/** A limit of a bucket: its Service Quotas code, AWS's default and the applied value of the simulated account. */
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
	/** The same in the name of the requests quota. */
	readonly requestsLabel: string;
	readonly requests: LimitRow | undefined;
	readonly tokens: LimitRow | undefined;
	/**
	 * Per day; on the on-demand route's row, which counts double for cross-Region calls, or on the global route's
	 * row.
	 */
	readonly day: LimitRow | undefined;
	/** Older rows write "Cross-Region". */
	readonly isCapitalised: boolean;
};

/** A quota as Service Quotas lists it. */
export type QuotaRow = {
	readonly code: string;
	readonly name: string;
	readonly defaultValue: number;
	/** Undefined: not in the list of applied values. */
	readonly applied: number | undefined;
	readonly isAdjustable: boolean;
	readonly isPerMinute: boolean;
};
