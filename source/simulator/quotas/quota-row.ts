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
